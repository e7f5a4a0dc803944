//! La ortografía de lo que se lee: los documentos, y los textos y comentarios del código.
//!
//! La mira hunspell con su diccionario de español y una lista de palabras propias,
//! `docs/palabras.txt`. Como no está en todas partes, esta prueba solo se hace si se pide:
//! `cargo test -p curso --test ortografia`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use curso::ficheros::{dentro, documentos, leer, raiz};

/// Donde hay código con comentarios.
const CODIGO: [&str; 3] = ["steps", "final", "tests"];

/// Donde están los programas que usa alguien: también se miran las frases que escriben.
const PROGRAMAS: [&str; 3] = ["steps", "final/src", "tests/corrector/src"];

#[test]
fn no_hay_faltas_de_ortografia() {
    let mut textos: Vec<(String, String)> = documentos()
        .into_iter()
        .map(|documento| {
            let texto = sin_codigo(&leer(&raiz().join(&documento)));
            (documento, texto)
        })
        .collect();
    for carpeta in CODIGO {
        codigo_de(&raiz().join(carpeta), comentarios, &mut textos);
    }
    for carpeta in PROGRAMAS {
        codigo_de(&raiz().join(carpeta), frases, &mut textos);
    }
    let mut faltas = String::new();
    for (nombre, texto) in textos {
        // El apartado en inglés del README no es para este diccionario.
        let texto = texto.split("In English").next().unwrap_or_default();
        for falta in hunspell(texto) {
            let _ = writeln!(faltas, "{nombre}: {falta}");
        }
    }
    assert!(faltas.is_empty(), "\n{faltas}(si es una palabra nuestra, va en docs/palabras.txt)");
}

/// Lo que en un documento es español: ni código, ni enlaces, ni HTML.
fn sin_codigo(markdown: &str) -> String {
    let mut texto = String::new();
    let mut dentro = false;
    for suceso in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match suceso {
            Event::Start(Tag::CodeBlock(_)) => dentro = true,
            Event::End(TagEnd::CodeBlock) => dentro = false,
            Event::Text(trozo) if !dentro => texto.push_str(&trozo),
            Event::Html(html) => texto.push_str(&sin_etiquetas(&html)),
            Event::SoftBreak | Event::HardBreak | Event::Code(_) => texto.push(' '),
            Event::End(_) => texto.push('\n'),
            _ => {}
        }
    }
    texto
}

/// El texto de un trozo de HTML, sin lo que es código.
fn sin_etiquetas(html: &str) -> String {
    let mut texto = String::new();
    for (i, trozo) in html.split("<code>").enumerate() {
        let trozo =
            if i == 0 { trozo } else { trozo.split_once("</code>").map_or("", |par| par.1) };
        for parte in trozo.split('<') {
            texto.push_str(parte.split_once('>').map_or(parte, |(_, despues)| despues));
            texto.push(' ');
        }
    }
    texto
}

fn codigo_de(carpeta: &Path, que: fn(&str) -> String, textos: &mut Vec<(String, String)>) {
    for ruta in dentro(carpeta) {
        if ruta.is_dir() {
            codigo_de(&ruta, que, textos);
        } else if ruta.extension().is_some_and(|extension| extension == "rs") {
            textos.push((ruta.display().to_string(), que(&leer(&ruta))));
        }
    }
}

/// Los comentarios de un programa, sin lo que va entre acentos graves ni los dibujos.
fn comentarios(codigo: &str) -> String {
    let lineas = codigo.lines().map(str::trim).filter(|linea| linea.starts_with("//"));
    let lineas: Vec<_> = lineas.map(|linea| linea.trim_start_matches(['/', '!'])).collect();
    sin_codigo(&lineas.join("\n"))
}

/// Las frases que escribe un programa: lo que va entre comillas y tiene algún espacio.
fn frases(codigo: &str) -> String {
    let lineas = codigo.lines().filter(|linea| !linea.trim_start().starts_with("//"));
    // Una comilla que no abre ni cierra descuadraría las demás.
    let codigo = lineas.collect::<Vec<_>>().join("\n").replace("\\\"", " ").replace("'\"'", " ");
    let mut texto = String::new();
    for frase in codigo.split('"').skip(1).step_by(2).filter(|frase| frase.contains(' ')) {
        let palabras: Vec<_> = frase.split(['{', '}']).step_by(2).collect();
        texto.push_str(&palabras.join(" ").replace("\\n", " "));
        texto.push('\n');
    }
    texto
}

/// Las palabras que hunspell no conoce.
fn hunspell(texto: &str) -> Vec<String> {
    let mut hunspell = Command::new("hunspell")
        .args(["-l", "-d", "es_ES", "-i", "utf-8", "-p", "docs/palabras.txt"])
        .current_dir(raiz())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("hace falta hunspell");
    let mut entrada = hunspell.stdin.take().expect("tiene entrada");
    entrada.write_all(texto.as_bytes()).expect("hunspell lee");
    drop(entrada);
    let salida = hunspell.wait_with_output().expect("hunspell termina");
    assert!(salida.status.success(), "hunspell no puede: ¿está su diccionario de español?");
    let mut faltas: Vec<_> =
        String::from_utf8_lossy(&salida.stdout).lines().map(String::from).collect();
    faltas.sort();
    faltas.dedup();
    faltas
}
