//! El cliente: `salir` cierra la conexión, y el programa acaba cuando todo ha llegado.
//!
//! Todavía no: si el servidor desaparece, sigue esperando al teclado.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let direccion = env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let mut conexion = TcpStream::connect(direccion)?;
    println!("conectado al servidor de chat!");
    println!("escribe tus mensajes:");

    let lector = BufReader::new(conexion.try_clone()?);
    let hilo_recepcion = thread::spawn(move || recibir_mensajes(lector));
    for linea in io::stdin().lines() {
        let mensaje = linea?;
        if mensaje.trim().eq_ignore_ascii_case("salir") {
            break;
        }
        conexion.write_all(format!("{mensaje}\n").as_bytes())?;
    }

    // «No enviaré más»: el servidor cierra su lado, y con eso acaba el hilo que recibe.
    conexion.shutdown(Shutdown::Write)?;
    let _ = hilo_recepcion.join();
    Ok(())
}

fn recibir_mensajes(lector: BufReader<TcpStream>) -> io::Result<()> {
    for linea in lector.lines() {
        let mensaje = linea?;
        println!("{mensaje}");
    }
    Ok(())
}
