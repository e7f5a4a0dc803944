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
    /// más prisa hay, más mensajes lleva cada escritura. `cerrando` se mira después de cada reparto,
    /// para que una avalancha de mensajes no retrase el cierre.
    pub fn atender(mut self, sucesos: &Receiver<Suceso>, cerrando: &AtomicBool) {
        while !cerrando.load(Ordering::Relaxed) {
            let Ok(primero) = sucesos.recv() else { break };
            self.anotar(primero);
            for siguiente in sucesos.try_iter().take(COLA) {
                // Despedir a alguien reparte ya lo dicho: en cada vuelta, un solo reparto.
                let despide = matches!(siguiente, Suceso::Sale { .. });
                self.anotar(siguiente);
                if despide || self.lote.len() >= LOTE {
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
#[path = "../pruebas/sala.rs"]
mod pruebas;
