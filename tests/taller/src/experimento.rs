//! Un «quita una línea» de un capítulo, o el cambio que prueba la respuesta de una pregunta, hecho en una copia.

use std::io::{self, Write};

use curso::copia::{construir, programas_de};
use curso::experimentos::{Experimento, experimentos};
use curso::pagina::Pagina;
use curso::preguntas::{Pregunta, Prueba, preguntas};
use pruebas::escena::Escena;
use pruebas::modos;
use pruebas::tabla::{Casilla, TABLA};

use crate::Paso;

/// El experimento que se llama así: `03.2`.
pub fn leer(nombre: &str) -> Result<(Paso, Experimento), String> {
    let (paso, numero) = nombre.split_once('.').unwrap_or((nombre, ""));
    let paso = Paso::leer(paso)?;
    let mut suyos = experimentos(&Pagina::leer(&paso.capitulo.pagina));
    let cual = numero.parse().ok().filter(|numero| (1..=suyos.len()).contains(numero));
    let cual: usize = cual.ok_or_else(|| {
        format!("los experimentos de este paso van de {0}.1 a {0}.{1}", paso.nombre(), suyos.len())
    })?;
    Ok((paso, suyos.swap_remove(cual - 1)))
}

/// El cambio que prueba la respuesta de la pregunta que se llama así: `03.2`.
pub fn de_pregunta(nombre: &str) -> Result<(Paso, Experimento), String> {
    let (paso, numero) = nombre.split_once('.').unwrap_or((nombre, ""));
    let paso = Paso::leer(paso)?;
    let mut suyas = preguntas(&paso.capitulo)?;
    let cual = numero.parse().ok().filter(|numero| (1..=suyas.len()).contains(numero));
    let cual: usize = cual.ok_or_else(|| {
        format!("las preguntas de este paso van de {0}.1 a {0}.{1}", paso.nombre(), suyas.len())
    })?;
    let Pregunta { pregunta, prueba, .. } = suyas.swap_remove(cual - 1);
    match prueba {
        Prueba::Concepto => Err(format!("«{pregunta}» es de concepto: no hay nada que romper")),
        Prueba::QuitaUnaLinea(numero) => leer(&format!("{}.{numero}", paso.nombre())),
        Prueba::Cambio(mut cambio) => {
            cambio.enunciado = format!("{pregunta}\n\n{}", cambio.enunciado);
            Ok((paso, *cambio))
        }
    }
}

/// Lo enseña; si se pide, pregunta qué se cree que va a pasar; lo hace en una copia, y cuenta qué pasa.
pub fn hacer(
    paso: &Paso,
    experimento: &Experimento,
    preguntar: bool,
    salida: &mut impl Write,
) -> Result<(), String> {
    let a_texto = |error: io::Error| format!("no se puede escribir en el terminal: {error}");
    let mut apuesta = String::new();
    writeln!(salida, "{}\n\n{}", experimento.enunciado, experimento.diferencia).map_err(a_texto)?;
    if preguntar {
        write!(salida, "¿Qué crees que va a pasar? ").map_err(a_texto)?;
        salida.flush().map_err(a_texto)?;
        io::stdin().read_line(&mut apuesta).map_err(|error| error.to_string())?;
    }
    writeln!(salida, "\nSe hace en una copia; lo tuyo no se toca. Construyendo…")
        .map_err(a_texto)?;
    let paquete = &paso.capitulo.paquete;
    match construir("taller", paquete, Some(&experimento.cambio)) {
        Err(error) => writeln!(salida, "\nNo compila:\n\n{error}").map_err(a_texto)?,
        Ok(carpeta) => {
            let [servidor, cliente] = programas_de(paquete).map(|programa| carpeta.join(programa));
            let notan = experimento.notan.iter().map(|(nombre, razon)| (nombre, Some(razon)));
            let siguen = experimento.cumplen.iter().map(|nombre| (nombre, None));
            writeln!(salida).map_err(a_texto)?;
            let mut pantallas = None;
            for (nombre, razon) in notan.chain(siguen) {
                let escenario = TABLA.iter().find(|escenario| escenario.nombre == nombre);
                let Some(escenario) = escenario else { continue };
                let Some(&modo) = modos(escenario).first() else { continue };
                let previsto = razon.map(|razon| (razon.clone(), escenario.corta));
                let escena = Escena::new(modo, &*servidor, &*cliente, previsto);
                let linea = match (escenario.prueba)(&escena) {
                    Ok(()) => {
                        let antes = escenario.casilla(paso.columna) == Casilla::Cumple;
                        let antes = if antes { "" } else { ": sin el cambio, no" };
                        format!("    sí  {} ({nombre}){antes}", escenario.frase)
                    }
                    Err(fallo) => {
                        pantallas.get_or_insert_with(|| escena.contexto().informe());
                        format!("    NO  {} ({nombre}): {}", escenario.frase, fallo.razon)
                    }
                };
                writeln!(salida, "{linea}").map_err(a_texto)?;
            }
            for (nombre, dicho) in experimento.unidades("taller")? {
                writeln!(salida, "    NO  {nombre}:\n\n{dicho}").map_err(a_texto)?;
            }
            if let Some(pantallas) = pantallas {
                writeln!(salida, "\nLo que se vio en lo primero que no se cumple:\n\n{pantallas}")
                    .map_err(a_texto)?;
            }
        }
    }
    if !apuesta.trim().is_empty() {
        writeln!(salida, "\nTú creías: {}", apuesta.trim()).map_err(a_texto)?;
    }
    let respuesta = sin_plegar(&experimento.respuesta);
    writeln!(salida, "\nLo que dice {}:\n\n{respuesta}", experimento.lugar).map_err(a_texto)
}

/// La respuesta, sin lo que la pliega en la página.
fn sin_plegar(respuesta: &str) -> String {
    let respuesta = respuesta.split_once("</summary>").map_or(respuesta, |(_, resto)| resto);
    let respuesta = respuesta.split_once("</details>").map_or(respuesta, |(antes, _)| antes);
    respuesta.replace("**", "").trim().to_owned()
}
