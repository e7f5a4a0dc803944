//! El servidor: da la bienvenida, reenvía cada línea a los demás y olvida a quien se va.
//!
//! Lo que aún falla: un cliente que no lee detiene a todos, y Ctrl-C corta sin despedirse.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Los sockets de todos los clientes: los comparten todos los hilos.
type Clientes = Arc<Mutex<Vec<(SocketAddr, TcpStream)>>>;

fn main() -> io::Result<()> {
    let direccion_servidor = env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let servidor = TcpListener::bind(direccion_servidor)?;
    println!("servidor de chat iniciado en {}", servidor.local_addr()?);
    println!("esperando clientes...");

    let clientes_conectados: Clientes = Arc::new(Mutex::new(Vec::new()));
    loop {
        let (conexion, direccion) = servidor.accept()?;
        // Otro puntero a la misma lista: no se copia ningún socket.
        let clientes_conectados = Arc::clone(&clientes_conectados);
        // Si la conexión falla acaba este hilo, y nadie mira su error; el servidor sigue.
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

    // Se vaya como se vaya, por aquí pasa: quien metió el socket en la lista lo saca, y con eso
    // se cierra, porque su otra copia, la del lector, ya se ha soltado.
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
    // El cerrojo dura toda la difusión: así todos reciben los mensajes en el mismo orden.
    let mut clientes = clientes_conectados.lock().unwrap();
    for (direccion, conexion) in clientes.iter_mut() {
        if *direccion != autor {
            // Que uno ya no pueda recibir no es motivo para no escribir a los demás.
            let _ = conexion.write_all(mensaje.as_bytes());
        }
    }
}
