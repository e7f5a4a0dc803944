//! El cliente: un hilo muestra lo que llega mientras el usuario escribe.
//!
//! Lo que aún falla: no hay una orden para salir; solo Ctrl-D o Ctrl-C.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;
use std::thread;

fn main() -> io::Result<()> {
    let direccion_servidor =
        env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let mut conexion = TcpStream::connect(direccion_servidor)?;
    println!("conectado al servidor de chat!");
    println!("escribe tus mensajes:");

    let lector = BufReader::new(conexion.try_clone()?);
    thread::spawn(move || recibir_mensajes(lector));
    for linea in io::stdin().lines() {
        let mensaje = linea?;
        conexion.write_all(format!("{mensaje}\n").as_bytes())?;
    }
    Ok(())
}

fn recibir_mensajes(lector: BufReader<TcpStream>) -> io::Result<()> {
    for linea in lector.lines() {
        let mensaje = linea?;
        println!("{mensaje}");
    }
    Ok(())
}
