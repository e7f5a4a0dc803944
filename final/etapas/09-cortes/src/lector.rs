//! De un socket a mensajes: cada lectura, lo que ha llegado.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;

use crate::mensajes::{Cortador, Mensaje};

/// Los bytes que se leen de un socket de una vez, como mucho.
pub const LECTURA: usize = 4 * 1024;

/// Lee mensajes de una conexión. Los dos programas leen con él.
#[derive(Debug)]
pub struct Lector<'a> {
    conexion: &'a TcpStream,
    cortador: Cortador,
    /// Donde se lee: crece la primera vez que se llena. Casi nadie habla
    /// tanto, y cada cliente tiene uno.
    bytes: Vec<u8>,
}

impl<'a> Lector<'a> {
    /// Un lector de `conexion` que no entrega mensajes de más de `maximo`
    /// bytes.
    #[must_use]
    pub fn new(conexion: &'a TcpStream, maximo: usize) -> Self {
        Self {
            conexion,
            cortador: Cortador::new(maximo),
            bytes: vec![0; maximo.min(LECTURA)],
        }
    }

    /// Espera a que llegue algo, y pasa a `entrega` los mensajes completos.
    /// Devuelve `false` cuando la conexión ha terminado, bien o mal.
    pub fn leer(&mut self, entrega: impl FnMut(Mensaje<'_>)) -> bool {
        match self.conexion.read(&mut self.bytes) {
            Ok(leidos @ 1..) => {
                self.cortador.recibir(&self.bytes[..leidos], entrega);
                if leidos == self.bytes.len() {
                    self.bytes.resize(LECTURA, 0);
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Ok(0) | Err(_) => {
                self.cortador.fin(entrega);
                false
            }
        }
    }
}
