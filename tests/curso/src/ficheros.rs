//! Dónde está lo que se comprueba.

use std::fs;
use std::path::{Path, PathBuf};

/// La carpeta del repositorio.
pub fn raiz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// El texto de un fichero, con fines de línea de Unix.
pub fn leer(ruta: &Path) -> String {
    let texto = fs::read_to_string(ruta);
    texto.unwrap_or_else(|error| panic!("{}: {error}", ruta.display())).replace("\r\n", "\n")
}

/// El README y las páginas de `docs`, por su ruta desde la raíz.
pub fn documentos() -> Vec<String> {
    let rutas = dentro(&raiz().join("docs")).into_iter();
    let paginas = rutas.filter(|ruta| ruta.extension().is_some_and(|extension| extension == "md"));
    let nombres = paginas.filter_map(|ruta| Some(ruta.file_name()?.to_str()?.to_owned()));
    let mut documentos: Vec<_> = nombres.map(|nombre| format!("docs/{nombre}")).collect();
    documentos.push("README.md".into());
    documentos.sort();
    documentos
}

/// ¿Lo ha dejado ahí el sistema o un editor?
pub fn oculto(nombre: &str) -> bool {
    nombre.starts_with('.') || nombre.ends_with('~')
}

/// Lo que hay en una carpeta, menos lo oculto.
pub fn dentro(carpeta: &Path) -> Vec<PathBuf> {
    let entradas = fs::read_dir(carpeta);
    let entradas = entradas.unwrap_or_else(|error| panic!("{}: {error}", carpeta.display()));
    let mut rutas: Vec<PathBuf> =
        entradas.map(|entrada| entrada.expect("se lee la carpeta").path()).collect();
    rutas.retain(|ruta| ruta.file_name().is_some_and(|nombre| !oculto(&nombre.to_string_lossy())));
    rutas.sort();
    rutas
}
