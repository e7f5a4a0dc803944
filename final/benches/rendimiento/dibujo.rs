//! Los gráficos, en SVG: se leen sobre fondo claro y oscuro.

use std::fmt::Write;

use crate::informe::cifra;

/// Lo que cuesta una entrega en un servidor, según cuántos clientes hay.
pub struct Linea {
    pub nombre: String,
    /// Clientes y microsegundos.
    pub puntos: Vec<(f64, f64)>,
}

/// Lo que tarda una entrega en un servidor, en milisegundos.
pub struct Barra {
    pub nombre: String,
    /// p50, p99 y máximo.
    pub valores: [f64; 3],
}

const ANCHO: f64 = 720.0;
const ALTO: f64 = 400.0;
/// El recuadro donde van los datos.
const IZQUIERDA: f64 = 80.0;
const DERECHA: f64 = 600.0;
const ARRIBA: f64 = 60.0;
const ABAJO: f64 = 340.0;

const COLORES: [&str; 6] = ["#2f7ed8", "#d9541e", "#3a9d5d", "#8e5bb5", "#b8860b", "#7a7a7a"];

/// Una escala logarítmica, de un valor a un lugar del dibujo.
struct Escala {
    minimo: f64,
    maximo: f64,
    desde: f64,
    hasta: f64,
}

impl Escala {
    /// La que abarca estos valores, en décadas enteras.
    fn new(valores: impl Iterator<Item = f64>, desde: f64, hasta: f64) -> Self {
        let (mut minimo, mut maximo) = (f64::MAX, f64::MIN_POSITIVE);
        for valor in valores.filter(|valor| *valor > 0.0) {
            minimo = minimo.min(valor);
            maximo = maximo.max(valor);
        }
        let minimo = minimo.min(maximo).log10().floor();
        let maximo = maximo.log10().ceil().max(minimo + 1.0);
        Self { minimo, maximo, desde, hasta }
    }

    fn lugar(&self, valor: f64) -> f64 {
        let parte = (valor.log10() - self.minimo) / (self.maximo - self.minimo);
        self.desde + parte.clamp(0.0, 1.0) * (self.hasta - self.desde)
    }

    fn decadas(&self) -> impl Iterator<Item = f64> + use<> {
        (self.minimo as i32..=self.maximo as i32).map(|decada| 10_f64.powi(decada))
    }
}

/// Lo que cuesta una entrega, según cuántos clientes hay.
pub fn lineas(lineas: &[Linea]) -> String {
    let puntos = || lineas.iter().flat_map(|linea| linea.puntos.iter().copied());
    let x = Escala::new(puntos().map(|punto| punto.0), IZQUIERDA, DERECHA);
    let y = Escala::new(puntos().map(|punto| punto.1), ABAJO, ARRIBA);
    let titulo = "Procesador que gasta el servidor en cada entrega (µs)";
    let mut svg = empezar(titulo, &y);
    for clientes in x.decadas() {
        let lugar = x.lugar(clientes);
        texto(&mut svg, (lugar, ABAJO + 22.0), "middle", "", &decada(clientes));
        raya(&mut svg, (lugar, ARRIBA), (lugar, ABAJO));
    }
    texto(&mut svg, (f64::midpoint(IZQUIERDA, DERECHA), ABAJO + 44.0), "middle", "", "clientes");
    let mut rotulos = Vec::new();
    for (linea, color) in lineas.iter().zip(COLORES.iter().cycle()) {
        let lugares: Vec<(f64, f64)> =
            linea.puntos.iter().map(|punto| (x.lugar(punto.0), y.lugar(punto.1))).collect();
        let camino: Vec<String> = lugares.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"2.5\"/>",
            camino.join(" ")
        );
        for (x, y) in &lugares {
            let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{color}\"/>");
        }
        if let Some((x, y)) = lugares.last() {
            rotulos.push((*x, *y, color, &linea.nombre));
        }
    }
    // Un rótulo no puede tapar otro: cada uno baja hasta donde no moleste al de arriba.
    rotulos.sort_by(|uno, otro| uno.1.total_cmp(&otro.1));
    let mut libre = 0.0;
    for (x, y, color, nombre) in rotulos {
        libre = y.max(libre + 17.0);
        texto(&mut svg, (x + 12.0, libre), "start", color, nombre);
    }
    svg + "</svg>\n"
}

/// Lo que tarda una entrega en el aula.
pub fn barras(barras: &[Barra]) -> String {
    let y = Escala::new(barras.iter().flat_map(|barra| barra.valores), ABAJO, ARRIBA);
    let titulo = "Lo que tarda una entrega en el aula (ms)";
    let mut svg = empezar(titulo, &y);
    let hueco = (DERECHA - IZQUIERDA) / barras.len().max(1) as f64;
    let ancho = (hueco / 4.0).min(60.0);
    for (numero, (barra, color)) in barras.iter().zip(COLORES.iter().cycle()).enumerate() {
        let centro = IZQUIERDA + hueco * (numero as f64 + 0.5);
        for (lado, (valor, que)) in barra.valores.iter().zip(["p50", "p99", "máx"]).enumerate() {
            let x = centro + (lado as f64 - 1.5) * ancho;
            let arriba = y.lugar(*valor);
            let _ = writeln!(
                svg,
                "<rect x=\"{:.1}\" y=\"{arriba:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                 fill=\"{color}\" fill-opacity=\"{}\"/>",
                x + 2.0,
                ancho - 4.0,
                ABAJO - arriba,
                [1.0, 0.75, 0.5][lado]
            );
            let medio = x + ancho / 2.0;
            texto(&mut svg, (medio, arriba - 6.0), "middle", "", &cifra(*valor));
            texto(&mut svg, (medio, ABAJO + 18.0), "middle", "", que);
        }
        texto(&mut svg, (centro, ABAJO + 42.0), "middle", color, &barra.nombre);
    }
    svg + "</svg>\n"
}

/// La cabecera, el título y las rayas de las décadas.
fn empezar(titulo: &str, y: &Escala) -> String {
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {ANCHO} {ALTO}\" role=\"img\">\n\
         <title>{titulo}</title>\n\
         <style>\n\
         svg {{ background: #ffffff; }}\n\
         text {{ font: 14px system-ui, sans-serif; fill: #24292f; }}\n\
         line {{ stroke: #d0d7de; }}\n\
         @media (prefers-color-scheme: dark) {{\n\
         svg {{ background: #0d1117; }}\n\
         text {{ fill: #e6edf3; }}\n\
         line {{ stroke: #30363d; }}\n\
         }}\n\
         </style>\n"
    );
    let _ = writeln!(svg, "<text x=\"20\" y=\"30\" style=\"font-weight: bold\">{titulo}</text>");
    for valor in y.decadas() {
        let lugar = y.lugar(valor);
        raya(&mut svg, (IZQUIERDA, lugar), (DERECHA, lugar));
        texto(&mut svg, (IZQUIERDA - 10.0, lugar + 5.0), "end", "", &decada(valor));
    }
    svg
}

/// `10`, `1`, `0,1`.
fn decada(valor: f64) -> String {
    let decimales = (-valor.log10().round()).max(0.0) as usize;
    format!("{valor:.decimales$}").replace('.', ",")
}

fn raya(svg: &mut String, desde: (f64, f64), hasta: (f64, f64)) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        desde.0, desde.1, hasta.0, hasta.1
    );
}

/// Con color vacío, el del resto del texto.
fn texto(svg: &mut String, lugar: (f64, f64), ancla: &str, color: &str, que: &str) {
    let estilo = if color.is_empty() { String::new() } else { format!(" style=\"fill: {color}\"") };
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{ancla}\"{estilo}>{que}</text>",
        lugar.0, lugar.1
    );
}
