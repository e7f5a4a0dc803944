//! Las preguntas de la revisión oral: una por trozo de cada cambio, y cómo se sabe que su respuesta es verdad.

use pulldown_cmark::HeadingLevel;

use crate::cambios::{Capitulo, Lugar};
use crate::experimentos::Experimento;
use crate::pagina::{Bloque, Clase, Pagina};

/// Cómo se sabe que una respuesta es verdad.
#[derive(Debug)]
pub enum Prueba {
    /// No trata de lo que hacen los programas: no hay nada que romper.
    Concepto,
    /// La desmiente un cambio de «Quita una línea»: este.
    QuitaUnaLinea(usize),
    /// La desmentiría este cambio, y algo lo nota.
    Cambio(Box<Experimento>),
}

/// A qué se puede aspirar.
pub const NIVELES: [&str; 3] = ["aprobar", "notable", "sobresaliente"];

/// Una pregunta, y de qué trata.
#[derive(Debug)]
pub struct Pregunta {
    /// Qué se pregunta a quien aspira a qué.
    pub nivel: &'static str,
    /// Las líneas de las que trata, si quedan.
    pub lugar: Option<Lugar>,
    /// El apartado en el que se cuenta.
    pub titulo: String,
    /// La pregunta, en Markdown.
    pub pregunta: String,
    /// Qué prueba la respuesta.
    pub prueba: Prueba,
}

/// Las preguntas de un capítulo, en su orden; o qué le falta a alguna.
pub fn preguntas(capitulo: &Capitulo) -> Result<Vec<Pregunta>, String> {
    let pagina = Pagina::leer(&capitulo.pagina);
    let bloques = capitulo.bloques(&pagina);
    let es_titulo = |bloque: &&Bloque| {
        matches!(bloque.clase, Clase::Titulo(HeadingLevel::H2 | HeadingLevel::H3))
    };
    let titulos: Vec<&Bloque> = pagina.bloques.iter().filter(es_titulo).collect();
    let mut preguntas = Vec::new();
    let mut lugares = capitulo.lugares(&bloques).into_iter();
    for par in titulos.windows(2) {
        let rango = par[0].rango.end..par[1].rango.start;
        let suyos: Vec<_> =
            bloques.iter().filter(|bloque| rango.contains(&bloque.rango.start)).collect();
        if suyos.is_empty() {
            continue;
        }
        let texto = &pagina.texto[rango.clone()];
        let falta = |que: &str| format!("{}: a este apartado le falta {que}", pagina.lugar(par[0]));
        let pregunta = entre(texto, "\">\n<summary>Pregunta: ", "</summary>");
        let pregunta = pregunta.ok_or_else(|| falta("su pregunta, con su nivel"))?;
        let (antes, _) = texto.split_once("\">\n<summary>Pregunta: ").unwrap_or_default();
        let (_, propiedades) = antes.rsplit_once("<details class=\"").unwrap_or_default();
        let nivel = NIVELES.into_iter().find(|nivel| propiedades.starts_with(nivel));
        let nivel = nivel.ok_or_else(|| falta("el nivel de su pregunta"))?;
        // Trata del último bloque de su apartado, si no dice otro.
        let bloque = match propiedades.split_once("\" data-bloque=\"") {
            None => suyos.len(),
            Some((_, cual)) => cual.parse().unwrap_or_default(),
        };
        if !(1..=suyos.len()).contains(&bloque) {
            return Err(falta("el bloque del que trata su pregunta"));
        }
        for parte in ["Buena respuesta:", "Respuesta equivocada típica:", "Para seguir:"] {
            if !texto.contains(&format!("- **{parte}** ")) {
                return Err(falta(&format!("«{parte}»")));
            }
        }
        let seguir = entre(texto, "- **Para seguir:** ", "\n\n").unwrap_or_default();
        if !seguir.trim_end().ends_with(')') {
            return Err(falta("la respuesta de «Para seguir», entre paréntesis"));
        }
        let fin = rango.start + texto.find("</details>").unwrap_or(texto.len());
        let cambio = pagina.bloques.iter().find(|bloque| {
            bloque.clase == Clase::Codigo("diff".into())
                && rango.contains(&bloque.rango.start)
                && !suyos.iter().any(|suyo| suyo.linea == bloque.linea)
        });
        let prueba = match cambio {
            _ if texto.contains("\n**Concepto.**") => Prueba::Concepto,
            Some(bloque) => {
                let antes = &pagina.texto[rango.start..bloque.rango.start];
                let (_, enunciado) =
                    antes.rsplit_once("\n**Prueba:** ").ok_or_else(|| falta("«Prueba:»"))?;
                let enunciado = enunciado.trim_end_matches("```diff\n");
                Prueba::Cambio(Box::new(Experimento::leer(&pagina, bloque, enunciado, fin)))
            }
            None => {
                let numero = entre(texto, "\n**Prueba:** el cambio ", " de «Quita una línea»");
                let numero = numero.and_then(|numero| numero.parse().ok());
                Prueba::QuitaUnaLinea(numero.ok_or_else(|| falta("la prueba"))?)
            }
        };
        let mut donde: Vec<_> = lugares.by_ref().take(suyos.len()).collect();
        preguntas.push(Pregunta {
            nivel,
            lugar: donde.swap_remove(bloque - 1),
            titulo: par[0].texto.clone(),
            pregunta: sin_html(pregunta),
            prueba,
        });
    }
    Ok(preguntas)
}

/// El mismo texto, en Markdown.
fn sin_html(texto: &str) -> String {
    let cambios = [("code>", "`"), ("em>", "*")];
    let texto = cambios.iter().fold(texto.to_owned(), |texto, (etiqueta, marca)| {
        texto.replace(&format!("</{etiqueta}"), marca).replace(&format!("<{etiqueta}"), marca)
    });
    texto.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn entre<'a>(texto: &'a str, antes: &str, despues: &str) -> Option<&'a str> {
    let (_, resto) = texto.split_once(antes)?;
    Some(resto.split_once(despues)?.0)
}
