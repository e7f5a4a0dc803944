//! Cómo se cuenta lo decidido: a una persona, y a una hoja de notas.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{Juicio, PUNTOS};

/// Lo decidido de un programa, para leerlo.
#[must_use]
pub fn texto(titulo: &str, juicio: &Juicio) -> String {
    let mut texto = format!("{titulo}\n");
    for clausula in &juicio.clausulas {
        let cumple = match clausula.cumple {
            Some(true) => "sí",
            Some(false) => "NO",
            None => "--",
        };
        let _ = writeln!(texto, "  {}  {cumple}  {}", clausula.nombre, clausula.pide);
        if clausula.hecho.is_empty() {
            let _ = writeln!(texto, "          {}", clausula.visto);
        } else {
            let _ = writeln!(texto, "          se hizo:     {}", clausula.hecho);
            let _ = writeln!(texto, "          se esperaba: {}", clausula.esperado);
            let _ = writeln!(texto, "          se vio:      {}", clausula.visto);
        }
        let _ = writeln!(texto, "          lo trata:    {}", clausula.capitulo);
    }
    if !juicio.cumple_todo() {
        let _ = writeln!(texto, "  lo último que salió del programa:");
        for linea in juicio.pantalla.lines() {
            let visible: String = linea.chars().filter(|c| !c.is_control()).collect();
            let _ = writeln!(texto, "    | {visible}");
        }
    }
    let fila = juicio.fila();
    let fallan = juicio.fallan();
    let _ = writeln!(
        texto,
        "  propuesta: fila del {fila} % ({}{}): {} puntos de {}",
        motivo(fila),
        if fallan.is_empty() { String::new() } else { format!(": {}", fallan.join(", ")) },
        coma(juicio.puntos()),
        coma(PUNTOS)
    );
    texto
}

/// Lo que dice la rúbrica de una fila.
fn motivo(fila: u32) -> &'static str {
    match fila {
        100 => "funciona y cumple todo lo que se ve desde fuera",
        75 => "funciona, pero deja alguna cláusula",
        50 => "funciona en parte, con fallos",
        25 => "solo atiende a un cliente, o se bloquea",
        _ => "no funciona",
    }
}

/// Un número, como se escribe aquí.
#[must_use]
pub fn coma(numero: f64) -> String {
    numero.to_string().replace('.', ",")
}

/// Lo decidido de los dos programas, para una hoja de notas. Lo que no se juzgó es `null`.
#[must_use]
pub fn json(servidor: Option<&Juicio>, cliente: Option<&Juicio>) -> Value {
    let uno = |juicio: Option<&Juicio>| {
        juicio.map_or(Value::Null, |juicio| {
            let clausulas: Map<String, Value> = juicio
                .clausulas
                .iter()
                .map(|una| (una.nombre.to_owned(), una.cumple.into()))
                .collect();
            json!({ "clausulas": clausulas, "fila": juicio.fila(), "puntos": juicio.puntos() })
        })
    };
    json!({ "servidor": uno(servidor), "cliente": uno(cliente) })
}

/// Una tabla para leer en un terminal.
#[must_use]
pub fn tabla(cabecera: &[&str], filas: &[Vec<String>]) -> String {
    let ancho = |columna: usize| {
        let celdas = filas.iter().map(|fila| fila[columna].chars().count());
        celdas.chain([cabecera[columna].chars().count()]).max().unwrap_or(0)
    };
    let anchos: Vec<usize> = (0..cabecera.len()).map(ancho).collect();
    let mut texto = String::new();
    let cabecera: Vec<String> = cabecera.iter().map(|&celda| celda.to_owned()).collect();
    for fila in std::iter::once(&cabecera).chain(filas) {
        let celdas = fila.iter().zip(&anchos).map(|(celda, ancho)| format!("{celda:<ancho$}"));
        texto += celdas.collect::<Vec<_>>().join("  ").trim_end();
        texto.push('\n');
    }
    texto
}

/// La misma tabla, para una hoja de cálculo.
#[must_use]
pub fn csv(cabecera: &[&str], filas: &[Vec<String>]) -> String {
    let celda = |texto: &String| format!("\"{}\"", texto.replace('"', "\"\""));
    let mut texto = cabecera.join(",") + "\n";
    for fila in filas {
        texto += &fila.iter().map(celda).collect::<Vec<_>>().join(",");
        texto.push('\n');
    }
    texto
}
