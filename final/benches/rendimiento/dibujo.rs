//! Los gráficos, en SVG y con fondo propio: se leen en una página clara y en una oscura.

use std::ops::Range;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::informe::{cifra, entero};

/// El nombre de un servidor y lo suyo: puntos, o lo que mide cada barra.
pub type Serie<T> = (String, Vec<T>);

type Resultado = Result<(), Box<dyn std::error::Error>>;
type Hoja<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const COLORES: [RGBColor; 6] = [
    RGBColor(47, 126, 216),
    RGBColor(217, 84, 30),
    RGBColor(58, 157, 93),
    RGBColor(142, 91, 181),
    RGBColor(184, 134, 11),
    RGBColor(122, 122, 122),
];

/// Lo que cuesta una entrega, según cuántos clientes hay: dos escalas logarítmicas.
pub fn lineas(ruta: &Path, series: &[Serie<(f64, f64)>]) -> Resultado {
    let puntos = || series.iter().flat_map(|(_, puntos)| puntos);
    let hoja = hoja(ruta)?;
    let mut grafico = ChartBuilder::on(&hoja)
        .caption("Procesador que gasta el servidor en cada entrega (µs)", ("sans-serif", 20))
        .margin(16)
        .margin_right(36)
        .x_label_area_size(45)
        .y_label_area_size(60)
        .build_cartesian_2d(
            decadas(puntos().map(|(x, _)| *x)).log_scale(),
            decadas(puntos().map(|(_, y)| *y)).log_scale(),
        )?;
    grafico
        .configure_mesh()
        .x_desc("clientes")
        .x_label_formatter(&|x| decada(*x))
        .y_label_formatter(&|y| decada(*y))
        .label_style(("sans-serif", 15))
        .draw()?;
    for ((nombre, puntos), color) in series.iter().zip(COLORES) {
        grafico
            .draw_series(
                LineSeries::new(puntos.iter().copied(), color.stroke_width(2)).point_size(4),
            )?
            .label(nombre)
            .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 16, y + 5)], color.filled()));
    }
    grafico
        .configure_series_labels()
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK)
        .label_font(("sans-serif", 15))
        .draw()?;
    Ok(())
}

/// Lo que tarda una entrega en cada servidor: tres barras, p50, p99 y máximo.
pub fn barras(ruta: &Path, series: &[Serie<f64>]) -> Resultado {
    let hoja = hoja(ruta)?;
    let alto = decadas(series.iter().flat_map(|(_, valores)| valores.iter().copied()));
    let suelo = alto.start;
    let mut grafico = ChartBuilder::on(&hoja)
        .caption("Lo que tarda una entrega en el aula (ms)", ("sans-serif", 20))
        .margin(16)
        .margin_right(36)
        .x_label_area_size(45)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..series.len() as f64, alto.log_scale())?;
    grafico
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .y_label_formatter(&|y| decada(*y))
        .label_style(("sans-serif", 15))
        .draw()?;
    for (numero, ((nombre, valores), color)) in series.iter().zip(COLORES).enumerate() {
        for (lado, (valor, que)) in valores.iter().zip(["p50", "p99", "máx"]).enumerate() {
            let x = numero as f64 + 0.1 + 0.27 * lado as f64;
            let barra = [(x, suelo), (x + 0.24, *valor)];
            grafico.draw_series([Rectangle::new(
                barra,
                color.mix(1.0 - 0.3 * lado as f64).filled(),
            )])?;
            let rotulo = format!("{que} {}", cifra(*valor));
            grafico.draw_series([Text::new(rotulo, (x, *valor * 1.5), ("sans-serif", 15))])?;
        }
        let (x, _) = grafico.backend_coord(&(numero as f64 + 0.4, suelo));
        hoja.draw(&Text::new(
            nombre.clone(),
            (x, 362),
            ("sans-serif", 17).into_font().color(&color),
        ))?;
    }
    Ok(())
}

fn hoja(ruta: &Path) -> Result<Hoja<'_>, Box<dyn std::error::Error>> {
    let hoja = SVGBackend::new(ruta, (760, 400)).into_drawing_area();
    hoja.fill(&WHITE)?;
    Ok(hoja)
}

/// `0,1`, `1`, `10 000`.
fn decada(valor: f64) -> String {
    if valor < 1.0 { valor.to_string().replace('.', ",") } else { entero(valor as usize) }
}

/// Las décadas enteras que abarcan estos valores.
fn decadas(valores: impl Iterator<Item = f64>) -> Range<f64> {
    let (menor, mayor) =
        valores.fold((f64::MAX, f64::MIN_POSITIVE), |(a, b), v| (v.min(a), v.max(b)));
    10_f64.powf(menor.min(mayor).log10().floor())..10_f64.powf(mayor.log10().ceil())
}
