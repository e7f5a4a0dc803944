//! La sala: la única que escribe a los clientes, y la dueña del orden de los
//! mensajes.
//!
//! Los demás hilos no tocan nada de los clientes: le cuentan lo que pasa, un
//! [`Suceso`] tras otro, por un canal. Como solo hay una que atiende, no hace
//! falta ningún cerrojo, y todos ven los mensajes en el mismo orden.
//!
//! La sala no espera a nadie. Lo que un cliente no puede recibir aún queda en
//! su [`Buzon`]; quien deja de leer se va, y a quien habla más de lo que los
//! demás leen lo detiene el [`Freno`].

use std::collections::BTreeMap;
use std::iter;
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::buzon::Buzon;
use crate::freno::Freno;
use crate::lector::LECTURA;
use crate::{mostrar, nombre};

/// La primera línea que recibe cada cliente.
pub const BIENVENIDA: &str =
    "bienvenido al chat! escribe 'salir' para salir\n";

/// Los bytes a partir de los que un lote se reparte aunque haya más esperando.
pub const LOTE: usize = 64 * 1024;

/// Los sucesos que caben en el canal de la sala: si se llena, quien quiere
/// hablar espera. Son pocos: más alargarían la cola de quien llega detrás de
/// una avalancha.
pub const COLA: usize = LOTE / LECTURA;

/// Cada cuánto se vuelve a probar con lo que no cabía (std no sabe esperar a
/// varios sockets a la vez).
const REINTENTO: Duration = Duration::from_millis(1);

/// Lo que le pasa a un chat.
#[derive(Debug)]
pub enum Suceso {
    /// Alguien se conecta.
    Entra {
        /// El número de orden de su conexión: no se repite nunca, como sí
        /// puede hacer un puerto.
        numero: u64,
        /// Desde dónde: da nombre al cliente en las pantallas.
        direccion: SocketAddr,
        /// Por aquí se le escribe; la sala la suelta cuando el cliente sale.
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
}

/// Los clientes conectados, por el número de su conexión.
#[derive(Debug, Default)]
pub struct Sala {
    clientes: BTreeMap<u64, Cliente>,
    /// Lo dicho desde el último reparto, tal como se va a enviar.
    lote: Vec<u8>,
    /// Lo ocurrido desde la última vez que se mostró.
    apuntes: String,
    freno: Arc<Freno>,
}

impl Sala {
    /// Una sala vacía, que frena a quien habla demasiado.
    #[must_use]
    pub fn new(freno: Arc<Freno>) -> Self {
        Self { freno, ..Self::default() }
    }

    /// Atiende los sucesos, en orden, hasta que no queda quien los cuente.
    pub fn atender(mut self, sucesos: &Receiver<Suceso>) {
        let mut revisados = Instant::now();
        while self.tomar(sucesos) {
            self.repartir();
            if self.deuda() > 0 && revisados.elapsed() >= REINTENTO {
                self.revisar();
                revisados = Instant::now();
            }
            self.freno.ajustar(self.deuda(), self.con_deuda());
            mostrar(&self.apuntes);
            self.apuntes.clear();
        }
    }

    /// Espera a que pase algo, y toma también lo que ya espera detrás: cuanta
    /// más prisa hay, más mensajes lleva cada lote. Devuelve `false` si no
    /// queda quien cuente nada.
    fn tomar(&mut self, sucesos: &Receiver<Suceso>) -> bool {
        let espera = if self.deuda() > 0 { REINTENTO } else { Duration::MAX };
        let primero = match sucesos.recv_timeout(espera) {
            Ok(suceso) => suceso,
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        };
        for suceso in iter::once(primero).chain(sucesos.try_iter().take(COLA))
        {
            match suceso {
                Suceso::Entra { numero, direccion, conexion } => {
                    self.entra(numero, Cliente::new(direccion, conexion));
                }
                Suceso::Dice { numero, mensajes } => {
                    self.dice(numero, &mensajes);
                }
                Suceso::Sale { numero } => self.sale(numero),
            }
            if self.lote.len() >= LOTE {
                break;
            }
        }
        true
    }

    fn entra(&mut self, numero: u64, mut cliente: Cliente) {
        // La bienvenida, antes que nada; y lo que se dijo antes de entrar no
        // es para él.
        cliente.buzon.enviar(BIENVENIDA.as_bytes());
        cliente.omite.push(0..self.lote.len());
        let quien = &cliente.nombre;
        self.apuntes.extend(["nuevo cliente conectado: ", quien, "\n"]);
        self.clientes.insert(numero, cliente);
    }

    fn dice(&mut self, numero: u64, mensajes: &str) {
        // Quien fue expulsado ya no está, aunque aún llegue lo que dijo.
        let Some(autor) = self.clientes.get_mut(&numero) else { return };
        let inicio = self.lote.len();
        for mensaje in mensajes.split_inclusive('\n') {
            self.lote.extend_from_slice(autor.prefijo.as_bytes());
            self.lote.extend_from_slice(mensaje.as_bytes());
            self.apuntes.extend(["cliente ", &autor.nombre, ": ", mensaje]);
        }
        autor.omite.push(inicio..self.lote.len());
    }

    fn sale(&mut self, numero: u64) {
        // Puede que solo haya dejado de hablar: que reciba antes lo que se ha
        // dicho.
        self.repartir();
        if let Some(cliente) = self.clientes.get_mut(&numero) {
            cliente.sale = true;
            self.revisar();
        }
    }

    /// Da a cada cliente su parte del lote.
    fn repartir(&mut self) {
        if !self.lote.is_empty() {
            for cliente in self.clientes.values_mut() {
                cliente.recibir(&self.lote);
            }
            self.lote.clear();
        }
    }

    /// Vuelve a probar con los buzones que guardan algo, y despide a quien ha
    /// acabado o no lee.
    fn revisar(&mut self) {
        let Self { clientes, apuntes, .. } = self;
        clientes.retain(|_, cliente| {
            cliente.buzon.vaciar();
            let motivo = if cliente.buzon.atascado() {
                ": no lee sus mensajes"
            } else if cliente.sale && cliente.buzon.guarda() == 0 {
                ""
            } else {
                return true;
            };
            cliente.buzon.cerrar();
            let quien = &cliente.nombre;
            apuntes.extend(["cliente ", quien, " desconectado", motivo, "\n"]);
            false
        });
    }

    /// Los bytes que guardan entre todos los buzones.
    fn deuda(&self) -> usize {
        self.clientes.values().map(|cliente| cliente.buzon.guarda()).sum()
    }

    /// Los buzones que guardan algo.
    fn con_deuda(&self) -> usize {
        let guarda = |cliente: &&Cliente| cliente.buzon.guarda() > 0;
        self.clientes.values().filter(guarda).count()
    }
}

/// Lo que la sala sabe de un cliente.
#[derive(Debug)]
struct Cliente {
    /// Cómo lo llama la pantalla (ver [`nombre`]).
    nombre: String,
    /// Cómo lo presentan sus mensajes: `usuario 50000: `.
    prefijo: String,
    buzon: Buzon,
    /// Las partes del lote que no son para él: lo que dijo él y lo de antes de
    /// entrar.
    omite: Vec<Range<usize>>,
    /// Ya no dirá nada: se irá cuando haya recibido lo que guarda su buzón.
    sale: bool,
}

impl Cliente {
    fn new(direccion: SocketAddr, conexion: Arc<TcpStream>) -> Self {
        let prefijo = format!("usuario {}: ", direccion.port());
        let (nombre, buzon) = (nombre(direccion), Buzon::new(conexion));
        Self { nombre, prefijo, buzon, omite: Vec::new(), sale: false }
    }

    /// Le envía su parte del lote.
    fn recibir(&mut self, lote: &[u8]) {
        if self.sale {
            return;
        }
        let mut inicio = 0;
        let mut parte = Vec::new();
        for omitido in self.omite.drain(..) {
            parte.extend_from_slice(&lote[inicio..omitido.start]);
            inicio = omitido.end;
        }
        // Si no omite nada, o solo el principio, no hace falta copiar.
        if parte.is_empty() {
            self.buzon.enviar(&lote[inicio..]);
        } else {
            parte.extend_from_slice(&lote[inicio..]);
            self.buzon.enviar(&parte);
        }
    }
}
