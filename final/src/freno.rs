//! El freno: cuando los buzones guardan demasiado, quien habla mucho espera, en su propio hilo.

use std::sync::{Condvar, Mutex, PoisonError};

/// Los bytes que puede añadir cada autor a lo que guardan los buzones (los suyos, por cada buzón)
/// mientras el freno está echado. Quien conversa no llega a gastarlos.
pub const CREDITO: usize = 64 * 1024;

/// Lo echa y lo suelta la sala; lo obedecen los hilos que leen de los clientes.
#[derive(Debug, Default)]
pub struct Freno {
    /// Entre cuántos buzones se reparte lo que se diga; cero si está suelto.
    buzones: Mutex<usize>,
    suelto: Condvar,
}

impl Freno {
    /// Lo echa, o lo deja echado: hay tantos buzones que guardan algo.
    pub fn echar(&self, buzones: usize) {
        *self.buzones.lock().unwrap_or_else(PoisonError::into_inner) = buzones;
    }

    /// Lo suelta, si estaba echado, y deja seguir a todos los que esperan.
    pub fn soltar(&self) {
        let mut buzones = self.buzones.lock().unwrap_or_else(PoisonError::into_inner);
        if *buzones > 0 {
            *buzones = 0;
            self.suelto.notify_all();
        }
    }

    /// Un autor ha dicho `bytes`, y llevaba `gastado` de su crédito. Si se le acaba, espera.
    pub fn gastar(&self, gastado: &mut usize, bytes: usize) {
        let buzones = self.buzones.lock().unwrap_or_else(PoisonError::into_inner);
        *gastado += bytes * *buzones;
        if *buzones == 0 {
            *gastado = 0;
        } else if *gastado > CREDITO {
            // El cerrojo se suelta mientras se espera; y al seguir no hay nada más que hacer con él.
            drop(self.suelto.wait_while(buzones, |buzones| *buzones > 0));
            *gastado = 0;
        }
    }
}

#[cfg(test)]
#[path = "../pruebas/freno.rs"]
mod pruebas;
