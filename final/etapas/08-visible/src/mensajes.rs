//! De bytes a mensajes: qué se enseña de lo que llega. Lo usan los dos
//! programas: tampoco el cliente se fía de lo que recibe.

use std::borrow::Cow;
use std::str;

/// Un mensaje, ya listo para una pantalla.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mensaje<'a> {
    /// El texto, sin fin de línea y con los caracteres de control a la vista
    /// (ver [`visible`]).
    pub texto: Cow<'a, str>,
    /// Es la orden de desconectar (ver [`es_salir`]).
    pub salir: bool,
}

/// El mensaje de una línea. Las líneas en blanco no son mensajes.
#[must_use]
pub fn de_linea(linea: &[u8]) -> Option<Mensaje<'_>> {
    let linea = linea.strip_suffix(b"\n").unwrap_or(linea);
    let linea = linea.strip_suffix(b"\r").unwrap_or(linea);
    let sobra = sin_espacios(linea) == Some("");
    (!sobra).then(|| Mensaje { texto: visible(linea), salir: es_salir(linea) })
}

/// Reconoce la orden `salir`: en mayúsculas o minúsculas y con espacios
/// alrededor.
#[must_use]
pub fn es_salir(linea: &[u8]) -> bool {
    sin_espacios(linea)
        .is_some_and(|texto| texto.eq_ignore_ascii_case("salir"))
}

/// Una línea sin los espacios de alrededor, si es UTF-8.
fn sin_espacios(linea: &[u8]) -> Option<&str> {
    str::from_utf8(linea).ok().map(str::trim)
}

/// El texto de unos bytes, sin nada que pueda dar órdenes a un terminal.
///
/// Lo que no es UTF-8 se convierte en `�` (U+FFFD). Los caracteres que mueven
/// el cursor, cambian colores, dan la vuelta al texto o parten la línea se
/// enseñan, como `\u{1b}`: así nadie borra la pantalla de otro ni se hace
/// pasar por él. Son los de control (salvo el tabulador), los que Unicode
/// llama `Bidi_Control` y los separadores de línea y de párrafo.
#[must_use]
pub fn visible(bytes: &[u8]) -> Cow<'_, str> {
    let texto = String::from_utf8_lossy(bytes);
    if !texto.contains(manda) {
        return texto;
    }
    let mut limpio = String::with_capacity(2 * texto.len());
    for caracter in texto.chars() {
        if manda(caracter) {
            limpio.extend(caracter.escape_unicode());
        } else {
            limpio.push(caracter);
        }
    }
    Cow::Owned(limpio)
}

/// ¿Obedecería un terminal a este carácter, en vez de dibujarlo?
fn manda(caracter: char) -> bool {
    match caracter {
        '\t' => false,
        // Bidi_Control y, del tercer grupo, los dos primeros: separadores de
        // línea y de párrafo.
        '\u{61c}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => true,
        otro => otro.is_control(),
    }
}
