//! El freno a solas: quién espera, cuánto y a qué.

use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use chat::freno::{CREDITO, DEUDA, Freno, GOTEO, Gasto, TOPE};

/// Un freno que se debe tanto, en tantos buzones.
fn ajustado(deuda: usize, buzones: usize) -> Freno {
    let freno = Freno::default();
    freno.ajustar(deuda, buzones);
    freno
}

/// Un autor con todo su crédito: el que da un freno suelto.
fn de_siempre() -> Gasto {
    let mut gasto = Gasto::todo();
    Freno::default().gastar(&mut gasto, 10 * CREDITO);
    assert!(!gasto.agotado(), "suelto no cuenta ni detiene");
    gasto
}

#[test]
fn se_echa_con_mucha_deuda_y_se_suelta_con_la_mitad() {
    let freno = Freno::default();
    for (deuda, echado) in [
        (DEUDA, false),
        (DEUDA + 1, true),
        (DEUDA / 2, true),
        (DEUDA / 2 - 1, false),
        (DEUDA, false),
    ] {
        freno.ajustar(deuda, 3);
        let mut gasto = de_siempre();
        freno.gastar(&mut gasto, CREDITO);
        assert_eq!(gasto.agotado(), echado, "con {deuda} bytes");
    }
}

#[test]
fn se_gasta_lo_dicho_por_cada_buzon() {
    for (buzones, agotado) in [(15, false), (16, false), (17, true)] {
        let freno = ajustado(DEUDA + 1, buzones);
        let mut gasto = de_siempre();
        freno.gastar(&mut gasto, CREDITO / 16);
        assert_eq!(gasto.agotado(), agotado, "con {buzones} buzones");
    }
}

#[test]
fn a_quien_agota_su_credito_se_le_deja_hablar_de_tarde_en_tarde() {
    let freno = ajustado(DEUDA + 1, 16);
    let inicio = Instant::now();
    let mut gasto = de_siempre();
    freno.gastar(&mut gasto, CREDITO / 16);
    for veces in 1..=3 {
        freno.gastar(&mut gasto, 4 * 1024);
        assert!(inicio.elapsed() >= veces * GOTEO);
    }
    // Y quien acaba de llegar no tiene más crédito que él.
    let inicio = Instant::now();
    freno.gastar(&mut Gasto::todo(), 4 * 1024);
    assert!(inicio.elapsed() >= GOTEO);
}

/// Cuánto calla quien lo ha agotado, y con creces, hasta tener la mitad.
fn hasta_tener_medio_credito(freno: &Freno) -> Option<Duration> {
    let mut gasto = Gasto::todo();
    let inicio = Instant::now();
    freno.gastar(&mut gasto, 100 * CREDITO);
    while inicio.elapsed() < Duration::from_secs(3) {
        thread::sleep(Duration::from_millis(100));
        let mut prueba = gasto.clone();
        freno.gastar(&mut prueba, CREDITO / 2);
        if !prueba.agotado() {
            return Some(inicio.elapsed());
        }
    }
    None
}

#[test]
fn el_credito_se_recupera_en_un_segundo() {
    let tiempo = hasta_tener_medio_credito(&ajustado(DEUDA + 1, 1));
    assert!(tiempo.is_some_and(|t| t > Duration::from_millis(400)));
}

#[test]
fn con_el_freno_a_fondo_no_se_recupera_nada() {
    let freno = ajustado(TOPE + 1, 1);
    let mut gasto = de_siempre();
    freno.gastar(&mut gasto, CREDITO);
    let inicio = Instant::now();
    while inicio.elapsed() < Duration::from_millis(300) {
        thread::yield_now();
    }
    freno.ajustar(TOPE, 1);
    let mut antes = gasto.clone();
    freno.ajustar(TOPE + 1, 1);
    freno.gastar(&mut gasto, 0);
    freno.ajustar(TOPE, 1);
    freno.gastar(&mut gasto, CREDITO / 4);
    freno.gastar(&mut antes, CREDITO / 4);
    assert!(gasto.agotado(), "a fondo no pasa el tiempo");
    assert!(!antes.agotado(), "sin llegar al tope, sí");
}

#[test]
fn con_el_freno_a_fondo_espera_a_que_se_deba_menos() {
    let freno = ajustado(TOPE + 1, 16);
    thread::scope(|hilos| {
        let (sigue, seguido) = mpsc::channel();
        let freno = &freno;
        hilos.spawn(move || {
            let mut gasto = Gasto::todo();
            for _ in 0..2 {
                freno.gastar(&mut gasto, CREDITO);
                sigue.send(gasto.agotado()).unwrap();
            }
        });
        // Otro que habla poco no espera; y que cambien los buzones no suelta a
        // nadie.
        freno.gastar(&mut de_siempre(), 100);
        freno.ajustar(TOPE + 1, 2);
        let inicio = Instant::now();
        while inicio.elapsed() < 2 * GOTEO {
            assert_eq!(seguido.try_recv(), Err(TryRecvError::Empty));
            thread::yield_now();
        }
        freno.ajustar(TOPE, 2);
        assert!(seguido.recv().unwrap(), "sigue sin crédito");
        freno.ajustar(0, 0);
        assert!(!seguido.recv().unwrap(), "vuelve a tener todo su crédito");
    });
}

#[test]
fn al_saldar_la_deuda_siguen_todos_los_que_esperaban() {
    const AUTORES: usize = 3;
    let freno = ajustado(TOPE + 1, 1);
    let llegan = thread::scope(|hilos| {
        let (sigue, seguido) = mpsc::channel();
        let (freno, espera) = (&freno, Duration::from_secs(20));
        for _ in 0..AUTORES {
            let sigue = sigue.clone();
            hilos.spawn(move || {
                let mut gasto = Gasto::todo();
                freno.gastar(&mut gasto, CREDITO);
                sigue.send(()).unwrap();
            });
        }
        // Que esperen todos, y no porque aún no han llegado.
        assert!(seguido.recv_timeout(2 * GOTEO).is_err());
        freno.ajustar(0, 0);
        let llegan = (0..AUTORES)
            .map_while(|_| seguido.recv_timeout(espera).ok())
            .count();
        // Que no se quede nadie esperando, si esto falla.
        for _ in llegan..AUTORES {
            freno.ajustar(TOPE + 1, 1);
            freno.ajustar(0, 0);
        }
        llegan
    });
    assert_eq!(llegan, AUTORES);
}
