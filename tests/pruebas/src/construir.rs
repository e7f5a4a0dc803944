//! Construir programas con Cargo, y saber dónde los deja.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Construye los programas de la carpeta en la que está este `Cargo.toml`, con estas opciones. Devuelve
/// dónde queda cada uno, o lo que dice el compilador.
///
/// # Panics
///
/// Si no se puede llamar a Cargo.
pub fn construir(carpeta: &Path, opciones: &[&str]) -> Result<Vec<PathBuf>, String> {
    let salida = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--quiet", "--bins", "--message-format", "json-render-diagnostics"])
        .args(opciones)
        // Lo que se haya configurado para construir este repositorio no es para lo demás.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("CARGO_TARGET_DIR")
        .current_dir(carpeta)
        .output()
        .expect("hace falta cargo");
    if !salida.status.success() {
        return Err(String::from_utf8_lossy(&salida.stderr).into_owned());
    }
    // Dónde queda un programa depende de cómo esté configurado Cargo: él lo dice.
    let avisos = String::from_utf8_lossy(&salida.stdout);
    let programas = avisos.lines().filter_map(|aviso| {
        let aviso: Value = serde_json::from_str(aviso).ok()?;
        Some(PathBuf::from(aviso["executable"].as_str()?))
    });
    Ok(programas.collect())
}
