//! El buzón a solas: lo que no cabe espera, en orden, y no se pierde nada.

use std::io::Read;
use std::thread;

use super::*;
use crate::sala::pruebas::conexion;

/// Envía hasta que algo no cabe; devuelve lo enviado.
fn llenar(buzon: &mut Buzon) -> Vec<u8> {
    let mut enviado = Vec::new();
    for vuelta in 0_u8.. {
        let trozo = vec![vuelta; 64 * 1024];
        buzon.enviar(&trozo);
        enviado.extend(trozo);
        if buzon.guarda() > 256 * 1024 {
            break;
        }
    }
    enviado
}

#[test]
fn lo_que_no_cabe_se_guarda_y_llega_en_orden() {
    let (servidor, mut cliente) = conexion();
    let mut buzon = Buzon::new(servidor);
    let mut enviado = llenar(&mut buzon);
    assert!(!buzon.atascado(), "acaba de dejar de caber");
    let lectura = thread::spawn(move || {
        let mut leido = Vec::new();
        cliente.read_to_end(&mut leido).unwrap();
        leido
    });
    // Lo nuevo va detrás, aunque ya quepa.
    buzon.enviar(b"detras");
    enviado.extend(b"detras");
    let limite = Instant::now() + Duration::from_secs(30);
    while buzon.guarda() > 0 && Instant::now() < limite {
        buzon.vaciar();
        thread::yield_now();
    }
    assert_eq!(buzon.guardado.capacity(), 0, "vacío, no ocupa memoria");
    buzon.enviar(b"y esto, directo");
    enviado.extend(b"y esto, directo");
    drop(buzon);
    assert!(lectura.join().unwrap() == enviado);
}

#[test]
fn esta_atascado_quien_no_toma_nada_en_un_segundo() {
    let (servidor, mut cliente) = conexion();
    let mut buzon = Buzon::new(servidor);
    llenar(&mut buzon);
    let hace = |tiempo: Duration| Instant::now().checked_sub(tiempo).unwrap();
    buzon.ultima_toma = hace(PACIENCIA);
    assert!(buzon.atascado());
    // Probar y que no quepa nada no cambia nada; que quepa un poco, sí.
    buzon.vaciar();
    assert!(buzon.atascado());
    let antes = buzon.guarda();
    let limite = Instant::now() + Duration::from_secs(30);
    let mut lectura = vec![0; 64 * 1024];
    while buzon.guarda() == antes && Instant::now() < limite {
        cliente.read_exact(&mut lectura).unwrap();
        buzon.vaciar();
    }
    assert!(buzon.guarda() > 0 && !buzon.atascado(), "ha tomado algo");
    buzon.guardado.clear();
    buzon.ultima_toma = hace(PACIENCIA);
    assert!(!buzon.atascado(), "no se le debe nada");
}

#[test]
fn a_quien_se_fue_no_se_le_guarda_nada() {
    let (servidor, cliente) = conexion();
    let mut buzon = Buzon::new(Arc::clone(&servidor));
    drop(cliente);
    // Al primer envío contesta un reinicio; los siguientes ya fallan.
    for _ in 0..1000 {
        buzon.enviar(&[b'x'; 4 * 1024]);
    }
    assert_eq!(buzon.guarda(), 0);
}
