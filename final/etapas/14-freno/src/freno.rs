//! El freno: cuando los buzones guardan demasiado, quien habla mucho espera,
//! en su propio hilo.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Los bytes guardados entre todos los buzones a partir de los que se frena a
/// quien habla demasiado; se le suelta cuando quedan menos de la mitad.
pub const DEUDA: usize = 1024 * 1024;

/// Los bytes guardados a partir de los que quien está frenado no dice ya nada.
///
/// Por eso la memoria tiene un límite. Con `a` autores que no paran y `b`
/// buzones que guardan algo, a esto se suma el lote que lo pasa, el
/// [`CREDITO`] de cada autor con la lectura que lo agota, y lo que ya venía de
/// camino, en el canal y en la mano de cada autor. En total, no pasan de
///
/// ```text
/// TOPE + k·(a·CREDITO + (2·a + 2·COLA + 1)·b·LECTURA)
/// ```
///
/// donde `k` es lo que crece un mensaje al firmarlo: 1,1 si es de 190 bytes, y
/// hasta 11 si es un solo carácter de los que se enseñan con seis. (Una
/// lectura trae además lo que quedaba a medias de la anterior, menos de un
/// mensaje.) Con 10 autores, 100 buzones y mensajes de 190 bytes, 28 MB.
pub const TOPE: usize = 4 * DEUDA;

/// Los bytes que puede añadir cada autor a una deuda así (los suyos, por cada
/// buzón) antes de que se le frene. Mientras no se llegue al [`TOPE`] se
/// recupera todo en un segundo: quien conversa no llega a gastarlo.
pub const CREDITO: usize = 64 * 1024;

/// Cada cuánto dice algo quien está frenado, mientras no se llegue al
/// [`TOPE`]: los demás lo siguen oyendo aunque otro no lea.
pub const GOTEO: Duration = Duration::from_millis(40);

/// Lo ajusta la sala; lo obedecen los hilos que leen de los clientes.
#[derive(Debug, Default)]
pub struct Freno {
    estado: Mutex<Estado>,
    menos_deuda: Condvar,
}

/// Lo que un autor ha gastado de su [`CREDITO`].
#[derive(Debug, Clone)]
pub struct Gasto {
    /// Nunca más de uno que todo el crédito.
    bytes: usize,
    /// Cuándo gastó por última vez.
    ultimo: Instant,
}

impl Gasto {
    /// El de quien acaba de llegar: si el freno está echado, tiene que ganarse
    /// su crédito. Si no, con irse y volver se tendría otro.
    #[must_use]
    pub fn todo() -> Self {
        Self { bytes: CREDITO, ultimo: Instant::now() }
    }

    /// ¿Ha gastado más de lo que tenía?
    #[must_use]
    pub fn agotado(&self) -> bool {
        self.bytes > CREDITO
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct Estado {
    /// En cuántos buzones se guarda lo que se diga; cero si el freno está
    /// suelto.
    buzones: usize,
    /// Se debe más que el [`TOPE`]: quien no tiene crédito no dice nada.
    a_fondo: bool,
}

impl Freno {
    /// Lo ajusta a lo que se debe, y en cuántos buzones.
    pub fn ajustar(&self, deuda: usize, buzones: usize) {
        let mut estado = self.estado();
        let antes = *estado;
        estado.a_fondo = deuda > TOPE;
        if deuda > DEUDA {
            estado.buzones = buzones;
        } else if deuda < DEUDA / 2 {
            estado.buzones = 0;
        }
        // Sin avisar al soltarlo, esperarían un goteo más: es solo rapidez.
        let se_suelta = estado.buzones == 0 && antes.buzones > 0;
        if se_suelta || (antes.a_fondo && !estado.a_fondo) {
            self.menos_deuda.notify_all();
        }
    }

    /// Un autor va a decir `bytes`. Si no le queda crédito, espera.
    pub fn gastar(&self, gasto: &mut Gasto, bytes: usize) {
        let mut estado = self.estado();
        let recuperado =
            gasto.ultimo.elapsed().as_millis() * CREDITO as u128 / 1000;
        if !estado.a_fondo {
            let recuperado = usize::try_from(recuperado).unwrap_or(usize::MAX);
            gasto.bytes = gasto.bytes.saturating_sub(recuperado);
        }
        gasto.ultimo = Instant::now();
        // Lo que se pasa no se acumula: al callar, en poco más de un segundo
        // vuelve a tenerlo todo.
        gasto.bytes = (gasto.bytes + bytes * estado.buzones).min(CREDITO + 1);
        if gasto.agotado() {
            let frenado = |estado: &mut Estado| estado.buzones > 0;
            let espera =
                self.menos_deuda.wait_timeout_while(estado, GOTEO, frenado);
            estado = espera.unwrap_or_else(PoisonError::into_inner).0;
            let espera =
                self.menos_deuda.wait_while(estado, |estado| estado.a_fondo);
            estado = espera.unwrap_or_else(PoisonError::into_inner);
        }
        if estado.buzones == 0 {
            gasto.bytes = 0;
        }
    }

    fn estado(&self) -> MutexGuard<'_, Estado> {
        self.estado.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
