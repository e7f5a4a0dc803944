//! El buzón de un cliente: se le escribe sin esperar, y lo que no cabe en su
//! socket se guarda.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Lo que se espera a que tome algo de su buzón un cliente que no toma nada.
pub const PACIENCIA: Duration = Duration::from_secs(1);

/// Cómo dice el sistema que ahora no cabe nada.
const LUEGO: [ErrorKind; 2] = [ErrorKind::WouldBlock, ErrorKind::Interrupted];

/// Por donde se escribe a un cliente.
#[derive(Debug)]
pub struct Buzon {
    conexion: Arc<TcpStream>,
    /// Lo que aún no ha cabido en el socket: va delante de todo lo demás.
    guardado: VecDeque<u8>,
    /// Cuándo tomó algo por última vez, o cuándo dejó de caberle.
    ultima_toma: Instant,
}

impl Buzon {
    /// El de esta conexión, vacío.
    #[must_use]
    pub fn new(conexion: Arc<TcpStream>) -> Self {
        let (guardado, ultima_toma) = (VecDeque::new(), Instant::now());
        Self { conexion, guardado, ultima_toma }
    }

    /// Los bytes que guarda.
    #[must_use]
    pub fn guarda(&self) -> usize {
        self.guardado.len()
    }

    /// ¿Guarda algo, y hace demasiado que no se toma nada de ello?
    #[must_use]
    pub fn atascado(&self) -> bool {
        !self.guardado.is_empty() && self.ultima_toma.elapsed() >= PACIENCIA
    }

    /// Escribe estos bytes, detrás de los que ya guarda.
    pub fn enviar(&mut self, mut bytes: &[u8]) {
        if self.guardado.is_empty() && !bytes.is_empty() {
            bytes = &bytes[self.escribir(bytes)..];
            self.ultima_toma = Instant::now();
        }
        // Justo lo que hace falta: de ordinario un buzón ocuparía hasta el
        // doble.
        self.guardado.reserve_exact(bytes.len());
        self.guardado.extend(bytes);
    }

    /// Vuelve a probar con lo que guarda.
    pub fn vaciar(&mut self) {
        while !self.guardado.is_empty() {
            let escritos = self.escribir(self.guardado.as_slices().0);
            if escritos == 0 {
                break;
            }
            self.guardado.drain(..escritos);
            self.ultima_toma = Instant::now();
        }
        // Que no ocupe mucho más de lo que guarda: pudo crecer mucho.
        if self.guardado.capacity() > 4 * self.guardado.len() {
            self.guardado.shrink_to(2 * self.guardado.len());
        }
    }

    /// Cierra la conexión: no se podrá ni escribir ni leer más.
    pub fn cerrar(&self) {
        // Despierta al hilo que lee de este socket (en Windows no: lo hace el
        // cierre del cliente). Si falla, es que ya estaba cerrado.
        let _ = self.conexion.shutdown(Shutdown::Both);
    }

    /// Escribe lo que quepa ahora mismo en el socket, aunque sea nada.
    fn escribir(&self, bytes: &[u8]) -> usize {
        match escribir_sin_esperar(&self.conexion, bytes) {
            Ok(escritos) => escritos,
            Err(error) if LUEGO.contains(&error.kind()) => 0,
            Err(_) => {
                // Se ha ido, y ya no se le debe nada. Lo contará su hilo, tras
                // lo último que dijo.
                self.cerrar();
                bytes.len()
            }
        }
    }
}

fn escribir_sin_esperar(
    mut conexion: &TcpStream,
    bytes: &[u8],
) -> io::Result<usize> {
    conexion.set_nonblocking(true)?;
    let resultado = conexion.write(bytes);
    // El hilo que lee comparte este modo, y él sí quiere esperar.
    conexion.set_nonblocking(false)?;
    resultado
}
