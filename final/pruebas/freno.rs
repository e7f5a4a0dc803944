//! El freno a solas: quién espera, y hasta cuándo.

use std::sync::mpsc::{self, TryRecvError};
use std::thread;

use super::*;

#[test]
fn suelto_no_cuenta_ni_detiene() {
    let freno = Freno::default();
    let mut gastado = 1;
    freno.gastar(&mut gastado, 10 * CREDITO);
    assert_eq!(gastado, 0);
}

#[test]
fn echado_cuenta_los_bytes_por_cada_buzon_y_detiene_a_quien_agota_su_credito() {
    let freno = Freno::default();
    freno.echar(16);
    let mut gastado = 0;
    freno.gastar(&mut gastado, CREDITO / 16);
    assert_eq!(gastado, CREDITO);
    thread::scope(|hilos| {
        let (sigue, seguido) = mpsc::channel();
        let freno = &freno;
        hilos.spawn(move || {
            freno.gastar(&mut gastado, 1);
            sigue.send(gastado).unwrap();
        });
        // Otro que habla poco no espera; y que cambien los buzones no suelta a nadie.
        freno.gastar(&mut 0, 100);
        freno.echar(2);
        for _ in 0..1000 {
            assert_eq!(seguido.try_recv(), Err(TryRecvError::Empty));
            thread::yield_now();
        }
        freno.soltar();
        assert_eq!(seguido.recv().unwrap(), 0, "empieza otra vez con todo su crédito");
    });
}
