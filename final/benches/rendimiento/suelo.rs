//! El suelo: escribe los mismos bytes a los mismos sockets, y no hace nada más.
//!
//! No lee a quien habla, no anota, no atiende a nadie que llegue después. Sin pausas escribe a cada
//! uno 64 KiB de una vez; con pausas, cada mensaje en cuanto toca.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::carga::{MENSAJE, YA, escribir_mensaje};

/// Lo que un servidor de este repositorio pone delante de cada mensaje.
const PREFIJO: &[u8] = b"usuario 50000: ";

/// Lo que escribe de una vez a cada uno, si no hay pausas.
const LOTE: usize = 64 * 1024;

/// Hace de suelo, con lo que [`orden`] puso en la línea de órdenes.
pub fn suelo(argumentos: &[String]) -> anyhow::Result<()> {
    let numeros: Vec<usize> =
        argumentos.iter().map(|texto| texto.parse()).collect::<Result<_, _>>()?;
    let [puerto, clientes, hablan, mensajes, pausa_us] = numeros[..] else {
        anyhow::bail!("al suelo le faltan números");
    };
    let servidor = TcpListener::bind(("127.0.0.1", u16::try_from(puerto)?))?;
    let mut sockets = Vec::with_capacity(clientes);
    while sockets.len() < clientes {
        let (socket, _) = servidor.accept()?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    esperar(&sockets).context("nadie da la salida")?;
    if pausa_us == 0 {
        sin_pausa(&sockets, hablan, mensajes)?;
    } else {
        let entre_mensajes = Duration::from_micros(u64::try_from(pausa_us / hablan)?);
        a_tiempo(&sockets, hablan, mensajes, entre_mensajes)?;
    }
    // Que sea el otro lado el que cierre.
    let _ = (&sockets[0]).read(&mut [0; 1024]);
    thread::sleep(Duration::from_secs(60));
    Ok(())
}

/// Los argumentos del suelo, detrás del puerto.
pub fn orden(clientes: usize, hablan: usize, mensajes: usize, pausa: Duration) -> [String; 4] {
    [clientes, hablan, mensajes, usize::try_from(pausa.as_micros()).unwrap_or(0)]
        .map(|numero| numero.to_string())
}

/// Reenvía lo que dice el primero, hasta que da la salida.
fn esperar(sockets: &[TcpStream]) -> anyhow::Result<()> {
    let mut lectura = [0; 4096];
    loop {
        let leidos = (&sockets[0]).read(&mut lectura)?;
        anyhow::ensure!(leidos > 0, "el primero se ha ido");
        if lectura[..leidos].ends_with(YA) {
            return Ok(());
        }
        for mut socket in &sockets[1..] {
            socket.write_all(&lectura[..leidos])?;
        }
    }
}

fn sin_pausa(sockets: &[TcpStream], hablan: usize, mensajes: usize) -> anyhow::Result<()> {
    let por_lote = LOTE / (PREFIJO.len() + MENSAJE);
    let mut lote = Vec::with_capacity(LOTE);
    for inicio in (0..mensajes).step_by(por_lote) {
        for autor in 0..hablan {
            lote.clear();
            for mensaje in inicio..mensajes.min(inicio + por_lote) {
                lote.extend_from_slice(PREFIJO);
                escribir_mensaje(&mut lote, autor, mensaje);
            }
            escribir(sockets, autor, &lote)?;
        }
    }
    Ok(())
}

fn a_tiempo(
    sockets: &[TcpStream],
    hablan: usize,
    mensajes: usize,
    entre_mensajes: Duration,
) -> anyhow::Result<()> {
    let mut siguiente = Instant::now();
    for mensaje in 0..mensajes {
        for autor in 0..hablan {
            siguiente += entre_mensajes;
            thread::sleep(siguiente.saturating_duration_since(Instant::now()));
            let mut linea = PREFIJO.to_vec();
            escribir_mensaje(&mut linea, autor, mensaje);
            escribir(sockets, autor, &linea)?;
        }
    }
    Ok(())
}

fn escribir(sockets: &[TcpStream], autor: usize, bytes: &[u8]) -> anyhow::Result<()> {
    for (numero, mut socket) in sockets.iter().enumerate() {
        if numero != autor {
            socket.write_all(bytes)?;
        }
    }
    Ok(())
}
