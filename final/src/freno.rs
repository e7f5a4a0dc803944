//! El freno de un cliente: detiene en su propio hilo a quien habla más de lo que los demás leen.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};

/// Lo comparten la sala, que lo echa y lo suelta, y el hilo que lee de un cliente, que lo obedece.
#[derive(Debug)]
pub struct Freno {
    echado: AtomicBool,
    hilo: Thread,
}

impl Freno {
    /// El del hilo que lo crea, suelto.
    #[must_use]
    pub fn de_este_hilo() -> Self {
        Self { echado: AtomicBool::new(false), hilo: thread::current() }
    }

    /// Hace que el hilo espere la próxima vez que llegue a [`esperar`](Self::esperar).
    pub fn echar(&self) {
        self.echado.store(true, Ordering::Relaxed);
    }

    /// Deja seguir al hilo, si esperaba.
    pub fn soltar(&self) {
        if self.echado() {
            self.echado.store(false, Ordering::Relaxed);
            self.hilo.unpark();
        }
    }

    /// Espera, en su hilo, mientras esté echado.
    pub fn esperar(&self) {
        while self.echado() {
            thread::park();
        }
    }

    /// ¿Está echado?
    #[must_use]
    pub fn echado(&self) -> bool {
        self.echado.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
#[path = "../pruebas/freno.rs"]
mod pruebas;
