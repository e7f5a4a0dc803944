//! La pantalla a solas: qué se ve en ella, y quién espera a quién.

use std::sync::mpsc::Sender;
use std::time::Instant;

use super::*;

/// Una salida que escribe cuando se le deja.
struct Congelable {
    permisos: Receiver<()>,
    escrito: Sender<String>,
}

impl Write for Congelable {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Cuando ya no hay quien dé permisos, no hacen falta.
        let _ = self.permisos.recv();
        let _ = self.escrito.send(String::from_utf8_lossy(bytes).into_owned());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn congelada() -> (Pantalla, Receiver<()>, Sender<()>, Receiver<String>) {
    let (permitir, permisos) = mpsc::channel();
    let (escrito, visto) = mpsc::channel();
    let (pantalla, acabada) = Pantalla::abrir(Congelable { permisos, escrito }).unwrap();
    (pantalla, acabada, permitir, visto)
}

#[test]
fn lo_que_no_cabe_se_cuenta_y_se_dice_en_su_sitio() {
    let (pantalla, acabada, permitir, visto) = congelada();
    pantalla.mostrar(&mut "una\n".into());
    // Congelada: la primera ya la tiene el hilo, y detrás cabe un mega más o menos.
    let linea = format!("{}\n", "x".repeat(1023));
    permitir.send(()).unwrap();
    assert_eq!(visto.recv().unwrap(), "una\n");
    let mut encargada = linea.repeat(ESPERA / linea.len());
    pantalla.mostrar(&mut encargada);
    assert!(encargada.is_empty(), "lo encargado queda vacío");
    while pantalla.apuntes.lock().unwrap().sin_mostrar == 0 {
        // Hasta que el hilo ha tomado lo que iba a escribir, y lo de detrás ya no cabe.
        pantalla.mostrar(&mut linea.repeat(1024));
    }
    let perdidas = pantalla.apuntes.lock().unwrap().sin_mostrar;
    pantalla.mostrar(&mut "dos\ntres\n".into());
    drop(permitir);
    pantalla.cerrar("fin\n");
    assert!(acabada.recv().is_err(), "se avisa cerrando el canal");
    let todo: String = visto.try_iter().collect();
    let fin = format!("x\n… {} líneas sin mostrar\nfin\n", perdidas + 2);
    assert!(todo.ends_with(&fin), "acaba en {:?}", todo.lines().rev().take(3).collect::<Vec<_>>());
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
    assert!(escrituras.windows(2).all(|dos| dos[1] - dos[0] >= DESCANSO), "{escrituras:?}");
}
