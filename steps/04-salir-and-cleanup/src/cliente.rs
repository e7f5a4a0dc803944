//! El cliente: `salir` cierra la conexión, y el programa acaba cuando todo ha
//! llegado.
//!
//! Lo que aún falla: si el servidor desaparece, sigue esperando al teclado.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

fn main() -> io::Result<()> {
    let direccion_servidor =
        env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let mut conexion = TcpStream::connect(direccion_servidor)?;
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

    // «No enviaré más»: el servidor cierra su lado, y con eso acaba el hilo
    // que recibe. Si el servidor ya no está, no hay nada que cerrar ni que
    // esperar.
    let _ = conexion.shutdown(Shutdown::Write);
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
