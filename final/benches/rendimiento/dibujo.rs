//! Los gráficos, en SVG y con fondo propio: se leen en una página clara y en una oscura.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::informe::{cifra, entero};

type Resultado = Result<(), Box<dyn std::error::Error>>;
type Hoja<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const TAMANO: (u32, u32) = (760, 400);
const LETRA: (&str, u32) = ("sans-serif", 15);
/// Lo que cuesta una entrega en cada servidor, según cuántos clientes hay: dos escalas logarítmicas.
pub fn lineas(ruta: &Path, series: &[(&str, Vec<(f64, f64)>)]) -> Resultado {
    let puntos = || series.iter().flat_map(|(_, puntos)| puntos);
    let (clientes, micros) =
        (decadas(puntos().map(|(x, _)| *x)), decadas(puntos().map(|(_, y)| *y)));
    let hoja = SVGBackend::new(ruta, TAMANO).into_drawing_area();
    let mut grafico = marco(&hoja, "Procesador que gasta el servidor en cada entrega (µs)")?
        .build_cartesian_2d(clientes.log_scale(), micros.log_scale())?;
    grafico
        .configure_mesh()
        .x_desc("clientes")
        .x_label_formatter(&|x| decada(*x))
        .y_label_formatter(&|y| decada(*y))
        .label_style(LETRA)
        .draw()?;
    for ((nombre, puntos), color) in series.iter().zip(colores()) {
        let linea = LineSeries::new(puntos.iter().copied(), color.stroke_width(2)).point_size(4);
        grafico
            .draw_series(linea)?
            .label(*nombre)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 16, y + 5)], color.filled()));
    }
    grafico.configure_series_labels().background_style(WHITE).label_font(LETRA).draw()?;
    Ok(())
}

/// Lo que tarda una entrega en cada servidor: tres barras, p50, p99 y máximo.
pub fn barras(ruta: &Path, series: &[(&str, [f64; 3])]) -> Resultado {
    let alto = decadas(series.iter().flat_map(|(_, valores)| *valores));
    let suelo = alto.start;
    let hoja = SVGBackend::new(ruta, TAMANO).into_drawing_area();
    let mut grafico = marco(&hoja, "Lo que tarda una entrega en el aula (ms)")?
        .build_cartesian_2d(0.0..series.len() as f64, alto.log_scale())?;
    grafico
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|y| decada(*y))
        .label_style(LETRA)
        .draw()?;
    for (numero, ((nombre, valores), color)) in series.iter().zip(colores()).enumerate() {
        let (lugar, _) = grafico.backend_coord(&(numero as f64 + 0.4, suelo));
        hoja.draw(&Text::new(*nombre, (lugar, 362), LETRA))?;
        for (lado, (valor, que)) in valores.iter().zip(["p50", "p99", "máx"]).enumerate() {
            let x = numero as f64 + 0.1 + 0.27 * lado as f64;
            let tono = color.mix(1.0 - 0.3 * lado as f64).filled();
            let barra = Rectangle::new([(x, suelo), (x + 0.24, *valor)], tono);
            let rotulo = Text::new(format!("{que} {}", cifra(*valor)), (x, *valor * 1.5), LETRA);
            grafico.draw_series([barra])?;
            grafico.draw_series([rotulo])?;
        }
    }
    Ok(())
}

fn marco<'a, 'b>(
    hoja: &'a Hoja<'b>,
    titulo: &str,
) -> Result<ChartBuilder<'a, 'b, SVGBackend<'b>>, Box<dyn std::error::Error>> {
    hoja.fill(&WHITE)?;
    let mut marco = ChartBuilder::on(hoja);
    marco.caption(titulo, ("sans-serif", 20)).margin(16).margin_right(36);
    marco.x_label_area_size(45).y_label_area_size(60);
    Ok(marco)
}

/// Uno para cada servidor.
fn colores() -> impl Iterator<Item = RGBColor> {
    (0..).map(|numero| Palette99::pick(numero).to_rgba().rgb()).map(|(r, g, b)| RGBColor(r, g, b))
}

/// `0,1`, `1`, `10 000`.
fn decada(valor: f64) -> String {
    if valor < 1.0 { valor.to_string().replace('.', ",") } else { entero(valor as usize) }
}

/// Las décadas enteras que abarcan estos valores.
fn decadas(valores: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let menor = valores.clone().fold(f64::MAX, f64::min);
    let mayor = valores.fold(menor, f64::max);
    10_f64.powf(menor.log10().floor())..10_f64.powf(mayor.log10().ceil())
}
