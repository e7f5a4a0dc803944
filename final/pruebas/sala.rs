//! La sala a solas: qué oye cada uno, y qué se anota.

use std::io::Read;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::mpsc;

use super::*;

/// Dos puntas de una conexión: la de la sala y la del cliente.
fn conexion() -> (Arc<TcpStream>, TcpStream) {
    let servidor = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let cliente = TcpStream::connect(servidor.local_addr().unwrap()).unwrap();
    // Si lo que se espera no llega, que la prueba falle en vez de esperar.
    cliente.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    (Arc::new(servidor.accept().unwrap().0), cliente)
}

fn entra(numero: u16, conexion: &Arc<TcpStream>) -> Suceso {
    let direccion = SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000 + numero));
    Suceso::Entra { numero: numero.into(), direccion, conexion: Arc::clone(conexion) }
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

/// Lo que anota una sala que encuentra estos sucesos esperándola.
fn atender(sucesos: impl IntoIterator<Item = Suceso>) -> String {
    let mut registro = Vec::new();
    Sala::new(&mut registro).atender(&en_cola(sucesos), &AtomicBool::new(false));
    String::from_utf8(registro).unwrap()
}

/// Lo que le llegó a un cliente, sin la bienvenida, hasta que la sala cerró.
fn recibido(mut cliente: &TcpStream) -> String {
    let mut texto = String::new();
    cliente.read_to_string(&mut texto).unwrap();
    texto.strip_prefix(BIENVENIDA).expect("lo primero es la bienvenida").into()
}

#[test]
fn en_un_mismo_lote_cada_uno_oye_lo_suyo() {
    let ((a, cliente_a), (b, cliente_b), (c, cliente_c)) = (conexion(), conexion(), conexion());
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
    assert_eq!(recibido(&cliente_c), "usuario 50002: tres\nusuario 50001: cuatro\n");
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
    assert_eq!(registro.matches("('127.0.0.1', 50002) desconectado\n").count(), 1);
}

#[test]
fn a_quien_no_lee_se_le_espera_y_se_le_despide_una_vez() {
    const VECES: usize = 16;
    let ((a, _cliente_a), (b, cliente_b), (c, mut sordo)) = (conexion(), conexion(), conexion());
    let escucha = thread::spawn(move || recibido(&cliente_b));
    let inicio = Instant::now();
    // Unos 20 MB: más de lo que guarda el sistema para quien no lee.
    let mut sucesos = vec![entra(1, &a), entra(2, &b), entra(3, &c)];
    sucesos.extend((0..VECES).map(|_| dice(1, &"hola\n".repeat(LOTE))));
    sucesos.extend([dice(1, "sigo\n"), Suceso::Sale { numero: 3 }]);
    let registro = atender(sucesos);
    assert!(inicio.elapsed() >= PACIENCIA, "solo ha esperado {:?}", inicio.elapsed());
    let oido = escucha.join().unwrap();
    assert_eq!(oido.matches("usuario 50001: hola\n").count(), VECES * LOTE);
    assert!(oido.ends_with("usuario 50001: sigo\n"));
    // Se despide una vez, y por su lado la conexión se acaba.
    assert_eq!(registro.matches("50003) desconectado: no lee sus mensajes\n").count(), 1);
    assert_eq!(registro.matches("50003) desconectado").count(), 1);
    drop(c);
    let mut resto = Vec::new();
    sordo.read_to_end(&mut resto).unwrap();
}

#[test]
fn dos_con_la_misma_direccion_no_se_confunden() {
    let ((a, cliente_a), (b, cliente_b), (c, _cliente_c)) = (conexion(), conexion(), conexion());
    // El primero se cortó, y el sistema ha dado su puerto a otro antes de que la sala lo sepa.
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

/// Un registro que pide cerrar en cuanto se anota una despedida.
struct PideCerrar<'a> {
    anotado: &'a mut Vec<u8>,
    cerrando: &'a AtomicBool,
}

impl Write for PideCerrar<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let despedida = String::from_utf8_lossy(bytes).contains("desconectado");
        self.cerrando.fetch_or(despedida, Ordering::Relaxed);
        self.anotado.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn entre_dos_repartos_se_mira_si_hay_que_cerrar() {
    let ((a, _cliente_a), (b, _cliente_b), (c, _cliente_c)) = (conexion(), conexion(), conexion());
    let sucesos = en_cola([
        entra(1, &a),
        entra(2, &b),
        entra(3, &c),
        dice(1, "uno\n"),
        Suceso::Sale { numero: 2 },
        dice(1, "dos\n"),
        Suceso::Sale { numero: 3 },
    ]);
    let (mut anotado, cerrando) = (Vec::new(), AtomicBool::new(false));
    let registro = PideCerrar { anotado: &mut anotado, cerrando: &cerrando };
    Sala::new(registro).atender(&sucesos, &cerrando);
    let anotado = String::from_utf8(anotado).unwrap();
    assert!(anotado.contains("50002) desconectado"), "{anotado}");
    assert!(!anotado.contains("dos"), "{anotado}");
    assert!(anotado.ends_with("\ncerrando servidor...\n"), "{anotado}");
}
