//! La pantalla a solas: qué se ve en ella, y quién espera a quién.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use chat::pantalla::{DESCANSO, ESPERA, Pantalla};

/// Una salida que escribe cuando se le deja.
struct Congelable {
    /// Avisa de que ha empezado una escritura.
    empieza: Sender<()>,
    permisos: Receiver<()>,
    escrito: Sender<String>,
}

impl Write for Congelable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.empieza.send(());
        // Cuando ya no hay quien dé permisos, no hacen falta.
        let _ = self.permisos.recv();
        let _ = self.escrito.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

type Mandos = (Receiver<()>, Sender<()>, Receiver<String>);

fn congelada() -> (Pantalla, Receiver<()>, Mandos) {
    let (permitir, permisos) = mpsc::channel();
    let (escrito, visto) = mpsc::channel();
    let (empieza, empezada) = mpsc::channel();
    let (pantalla, acabada) =
        Pantalla::abrir(Congelable { empieza, permisos, escrito }).unwrap();
    (pantalla, acabada, (empezada, permitir, visto))
}

#[test]
fn lo_que_no_cabe_se_cuenta_y_se_dice_en_su_sitio() {
    let (pantalla, acabada, (empezada, permitir, visto)) = congelada();
    let encargar = |lineas: &str| {
        let mut encargadas = lineas.to_owned();
        pantalla.mostrar(&mut encargadas);
        assert!(encargadas.is_empty(), "lo encargado queda vacío");
    };
    encargar("una\n");
    permitir.send(()).unwrap();
    assert_eq!(visto.recv().unwrap(), "una\n");
    empezada.recv().unwrap();
    // Que el hilo haya tomado ya lo suyo: si lo tomara más tarde, el hueco
    // estaría en otro sitio.
    encargar("otra\n");
    empezada.recv().unwrap();
    // Desde aquí está congelada: tiene una parte su hilo, y detrás cabe un
    // mega más o menos.
    let linea = format!("{}\n", "x".repeat(1023));
    let encargadas = 4 * ESPERA / linea.len();
    for _ in 0..encargadas {
        encargar(&linea);
    }
    encargar("dos\ntres\n");
    drop(permitir);
    pantalla.cerrar("fin\n");
    assert!(acabada.recv().is_err(), "se avisa cerrando el canal");
    let todo: String = visto.try_iter().collect();
    let mostradas = todo.matches(&linea).count();
    assert!(mostradas >= ESPERA / linea.len(), "solo {mostradas}");
    let faltan = encargadas - mostradas + 2;
    let fin = format!("x\n… {faltan} líneas sin mostrar\nfin\n");
    let ultimas: Vec<&str> = todo.lines().rev().take(3).collect();
    assert!(todo.ends_with(&fin), "acaba en {ultimas:?}, y no en {fin:?}");
    assert!(todo.len() <= 3 * ESPERA, "esperaban {} bytes", todo.len());
}

/// Una salida que apunta cuándo se le escribe.
struct Reloj(Sender<Instant>);

impl Write for Reloj {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(Instant::now()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn entre_dos_escrituras_se_descansa() {
    let (reloj, escrituras) = mpsc::channel();
    let (pantalla, acabada) = Pantalla::abrir(Reloj(reloj)).unwrap();
    let inicio = Instant::now();
    while inicio.elapsed() < 5 * DESCANSO {
        pantalla.mostrar(&mut "otra\n".into());
    }
    drop(pantalla);
    assert!(acabada.recv().is_err());
    let escrituras: Vec<Instant> = escrituras.iter().collect();
    assert!(
        escrituras.windows(2).all(|dos| dos[1] - dos[0] >= DESCANSO),
        "{escrituras:?}"
    );
}
