//! Los pasos de este repositorio, juzgados como si fueran de un alumno.

use std::path::{Path, PathBuf};

use corrector::donde::Donde;
use corrector::{Juicio, cliente, servidor};
use pruebas::conexion::direccion_propia;
use pruebas::construir::construir;
use pruebas::escena::Resultado;
use pruebas::programa::Orden;
use pruebas::tabla::{Casilla, PASOS, TABLA};

/// La cláusula que deja de cumplir un paso que no cumple este escenario, y la fila que le toca.
const SERVIDOR: [(&str, &str, u32); 4] = [
    ("dos_a_la_vez", "S2", 25),
    ("difusion", "S5", 50),
    ("olvida_al_que_se_va", "S6", 75),
    ("caida_de_un_cliente", "S6", 50),
];
const CLIENTE: [(&str, &str, u32); 2] =
    [("recibe_mientras_escribe", "C2", 25), ("salir", "C4", 75)];

/// Los que se juzgan, y su columna en la tabla.
pub const JUZGADOS: [(&str, usize); 5] = [
    ("paso-01-echo", 0),
    ("paso-02-multi-client", 1),
    ("paso-03-broadcast", 2),
    ("paso-04-salir-and-cleanup", 3),
    ("final", PASOS.len() - 1),
];

/// Construye los programas de un paso; devuelve dónde está el que empieza así.
pub fn programa(paquete: &str, cual: &str) -> Result<PathBuf, String> {
    let programas = construir(Path::new(env!("CARGO_MANIFEST_DIR")), &["-p", paquete])?;
    let es =
        |ruta: &PathBuf| ruta.file_name().is_some_and(|n| n.to_string_lossy().starts_with(cual));
    programas.into_iter().find(es).ok_or_else(|| format!("{paquete} no tiene ningún {cual}"))
}

fn no_cumple(escenario: &str, columna: usize) -> bool {
    let fila = TABLA.iter().find(|fila| fila.nombre == escenario);
    fila.is_some_and(|fila| fila.casilla(columna) != Casilla::Cumple)
}

/// Comprueba que el veredicto sobre el servidor de un paso es el que se deduce de la tabla.
pub fn del_servidor(columna: usize, programa: &Path) -> Result<(), String> {
    // A partir de la primera que falla, las demás no se llegan a ver.
    let primera = SERVIDOR.iter().find(|(escenario, ..)| no_cumple(escenario, columna));
    comparar(juzgar(programa, servidor::juzgar), primera.as_slice())
}

/// Lo mismo, con el cliente.
pub fn del_cliente(columna: usize, programa: &Path) -> Result<(), String> {
    let fallan: Vec<_> =
        CLIENTE.iter().filter(|(escenario, ..)| no_cumple(escenario, columna)).collect();
    comparar(juzgar(programa, cliente::juzgar), &fallan)
}

fn juzgar(programa: &Path, juzgar: fn(&Orden, &Donde) -> Resultado<Juicio>) -> Resultado<Juicio> {
    let direccion = direccion_propia()?;
    juzgar(&Orden::new(programa).con(direccion), &Donde::en(direccion))
}

fn comparar(juicio: Resultado<Juicio>, previsto: &[&(&str, &str, u32)]) -> Result<(), String> {
    let juicio = juicio.map_err(|fallo| format!("{}: {}", fallo.razon, fallo.detalle))?;
    let fallan = juicio.fallan();
    let debian: Vec<&str> = previsto.iter().map(|(_, clausula, _)| *clausula).collect();
    let fila = previsto.iter().map(|(.., fila)| *fila).min().unwrap_or(100);
    if fallan == debian && juicio.fila() == fila {
        return Ok(());
    }
    Err(format!(
        "según la tabla fallan {debian:?} y la fila es {fila}; el corrector dice {fallan:?} y {}",
        juicio.fila()
    ))
}
