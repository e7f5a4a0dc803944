//! El freno a solas: quién espera, cuánto y a qué.

use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Instant;

use super::*;

/// Un autor con todo su crédito.
fn de_siempre() -> Gasto {
    Gasto { bytes: 0, ..Gasto::todo() }
}

#[test]
fn suelto_no_cuenta_ni_detiene() {
    let freno = Freno::default();
    let mut gasto = Gasto::todo();
    freno.gastar(&mut gasto, 10 * CREDITO);
    assert_eq!(gasto.bytes, 0);
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
        freno.gastar(&mut gasto, 100);
        assert_eq!(gasto.bytes, if echado { 300 } else { 0 }, "con {deuda} bytes");
    }
}

#[test]
fn a_quien_agota_su_credito_se_le_deja_hablar_de_tarde_en_tarde() {
    let freno = Freno::default();
    freno.ajustar(DEUDA + 1, 16);
    let inicio = Instant::now();
    let mut gasto = de_siempre();
    freno.gastar(&mut gasto, CREDITO / 16);
    for veces in 1..=3 {
        freno.gastar(&mut gasto, 4 * 1024);
        assert!(inicio.elapsed() >= veces * GOTEO);
        assert_eq!(gasto.bytes, CREDITO + 1, "lo que se pasa no se acumula");
    }
    // Y quien acaba de llegar no tiene más crédito que él.
    let inicio = Instant::now();
    freno.gastar(&mut Gasto::todo(), 4 * 1024);
    assert!(inicio.elapsed() >= GOTEO);
}

#[test]
fn el_credito_se_recupera_en_un_segundo_si_no_se_llega_al_tope() {
    let freno = Freno::default();
    for (deuda, queda) in [(DEUDA + 1, CREDITO / 2), (TOPE + 1, CREDITO)] {
        freno.ajustar(deuda, 1);
        let hace_medio = Instant::now().checked_sub(Duration::from_millis(500)).unwrap();
        let mut gasto = Gasto { bytes: CREDITO, ultimo: hace_medio };
        freno.gastar(&mut gasto, 0);
        assert!(gasto.bytes <= queda, "con {deuda} bytes le quedan por recuperar {}", gasto.bytes);
        assert_eq!(deuda > TOPE, gasto.bytes == CREDITO);
    }
}

#[test]
fn con_el_freno_a_fondo_espera_a_que_se_deba_menos() {
    let freno = Freno::default();
    freno.ajustar(TOPE + 1, 16);
    thread::scope(|hilos| {
        let (sigue, seguido) = mpsc::channel();
        let freno = &freno;
        hilos.spawn(move || {
            let mut gasto = Gasto::todo();
            for _ in 0..2 {
                freno.gastar(&mut gasto, CREDITO);
                sigue.send(gasto.bytes).unwrap();
            }
        });
        // Otro que habla poco no espera; y que cambien los buzones no suelta a nadie.
        freno.gastar(&mut de_siempre(), 100);
        freno.ajustar(TOPE + 1, 2);
        let inicio = Instant::now();
        while inicio.elapsed() < 2 * GOTEO {
            assert_eq!(seguido.try_recv(), Err(TryRecvError::Empty));
            thread::yield_now();
        }
        freno.ajustar(TOPE, 2);
        assert!(seguido.recv().unwrap() > CREDITO, "sigue sin crédito");
        freno.ajustar(0, 0);
        assert_eq!(seguido.recv().unwrap(), 0, "empieza otra vez con todo su crédito");
    });
}
