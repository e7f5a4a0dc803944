//! Las órdenes que se mandan dar existen: sus paquetes, programas, pruebas, opciones y ficheros.

use std::collections::HashSet;
use std::path::Path;

use pruebas::tabla::TABLA;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use curso::ficheros::{dentro, documentos, leer, raiz};
use curso::pagina::linea;

/// Las opciones que entiende cada programa, según el fichero que las lee.
const OPCIONES: [(&str, &str); 3] = [
    ("--bin taller", "tests/taller/taller.rs"),
    ("--bin corrector", "tests/corrector/corrector.rs"),
    ("cargo bench", "final/benches/rendimiento/main.rs"),
];

/// Las de las pruebas.
const DE_LAS_PRUEBAS: [&str; 3] = ["--ignored", "--include-ignored", "--help"];

pub fn comprobar() {
    let mut paquetes = dentro(&raiz().join("steps"));
    paquetes.retain(|paquete| paquete.is_dir());
    paquetes.extend(dentro(&raiz().join("final/etapas")));
    paquetes.extend(dentro(&raiz().join("tests")));
    paquetes.push(raiz().join("final"));
    let manifiestos: Vec<String> =
        paquetes.iter().map(|paquete| leer(&paquete.join("Cargo.toml"))).collect();
    let mut vistas = 0;
    for documento in documentos() {
        let texto = leer(&raiz().join(&documento));
        for (codigo, byte) in codigos(&texto) {
            let lugar = format!("{documento}:{}", linea(&texto, byte));
            for orden in codigo.lines() {
                vistas += usize::from(orden.contains("cargo "));
                comprobar_orden(orden, &manifiestos).unwrap_or_else(|falta| {
                    panic!("{lugar}: en «{orden}», {falta}");
                });
            }
        }
    }
    assert!(vistas > 30, "los documentos ya no dicen qué órdenes dar: {vistas}");
}

fn comprobar_orden(orden: &str, manifiestos: &[String]) -> Result<(), String> {
    let palabras: Vec<&str> = orden.split_whitespace().collect();
    // Si se dice un paquete, el programa tiene que ser suyo.
    let mut donde: Vec<&String> = manifiestos.iter().collect();
    let partes = palabras.windows(2).filter(|_| orden.contains("cargo "));
    let partes = partes.filter(|par| ["-p", "--bin", "--test"].contains(&par[0]));
    for par in partes {
        let nombre = par[1].trim_end_matches(['`', ',', '.', ';', ')']);
        donde.retain(|manifiesto| manifiesto.contains(&format!("name = \"{nombre}\"\n")));
        if donde.is_empty() {
            return Err(format!("no existe «{nombre}»"));
        }
    }
    for par in palabras.windows(2) {
        // Lo que va detrás de las pruebas de un paso, o de `--`, elige escenarios; `corrector`, veredictos.
        let elige = orden.starts_with("cargo test") && ["escenarios", "--"].contains(&par[0]);
        let escenario = par[1].starts_with(char::is_lowercase) && par[1] != "corrector";
        let hay = TABLA.iter().any(|escenario| escenario.nombre.contains(par[1]));
        if elige && escenario && !hay {
            return Err(format!("no hay ningún escenario «{}»", par[1]));
        }
    }
    for palabra in &palabras {
        let ruta = palabra.trim_end_matches(['…', ',', '.', ';', ')']);
        let de_aqui = ["steps/", "final/", "tests/", "docs/"];
        if de_aqui.iter().any(|carpeta| ruta.starts_with(carpeta)) && !raiz().join(ruta).exists() {
            return Err(format!("no existe «{ruta}»"));
        }
    }
    let (_, opciones) = orden.split_once(" -- ").unwrap_or_default();
    let lector = OPCIONES.iter().find(|(programa, _)| orden.contains(programa));
    for opcion in opciones.split_whitespace().filter(|palabra| palabra.starts_with("--")) {
        let entiende = lector.map_or(DE_LAS_PRUEBAS.contains(&opcion), |(_, fichero)| {
            let nombre = format!("\"{}\"", opcion.trim_start_matches('-'));
            leer(&raiz().join(fichero)).contains(&nombre)
        });
        if !entiende {
            return Err(format!("nadie entiende «{opcion}»"));
        }
    }
    Ok(())
}

/// Los nombres que se citan y no son de aquí: de Python, de la biblioteca estándar o del sistema.
const AJENOS: [&str; 7] = [
    "__name__",
    "is_finished",
    "set_write_timeout",
    "to_uppercase",
    "max_map_count",
    "read_until",
    "valid_up_to",
];

/// Los nombres con guion bajo que citan los documentos están en el código: escenarios, funciones…
pub fn comprobar_nombres() {
    let mut codigo = String::new();
    for carpeta in ["steps", "final", "tests"] {
        juntar_codigo(&raiz().join(carpeta), &mut codigo);
    }
    let de_un_nombre = |c: char| c.is_alphanumeric() || c == '_';
    let conocidos: HashSet<&str> = codigo.split(|c| !de_un_nombre(c)).collect();
    for documento in documentos() {
        let texto = leer(&raiz().join(&documento));
        for (cita, byte) in codigos(&texto).iter().filter(|(cita, _)| !cita.contains('\n')) {
            let nombre = cita.trim_end_matches("()").trim_start_matches('.');
            let es_nombre = nombre.contains('_') && nombre.chars().all(de_un_nombre);
            let existe = conocidos.contains(nombre) || AJENOS.contains(&nombre);
            let es_constante = nombre.chars().all(|c| !c.is_lowercase());
            let lugar = format!("{documento}:{}", linea(&texto, *byte));
            assert!(!es_nombre || existe || es_constante, "{lugar}: no hay ningún «{nombre}»");
        }
    }
}

fn juntar_codigo(carpeta: &Path, codigo: &mut String) {
    for ruta in dentro(carpeta) {
        if ruta.is_dir() {
            juntar_codigo(&ruta, codigo);
        } else if ruta.extension().is_some_and(|extension| extension == "rs") {
            codigo.push_str(&leer(&ruta));
        }
    }
}

/// El código de un documento, en bloques y dentro de las frases, y dónde está.
fn codigos(texto: &str) -> Vec<(String, usize)> {
    let mut codigos = Vec::new();
    let mut bloque = None;
    for (suceso, rango) in Parser::new_ext(texto, Options::ENABLE_TABLES).into_offset_iter() {
        match suceso {
            // El código de los programas no se manda escribir en un terminal.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(lenguaje)))
                if ["rust", "toml"].contains(&&*lenguaje) => {}
            Event::Start(Tag::CodeBlock(_)) => bloque = Some(String::new()),
            Event::Text(trozo) if bloque.is_some() => {
                bloque.get_or_insert_default().push_str(&trozo);
            }
            Event::End(TagEnd::CodeBlock) => {
                codigos.extend(bloque.take().map(|codigo| (codigo, rango.start)));
            }
            Event::Code(codigo) => codigos.push((codigo.replace("\\|", "|"), rango.start)),
            Event::Html(html) | Event::InlineHtml(html) => {
                let entre = html.split("<code>").skip(1);
                let entre = entre.filter_map(|resto| resto.split_once("</code>"));
                codigos.extend(entre.map(|(codigo, _)| (codigo.to_owned(), rango.start)));
            }
            _ => {}
        }
    }
    codigos
}
