//! Los escenarios del chat: qué hace y qué no hace todavía cada paso, visto desde fuera.
//!
//! Cada paso pasa sus dos programas a [`comprobar`], que recorre la [tabla](tabla::TABLA). Un
//! escenario se ve dos veces si puede: con pseudoterminales, como lo usa una persona (en Unix), y
//! con tuberías (en todas partes).

// Todo lo que aquí puede fallar falla igual: con un `Fallo`, que dice qué se esperaba.
#![allow(clippy::missing_errors_doc)]

pub mod conexion;
pub mod construir;
pub mod consumo;
pub mod escena;
pub mod escenarios;
pub mod pantalla;
pub mod programa;
pub mod razon;
pub mod tabla;

use std::cmp::Reverse;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use escena::{Escena, Fallo};
use programa::Modo;
use tabla::{Casilla, Escenario, PASOS, TABLA};

/// Las pruebas esperan más que calculan: caben varias en cada núcleo.
const A_LA_VEZ: usize = 12;

/// Cuántas veces la espera del que falla se da al que cumple: las que tarda más un ordenador ocupado.
const MARGEN: u32 = 3;

/// Comprueba que los programas de un paso están en su sitio de la tabla.
///
/// # Panics
///
/// Si `paso` no está en [`PASOS`].
#[must_use]
pub fn comprobar(paso: &str, servidor: &'static str, cliente: &'static str) -> ExitCode {
    let columna = PASOS.iter().position(|otro| *otro == paso).expect("un paso de la tabla");
    let mut argumentos = Arguments::from_args();
    argumentos.test_threads.get_or_insert(A_LA_VEZ);
    let mut pruebas = Vec::new();
    // Las que duran segundos empiezan antes: así duran a la vez.
    let mut escenarios: Vec<&Escenario> = TABLA.iter().collect();
    escenarios.sort_by_key(|escenario| Reverse((escenario.segun_el_sistema, escenario.corta)));
    for escenario in escenarios {
        let falla = escenario.casilla(columna) != Casilla::Cumple;
        if falla && escenario.segun_el_sistema && !cfg!(unix) {
            continue;
        }
        for modo in modos(escenario) {
            let nombre = match modo {
                Modo::Terminal => format!("{}::terminal", escenario.nombre),
                Modo::Tuberias => format!("{}::tuberias", escenario.nombre),
            };
            let prueba = Trial::test(nombre, move || {
                comprobar_casilla(escenario, columna, modo, servidor, cliente).map_err(Into::into)
            });
            // Así nadie lee «bien» donde lo comprobado es que aún no se cumple.
            let clase = match escenario.casilla(columna) {
                _ if escenario.largo => "tarda: con --ignored",
                Casilla::Cumple => "",
                Casilla::Falla(_) => "todavía no",
            };
            pruebas.push(prueba.with_kind(clase).with_ignored_flag(escenario.largo));
        }
    }
    if columna == PASOS.len() - 1 {
        pruebas.extend(lo_que_se_cumple_no_parece_que_falle(columna, servidor, cliente));
    }
    libtest_mimic::run(&argumentos, pruebas).exit_code()
}

/// «Todavía no» no puede ser que se haya esperado poco. Por eso cada escenario, con las esperas que se
/// dan al que falla, se ve también con los programas que lo cumplen: tiene que cumplirse. Con
/// [`MARGEN`], porque aquí se ven muchos a la vez, y el ordenador puede estar ocupado.
fn lo_que_se_cumple_no_parece_que_falle(
    columna: usize,
    servidor: &'static str,
    cliente: &'static str,
) -> Vec<Trial> {
    let mut pruebas = Vec::new();
    let cumplen = TABLA.iter().filter(|uno| uno.casilla(columna) == Casilla::Cumple);
    for escenario in cumplen.filter(|uno| !uno.largo) {
        for (razon, modo) in
            escenario.razones().flat_map(|r| modos(escenario).into_iter().map(move |m| (r, m)))
        {
            let prueba = move || {
                let (servidor, cliente) = (Path::new(servidor), Path::new(cliente));
                let espera = escenario.corta * MARGEN;
                let escena = Escena::new(modo, servidor, cliente, Some((razon.clone(), espera)));
                let explicar = |fallo: Fallo| format!("{}: {}", fallo.razon, fallo.detalle);
                (escenario.prueba)(&escena).map_err(|fallo| explicar(fallo).into())
            };
            let nombre = format!("{}::sin_prisa::{modo:?}::{razon}", escenario.nombre);
            pruebas.push(Trial::test(nombre, prueba).with_ignored_flag(true));
        }
    }
    pruebas
}

/// De qué maneras se puede ver un escenario en este sistema: si tarda, basta con una.
#[must_use]
pub fn modos(escenario: &Escenario) -> Vec<Modo> {
    let mut modos = escenario.necesita.modos();
    if escenario.largo {
        modos.retain(|modo| *modo == Modo::Tuberias);
    }
    modos
}

fn comprobar_casilla(
    escenario: &Escenario,
    columna: usize,
    modo: Modo,
    servidor: &str,
    cliente: &str,
) -> Result<(), String> {
    let previsto = match escenario.casilla(columna) {
        Casilla::Cumple => None,
        Casilla::Falla(razon) => Some(razon),
    };
    let espera = previsto.clone().map(|razon| (razon, escenario.corta));
    let escena = Escena::new(modo, Path::new(servidor), Path::new(cliente), espera);
    let resultado = (escenario.prueba)(&escena);
    let explicacion = match (resultado, previsto) {
        (Ok(()), None) => return Ok(()),
        (Err(fallo), Some(razon)) if fallo.razon == razon => return Ok(()),
        (Ok(()), Some(razon)) => format!("se cumple, y la tabla dice que no: «{razon}»"),
        (Err(fallo), None) => format!("{}: {}", fallo.razon, fallo.detalle),
        (Err(fallo), Some(razon)) => format!(
            "la tabla dice que falla porque «{razon}», y falla porque «{}»: {}",
            fallo.razon, fallo.detalle
        ),
    };
    let aviso = "Si has cambiado un paso para aprender, su sitio es tu versión: cargo run --bin taller -- --help";
    let Escenario { nombre, frase, .. } = escenario;
    let informe = escena.contexto().informe();
    Err(format!("{nombre}, paso {}: {frase}\n{explicacion}\n{informe}{aviso}", PASOS[columna]))
}
