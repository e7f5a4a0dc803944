//! El README, sujeto al código.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use pruebas::tabla::{Casilla, PASOS, TABLA};

const INICIO: &str = "<!-- tabla: la escribe ACTUALIZAR=1 cargo test -p pruebas -->\n";
const FIN: &str = "<!-- fin de la tabla -->";

fn raiz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn leer(ruta: &Path) -> String {
    let texto = fs::read_to_string(ruta);
    texto.unwrap_or_else(|error| panic!("{}: {error}", ruta.display())).replace("\r\n", "\n")
}

/// La tabla de escenarios, como se enseña en el README.
fn tabla() -> String {
    let mut texto = format!("| Escenario | {} |\n|---{}|\n", PASOS.join(" | "), "|:-:".repeat(5));
    for escenario in TABLA {
        let _ = write!(texto, "| {} (`{}`) |", escenario.frase, escenario.nombre);
        for casilla in escenario.casillas {
            texto.push_str(if casilla == Casilla::Cumple { " ✓ |" } else { " · |" });
        }
        texto.push('\n');
    }
    texto
}

#[test]
fn la_tabla_del_readme_es_la_de_las_pruebas() {
    let ruta = raiz().join("README.md");
    let readme = leer(&ruta);
    let (antes, resto) = readme.split_once(INICIO).expect("el README tiene el inicio de la tabla");
    let (actual, despues) = resto.split_once(FIN).expect("el README tiene el final de la tabla");
    if std::env::var_os("ACTUALIZAR").is_some() {
        let nuevo = format!("{antes}{INICIO}{}{FIN}{despues}", tabla());
        fs::write(&ruta, nuevo).expect("se puede escribir el README");
    } else {
        let orden = "ACTUALIZAR=1 cargo test -p pruebas";
        assert_eq!(actual, tabla(), "la tabla del README ha cambiado; la reescribe: {orden}");
    }
}

#[test]
fn los_programas_y_las_carpetas_que_nombra_el_readme_existen() {
    let mut manifiestos = leer(&raiz().join("final/Cargo.toml"));
    for paso in fs::read_dir(raiz().join("steps")).expect("hay pasos") {
        manifiestos += &leer(&paso.expect("se lee la carpeta").path().join("Cargo.toml"));
    }
    let readme = leer(&raiz().join("README.md"));
    let palabras: Vec<_> = readme.split(|c: char| c.is_whitespace() || c == '`').collect();
    let (mut programas, mut carpetas) = (0, 0);
    for par in palabras.windows(2) {
        if par[0] == "--bin" || par[0] == "-p" {
            let nombre = format!("name = \"{}\"\n", par[1]);
            let existe = manifiestos.contains(&nombre) || par[1] == "pruebas";
            assert!(existe, "el README nombra «{}», que no existe", par[1]);
            programas += 1;
        }
        if par[0].starts_with("steps/") || par[0].starts_with("tests/") {
            assert!(raiz().join(par[0]).exists(), "el README nombra «{}», que no existe", par[0]);
            carpetas += 1;
        }
    }
    assert!(programas >= 8 && carpetas >= 7, "el README ya no nombra los programas ni los pasos");
}
