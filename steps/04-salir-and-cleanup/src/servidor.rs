//! El servidor: da la bienvenida, reenvía cada línea a los demás y olvida a
//! quien se va.
//!
//! Lo que aún falla: un cliente que no lee detiene a todos, y Ctrl-C corta sin
//! despedirse.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Los sockets de los clientes, con su número: los comparten todos los hilos.
type Clientes = Arc<Mutex<Vec<(u64, TcpStream)>>>;

fn main() -> io::Result<()> {
    let direccion_servidor =
        env::args().nth(1).unwrap_or("127.0.0.1:12345".into());
    let servidor = TcpListener::bind(direccion_servidor)?;
    println!("servidor de chat iniciado en {}", servidor.local_addr()?);
    println!("esperando clientes...");

    let clientes_conectados: Clientes = Arc::new(Mutex::new(Vec::new()));
    // Un número por conexión. Un puerto no vale: el sistema los repite.
    let mut numero = 0;
    loop {
        let (conexion, direccion) = servidor.accept()?;
        numero += 1;
        // Otro puntero a la misma lista: no se copia ningún socket.
        let clientes_conectados = Arc::clone(&clientes_conectados);
        // Si la conexión falla, acaba este hilo, y el servidor sigue.
        thread::spawn(move || {
            manejar_cliente(numero, conexion, direccion, &clientes_conectados)
        });
    }
}

fn manejar_cliente(
    numero: u64,
    mut conexion: TcpStream,
    direccion: SocketAddr,
    clientes_conectados: &Clientes,
) -> io::Result<()> {
    let (ip, puerto) = (direccion.ip(), direccion.port());
    let lector = BufReader::new(conexion.try_clone()?);
    conexion.write_all(b"bienvenido al chat! escribe 'salir' para salir\n")?;
    clientes_conectados.lock().unwrap().push((numero, conexion));
    println!("nuevo cliente conectado: ('{ip}', {puerto})");

    // Se vaya como se vaya, por aquí pasa: quien metió el socket en la lista
    // lo saca, y con eso se cierra, porque su otra copia, la del lector, ya se
    // ha soltado.
    let resultado =
        recibir_mensajes(lector, numero, direccion, clientes_conectados);
    clientes_conectados.lock().unwrap().retain(|(otro, _)| *otro != numero);
    println!("cliente ('{ip}', {puerto}) desconectado");
    resultado
}

fn recibir_mensajes(
    lector: BufReader<TcpStream>,
    numero: u64,
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
        let linea = format!("usuario {puerto}: {mensaje}\n");
        repartir(&linea, numero, clientes_conectados);
    }
    Ok(())
}

fn repartir(mensaje: &str, autor: u64, clientes_conectados: &Clientes) {
    // El cerrojo dura todo el reparto: así todos reciben los mensajes en el
    // mismo orden.
    let mut clientes = clientes_conectados.lock().unwrap();
    for (numero, conexion) in clientes.iter_mut() {
        if *numero != autor {
            // Que uno ya no pueda recibir no es motivo para no escribir a los
            // demás.
            let _ = conexion.write_all(mensaje.as_bytes());
        }
    }
}
