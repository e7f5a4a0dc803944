//! Lo que ha salido de un programa o de una conexión, y cómo esperar a que salga algo.

use std::io::{ErrorKind, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// Lo recibido hasta ahora de una fuente, que un hilo va llenando.
#[derive(Debug)]
pub struct Pantalla {
    /// De quién es, para los informes.
    pub nombre: String,
    /// Viene de un terminal, que termina las líneas con `\r\n`.
    de_terminal: bool,
    estado: Mutex<Estado>,
    cambio: Condvar,
}

#[derive(Debug, Default)]
struct Estado {
    bytes: Vec<u8>,
    /// Los bytes que se guardan, si hay límite: los últimos.
    tope: Option<usize>,
    /// Fuentes que aún pueden dar algo (un programa por tuberías tiene dos).
    abiertas: usize,
    /// Mientras lo está, no se lee de ninguna fuente.
    congelada: bool,
    fallo: bool,
}

/// Lo que se ve en una pantalla en un momento dado.
#[derive(Debug)]
pub struct Vista {
    /// El texto. Si viene de un terminal, con `\n` donde él pone `\r\n`.
    pub texto: String,
    /// Ya no saldrá nada más.
    pub terminada: bool,
    /// Terminó con un error: la conexión fue reiniciada.
    pub fallo: bool,
}

impl Vista {
    /// ¿Está esta línea, ella sola?
    #[must_use]
    pub fn tiene_linea(&self, linea: &str) -> bool {
        self.texto.split_inclusive('\n').any(|otra| otra.strip_suffix('\n') == Some(linea))
    }
}

impl Pantalla {
    /// Una pantalla vacía.
    #[must_use]
    pub fn new(nombre: &str, de_terminal: bool) -> Arc<Self> {
        let (estado, cambio) = (Mutex::default(), Condvar::new());
        Arc::new(Self { nombre: nombre.to_string(), de_terminal, estado, cambio })
    }

    /// Guarda solo los últimos `tope` bytes.
    pub fn limita(&self, tope: usize) {
        self.estado().tope = Some(tope);
    }

    /// Añade lo que dé `fuente` hasta que se acabe, desde un hilo propio.
    pub fn llenar(self: &Arc<Self>, mut fuente: impl Read + Send + 'static) {
        self.estado().abiertas += 1;
        let pantalla = Arc::clone(self);
        thread::spawn(move || {
            let mut bytes = vec![0; 64 * 1024];
            let mut sigue = true;
            while sigue {
                drop(pantalla.cambio.wait_while(pantalla.estado(), |estado| estado.congelada));
                let leido = fuente.read(&mut bytes);
                if leido.as_ref().is_err_and(|error| error.kind() == ErrorKind::Interrupted) {
                    continue;
                }
                sigue = matches!(leido, Ok(1..));
                let mut estado = pantalla.estado();
                estado.bytes.extend_from_slice(&bytes[..*leido.as_ref().unwrap_or(&0)]);
                if let Some(tope) = estado.tope {
                    let sobran = estado.bytes.len().saturating_sub(tope);
                    // Que no quede media línea, si sobra algo y hay más de una.
                    let resto = &estado.bytes[sobran.saturating_sub(1)..];
                    let fin = resto.iter().position(|byte| *byte == b'\n').filter(|_| sobran > 0);
                    estado.bytes.drain(..sobran + fin.unwrap_or_default());
                }
                estado.fallo |= leido.is_err();
                estado.abiertas -= usize::from(!sigue);
                pantalla.cambio.notify_all();
            }
        });
    }

    /// Deja de leer, o vuelve a hacerlo: como si nadie mirase al otro lado de la tubería.
    pub fn congela(&self, congelada: bool) {
        self.estado().congelada = congelada;
        self.cambio.notify_all();
    }

    /// Añade lo que un terminal enseñaría de lo tecleado.
    pub fn eco(&self, texto: &str) {
        self.estado().bytes.extend_from_slice(texto.as_bytes());
        self.cambio.notify_all();
    }

    /// Lo que se ve ahora.
    #[must_use]
    pub fn vista(&self) -> Vista {
        self.mirar(&self.estado())
    }

    /// El texto que se ve ahora.
    #[must_use]
    pub fn texto(&self) -> String {
        self.vista().texto
    }

    /// Lo recibido hasta ahora, byte a byte.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.estado().bytes.clone()
    }

    /// Espera hasta `plazo` a que lo que se ve cumpla `condicion`. Si la pantalla termina antes sin
    /// cumplirla, o está congelada, no espera más.
    pub fn espera(&self, plazo: Instant, condicion: impl Fn(&Vista) -> bool) -> bool {
        self.espera_estado(plazo, |estado| condicion(&self.mirar(estado)))
    }

    /// Espera hasta `plazo` a que haya salido al menos este número de bytes.
    pub fn espera_bytes(&self, plazo: Instant, cuantos: usize) -> bool {
        self.espera_estado(plazo, |estado| estado.bytes.len() >= cuantos)
    }

    fn espera_estado(&self, plazo: Instant, condicion: impl Fn(&Estado) -> bool) -> bool {
        let mut estado = self.estado();
        loop {
            if condicion(&estado) {
                return true;
            }
            let queda = plazo.saturating_duration_since(Instant::now());
            if estado.abiertas == 0 || estado.congelada || queda.is_zero() {
                return false;
            }
            estado =
                self.cambio.wait_timeout(estado, queda).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn mirar(&self, estado: &Estado) -> Vista {
        let mut texto = String::from_utf8_lossy(&estado.bytes).into_owned();
        if self.de_terminal {
            texto = texto.replace("\r\n", "\n");
        }
        Vista { texto, terminada: estado.abiertas == 0, fallo: estado.fallo }
    }

    fn estado(&self) -> MutexGuard<'_, Estado> {
        self.estado.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
