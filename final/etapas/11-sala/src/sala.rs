//! La sala: la única que escribe a los clientes, y la dueña del orden de los
//! mensajes.
//!
//! Los demás hilos no tocan nada de los clientes: le cuentan lo que pasa, un
//! [`Suceso`] tras otro, por un canal. Como solo hay una que atiende, no hace
//! falta ningún cerrojo, y todos ven los mensajes en el mismo orden.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::Receiver;

use crate::{mostrar, nombre};

/// La primera línea que recibe cada cliente.
pub const BIENVENIDA: &str =
    "bienvenido al chat! escribe 'salir' para salir\n";

/// Los sucesos que caben en el canal de la sala: si se llena, quien quiere
/// hablar espera.
pub const COLA: usize = 16;

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
        /// Qué.
        mensaje: String,
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
}

impl Sala {
    /// Atiende los sucesos, en orden, hasta que no queda quien los cuente.
    pub fn atender(mut self, sucesos: &Receiver<Suceso>) {
        for suceso in sucesos {
            match suceso {
                Suceso::Entra { numero, direccion, conexion } => {
                    self.entra(numero, Cliente::new(direccion, conexion));
                }
                Suceso::Dice { numero, mensaje } => {
                    self.dice(numero, &mensaje);
                }
                Suceso::Sale { numero } => self.sale(numero),
            }
        }
    }

    fn entra(&mut self, numero: u64, cliente: Cliente) {
        // La bienvenida, antes que nada.
        cliente.recibir(BIENVENIDA);
        mostrar(&format!("nuevo cliente conectado: {}\n", cliente.nombre));
        self.clientes.insert(numero, cliente);
    }

    fn dice(&mut self, numero: u64, mensaje: &str) {
        let Some(autor) = self.clientes.get(&numero) else { return };
        mostrar(&format!("cliente {}: {mensaje}\n", autor.nombre));
        let linea = format!("{}{mensaje}\n", autor.prefijo);
        for (otro, cliente) in &self.clientes {
            if *otro != numero {
                cliente.recibir(&linea);
            }
        }
    }

    fn sale(&mut self, numero: u64) {
        if let Some(cliente) = self.clientes.remove(&numero) {
            mostrar(&format!("cliente {} desconectado\n", cliente.nombre));
        }
    }
}

/// Lo que la sala sabe de un cliente.
#[derive(Debug)]
struct Cliente {
    /// Cómo lo llama la pantalla (ver [`nombre`]).
    nombre: String,
    /// Cómo lo presentan sus mensajes: `usuario 50000: `.
    prefijo: String,
    conexion: Arc<TcpStream>,
}

impl Cliente {
    fn new(direccion: SocketAddr, conexion: Arc<TcpStream>) -> Self {
        let prefijo = format!("usuario {}: ", direccion.port());
        Self { nombre: nombre(direccion), prefijo, conexion }
    }

    fn recibir(&self, linea: &str) {
        // Que uno ya no pueda recibir no es motivo para no escribir a los
        // demás.
        let _ = (&*self.conexion).write_all(linea.as_bytes());
    }
}
