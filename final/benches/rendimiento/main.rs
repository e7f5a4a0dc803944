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
mod suelo;

use std::process::ExitCode;
use std::time::Duration;

use carga::{Carga, Medida, medir};
use servidores::{SUELO, Servidor};

const USO: &str = "\
uso: cargo bench -p final -- [OPCIONES]

  --cargas A,B,…              solo esas: aula, todos, ráfaga, abanico, quietos, crecimiento, atascados
  --rondas N                  rondas de cada carga (5 si no se indica)
  --rival 'NOMBRE=ORDEN'      mide también otro servidor; en la orden, que se parte por los
                              espacios, PUERTO es su puerto
  --saludo 'NOMBRE=LÍNEA'     lo primero que dice cada cliente a ese rival; {} es su número
  --escribir                  además, renueva docs/rendimiento.md y sus dos gráficos
";

/// Las rondas de cada carga, si no se dice otra cosa.
const RONDAS: usize = 5;

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

impl Fila {
    fn new(carga: &Carga, servidor: &Servidor, mensajes: usize) -> Self {
        Self {
            carga: carga.clone(),
            servidor: servidor.nombre.clone(),
            mensajes,
            rondas: Vec::new(),
        }
    }
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
        [primero, resto @ ..] if primero == "--suelo" => suelo::suelo(resto).map(|()| true),
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
    let mut servidores = vec![Servidor::el_final(), Servidor::el_04()?, Servidor::el_suelo()?];
    for rival in opciones.rivales {
        let otro = servidores.iter().any(|servidor| servidor.es(&rival.nombre));
        anyhow::ensure!(!otro, "ya hay un servidor que se llama «{}»", rival.nombre);
        servidores.push(rival);
    }
    if opciones.escribir {
        let completa = opciones.cargas.is_empty() && opciones.rondas >= RONDAS;
        anyhow::ensure!(completa, "--escribir necesita todas las cargas, y {RONDAS} rondas");
        llamadas::comprobar()?;
    }

    let mut filas = Vec::new();
    for carga in cargas() {
        if opciones.cargas.is_empty() || opciones.cargas.iter().any(|una| una == carga.nombre) {
            filas.extend(rondas(&carga, &servidores, opciones.rondas, &filas));
        }
    }
    let tabla = informe::tabla(&filas);
    let (objetivos, nada_perdido) = informe::objetivos(&filas);
    println!("\n{tabla}\n{objetivos}");
    if opciones.escribir {
        informe::escribir(&filas, &tabla, &objetivos, &llamadas::contar(&servidores)?)?;
    }
    Ok(nada_perdido)
}

fn leer_opciones() -> anyhow::Result<Option<Opciones>> {
    use lexopt::Arg::Long;
    let mut opciones = Opciones { rondas: RONDAS, ..Opciones::default() };
    let mut saludos = Vec::new();
    let mut linea = lexopt::Parser::from_env();
    while let Some(argumento) = linea.next()? {
        match argumento {
            // Lo añade Cargo.
            Long("bench") => {}
            Long("help") => return Ok(None),
            Long("cargas") => {
                let nombres = linea.value()?.to_string_lossy().replace("rafaga", "ráfaga");
                opciones.cargas = nombres.split(',').map(str::to_owned).collect();
            }
            Long("rondas") => {
                opciones.rondas = linea.value()?.to_string_lossy().parse()?;
                anyhow::ensure!(opciones.rondas > 0, "hace falta una ronda, por lo menos");
            }
            Long("rival") => {
                opciones.rivales.push(Servidor::rival(&linea.value()?.to_string_lossy())?);
            }
            Long("saludo") => saludos.push(linea.value()?.to_string_lossy().into_owned()),
            Long("escribir") => opciones.escribir = true,
            otro => anyhow::bail!("esto no se entiende: {otro:?}\n{USO}"),
        }
    }
    for carga in &opciones.cargas {
        let existe = cargas().iter().any(|una| una.nombre == carga);
        anyhow::ensure!(existe, "no hay ninguna carga que se llame «{carga}»\n{USO}");
    }
    for saludo in saludos {
        let par = saludo.split_once('=');
        let rival = par.and_then(|(nombre, texto)| {
            let rival = opciones.rivales.iter_mut().find(|rival| rival.es(nombre))?;
            Some((rival, texto))
        });
        let Some((rival, texto)) = rival else {
            anyhow::bail!("«{saludo}» no es el saludo de ningún rival")
        };
        rival.con_saludo(texto);
    }
    Ok(Some(opciones))
}

fn cargas() -> Vec<Carga> {
    let sin_pausa = |nombre, clientes, hablan| Carga {
        nombre,
        clientes,
        hablan,
        atascados: 0,
        pausa: Duration::ZERO,
    };
    let mut cargas = vec![
        Carga { pausa: Duration::from_millis(100), ..sin_pausa("aula", 30, 30) },
        sin_pausa("todos", 100, 100),
        sin_pausa("ráfaga", 11, 1),
        sin_pausa("abanico", 1001, 1),
        sin_pausa("quietos", 1000, 0),
    ];
    for clientes in [10, 30, 100, 300, 1000, 3000] {
        cargas.push(sin_pausa("crecimiento", clientes, 10));
    }
    for atascados in [1, 10] {
        cargas.push(Carga { atascados, ..sin_pausa("atascados", 11, 1) });
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
        // Al suelo no le queda nada que hacer si nadie habla, y no sabe qué hacer con quien no lee.
        if servidor.es(SUELO) && (carga.hablan == 0 || carga.atascados > 0) {
            continue;
        }
        match mensajes(carga, servidor, anteriores) {
            Ok(mensajes) => filas.push((servidor, Fila::new(carga, servidor, mensajes))),
            Err(error) => no_puede(servidor, error),
        }
    }
    for ronda in 1..=cuantas {
        eprintln!("{} con {} clientes, ronda {ronda}", carga.nombre, carga.clientes);
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
    /// Los segundos que dura el aula.
    const AULA: usize = 5;
    /// Lo que hay que decir para que a quien no lee se le llene el buzón: unos 20 MB.
    const ATASCO: usize = 400_000;
    if carga.hablan == 0 {
        return Ok(0);
    }
    if !carga.pausa.is_zero() {
        return Ok(AULA * 1000 / carga.pausa.as_millis() as usize);
    }
    if carga.atascados > 0 {
        return Ok(ATASCO);
    }
    if carga.nombre == "crecimiento" {
        // Las mismas entregas, sean cuantos sean los clientes.
        let primera = anteriores
            .iter()
            .find(|fila| fila.carga.nombre == carga.nombre && fila.servidor == servidor.nombre);
        if let Some(fila) = primera {
            let entregas = fila.carga.entregas(fila.mensajes);
            return Ok((entregas / carga.entregas(1)).max(1));
        }
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
