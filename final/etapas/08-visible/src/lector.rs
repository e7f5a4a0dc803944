//! De un socket a mensajes: cada línea que llega es uno.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use crate::mensajes::{Mensaje, de_linea};

/// Lee mensajes de una conexión. Los dos programas leen con él.
#[derive(Debug)]
pub struct Lector<'a> {
    conexion: BufReader<&'a TcpStream>,
    linea: Vec<u8>,
}

impl<'a> Lector<'a> {
    /// Un lector de `conexion`.
    #[must_use]
    pub fn new(conexion: &'a TcpStream) -> Self {
        Self { conexion: BufReader::new(conexion), linea: Vec::new() }
    }

    /// Espera a que llegue una línea, y pasa a `entrega` su mensaje. Devuelve
    /// `false` cuando la conexión ha terminado, bien o mal.
    pub fn leer(&mut self, entrega: impl FnOnce(Mensaje<'_>)) -> bool {
        self.linea.clear();
        let leidos = self.conexion.read_until(b'\n', &mut self.linea);
        de_linea(&self.linea).map(entrega);
        matches!(leidos, Ok(1..))
    }
}
