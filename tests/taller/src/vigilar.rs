//! Volver a mirar cada vez que se guarda un fichero.

use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use notify::{Event, RecursiveMode, Watcher};

/// Un editor guarda en varias veces: se espera a que deje de tocar.
const CALMA: Duration = Duration::from_millis(200);

/// Borra el terminal, y lleva el cursor arriba.
pub const BORRAR: &str = "\x1b[2J\x1b[H";

/// Hace algo, y lo vuelve a hacer cada vez que cambia un fichero de la carpeta. Solo vuelve si falla.
pub fn vigilar(
    carpeta: &Path,
    mut hacer: impl FnMut() -> Result<(), String>,
) -> Result<(), String> {
    let no_se_puede = |error| format!("no se puede vigilar {}: {error}", carpeta.display());
    let (canal, cambios) = mpsc::channel();
    let mut vigilante = notify::recommended_watcher(canal).map_err(no_se_puede)?;
    vigilante.watch(carpeta, RecursiveMode::Recursive).map_err(no_se_puede)?;
    loop {
        hacer()?;
        espera_un_cambio(&cambios)?;
    }
}

fn espera_un_cambio(cambios: &Receiver<notify::Result<Event>>) -> Result<(), String> {
    let se_acabo = |_| "ya no se puede saber si cambia algo".to_owned();
    while !cambios.recv().map_err(se_acabo)?.is_ok_and(|suceso| cuenta(&suceso)) {}
    while cambios.recv_timeout(CALMA).is_ok() {}
    Ok(())
}

/// Lo que hace Cargo al construir no cuenta, ni que alguien lea.
fn cuenta(suceso: &Event) -> bool {
    let de_cargo = |ruta: &Path| {
        ruta.components().any(|parte| parte.as_os_str() == "target" || parte.as_os_str() == ".git")
            || ruta.file_name().is_some_and(|nombre| nombre == "Cargo.lock")
    };
    !suceso.kind.is_access() && suceso.paths.iter().any(|ruta| !de_cargo(ruta))
}
