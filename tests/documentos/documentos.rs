//! El README y los demás documentos, sujetos al código.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use pruebas::tabla::{Casilla, Necesita, PASOS, TABLA};

const INICIO: &str = "<!-- tabla: la escribe ACTUALIZAR=1 cargo test -p pruebas -->\n";
const FIN: &str = "<!-- fin de la tabla -->";

/// Los que se comprueban.
const DOCUMENTOS: [&str; 5] =
    ["README.md", "docs/README.md", "docs/fallos.md", "docs/rendimiento.md", "docs/corrector.md"];

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
fn los_programas_y_las_carpetas_que_se_nombran_existen() {
    let mut manifiestos = leer(&raiz().join("final/Cargo.toml"));
    for paso in fs::read_dir(raiz().join("steps")).expect("hay pasos") {
        manifiestos += &leer(&paso.expect("se lee la carpeta").path().join("Cargo.toml"));
    }
    manifiestos += &leer(&raiz().join("tests/Cargo.toml"));
    let textos: String = DOCUMENTOS.iter().map(|documento| leer(&raiz().join(documento))).collect();
    let palabras: Vec<_> = textos.split(|c: char| c.is_whitespace() || c == '`').collect();
    let (mut programas, mut carpetas) = (0, 0);
    for par in palabras.windows(2) {
        if par[0] == "--bin" || par[0] == "-p" {
            let nombre = format!("name = \"{}\"\n", par[1]);
            let existe = manifiestos.contains(&nombre);
            assert!(existe, "un documento nombra «{}», que no existe", par[1]);
            programas += 1;
        }
        if par[0].starts_with("steps/") || par[0].starts_with("tests/") {
            assert!(
                raiz().join(par[0]).exists(),
                "un documento nombra «{}», que no existe",
                par[0]
            );
            carpetas += 1;
        }
    }
    assert!(programas >= 8 && carpetas >= 7, "el README ya no nombra los programas ni los pasos");
}

#[test]
fn el_readme_dice_que_pruebas_no_se_hacen_en_todas_partes() {
    let readme = leer(&raiz().join("README.md"));
    let (_, resto) = readme.split_once("Lo que cambia:").expect("el README dice lo que cambia");
    let (cambia, _) = resto.split_once("\n## ").expect("después hay otro apartado");
    for escenario in TABLA {
        let en_todas = matches!(escenario.necesita, Necesita::Nada | Necesita::Tuberias);
        let nombre = format!("`{}`", escenario.nombre);
        assert_eq!(!en_todas, cambia.contains(&nombre), "«Lo que cambia», en el README: {nombre}");
    }
    let largos = TABLA.iter().rev().take_while(|escenario| escenario.largo).count();
    assert!(
        readme.contains("Las tres últimas tardan más") && largos == 3,
        "los largos son {largos}"
    );
}

/// Los escenarios en los que nada sale mal.
const CORRIENTES: [&str; 13] = [
    "eco",
    "direccion_de_siempre",
    "dos_a_la_vez",
    "difusion",
    "recibe_mientras_escribe",
    "olvida_al_que_se_va",
    "bienvenida",
    "salir",
    "salir_desconecta",
    "anuncia_la_salida",
    "fin_de_entrada",
    "transcripcion",
    "ayuda",
];

#[test]
fn el_laboratorio_de_fallos_nombra_escenarios_que_existen() {
    let fallos = leer(&raiz().join("docs/fallos.md"));
    let mut nombrados = 0;
    for linea in fallos.lines().filter(|linea| linea.starts_with("| ")) {
        let linea = linea.replace("\\|", "");
        let columnas: Vec<&str> = linea.split(" | ").collect();
        let [_, _, _, escenarios, _] = columnas[..] else {
            panic!("esta fila de docs/fallos.md no tiene cinco columnas: {linea}");
        };
        for nombre in escenarios.split('`').skip(1).step_by(2) {
            let escenario = TABLA.iter().find(|escenario| escenario.nombre == nombre);
            let escenario = escenario.unwrap_or_else(|| panic!("no hay ningún «{nombre}»"));
            let asterisco = escenarios.contains(&format!("`{nombre}`*"));
            assert_eq!(asterisco, escenario.largo, "el asterisco de «{nombre}», en docs/fallos.md");
            nombrados += 1;
        }
    }
    assert!(nombrados > 30, "docs/fallos.md ya no nombra los escenarios: {nombrados}");
    for escenario in TABLA.iter().filter(|escenario| !CORRIENTES.contains(&escenario.nombre)) {
        let nombre = format!("`{}`", escenario.nombre);
        assert!(fallos.contains(&nombre), "docs/fallos.md no cuenta {nombre}");
    }
}

#[test]
fn los_enlaces_de_los_documentos_llevan_a_alguna_parte() {
    for documento in DOCUMENTOS {
        let ruta = raiz().join(documento);
        let texto = leer(&ruta);
        for resto in texto.split("](").skip(1) {
            let (enlace, _) = resto.split_once(')').expect("un enlace se cierra");
            if enlace.starts_with("https://") {
                continue;
            }
            let (fichero, titulo) = enlace.split_once('#').unwrap_or((enlace, ""));
            let destino = if fichero.is_empty() {
                ruta.clone()
            } else {
                ruta.with_file_name("").join(fichero)
            };
            assert!(destino.is_file(), "{documento} enlaza {enlace}, que no existe");
            let existe = titulo.is_empty()
                || leer(&destino)
                    .lines()
                    .filter(|linea| linea.starts_with('#'))
                    .any(|linea| ancla(linea) == titulo);
            assert!(existe, "{documento} enlaza {enlace}, y no hay tal apartado");
        }
    }
}

/// Cómo enlazan a un título los sitios que enseñan Markdown.
fn ancla(titulo: &str) -> String {
    let texto = titulo.trim_start_matches('#').trim().to_lowercase();
    texto
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
