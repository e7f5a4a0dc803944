//! Cuánto cuesta un chat: `cargo bench -p final`.
//!
//! Mide los servidores como los usa cualquiera: programas compilados con optimizaciones, sockets de
//! verdad por 127.0.0.1, y un solo programa que hace de todos los clientes con un bucle de eventos
//! (un hilo por cliente simulado gastaría más que el servidor). Cada ronda pone en marcha cada
//! servidor de nuevo, uno tras otro, y de todas las rondas se enseña la mediana.
//!
//! Lo que mide: entregas (un mensaje que llega a uno que no es su autor), el procesador que gasta el
//! servidor en cada una, lo que tardan, y si llegan todas y en orden. Los mensajes son de 40 bytes.
//!
//! Lo que no mide: una red de verdad, lo que gasta el cliente, la memoria que el sistema dedica a los
//! sockets, ni lo que cuesta escribir en una pantalla (la salida de los servidores se tira). El
//! servidor y la carga se reparten los mismos núcleos, así que las cifras dicen poco solas, y mucho
//! al lado de las demás de su ronda. El procesador y la memoria solo se saben en Linux.

// Una cuenta de mensajes cabe de sobra en un f64, y aquí no hay signos.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
#![allow(missing_docs)]

mod carga;
mod dibujo;
mod informe;
mod llamadas;
mod servidores;
mod sin_sala;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use carga::{Carga, Medida, Molesta, medir};
use servidores::{SIN_SALA, Servidor};

const USO: &str = "\
uso: cargo bench -p final -- [OPCIONES]

  --cargas A,B,…              solo esas: aula, todos, ráfaga, abanico, quietos, crecimiento, aparte,
                              atascados
  --rondas N                  rondas de cada carga (3 si no se indica)
  --rival 'NOMBRE=ORDEN'      mide también otro servidor; en la orden, que se parte por los
                              espacios, PUERTO es su puerto
  --saludo 'NOMBRE=LÍNEA'     lo primero que dice cada cliente a ese rival; {} es su número
  --escribir                  además, renueva docs/rendimiento.md y sus dos gráficos
";

/// Las rondas de cada carga, si no se dice otra cosa.
const RONDAS: usize = 3;

/// Lo que debe durar una ronda de una carga sin pausas.
const RONDA: Duration = Duration::from_millis(800);

/// Una carga, un servidor, y lo medido en cada ronda.
pub struct Fila {
    pub carga: Carga,
    pub servidor: String,
    /// Los mensajes de cada uno que habla, en cada ronda.
    mensajes: usize,
    pub rondas: Vec<Medida>,
}

#[derive(Default)]
struct Opciones {
    cargas: Vec<String>,
    rondas: usize,
    rivales: Vec<Servidor>,
    escribir: bool,
}

fn main() -> ExitCode {
    let argumentos: Vec<String> = std::env::args().skip(1).collect();
    let resultado = match argumentos.as_slice() {
        [primero, puerto] if primero == "--sin-sala" => sin_sala::servir(puerto).map(|()| true),
        _ => comparar(),
    };
    match resultado {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Devuelve si al servidor de `final` no se le ha perdido ni desordenado nada.
fn comparar() -> anyhow::Result<bool> {
    let Some(opciones) = leer_opciones()? else {
        print!("{USO}");
        return Ok(true);
    };
    // Hace falta un socket por cliente a cada lado; los servidores heredan el límite.
    #[cfg(unix)]
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let mut servidores = Servidor::nuestros()?;
    for rival in opciones.rivales {
        let otro = servidores.iter().any(|servidor| servidor.nombre == rival.nombre);
        anyhow::ensure!(!otro, "ya hay un servidor que se llama «{}»", rival.nombre);
        servidores.push(rival);
    }
    if opciones.escribir {
        let completa = opciones.cargas.is_empty() && opciones.rondas >= RONDAS;
        anyhow::ensure!(completa, "--escribir necesita todas las cargas, y {RONDAS} rondas o más");
        llamadas::comprobar()?;
    }

    let mut filas = Vec::new();
    for carga in cargas() {
        if opciones.cargas.is_empty() || opciones.cargas.iter().any(|una| carga.es(una)) {
            filas.extend(rondas(&carga, &servidores, opciones.rondas, &filas));
        }
    }
    let tabla = informe::tabla(&filas);
    let (objetivos, nada_perdido) = informe::objetivos(&filas);
    println!("\n{tabla}\n{objetivos}");
    if opciones.escribir {
        let llamadas = llamadas::contar(&servidores)?;
        let tablas = format!("{tabla}\n{objetivos}\nLas llamadas al sistema:\n\n{llamadas}");
        informe::escribir(&filas, &tablas)?;
    }
    Ok(nada_perdido)
}

fn leer_opciones() -> anyhow::Result<Option<Opciones>> {
    use lexopt::{Arg::Long, ValueExt};
    let mut opciones = Opciones { rondas: RONDAS, ..Opciones::default() };
    let mut linea = lexopt::Parser::from_env();
    while let Some(argumento) = linea.next()? {
        match argumento {
            // Lo añade Cargo.
            Long("bench") => {}
            Long("help") => return Ok(None),
            Long("escribir") => opciones.escribir = true,
            Long("cargas") => {
                let nombres = linea.value()?.string()?.replace("rafaga", "ráfaga");
                opciones.cargas = nombres.split(',').map(str::to_owned).collect();
            }
            Long("rondas") => opciones.rondas = linea.value()?.parse()?,
            Long("rival") => opciones.rivales.push(Servidor::rival(&linea.value()?.string()?)?),
            Long("saludo") => {
                let saludo = linea.value()?.string()?;
                let (nombre, texto) = saludo.split_once('=').unwrap_or_default();
                let rival = opciones.rivales.iter_mut().find(|rival| rival.nombre == nombre);
                let rival = rival.with_context(|| format!("no hay rival para «{saludo}»"))?;
                rival.saludo = Some(texto.to_owned());
            }
            otro => anyhow::bail!("esto no se entiende: {otro:?}\n{USO}"),
        }
    }
    anyhow::ensure!(opciones.rondas > 0, "hace falta una ronda, por lo menos");
    for nombre in &opciones.cargas {
        let existe = cargas().iter().any(|carga| carga.es(nombre));
        anyhow::ensure!(existe, "no hay ninguna carga que se llame «{nombre}»\n{USO}");
    }
    Ok(Some(opciones))
}

fn cargas() -> Vec<Carga> {
    let pausa = Duration::from_millis(100);
    let mut cargas = vec![
        Carga { pausa, ..Carga::sin_pausa("aula", 30, 30) },
        Carga::sin_pausa("todos", 100, 100),
        Carga::sin_pausa("ráfaga", 11, 1),
        Carga::sin_pausa("abanico", 1001, 1),
        Carga::sin_pausa("quietos", 1000, 0),
    ];
    for clientes in [10, 30, 100, 300, 1000, 3000] {
        cargas.push(Carga::sin_pausa(&format!("crecimiento, {clientes}"), clientes, 10));
    }
    for (quien, molesta) in [
        ("nadie", Molesta::Nadie),
        ("400 KB/s", Molesta::Lento(400)),
        ("100 KB/s", Molesta::Lento(100)),
        ("10 sordos", Molesta::Sordos(10)),
        ("sordos que vuelven", Molesta::SordosQueVuelven),
    ] {
        let aparte = Carga::sin_pausa(&format!("aparte, {quien}"), 6, 5);
        cargas.push(Carga { pausa, avalancha: true, molesta, ..aparte });
    }
    for sordos in [1, 10] {
        let atascados = Carga::sin_pausa(&format!("atascados, {sordos}"), 11, 1);
        cargas.push(Carga { molesta: Molesta::Sordos(sordos), ..atascados });
    }
    cargas
}

/// Mide una carga con todos los servidores, ronda a ronda.
fn rondas(
    carga: &Carga,
    servidores: &[Servidor],
    cuantas: usize,
    anteriores: &[Fila],
) -> Vec<Fila> {
    let no_puede = |servidor: &Servidor, error| {
        eprintln!("aviso: {} no puede con {}: {error:#}", servidor.nombre, carga.nombre);
    };
    let mut filas: Vec<(&Servidor, Fila)> = Vec::new();
    for servidor in servidores {
        // Con quien no lee, le pasa lo que al paso 04.
        if servidor.nombre == SIN_SALA && carga.molesta != Molesta::Nadie {
            continue;
        }
        match mensajes(carga, servidor, anteriores) {
            Ok(mensajes) => {
                let (carga, nombre) = (carga.clone(), servidor.nombre.clone());
                let fila = Fila { carga, servidor: nombre, mensajes, rondas: Vec::new() };
                filas.push((servidor, fila));
            }
            Err(error) => no_puede(servidor, error),
        }
    }
    for ronda in 1..=cuantas {
        eprintln!("{}, ronda {ronda}", carga.nombre);
        for (servidor, fila) in &mut filas {
            match medir(servidor, carga, fila.mensajes) {
                Ok(medida) => fila.rondas.push(medida),
                Err(error) => no_puede(servidor, error),
            }
        }
    }
    filas.into_iter().map(|(_, fila)| fila).collect()
}

/// Cuántos mensajes ha de decir cada uno.
fn mensajes(carga: &Carga, servidor: &Servidor, anteriores: &[Fila]) -> anyhow::Result<usize> {
    /// Los segundos que dura una conversación con pausas.
    const CONVERSACION: usize = 5;
    /// Lo que hay que decir para que a quien no lee no le quepa: unos 20 MB.
    const ATASCO: usize = 400_000;
    if carga.hablan == 0 {
        return Ok(0);
    }
    if !carga.pausa.is_zero() {
        return Ok(CONVERSACION * 1000 / carga.pausa.as_millis() as usize);
    }
    if carga.molesta != Molesta::Nadie {
        return Ok(ATASCO);
    }
    // Al crecer, las mismas entregas, sean cuantos sean los clientes.
    let mut de_antes = anteriores.iter().filter(|fila| fila.servidor == servidor.nombre);
    let primera = de_antes.find(|fila| carga.es("crecimiento") && fila.carga.es("crecimiento"));
    if let Some(fila) = primera {
        return Ok((fila.carga.entregas(fila.mensajes) / carga.entregas(1)).max(1));
    }
    // Los suficientes para que la ronda dure lo justo, según lo rápido que es cada uno.
    let mut mensajes = 10;
    loop {
        let Medida { duracion, perdidos, .. } = medir(servidor, carga, mensajes)?;
        if perdidos > 0 {
            return Ok(mensajes);
        }
        if duracion >= RONDA / 4 {
            let veces = RONDA.as_secs_f64() / duracion.as_secs_f64();
            return Ok((mensajes as f64 * veces).ceil() as usize);
        }
        mensajes *= 4;
    }
}
