//! Donde se construyen los programas de los documentos: copias del repositorio, una por cambio.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pruebas::construir::construir as construir_en;

use crate::ficheros::{dentro, leer, raiz};

/// Lo que hay que copiar para poder construir.
const COPIA: [&str; 5] = ["Cargo.toml", "Cargo.lock", "steps", "final", "tests"];

/// Un cambio en un fichero del repositorio.
#[derive(Debug)]
pub struct Cambio {
    /// Desde la raíz.
    pub fichero: String,
    /// Lo que hay, que no está en otro sitio del fichero.
    pub antes: String,
    /// Lo que pasa a haber.
    pub despues: String,
}

/// Construye los programas de un paquete en la copia que se llama así, con este cambio si lo hay.
/// Devuelve la carpeta en la que quedan, o lo que dice el compilador.
pub fn construir(copia: &str, paquete: &str, cambio: Option<&Cambio>) -> Result<PathBuf, String> {
    let programas = construir_con(&[], copia, paquete, cambio)?;
    let programa = programas.first().ok_or("cargo no dice dónde deja los programas")?;
    Ok(programa.with_file_name(""))
}

/// Lo mismo, con más opciones de Cargo. Devuelve todo lo que se puede ejecutar.
pub fn construir_con(
    opciones: &[&str],
    copia: &str,
    paquete: &str,
    cambio: Option<&Cambio>,
) -> Result<Vec<PathBuf>, String> {
    let carpeta = raiz().join("target/copias").join(copia);
    fs::create_dir_all(&carpeta).expect("se puede escribir en target");
    if let Some(Cambio { fichero, .. }) = cambio {
        assert!(raiz().join(fichero).is_file(), "no existe {fichero}");
    }
    for parte in COPIA {
        poner_al_dia(&raiz().join(parte), &carpeta.join(parte), cambio);
    }
    // Cada copia construye en su carpeta: Cargo no distinguiría los paquetes de dos copias.
    let suyas = ["--locked", "--package", paquete, "--target-dir", "target"];
    let sin_depurar = ["--config", "profile.dev.debug=false"];
    construir_en(&carpeta, &[&suyas[..], &sin_depurar, opciones].concat())
}

/// Los programas de un paquete: el servidor y el cliente.
pub fn programas_de(paquete: &str) -> [String; 2] {
    let numero = paquete.split_once('-').map(|(_, resto)| format!("-{}", &resto[..2]));
    ["servidor", "cliente"].map(|cual| format!("{cual}{}", numero.as_deref().unwrap_or_default()))
}

/// Copia lo que haya cambiado, y nada más: Cargo reconstruye lo que se toca.
fn poner_al_dia(origen: &Path, destino: &Path, cambio: Option<&Cambio>) {
    if origen.is_dir() {
        fs::create_dir_all(destino).expect("se puede escribir en target");
        for sobrante in fs::read_dir(destino).expect("se lee la copia") {
            let sobrante = sobrante.expect("se lee la copia");
            if !origen.join(sobrante.file_name()).exists() {
                borrar(&sobrante.path()).expect("se puede borrar de la copia");
            }
        }
        for parte in dentro(origen) {
            let nombre = parte.file_name().expect("lo que hay en una carpeta tiene nombre");
            poner_al_dia(&parte, &destino.join(nombre), cambio);
        }
        return;
    }
    let mut texto = leer(origen);
    if let Some(cambio) = cambio.filter(|cambio| origen == raiz().join(&cambio.fichero)) {
        let veces = texto.matches(&cambio.antes).count();
        assert_eq!(veces, 1, "en {} está {veces} veces:\n{}", cambio.fichero, cambio.antes);
        texto = texto.replace(&cambio.antes, &cambio.despues);
    }
    if fs::read_to_string(destino).ok().as_deref() != Some(&texto) {
        fs::write(destino, texto).expect("se puede escribir en target");
    }
}

fn borrar(ruta: &Path) -> io::Result<()> {
    if ruta.is_dir() { fs::remove_dir_all(ruta) } else { fs::remove_file(ruta) }
}
