//! Un documento, partido en lo que las pruebas miran de él.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ficheros::{leer, raiz};

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// ¿Se ha pedido reescribir lo que se genera?
pub fn actualizar() -> bool {
    std::env::var_os("ACTUALIZAR").is_some()
}

/// Lo que reescribe lo que se genera.
pub const ORDEN: &str = "ACTUALIZAR=1 cargo test -p curso";

/// Qué es un bloque.
#[derive(Debug, PartialEq, Eq)]
pub enum Clase {
    /// Un título, y su nivel.
    Titulo(HeadingLevel),
    /// Código, y en qué lenguaje.
    Codigo(String),
    /// Una tabla: sus filas, con las celdas tal como están escritas.
    Tabla(Vec<Vec<String>>),
    /// HTML: aquí, lo que se pliega.
    Html,
    /// Un enlace o una imagen, y a dónde lleva.
    Enlace(String),
}

/// Un trozo de un documento.
#[derive(Debug)]
pub struct Bloque {
    /// Qué es.
    pub clase: Clase,
    /// El texto: de un título, sin almohadillas; de un bloque de código, lo de dentro.
    pub texto: String,
    /// Qué bytes de la página ocupa ese texto (de lo que no es código, el bloque entero).
    pub rango: Range<usize>,
    /// En qué línea de la página empieza.
    pub linea: usize,
}

/// Un documento.
pub struct Pagina {
    /// Su ruta desde la raíz del repositorio.
    pub nombre: String,
    /// Todo lo que dice.
    pub texto: String,
    /// Sus partes, en orden.
    pub bloques: Vec<Bloque>,
}

impl Pagina {
    /// El que tiene esta ruta.
    pub fn leer(nombre: &str) -> Self {
        let texto = leer(&raiz().join(nombre));
        let bloques = partir(&texto);
        Self { nombre: nombre.into(), texto, bloques }
    }

    /// Dónde está un bloque, para los mensajes.
    pub fn lugar(&self, bloque: &Bloque) -> String {
        format!("{}:{}", self.nombre, bloque.linea)
    }

    /// Los bloques que hay entre el título `seccion` y el siguiente de su nivel.
    pub fn seccion(&self, seccion: &str) -> Option<&[Bloque]> {
        let es_titulo = |bloque: &Bloque| bloque.clase == Clase::Titulo(HeadingLevel::H2);
        let inicio =
            self.bloques.iter().position(|bloque| es_titulo(bloque) && bloque.texto == seccion)?
                + 1;
        let largo = self.bloques[inicio..].iter().position(es_titulo);
        Some(&self.bloques[inicio..largo.map_or(self.bloques.len(), |largo| inicio + largo)])
    }

    /// Reescribe la página con estos textos en lugar de los de estos rangos.
    pub fn reescribir(&self, mut cambios: Vec<(Range<usize>, String)>) {
        cambios.sort_by_key(|(rango, _)| std::cmp::Reverse(rango.start));
        let mut texto = self.texto.clone();
        for (rango, nuevo) in cambios {
            texto.replace_range(rango, &nuevo);
        }
        escribir(&self.nombre, &texto);
    }

    /// Comprueba que entre estas dos marcas está este texto, o lo pone.
    pub fn generado(&self, inicio: &str, fin: &str, esperado: &str) {
        let marcas = self.texto.find(inicio).zip(self.texto.find(fin));
        let Some((antes, despues)) = marcas else {
            panic!("{} ha perdido las marcas «{inicio}» y «{fin}»", self.nombre);
        };
        let rango = antes + inicio.len()..despues;
        if self.texto[rango.clone()] == *esperado {
            return;
        }
        if actualizar() {
            self.reescribir(vec![(rango, esperado.into())]);
            return;
        }
        let linea = linea(&self.texto, antes);
        let mut queja = format!("{}:{linea}: ha cambiado; lo reescribe: {ORDEN}\n", self.nombre);
        for distinta in esperado.lines().filter(|linea| !self.texto[rango.clone()].contains(*linea))
        {
            let _ = writeln!(queja, "    falta: {distinta}");
        }
        for distinta in self.texto[rango].lines().filter(|linea| !esperado.contains(*linea)) {
            let _ = writeln!(queja, "    sobra: {distinta}");
        }
        panic!("{queja}");
    }
}

/// Escribe un documento generado, de una vez: otra prueba puede estar leyéndolo.
pub fn escribir(nombre: &str, texto: &str) {
    let ruta = raiz().join(nombre);
    let nueva = ruta.with_extension("nuevo");
    let escrito = fs::write(&nueva, texto).and_then(|()| fs::rename(&nueva, &ruta));
    escrito.unwrap_or_else(|error| panic!("{}: {error}", ruta.display()));
}

/// Las pruebas que reescriben documentos lo hacen de una en una.
pub fn turno() -> MutexGuard<'static, ()> {
    static TURNO: Mutex<()> = Mutex::new(());
    TURNO.lock().unwrap_or_else(PoisonError::into_inner)
}

/// En qué línea está este byte.
pub fn linea(texto: &str, byte: usize) -> usize {
    texto[..byte].matches('\n').count() + 1
}

fn partir(texto: &str) -> Vec<Bloque> {
    let mut bloques = Vec::new();
    let mut filas = Vec::new();
    for (suceso, rango) in Parser::new_ext(texto, Options::ENABLE_TABLES).into_offset_iter() {
        let entero = &texto[rango.clone()];
        let mut anota = |clase, texto_del_bloque: &str, rango: Range<usize>| {
            let linea = linea(texto, rango.start);
            bloques.push(Bloque { clase, texto: texto_del_bloque.into(), rango, linea });
        };
        match suceso {
            Event::Start(Tag::Heading { level, .. }) => {
                anota(Clase::Titulo(level), entero.trim_start_matches('#').trim(), rango);
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(lenguaje))) => {
                // Entre la línea que abre y la que cierra.
                let dentro = entero.find('\n').map_or(entero.len(), |fin| fin + 1);
                let cierre = entero.rfind("```").unwrap_or(entero.len()).max(dentro);
                let rango = rango.start + dentro..rango.start + cierre;
                anota(Clase::Codigo(lenguaje.to_string()), &entero[dentro..cierre], rango);
            }
            Event::Start(Tag::TableHead | Tag::TableRow) => filas.push(Vec::new()),
            Event::Start(Tag::TableCell) => {
                filas.last_mut().expect("una celda está en una fila").push(entero.trim().into());
            }
            Event::End(TagEnd::Table) => {
                anota(Clase::Tabla(std::mem::take(&mut filas)), entero, rango);
            }
            Event::Start(Tag::HtmlBlock) => anota(Clase::Html, entero, rango),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                anota(Clase::Enlace(dest_url.to_string()), entero, rango);
            }
            _ => {}
        }
    }
    bloques
}

/// Lo que va entre acentos graves en un texto.
pub fn nombres(texto: &str) -> Vec<&str> {
    texto.split('`').skip(1).step_by(2).collect()
}
