//! La captura que pide el enunciado: los tres terminales, a medida que se escribe en ellos.

use std::fmt::Write;

use crate::guiones::Aparicion;

/// Las columnas de cada terminal: caben las líneas de un cliente; las del servidor se parten.
const COLUMNAS: usize = 46;

/// Medidas, en puntos. Una letra de ancho fijo mide de ancho unas 0,6 veces lo que de alto.
const LETRA: usize = 13;
const ANCHO: usize = COLUMNAS * LETRA * 61 / 100 + 2 * MARGEN;
const RENGLON: usize = 20;
const MARGEN: usize = 14;
const BARRA: usize = 30;
const HUECO: usize = 14;

/// Lo que se tarda en escribir una línea y en que aparezca otra, y lo que se queda a la vista la captura
/// entera antes de empezar y al acabar, en milésimas de segundo.
const TECLEO: usize = 1400;
const RESPUESTA: usize = 350;
const QUIETA: usize = 4000;

const ESTILO: &str = "\
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; \
white-space: pre; fill: #1f2328 }
.marco { fill: #f6f8fa; stroke: #d0d7de }
.titulo { fill: #59636e }
.tecleada { fill: #0550ae; font-weight: 600 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 }
.marco { fill: #161b22; stroke: #3d444d }
.titulo { fill: #9198a1 }
.tecleada { fill: #79c0ff }
}
";

/// El dibujo de unas apariciones, que se ven en su orden. Quien solo vea el primer instante, o no
/// quiera movimiento, las ve todas.
pub fn dibujar(titulos: &[&str], apariciones: &[Aparicion]) -> String {
    let pausas =
        apariciones.iter().map(|aparicion| if aparicion.tecleada { TECLEO } else { RESPUESTA });
    let total = QUIETA + pausas.clone().sum::<usize>() + QUIETA;
    let por_ciento = |momento: usize| {
        let centesimas = momento * 10_000 / total;
        format!("{}.{:02}%", centesimas / 100, centesimas % 100)
    };
    let mut renglones = vec![0; titulos.len()];
    let (mut lineas, mut momentos, mut transcripcion) =
        (String::new(), String::new(), String::new());
    let mut momento = QUIETA;
    for (i, (aparicion, pausa)) in apariciones.iter().zip(pausas).enumerate() {
        let cual = aparicion.terminal - 1;
        momento += pausa;
        let _ = writeln!(
            momentos,
            "@keyframes m{i} {{ 0% {{ opacity: 1 }} {} {{ opacity: 0 }} {} {{ opacity: 1 }} }}",
            por_ciento(QUIETA),
            por_ciento(momento)
        );
        let clase = if aparicion.tecleada { "linea tecleada" } else { "linea" };
        let _ = writeln!(transcripcion, "{}: {}", titulos[cual], escapar(&aparicion.linea));
        for trozo in partir(&aparicion.linea) {
            renglones[cual] += 1;
            let (x, y) = (izquierda(cual) + MARGEN, BARRA + renglones[cual] * RENGLON);
            let _ = writeln!(
                lineas,
                "<text class=\"{clase}\" x=\"{x}\" y=\"{y}\" style=\"animation-name: m{i}\">{}</text>",
                escapar(&trozo)
            );
        }
    }
    let alto = BARRA + (renglones.iter().max().unwrap_or(&0) + 1) * RENGLON;
    let ancho = izquierda(titulos.len()) - HUECO + 1;
    let mut marcos = String::new();
    for (cual, titulo) in titulos.iter().enumerate() {
        let x = izquierda(cual);
        let (texto, medio) = (x + MARGEN, BARRA * 2 / 3);
        let _ = writeln!(
            marcos,
            "<rect class=\"marco\" x=\"{x}.5\" y=\"0.5\" width=\"{ANCHO}\" height=\"{alto}\" rx=\"8\"/>\n\
             <text class=\"titulo\" x=\"{texto}\" y=\"{medio}\">{titulo}</text>"
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {ancho} {}\" role=\"img\" \
         aria-labelledby=\"titulo\">\n<title id=\"titulo\">Un servidor y dos clientes, en tres \
         terminales</title>\n<desc>\n{transcripcion}</desc>\n<style>\n{ESTILO}@media (prefers-reduced-motion: no-preference) {{\n\
         .linea {{ animation: {}ms step-end infinite }}\n}}\n{momentos}</style>\n{marcos}{lineas}</svg>\n",
        alto + 1,
        total
    )
}

fn izquierda(cual: usize) -> usize {
    cual * (ANCHO + HUECO)
}

/// Los renglones que ocupa una línea en un terminal de este ancho.
fn partir(linea: &str) -> Vec<String> {
    let letras: Vec<char> = linea.chars().collect();
    letras.chunks(COLUMNAS).map(|trozo| trozo.iter().collect()).collect()
}

fn escapar(texto: &str) -> String {
    texto.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
