//! El freno a solas: quién espera, cuánto y a qué.

use std::sync::mpsc::{self, TryRecvError};
use std::thread;
use std::time::Instant;

use super::*;

#[test]
fn suelto_no_cuenta_ni_detiene() {
    let freno = Freno::default();
    let mut gastado = 1;
    freno.gastar(&mut gastado, 10 * CREDITO);
    assert_eq!(gastado, 0);
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
        let mut gastado = 0;
        freno.gastar(&mut gastado, 100);
        assert_eq!(gastado, if echado { 300 } else { 0 }, "con {deuda} bytes");
    }
}

#[test]
fn a_quien_agota_su_credito_se_le_deja_hablar_de_tarde_en_tarde() {
    let freno = Freno::default();
    freno.ajustar(DEUDA + 1, 16);
    let inicio = Instant::now();
    let mut gastado = 0;
    freno.gastar(&mut gastado, CREDITO / 16);
    for veces in 1..=3 {
        freno.gastar(&mut gastado, 1);
        assert!(inicio.elapsed() >= veces * GOTEO);
        assert_eq!(gastado, CREDITO + 16 * veces as usize, "sigue sin crédito");
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
            let mut gastado = CREDITO;
            for _ in 0..2 {
                freno.gastar(&mut gastado, 1);
                sigue.send(gastado).unwrap();
            }
        });
        // Otro que habla poco no espera; y que cambien los buzones no suelta a nadie.
        freno.gastar(&mut 0, 100);
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
