//! Cómo se cuenta lo decidido: a una persona, y a una hoja de notas.

use std::fmt::Write;

use csv::WriterBuilder;
use pruebas::escena::{Fallo, Resultado};
use serde_json::{Map, Value, json};

use super::{Juicio, PUNTOS};

/// Lo decidido de un programa, o por qué no se ha podido decidir, para leerlo.
#[must_use]
pub fn texto(titulo: &str, juicio: &Resultado<Juicio>) -> String {
    let mut texto = format!("{titulo}\n");
    let juicio = match juicio {
        Ok(juicio) => juicio,
        Err(Fallo { razon, detalle }) => {
            let _ = writeln!(texto, "  --  no se ha juzgado: {razon}\n      {detalle}");
            return texto;
        }
    };
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
    for aviso in &juicio.avisos {
        let _ = writeln!(texto, "  aviso: {aviso}");
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
            json!({
                "clausulas": clausulas,
                "fila": juicio.fila(),
                "puntos": juicio.puntos(),
                "avisos": juicio.avisos,
            })
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

/// La misma tabla, para una hoja de cálculo: una en español la abre con un doble clic.
///
/// # Errors
///
/// Si no se puede escribir.
pub fn csv(cabecera: &[&str], filas: &[Vec<String>]) -> Resultado<String> {
    let mut tabla = WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    let error = |error: &dyn std::fmt::Display| Fallo::prueba(&error.to_string());
    tabla.write_record(cabecera).map_err(|fallo| error(&fallo))?;
    for fila in filas {
        // Lo que empieza así, una hoja de cálculo lo calcularía.
        let celda = |celda: &String| {
            if celda.starts_with(['=', '+', '@']) { format!("'{celda}") } else { celda.clone() }
        };
        tabla.write_record(fila.iter().map(celda)).map_err(|fallo| error(&fallo))?;
    }
    let bytes = tabla.into_inner().map_err(|fallo| error(&fallo))?;
    // Con la marca por delante, sabe que es UTF-8.
    Ok(format!("\u{feff}{}", String::from_utf8_lossy(&bytes)))
}

/// Lo decidido de una entrega, entero.
#[must_use]
pub fn nota(
    nombre: &str,
    avisos: &[String],
    servidor: &Resultado<Juicio>,
    cliente: &Resultado<Juicio>,
) -> Value {
    let mut nota = json(servidor.as_ref().ok(), cliente.as_ref().ok());
    let mut faltan: Vec<String> = Vec::new();
    let mut informe = format!("{nombre}\n\n");
    for aviso in avisos {
        let _ = writeln!(informe, "aviso: {aviso}\n");
    }
    for (cual, juicio) in [("SERVIDOR", servidor), ("CLIENTE", cliente)] {
        informe += &texto(cual, juicio);
        match juicio {
            Ok(juicio) => faltan.extend(juicio.fallan().into_iter().map(str::to_owned)),
            Err(fallo) => faltan.push(fallo.razon.to_string()),
        }
        informe.push('\n');
    }
    let cumple = |juicio: &Resultado<Juicio>| juicio.as_ref().is_ok_and(Juicio::cumple_todo);
    faltan.extend(avisos.iter().cloned());
    nota["bien"] = (cumple(servidor) && cumple(cliente)).into();
    nota["faltan"] = faltan.join(", ").into();
    nota["informe"] = informe.into();
    nota
}

/// Una nota, en una línea.
#[must_use]
pub fn linea(nombre: &str, nota: &Value) -> String {
    let fila =
        |cual: &str| nota[cual]["fila"].as_u64().map_or("--".into(), |fila| format!("{fila} %"));
    format!("{nombre}: servidor {}, cliente {}", fila("servidor"), fila("cliente"))
}
