//! El servidor: si no puede empezar, dice por qué y qué se puede probar.
//!
//! Lo que aún falla: si el sistema le niega un hilo o un descriptor, se acaba.

use chat_05 as chat;

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;

use chat::{ejecutar, explicar, mostrar, nombre};

const USO: &str = "\
uso: servidor [DIRECCIÓN]

Reenvía lo que dice cada cliente a todos los demás. Ctrl-C lo cierra.
DIRECCIÓN es 127.0.0.1:12345 si no se indica, y solo admite clientes de este
ordenador; con 0.0.0.0:12345 admite los de toda la red.
";

/// Los sockets de los clientes, con su número: los comparten todos los hilos.
type Clientes = Arc<Mutex<Vec<(u64, TcpStream)>>>;

fn main() -> ExitCode {
    ejecutar(USO, servir)
}

fn servir(direccion: &str) -> anyhow::Result<()> {
    let servidor = TcpListener::bind(direccion).map_err(|error| {
        explicar(error, &format!("escuchar en {direccion}"))
    })?;
    let local = servidor.local_addr()?;
    mostrar(&format!("servidor de chat iniciado en {local}\n"));
    mostrar("esperando clientes...\n");

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
    let quien = nombre(direccion);
    let lector = BufReader::new(conexion.try_clone()?);
    conexion.write_all(b"bienvenido al chat! escribe 'salir' para salir\n")?;
    clientes_conectados.lock().unwrap().push((numero, conexion));
    mostrar(&format!("nuevo cliente conectado: {quien}\n"));

    // Se vaya como se vaya, por aquí pasa: quien metió el socket en la lista
    // lo saca, y con eso se cierra, porque su otra copia, la del lector, ya se
    // ha soltado.
    let resultado =
        recibir_mensajes(lector, numero, direccion, clientes_conectados);
    clientes_conectados.lock().unwrap().retain(|(otro, _)| *otro != numero);
    mostrar(&format!("cliente {quien} desconectado\n"));
    resultado
}

fn recibir_mensajes(
    lector: BufReader<TcpStream>,
    numero: u64,
    direccion: SocketAddr,
    clientes_conectados: &Clientes,
) -> io::Result<()> {
    let (quien, puerto) = (nombre(direccion), direccion.port());
    for linea in lector.lines() {
        let mensaje = linea?;
        if mensaje.trim().eq_ignore_ascii_case("salir") {
            break;
        }
        mostrar(&format!("cliente {quien}: {mensaje}\n"));
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
