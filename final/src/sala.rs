//! La sala: la única que escribe en los sockets, y la dueña del orden de los mensajes.
//!
//! Los demás hilos no tocan nada de los clientes: le cuentan lo que pasa, un [`Suceso`] tras otro,
//! por un canal. Como solo hay una que atiende, no hace falta ningún cerrojo, y todos ven los
//! mensajes en el mismo orden.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, IoSlice, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use crate::{BIENVENIDA, COLA, LOTE, PACIENCIA, nombre};

/// Cada cuánto se vuelve a probar con quien tiene el buzón lleno (std no sabe esperar a varios
/// sockets a la vez).
const REINTENTO: Duration = Duration::from_millis(1);

/// Lo que le pasa a un chat.
#[derive(Debug)]
pub enum Suceso {
    /// Alguien se conecta.
    Entra {
        /// El número de orden de su conexión: no se repite nunca, como sí puede hacer un puerto.
        numero: u64,
        /// Desde dónde: da nombre al cliente en las pantallas.
        direccion: SocketAddr,
        /// Por aquí se le escribe; la sala lo suelta cuando el cliente sale.
        conexion: Arc<TcpStream>,
    },
    /// Un cliente dice algo.
    Dice {
        /// Quién.
        numero: u64,
        /// Uno o más mensajes, cada uno terminado en `\n`.
        mensajes: String,
    },
    /// De un cliente ya no llegará nada más.
    Sale {
        /// Quién.
        numero: u64,
    },
    /// Despierta a la sala para que vea que hay que cerrar.
    Cerrar,
}

/// El registro del servidor y los clientes conectados.
#[derive(Debug)]
pub struct Sala<Registro> {
    clientes: BTreeMap<u64, Cliente>,
    /// Lo dicho desde el último reparto, tal como se va a enviar.
    lote: Vec<u8>,
    /// Lo ocurrido desde el último reparto, tal como se va a anotar.
    apuntes: String,
    registro: Registro,
}

impl<Registro: Write> Sala<Registro> {
    /// Una sala vacía, que anota en `registro` lo que pasa. Si anotar falla, el chat sigue.
    pub fn new(registro: Registro) -> Self {
        Self { clientes: BTreeMap::new(), lote: Vec::new(), apuntes: String::new(), registro }
    }

    /// Atiende los sucesos, en orden, hasta que `cerrando` es cierto o no queda quien los cuente.
    ///
    /// Toma un suceso y los que ya esperan detrás, y reparte de una vez lo que han dicho: cuanta
    /// más prisa hay, más mensajes lleva cada escritura. `cerrando` se mira en cada reparto, para
    /// que una avalancha de mensajes no retrase el cierre.
    pub fn atender(mut self, sucesos: &Receiver<Suceso>, cerrando: &AtomicBool) {
        while !cerrando.load(Ordering::Relaxed) {
            let Ok(primero) = sucesos.recv() else { break };
            self.anotar(primero);
            for siguiente in sucesos.try_iter().take(COLA) {
                self.anotar(siguiente);
                if self.lote.len() >= LOTE {
                    break;
                }
            }
            self.repartir();
            self.registrar();
        }
        self.apuntes.push_str("\ncerrando servidor...\n");
        self.registrar();
        for cliente in self.clientes.values() {
            cliente.cerrar();
        }
    }

    fn anotar(&mut self, suceso: Suceso) {
        match suceso {
            Suceso::Entra { numero, direccion, conexion } => {
                let mut cliente = Cliente::new(conexion, direccion);
                cliente.omitir(0..self.lote.len());
                self.apuntes.push_str(&cliente.saludar());
                self.clientes.insert(numero, cliente);
            }
            Suceso::Dice { numero, mensajes } => self.anotar_mensajes(numero, &mensajes),
            Suceso::Sale { numero } => {
                // Puede que solo haya dejado de hablar: que oiga antes lo que se ha dicho.
                self.repartir();
                if let Some(cliente) = self.clientes.remove(&numero) {
                    self.apuntes.push_str(&cliente.despedir(""));
                }
            }
            Suceso::Cerrar => {}
        }
    }

    fn anotar_mensajes(&mut self, numero: u64, mensajes: &str) {
        // Quien fue expulsado ya no está, aunque aún llegue algo de lo que dijo.
        let Some(autor) = self.clientes.get_mut(&numero) else { return };
        let inicio = self.lote.len();
        for mensaje in mensajes.split_inclusive('\n') {
            self.lote.extend_from_slice(autor.prefijo.as_bytes());
            self.lote.extend_from_slice(mensaje.as_bytes());
            for parte in ["cliente ", &autor.nombre, ": ", mensaje] {
                self.apuntes.push_str(parte);
            }
        }
        autor.omitir(inicio..self.lote.len());
    }

    /// Da a cada cliente su parte del lote: primero a todos sin esperar a nadie, y luego, hasta
    /// agotar la paciencia, a los que no tenían sitio. Quien ni así la toma queda fuera.
    fn repartir(&mut self) {
        let Self { clientes, lote, apuntes, .. } = self;
        if lote.is_empty() {
            return;
        }
        let limite = Instant::now() + PACIENCIA;
        loop {
            let agotada = Instant::now() >= limite;
            let mut faltan = false;
            clientes.retain(|_, cliente| match cliente.entregar(lote) {
                Ok(true) => true,
                Err(_) => {
                    // Se ha ido: su hilo lo contará, después de lo último que dijo.
                    cliente.cerrar();
                    true
                }
                Ok(false) if agotada => {
                    apuntes.push_str(&cliente.despedir(": no lee sus mensajes"));
                    false
                }
                Ok(false) => {
                    faltan = true;
                    true
                }
            });
            if !faltan {
                break;
            }
            thread::sleep(REINTENTO);
        }
        lote.clear();
        clientes.values_mut().for_each(Cliente::empezar_lote);
    }

    fn registrar(&mut self) {
        // Una salida estándar cerrada o llena deja al servidor sin registro, no sin chat.
        let _ = self.registro.write_all(self.apuntes.as_bytes());
        let _ = self.registro.flush();
        self.apuntes.clear();
    }
}

/// Lo que la sala sabe de un cliente.
#[derive(Debug)]
struct Cliente {
    conexion: Arc<TcpStream>,
    /// Cómo lo llama el registro (ver [`nombre`]).
    nombre: String,
    /// Cómo lo presentan sus mensajes: `usuario 50000: `.
    prefijo: String,
    /// Las partes del lote que no son para él: lo que dijo él y lo de antes de entrar.
    omite: Vec<Range<usize>>,
    /// Cuántos bytes de su parte del lote se le han escrito ya.
    escrito: usize,
}

impl Cliente {
    fn new(conexion: Arc<TcpStream>, direccion: SocketAddr) -> Self {
        Self {
            conexion,
            nombre: nombre(direccion),
            prefijo: format!("usuario {}: ", direccion.port()),
            omite: Vec::new(),
            escrito: 0,
        }
    }

    /// Le da la bienvenida; devuelve lo que hay que anotar.
    fn saludar(&self) -> String {
        // Cabe: nada se le ha escrito antes. Si ya se ha ido, lo dirá su lectura.
        let _ = (&*self.conexion).write_all(BIENVENIDA.as_bytes());
        format!("nuevo cliente conectado: {}\n", self.nombre)
    }

    fn omitir(&mut self, rango: Range<usize>) {
        self.omite.push(rango);
    }

    fn empezar_lote(&mut self) {
        self.omite.clear();
        self.escrito = 0;
    }

    /// Le escribe, en una sola llamada y sin esperar, lo que le falta de su parte del lote.
    /// Devuelve si ya la tiene toda.
    fn entregar(&mut self, lote: &[u8]) -> io::Result<bool> {
        let mut inicio = 0;
        let mut partes = Vec::with_capacity(self.omite.len() + 1);
        for omitido in &self.omite {
            partes.push(IoSlice::new(&lote[inicio..omitido.start]));
            inicio = omitido.end;
        }
        partes.push(IoSlice::new(&lote[inicio..]));
        let mut faltan = &mut partes[..];
        IoSlice::advance_slices(&mut faltan, self.escrito);
        let total: usize = faltan.iter().map(|parte| parte.len()).sum();
        if total == 0 {
            return Ok(true);
        }
        let escritos = escribir_sin_esperar(&self.conexion, faltan)?;
        self.escrito += escritos;
        Ok(escritos == total)
    }

    fn cerrar(&self) {
        // Despierta al hilo que lee de este socket (en Windows no: lo hace el cierre del cliente). Si
        // falla, es que ya estaba cerrado.
        let _ = self.conexion.shutdown(Shutdown::Both);
    }

    /// Cierra la conexión; devuelve lo que hay que anotar.
    fn despedir(&self, motivo: &str) -> String {
        self.cerrar();
        format!("cliente {} desconectado{motivo}\n", self.nombre)
    }
}

/// Escribe lo que quepa ahora mismo en el buzón del socket, aunque sea nada.
fn escribir_sin_esperar(mut conexion: &TcpStream, partes: &[IoSlice<'_>]) -> io::Result<usize> {
    conexion.set_nonblocking(true)?;
    let resultado = conexion.write_vectored(partes);
    // El hilo que lee comparte este modo, y él sí quiere esperar.
    conexion.set_nonblocking(false)?;
    match resultado {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
            Ok(0)
        }
        otro => otro,
    }
}

#[cfg(test)]
mod pruebas {
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

    /// Lo que anota una sala que encuentra estos sucesos esperándola, y nada después.
    fn atender(sucesos: impl IntoIterator<Item = Suceso>) -> String {
        let (canal, para_la_sala) = mpsc::channel();
        sucesos.into_iter().for_each(|suceso| canal.send(suceso).unwrap());
        drop(canal);
        let mut registro = Vec::new();
        Sala::new(&mut registro).atender(&para_la_sala, &AtomicBool::new(false));
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
        let ((a, _cliente_a), (b, cliente_b), (c, mut sordo)) =
            (conexion(), conexion(), conexion());
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
}
