//! El freno a solas: quién espera, y a qué.

use std::sync::Arc;
use std::sync::mpsc::{self, TryRecvError};

use super::*;

#[test]
fn echado_detiene_a_su_hilo_hasta_que_se_suelta() {
    let (da, llega) = mpsc::channel();
    let (adelante, espera) = mpsc::channel();
    thread::spawn(move || {
        let freno = Arc::new(Freno::de_este_hilo());
        da.send(Arc::clone(&freno)).unwrap();
        // Que el primer `esperar` sea con el freno como lo dejen.
        espera.recv().unwrap();
        // Un aviso perdido no basta para seguir.
        thread::current().unpark();
        freno.esperar();
    });
    let freno = llega.recv().unwrap();
    freno.echar();
    adelante.send(()).unwrap();
    // Con el freno echado, el hilo no acaba: su punta del canal sigue abierta.
    for _ in 0..1000 {
        assert_eq!(llega.try_recv().err(), Some(TryRecvError::Empty));
        thread::yield_now();
    }
    freno.soltar();
    assert!(llega.recv().is_err(), "suelto, acaba");
}

#[test]
fn suelto_no_detiene_a_nadie() {
    let freno = Freno::de_este_hilo();
    freno.esperar();
    freno.soltar();
    freno.esperar();
}
