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

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use carga::{Carga, Medida, medir};
use servidores::{FINAL, PASO_06, Servidor};

const USO: &str = "\
uso: cargo bench -p final -- [OPCIONES]

  --cargas A,B,…              solo esas: aula, todos, ráfaga, abanico, quietos, crecimiento, aparte,
                              atascados
  --rondas N                  rondas de cada carga (3 si no se indica)
  --rival 'NOMBRE=ORDEN'      mide también otro servidor; en la orden, que se parte por los
                              espacios, PUERTO es su puerto
  --saludo LÍNEA              detrás de un rival: lo primero que le dice cada cliente; {} es su número
  --escribir                  además, renueva docs/rendimiento.md y sus dos gráficos
";

/// Lo que debe durar una ronda de una carga sin pausas.
const RONDA: Duration = Duration::from_millis(800);

/// Una carga, un servidor, lo que dice cada uno y lo medido en cada ronda.
pub struct Fila {
    pub carga: Carga,
    pub servidor: Servidor,
    mensajes: usize,
    pub rondas: Vec<Medida>,
}

struct Opciones {
    cargas: Vec<Carga>,
    rondas: usize,
    rivales: Vec<Servidor>,
    escribir: bool,
}

fn main() -> ExitCode {
    let Err(error) = comparar() else { return ExitCode::SUCCESS };
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

/// Falla si al servidor de `final` se le ha perdido o desordenado algo.
fn comparar() -> anyhow::Result<()> {
    let Some(Opciones { cargas, rondas, rivales, escribir }) = leer_opciones()? else {
        print!("{USO}");
        return Ok(());
    };
    let servidores = [Servidor::nuestros()?, rivales].concat();
    // Hace falta un socket por cliente a cada lado; los servidores heredan el límite.
    #[cfg(unix)]
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let llamadas = escribir.then(|| llamadas::contar(&servidores)).transpose()?;
    let filas: Vec<Fila> =
        cargas.iter().flat_map(|carga| medir_carga(carga, &servidores, rondas)).collect();
    let tablas = format!("{}\n{}", informe::tabla(&filas, &servidores), informe::objetivos(&filas));
    println!("\n{tablas}");
    if let Some(llamadas) = llamadas {
        informe::escribir(&filas, &format!("{tablas}\n{llamadas}"))?;
    }
    let del_final = filas.iter().filter(|fila| fila.servidor.nombre == FINAL);
    ensure!(del_final.clone().all(|fila| fila.rondas.len() == rondas), "final no puede con todo");
    ensure!(del_final.map(Fila::perdidos).sum::<usize>() == 0, "a final se le ha perdido algo");
    Ok(())
}

fn leer_opciones() -> anyhow::Result<Option<Opciones>> {
    use lexopt::{Arg::Long, ValueExt};
    let cargas = todas_las_cargas();
    let mut opciones = Opciones { cargas, rondas: 3, rivales: Vec::new(), escribir: false };
    let mut linea = lexopt::Parser::from_env();
    while let Some(argumento) = linea.next()? {
        match argumento {
            // Lo añade Cargo.
            Long("bench") => {}
            Long("help") => return Ok(None),
            Long("escribir") => opciones.escribir = true,
            Long("cargas") => {
                let nombres = linea.value()?.string()?.replace("rafaga", "ráfaga");
                opciones.cargas.retain(|carga| nombres.split(',').any(|uno| carga.es(uno)));
            }
            Long("rondas") => opciones.rondas = linea.value()?.parse()?,
            Long("rival") => opciones.rivales.push(Servidor::rival(&linea.value()?.string()?)?),
            Long("saludo") => {
                let rival = opciones.rivales.last_mut().context("--saludo va detrás de --rival")?;
                rival.saludo = Some(linea.value()?.string()?);
            }
            otro => anyhow::bail!("esto no se entiende: {otro:?}\n{USO}"),
        }
    }
    ensure!(opciones.rondas > 0 && !opciones.cargas.is_empty(), "nada que medir\n{USO}");
    Ok(Some(opciones))
}

fn todas_las_cargas() -> Vec<Carga> {
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
    for (quien, molestos, leen, vuelven) in [
        ("nadie", 0, 0, false),
        ("400 KB/s", 1, 400, false),
        ("100 KB/s", 1, 100, false),
        ("10 sordos", 10, 0, false),
        ("sordos que vuelven", 10, 0, true),
    ] {
        let aparte = Carga::sin_pausa(&format!("aparte, {quien}"), 6, 5);
        cargas.push(Carga { pausa, avalancha: true, molestos, leen, vuelven, ..aparte });
    }
    for molestos in [1, 10] {
        let atascados = Carga::sin_pausa(&format!("atascados, {molestos}"), 11, 1);
        cargas.push(Carga { molestos, ..atascados });
    }
    cargas
}

/// Mide una carga con todos los servidores, ronda a ronda. De quien no puede con ella, avisa.
fn medir_carga(carga: &Carga, servidores: &[Servidor], rondas: usize) -> Vec<Fila> {
    fn o_avisa<T>(servidor: &Servidor, resultado: anyhow::Result<T>) -> Option<T> {
        let aviso = |error: &_| eprintln!("aviso: {} no puede: {error:#}", servidor.nombre);
        resultado.inspect_err(aviso).ok()
    }
    // Con quien no lee, al paso 06 le pasa lo que al 04.
    let puede = |servidor: &&Servidor| carga.molestos == 0 || servidor.nombre != PASO_06;
    let preparar = |servidor: &Servidor| {
        let mensajes = o_avisa(servidor, mensajes(servidor, carga))?;
        let (servidor, carga) = (servidor.clone(), carga.clone());
        Some(Fila { carga, servidor, mensajes, rondas: Vec::new() })
    };
    let mut filas: Vec<_> = servidores.iter().filter(puede).filter_map(preparar).collect();
    for ronda in 1..=rondas {
        eprintln!("{}, ronda {ronda}", carga.nombre);
        for fila in &mut filas {
            let medida = medir(&fila.servidor, carga, fila.mensajes);
            fila.rondas.extend(o_avisa(&fila.servidor, medida));
        }
    }
    filas
}

/// Cuántos mensajes ha de decir cada uno.
fn mensajes(servidor: &Servidor, carga: &Carga) -> anyhow::Result<usize> {
    /// Los de una conversación con pausas: 5 segundos.
    const CONVERSACION: usize = 50;
    /// Lo que hay que decir para que a quien no lee no le quepa: unos 20 MB.
    const ATASCO: usize = 400_000;
    if !carga.pausa.is_zero() || carga.hablan == 0 {
        return Ok(CONVERSACION);
    }
    if carga.molestos > 0 {
        return Ok(ATASCO);
    }
    // Los suficientes para que la ronda dure lo justo, según lo rápido que es cada uno.
    let mut mensajes = 10;
    loop {
        let Medida { duracion, perdidos, .. } = medir(servidor, carga, mensajes)?;
        if perdidos > 0 || duracion >= RONDA / 4 {
            let veces = RONDA.as_secs_f64() / duracion.max(RONDA / 4).as_secs_f64();
            return Ok((mensajes as f64 * veces).ceil() as usize);
        }
        mensajes *= 8;
    }
}
