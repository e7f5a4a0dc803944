//! El cliente: envía una línea, espera la respuesta y la muestra.
//!
//! Lo que aún falla: mientras espera al teclado no muestra nada.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let direccion_servidor =
        env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let mut conexion = TcpStream::connect(direccion_servidor)?;
    println!("conectado al servidor de chat!");
    println!("escribe tus mensajes:");

    let mut lector = BufReader::new(conexion.try_clone()?);
    for linea in io::stdin().lines() {
        let mensaje = linea?;
        conexion.write_all(format!("{mensaje}\n").as_bytes())?;
        let mut respuesta = String::new();
        lector.read_line(&mut respuesta)?;
        print!("{respuesta}");
    }
    Ok(())
}
