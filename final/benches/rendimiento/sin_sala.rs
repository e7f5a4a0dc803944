//! El mismo chat sin sala: un hilo por cliente, una lista con cerrojo y un `write` por entrega.
//!
//! Es el paso 04 con `TCP_NODELAY`, y sin nada más: lo menos que puede costar un chat con un hilo por
//! cliente y un solo orden para todos.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

type Clientes = Arc<Mutex<Vec<(u16, TcpStream)>>>;

/// Hace de servidor en este puerto.
pub fn servir(puerto: &str) -> anyhow::Result<()> {
    let servidor = TcpListener::bind(format!("127.0.0.1:{puerto}"))?;
    let clientes = Clientes::default();
    loop {
        let (conexion, direccion) = servidor.accept()?;
        conexion.set_nodelay(true)?;
        let clientes = Arc::clone(&clientes);
        thread::spawn(move || manejar_cliente(conexion, direccion.port(), &clientes));
    }
}

fn manejar_cliente(conexion: TcpStream, puerto: u16, clientes: &Clientes) -> io::Result<()> {
    let lector = BufReader::new(conexion.try_clone()?);
    clientes.lock().unwrap_or_else(PoisonError::into_inner).push((puerto, conexion));
    for linea in lector.lines() {
        let linea = linea?;
        println!("cliente {puerto}: {linea}");
        let mensaje = format!("usuario {puerto}: {linea}\n");
        for (otro, conexion) in clientes.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            if *otro != puerto {
                let _ = conexion.write_all(mensaje.as_bytes());
            }
        }
    }
    Ok(())
}
