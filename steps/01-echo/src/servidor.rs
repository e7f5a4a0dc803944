//! El servidor: devuelve cada línea a quien la envía.
//!
//! Lo que aún falla: solo atiende a un cliente a la vez, y el fallo de uno lo
//! detiene.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let direccion_servidor =
        env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let servidor = TcpListener::bind(direccion_servidor)?;
    println!("servidor de chat iniciado en {}", servidor.local_addr()?);
    println!("esperando clientes...");

    loop {
        let (conexion, direccion) = servidor.accept()?;
        manejar_cliente(conexion, direccion)?;
    }
}

fn manejar_cliente(
    mut conexion: TcpStream,
    direccion: SocketAddr,
) -> io::Result<()> {
    let (ip, puerto) = (direccion.ip(), direccion.port());
    let lector = BufReader::new(conexion.try_clone()?);
    println!("nuevo cliente conectado: ('{ip}', {puerto})");

    for linea in lector.lines() {
        let mensaje = linea?;
        println!("cliente ('{ip}', {puerto}): {mensaje}");
        conexion.write_all(format!("{mensaje}\n").as_bytes())?;
    }
    Ok(())
}
