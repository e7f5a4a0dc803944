//! El servidor: reenvía cada línea a todos los demás y olvida a quien se va.
//!
//! Todavía no: un cliente que no lee detiene a todos, y Ctrl-C corta sin despedirse.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Los sockets de todos los clientes: los comparten todos los hilos.
type Clientes = Arc<Mutex<Vec<(SocketAddr, TcpStream)>>>;

fn main() -> io::Result<()> {
    let direccion = env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let servidor = TcpListener::bind(direccion)?;
    println!("servidor de chat iniciado en {}", servidor.local_addr()?);
    println!("esperando clientes...");

    let clientes_conectados = Clientes::default();
    loop {
        let (conexion, direccion) = servidor.accept()?;
        let clientes_conectados = Arc::clone(&clientes_conectados);
        // Si a este hilo le falla su cliente, acaba el hilo; el servidor sigue.
        thread::spawn(move || manejar_cliente(conexion, direccion, &clientes_conectados));
    }
}

fn manejar_cliente(
    mut conexion: TcpStream,
    direccion: SocketAddr,
    clientes_conectados: &Clientes,
) -> io::Result<()> {
    let (ip, puerto) = (direccion.ip(), direccion.port());
    let lector = BufReader::new(conexion.try_clone()?);
    conexion.write_all(b"bienvenido al chat! escribe 'salir' para salir\n")?;
    clientes_conectados.lock().unwrap().push((direccion, conexion));
    println!("nuevo cliente conectado: ('{ip}', {puerto})");

    // Se vaya como se vaya, por aquí pasa: quien metió el socket en la lista lo saca.
    let resultado = recibir_mensajes(lector, direccion, clientes_conectados);
    clientes_conectados.lock().unwrap().retain(|(otra, _)| *otra != direccion);
    println!("cliente ('{ip}', {puerto}) desconectado");
    resultado
}

fn recibir_mensajes(
    lector: BufReader<TcpStream>,
    direccion: SocketAddr,
    clientes_conectados: &Clientes,
) -> io::Result<()> {
    let (ip, puerto) = (direccion.ip(), direccion.port());
    for linea in lector.lines() {
        let mensaje = linea?;
        if mensaje.trim().eq_ignore_ascii_case("salir") {
            break;
        }
        println!("cliente ('{ip}', {puerto}): {mensaje}");
        difundir(&format!("usuario {puerto}: {mensaje}\n"), direccion, clientes_conectados);
    }
    Ok(())
}

fn difundir(mensaje: &str, autor: SocketAddr, clientes_conectados: &Clientes) {
    // El cerrojo dura todo el reparto: así todos reciben los mensajes en el mismo orden.
    let mut clientes = clientes_conectados.lock().unwrap();
    for (direccion, conexion) in clientes.iter_mut() {
        if *direccion != autor {
            // Que uno ya no pueda recibir no es motivo para no escribir a los demás.
            let _ = conexion.write_all(mensaje.as_bytes());
        }
    }
}
