//! La pantalla del servidor: un hilo escribe en ella, y nadie lo espera.
//!
//! Una pantalla puede congelarse: con Ctrl-S, con una selección en la consola
//! de Windows, con una tubería de la que nadie lee. Solo se para su hilo.
//! Mientras tanto, lo anotado espera; y lo que ni así cabe se cuenta, para
//! decirlo después.

use std::io::{self, Write};
use std::mem;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Los bytes que esperan, más o menos, a una pantalla congelada.
pub const ESPERA: usize = 1024 * 1024;

/// Lo que descansa el hilo después de escribir: con prisa, lo que se anota
/// entretanto sale de una vez.
pub const DESCANSO: Duration = Duration::from_millis(10);

/// Por donde se escribe en la pantalla.
#[derive(Debug)]
pub struct Pantalla {
    /// Lo que el hilo aún no ha tomado. El cerrojo no está cerrado mientras se
    /// escribe.
    apuntes: Arc<Mutex<Apuntes>>,
    /// Despierta al hilo. Si ya está lleno, no hace falta.
    timbre: SyncSender<()>,
}

#[derive(Debug, Default)]
struct Apuntes {
    texto: String,
    /// Las líneas que no cupieron detrás.
    sin_mostrar: usize,
}

impl Pantalla {
    /// Pone en marcha el hilo que escribe en `salida`. El canal que devuelve
    /// se cierra cuando, al soltar la pantalla, ya lo ha escrito todo.
    ///
    /// # Errors
    ///
    /// Si no se puede crear el hilo.
    pub fn abrir(
        mut salida: impl Write + Send + 'static,
    ) -> io::Result<(Self, Receiver<()>)> {
        let (timbre, timbrazos) = mpsc::sync_channel(1);
        let (en_marcha, acabada) = mpsc::channel();
        let pantalla = Self { apuntes: Arc::default(), timbre };
        let apuntes = Arc::clone(&pantalla.apuntes);
        thread::Builder::new().spawn(move || {
            let mut escribir = || {
                let texto = con_apuntes(&apuntes, Apuntes::tomar);
                // Una salida cerrada o llena deja al servidor sin registro, no
                // sin chat.
                let _ = salida.write_all(texto.as_bytes());
                let _ = salida.flush();
            };
            for () in timbrazos {
                escribir();
                thread::sleep(DESCANSO);
            }
            escribir();
            drop(en_marcha);
        })?;
        Ok((pantalla, acabada))
    }

    /// Encarga estas líneas, y las deja vacías.
    pub fn mostrar(&self, lineas: &mut String) {
        if !lineas.is_empty() {
            con_apuntes(&self.apuntes, |apuntes| apuntes.anotar(lineas));
            lineas.clear();
            let _ = self.timbre.try_send(());
        }
    }

    /// Encarga lo último, que se muestra aunque no quepa.
    pub fn cerrar(self, lineas: &str) {
        con_apuntes(&self.apuntes, |apuntes| {
            apuntes.texto = apuntes.tomar() + lineas;
        });
    }
}

fn con_apuntes<T>(
    apuntes: &Mutex<Apuntes>,
    hacer: impl FnOnce(&mut Apuntes) -> T,
) -> T {
    hacer(&mut apuntes.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Apuntes {
    fn anotar(&mut self, lineas: &str) {
        // Cuando algo no cabe, ya no cabe nada hasta que el hilo lo toma todo:
        // el hueco está detrás, y lo que se muestra, en su orden.
        if self.texto.len() >= ESPERA {
            self.sin_mostrar += lineas.lines().count();
        } else {
            self.texto.push_str(lineas);
        }
    }

    fn tomar(&mut self) -> String {
        let Self { texto, sin_mostrar } = mem::take(self);
        if sin_mostrar == 0 {
            texto
        } else {
            format!("{texto}… {sin_mostrar} líneas sin mostrar\n")
        }
    }
}
