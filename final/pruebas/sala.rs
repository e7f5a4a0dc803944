//! La sala a solas: qué oye cada uno, y qué se anota.

#[cfg(target_os = "linux")]
use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
#[cfg(target_os = "linux")]
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chat::freno::{CREDITO, Freno, GOTEO, Gasto};
use chat::pantalla::Pantalla;
use chat::sala::{BIENVENIDA, COLA, Sala, Suceso};

/// Dos puntas de una conexión: la del servidor y la del cliente.
pub fn conexion() -> (Arc<TcpStream>, TcpStream) {
    let servidor = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let cliente = TcpStream::connect(servidor.local_addr().unwrap()).unwrap();
    // Si lo que se espera no llega, que la prueba falle en vez de esperar.
    cliente.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (Arc::new(servidor.accept().unwrap().0), cliente)
}

/// Lo mismo, y al sistema le cabe muy poco en ella.
pub fn conexion_estrecha() -> (Arc<TcpStream>, TcpStream) {
    let Ok((servidor, cliente)) = pruebas::conexion::conexion_estrecha(SITIO)
    else {
        panic!("no se puede hacer una conexión");
    };
    cliente.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (Arc::new(servidor), cliente)
}

/// Lo que guarda el sistema, más o menos, a cada lado de una conexión estrecha.
pub const SITIO: usize = 64 * 1024;

fn entra(numero: u16, conexion: &Arc<TcpStream>) -> Suceso {
    let direccion = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000 + numero));
    Suceso::Entra {
        numero: numero.into(),
        direccion,
        conexion: Arc::clone(conexion),
    }
}

fn dice(numero: u64, mensajes: &str) -> Suceso {
    Suceso::Dice { numero, mensajes: mensajes.into() }
}

/// Un canal con estos sucesos, y nada después.
fn en_cola(sucesos: impl IntoIterator<Item = Suceso>) -> Receiver<Suceso> {
    let (canal, para_la_sala) = mpsc::channel();
    for suceso in sucesos {
        canal.send(suceso).unwrap();
    }
    para_la_sala
}

/// Una pantalla que se puede leer después.
#[derive(Clone, Default)]
struct Papel(Arc<Mutex<Vec<u8>>>);

impl Write for Papel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lo que enseña una sala que atiende estos sucesos.
fn atender_canal(sucesos: &Receiver<Suceso>) -> String {
    let papel = Papel::default();
    let (pantalla, acabada) = Pantalla::abrir(papel.clone()).unwrap();
    Sala::new(pantalla, Arc::default()).atender(sucesos);
    let _ = acabada.recv();
    String::from_utf8(papel.0.lock().unwrap().clone()).unwrap()
}

/// Lo mismo, con los sucesos ya esperándola, y nada después.
fn atender(sucesos: impl IntoIterator<Item = Suceso>) -> String {
    atender_canal(&en_cola(sucesos))
}

/// Lo que le llegó a un cliente, sin la bienvenida, hasta que la sala cerró.
fn recibido(mut cliente: &TcpStream) -> String {
    let mut texto = String::new();
    cliente.read_to_string(&mut texto).unwrap();
    texto.strip_prefix(BIENVENIDA).expect("lo primero es la bienvenida").into()
}

#[test]
fn en_un_mismo_lote_cada_uno_oye_lo_suyo() {
    let ((a, cliente_a), (b, cliente_b), (c, cliente_c)) =
        (conexion(), conexion(), conexion());
    let registro = atender([
        entra(1, &a),
        entra(2, &b),
        dice(1, "uno\ndos\n"),
        entra(3, &c),
        dice(2, "tres\n"),
        dice(1, "cuatro\n"),
        dice(9, "de quien ya no está\n"),
        Suceso::Sale { numero: 9 },
    ]);
    assert_eq!(recibido(&cliente_a), "usuario 50002: tres\n");
    assert_eq!(
        recibido(&cliente_b),
        "usuario 50001: uno\nusuario 50001: dos\nusuario 50001: cuatro\n"
    );
    // Quien llega no oye lo de antes, aunque aún no se haya repartido.
    assert_eq!(
        recibido(&cliente_c),
        "usuario 50002: tres\nusuario 50001: cuatro\n"
    );
    assert_eq!(
        registro,
        "nuevo cliente conectado: ('127.0.0.1', 50001)\n\
         nuevo cliente conectado: ('127.0.0.1', 50002)\n\
         cliente ('127.0.0.1', 50001): uno\n\
         cliente ('127.0.0.1', 50001): dos\n\
         nuevo cliente conectado: ('127.0.0.1', 50003)\n\
         cliente ('127.0.0.1', 50002): tres\n\
         cliente ('127.0.0.1', 50001): cuatro\n\
         \ncerrando servidor...\n"
    );
}

#[test]
fn quien_se_va_oye_antes_lo_que_se_ha_dicho() {
    let ((a, _cliente_a), (b, cliente_b)) = (conexion(), conexion());
    let registro = atender([
        entra(1, &a),
        entra(2, &b),
        dice(1, "adiós\n"),
        Suceso::Sale { numero: 2 },
        dice(1, "ya no estás\n"),
    ]);
    assert_eq!(recibido(&cliente_b), "usuario 50001: adiós\n");
    assert_eq!(
        registro.matches("('127.0.0.1', 50002) desconectado\n").count(),
        1
    );
}

/// Unos 700 KB: más de lo que guarda el sistema por una conexión estrecha, y
/// tan poco que se reparte en mucho menos que la paciencia de un buzón y que cabe en la
/// pantalla del servidor.
const VECES: usize = 700;
const A_LA_VEZ: usize = 50;

fn largo() -> String {
    "x".repeat(1_000) + "\n"
}

fn avalancha(numero: u64) -> impl Iterator<Item = Suceso> {
    (0..VECES / A_LA_VEZ).map(move |_| dice(numero, &largo().repeat(A_LA_VEZ)))
}

#[test]
fn a_quien_no_lee_no_lo_espera_nadie_y_se_le_despide() {
    let ((a, _cliente_a), (b, cliente_b), (c, mut sordo)) =
        (conexion(), conexion_estrecha(), conexion_estrecha());
    let (canal, sucesos) = mpsc::channel();
    let enviar = |suceso| canal.send(suceso).unwrap();
    [entra(1, &a), entra(2, &b), entra(3, &c)].into_iter().for_each(enviar);
    avalancha(1).for_each(enviar);
    enviar(dice(1, "sigo\n"));
    let sala = thread::spawn(move || atender_canal(&sucesos));
    // Todo esto llega mientras el sordo sigue en la sala: el «sigo» lo recibe
    // antes el otro.
    let mut oido = String::new();
    let inicio = Instant::now();
    let mut lectura = vec![0; 64 * 1024];
    while !oido.ends_with("usuario 50001: sigo\n") {
        let leidos = (&cliente_b).read(&mut lectura).unwrap();
        oido.push_str(std::str::from_utf8(&lectura[..leidos]).unwrap());
    }
    let firmado = format!("usuario 50001: {}", largo());
    assert_eq!(oido.matches(&firmado).count(), VECES);
    assert_eq!(Arc::strong_count(&c), 2, "el sordo sigue en la sala");
    // Cuando se agota la paciencia, la sala lo suelta sin que pase nada más.
    while Arc::strong_count(&c) > 1
        && inicio.elapsed() < Duration::from_secs(30)
    {
        thread::yield_now();
    }
    sordo.read_to_end(&mut Vec::new()).unwrap();
    // Lo que dicen la documentación y la revisión oral, y no lo que diga la
    // constante.
    let tarda = inicio.elapsed();
    assert!(
        tarda >= Duration::from_secs(1),
        "solo se le ha esperado {tarda:?}"
    );
    canal.send(Suceso::Sale { numero: 3 }).unwrap();
    drop(canal);
    sala.join().unwrap();
}

#[test]
fn quien_se_va_recibe_antes_lo_que_guarda_su_buzon() {
    let ((a, _cliente_a), (b, cliente_b), (c, mut cliente_c)) =
        (conexion(), conexion_estrecha(), conexion());
    let (canal, sucesos) = mpsc::channel();
    let enviar = |suceso| canal.send(suceso).unwrap();
    [entra(1, &a), entra(2, &b)].into_iter().for_each(enviar);
    avalancha(1).for_each(enviar);
    enviar(Suceso::Sale { numero: 2 });
    enviar(dice(1, "ya no estás\n"));
    enviar(entra(3, &c));
    let sala = thread::spawn(move || atender_canal(&sucesos));
    // Cuando entra el tercero, todo lo anterior ya está repartido.
    cliente_c.read_exact(&mut vec![0; BIENVENIDA.len()]).unwrap();
    assert_eq!(Arc::strong_count(&b), 2, "aún no ha leído nada");
    let firmado = format!("usuario 50001: {}", largo());
    assert!(recibido(&cliente_b) == firmado.repeat(VECES));
    drop(canal);
    let registro = sala.join().unwrap();
    assert!(registro.contains("50002) desconectado\n"));
}

#[test]
fn la_sala_ajusta_el_freno_a_lo_que_se_debe() {
    let (a, _cliente_a) = conexion();
    let sordos = [(); 3].map(|()| conexion_estrecha());
    let freno = Arc::new(Freno::default());
    let (pantalla, _) = Pantalla::abrir(io::sink()).unwrap();
    let (canal, sucesos) = mpsc::sync_channel(COLA);
    let sala = Sala::new(pantalla, Arc::clone(&freno));
    let sala = thread::spawn(move || sala.atender(&sucesos));
    canal.send(entra(1, &a)).unwrap();
    for (numero, (sordo, _)) in (2..).zip(&sordos) {
        canal.send(entra(numero, sordo)).unwrap();
    }
    // Con el freno suelto, quien habla recupera todo su crédito.
    let mut ahorrador = Gasto::todo();
    freno.gastar(&mut ahorrador, 0);
    // Si está echado, quien acaba de llegar no tiene crédito, y espera.
    let echado = || {
        let inicio = Instant::now();
        freno.gastar(&mut Gasto::todo(), CREDITO);
        inicio.elapsed() >= GOTEO
    };
    let limite = Instant::now() + Duration::from_secs(30);
    let mut se_echa = false;
    while !se_echa && Instant::now() < limite {
        canal.send(dice(1, &largo().repeat(A_LA_VEZ))).unwrap();
        se_echa = echado();
    }
    assert!(se_echa);
    // Lo que se dice se gasta por cada buzón que guarda algo: los tres sordos.
    let agota = |bytes| {
        let mut gasto = ahorrador.clone();
        freno.gastar(&mut gasto, bytes);
        gasto.agotado()
    };
    let por_tres = agota(CREDITO * 2 / 5) && !agota(CREDITO * 3 / 10);
    assert!(por_tres || !echado(), "se cuentan otros buzones");
    // Al sordo se le acaba la paciencia: ya no se debe nada.
    while echado() && Instant::now() < limite {
        thread::yield_now();
    }
    assert!(Instant::now() < limite, "no se suelta");
    drop(canal);
    sala.join().unwrap();
}

/// Cuántas veces se ha dormido el hilo de este fichero de `/proc`.
#[cfg(target_os = "linux")]
fn veces_dormido(hilo: &Path) -> u64 {
    let estado = fs::read_to_string(hilo.join("status")).unwrap();
    let linea = estado
        .lines()
        .find_map(|linea| linea.strip_prefix("voluntary_ctxt_switches:"));
    linea.unwrap().trim().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn sin_nada_que_hacer_la_sala_no_despierta() {
    const RATO: Duration = Duration::from_millis(300);
    let (a, mut cliente_a) = conexion();
    let (canal, sucesos) = mpsc::channel();
    let (quien, quien_es) = mpsc::channel();
    let sala = thread::spawn(move || {
        let hilo = fs::read_link("/proc/thread-self").unwrap();
        quien.send(Path::new("/proc").join(hilo)).unwrap();
        atender_canal(&sucesos)
    });
    let hilo = quien_es.recv().unwrap();
    canal.send(entra(1, &a)).unwrap();
    cliente_a.read_exact(&mut vec![0; BIENVENIDA.len()]).unwrap();
    let antes = veces_dormido(&hilo);
    thread::sleep(RATO);
    let veces = veces_dormido(&hilo) - antes;
    // La de después de la bienvenida, y alguna que el sistema quiera.
    assert!(veces < 10, "se ha dormido {veces} veces");
    drop(canal);
    sala.join().unwrap();
}

#[test]
fn dos_con_la_misma_direccion_no_se_confunden() {
    let ((a, cliente_a), (b, cliente_b), (c, _cliente_c)) =
        (conexion(), conexion(), conexion());
    // El primero se cortó, y el sistema ha dado su puerto a otro antes de que
    // la sala lo sepa.
    let otra_vez = Suceso::Entra {
        numero: 2,
        direccion: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_001)),
        conexion: Arc::clone(&b),
    };
    let registro = atender([
        entra(1, &a),
        otra_vez,
        Suceso::Sale { numero: 1 },
        entra(3, &c),
        dice(3, "hola\n"),
    ]);
    assert_eq!(recibido(&cliente_a), "");
    assert_eq!(recibido(&cliente_b), "usuario 50003: hola\n");
    assert_eq!(registro.matches("50001) desconectado\n").count(), 1);
}

#[test]
fn lo_dicho_antes_de_cerrar_se_reparte_y_lo_de_despues_no() {
    let ((a, _cliente_a), (b, cliente_b)) = (conexion(), conexion());
    let registro = atender([
        entra(1, &a),
        entra(2, &b),
        dice(1, "uno\n"),
        Suceso::Avisa("aviso: dos\n".into()),
        Suceso::Cerrar,
        dice(1, "tres\n"),
    ]);
    assert_eq!(recibido(&cliente_b), "usuario 50001: uno\n");
    assert!(
        registro
            .ends_with("50001): uno\naviso: dos\n\ncerrando servidor...\n"),
        "{registro}"
    );
}
