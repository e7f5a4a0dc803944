//! El buzón a solas: lo que no cabe espera, en orden, y no se pierde nada.

use std::io::{self, Read};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use chat::buzon::{Buzon, PACIENCIA};

use crate::sala::{SITIO, conexion_estrecha as conexion};

const MIB: usize = 1024 * 1024;

/// Más de lo que guarda el sistema por una conexión estrecha.
const SISTEMA: usize = 16 * SITIO;

/// Envía hasta que el buzón guarda más de lo que el sistema aún puede admitir
/// por su cuenta, sin que nadie lea; devuelve lo enviado.
fn llenar(buzon: &mut Buzon) -> Vec<u8> {
    let mut enviado = Vec::new();
    for vuelta in (0..=u8::MAX).cycle() {
        let trozo = vec![vuelta; 64 * 1024];
        buzon.enviar(&trozo);
        enviado.extend(trozo);
        if buzon.guarda() > SISTEMA {
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
    let (ha_leido, hay_sitio) = mpsc::channel();
    let lectura = thread::spawn(move || {
        let mut leido = vec![0; SITIO];
        cliente.read_exact(&mut leido).unwrap();
        ha_leido.send(()).unwrap();
        cliente.read_to_end(&mut leido).unwrap();
        leido
    });
    // Lo nuevo va detrás, aunque ya quepa.
    hay_sitio.recv().unwrap();
    buzon.enviar(b"detras");
    enviado.extend(b"detras");
    let limite = Instant::now() + Duration::from_secs(30);
    while buzon.guarda() > 0 && Instant::now() < limite {
        buzon.vaciar();
        thread::yield_now();
    }
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
    let inicio = Instant::now();
    // Probar y que no quepa nada no cambia nada.
    while !buzon.atascado() && inicio.elapsed() < 30 * PACIENCIA {
        buzon.vaciar();
        thread::yield_now();
    }
    assert!(inicio.elapsed() >= PACIENCIA / 2, "no se le ha esperado");
    assert!(buzon.atascado());
    // Que quepa un poco, sí.
    let antes = buzon.guarda();
    let mut lectura = vec![0; 64 * 1024];
    while buzon.guarda() == antes && inicio.elapsed() < 60 * PACIENCIA {
        cliente.read_exact(&mut lectura).unwrap();
        buzon.vaciar();
    }
    assert!(buzon.guarda() > 0 && !buzon.atascado(), "ha tomado algo");
    // A quien no se le debe nada no se le espera, por mucho que pase.
    thread::spawn(move || io::copy(&mut cliente, &mut io::sink()));
    while buzon.guarda() > 0 && inicio.elapsed() < 60 * PACIENCIA {
        buzon.vaciar();
    }
    let vacio = Instant::now();
    while vacio.elapsed() < PACIENCIA {
        assert!(!buzon.atascado(), "no se le debe nada");
        thread::yield_now();
    }
    assert!(!buzon.atascado(), "no se le debe nada");
}

/// En bytes, y solo en Linux.
fn memoria() -> usize {
    let consumo = pruebas::consumo::Consumo::de(std::process::id());
    consumo.map_or(0, |consumo| consumo.memoria_kib * 1024)
}

#[test]
fn no_ocupa_mucho_mas_de_lo_que_guarda() {
    const MUCHO: usize = 256 * MIB;
    const POCO: usize = MUCHO / 8;
    let (servidor, mut cliente) = conexion();
    let mut buzon = Buzon::new(servidor);
    buzon.enviar(&vec![b'x'; MUCHO]);
    let lleno = memoria();
    // Lee casi todo, y espera a que se le diga para leer el resto.
    let (sigue, espera) = mpsc::channel::<()>();
    thread::spawn(move || {
        let casi_todo = (MUCHO - POCO) as u64;
        io::copy(&mut (&cliente).take(casi_todo), &mut io::sink()).unwrap();
        let _ = espera.recv();
        io::copy(&mut cliente, &mut io::sink())
    });
    let limite = Instant::now() + Duration::from_secs(60);
    let vaciar_hasta = |buzon: &mut Buzon, queda| {
        while buzon.guarda() > queda && Instant::now() < limite {
            buzon.vaciar();
        }
    };
    vaciar_hasta(&mut buzon, POCO);
    assert!((1..=POCO).contains(&buzon.guarda()), "{} bytes", buzon.guarda());
    // Devuelve al menos la mitad; aquí vale con un cuarto, por si otra prueba
    // de este proceso toma memoria a la vez.
    let menos = lleno.saturating_sub(MUCHO / 4);
    assert!(memoria() <= menos, "casi vacío");
    drop(sigue);
    vaciar_hasta(&mut buzon, 0);
    assert!(memoria() <= menos, "vacío");
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
