//! De un socket a mensajes: cada lectura, lo que ha llegado; cada silencio, lo
//! que eso termina.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use crate::mensajes::{Cortador, Mensaje, Silencios};

/// El silencio que termina un mensaje. (De Windows se sabe que añade medio
/// segundo a una espera tan corta.)
pub const SILENCIO: Duration = Duration::from_millis(50);

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
    /// El límite de espera que tiene puesto el socket.
    espera: Option<Duration>,
}

impl<'a> Lector<'a> {
    /// Un lector de `conexion` que no entrega mensajes de más de `maximo`
    /// bytes, y a quien los silencios le dicen lo que se indica.
    #[must_use]
    pub fn new(
        conexion: &'a TcpStream,
        maximo: usize,
        silencios: Silencios,
    ) -> Self {
        Self {
            conexion,
            cortador: Cortador::new(maximo, silencios),
            bytes: vec![0; maximo.min(LECTURA)],
            espera: None,
        }
    }

    /// Espera a que llegue algo, o a un silencio que termine un mensaje, y
    /// pasa a `entrega` los mensajes completos. Devuelve `false` cuando la
    /// conexión ha terminado, bien o mal.
    pub fn leer(&mut self, entrega: impl FnMut(Mensaje<'_>)) -> bool {
        self.ajustar_espera();
        match self.conexion.read(&mut self.bytes) {
            Ok(leidos @ 1..) => {
                self.cortador.recibir(&self.bytes[..leidos], entrega);
                if leidos == self.bytes.len() {
                    self.bytes.resize(LECTURA, 0);
                }
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) if es_espera(error.kind()) => {
                self.cortador.silencio(entrega);
                true
            }
            Ok(0) | Err(_) => {
                self.cortador.fin(entrega);
                false
            }
        }
    }

    /// Solo se espera con límite cuando un silencio terminaría algo.
    fn ajustar_espera(&mut self) {
        let espera = self.cortador.espera_silencio().then_some(SILENCIO);
        if espera != self.espera
            && self.conexion.set_read_timeout(espera).is_ok()
        {
            self.espera = espera;
        }
    }
}

fn es_espera(clase: ErrorKind) -> bool {
    matches!(clase, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
