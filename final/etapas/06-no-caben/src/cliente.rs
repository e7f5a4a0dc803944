//! El cliente: lo que se escribe sale en cuanto se pulsa Intro.
//!
//! Lo que aún falla: si el servidor desaparece, sigue esperando al teclado.

use chat_06 as chat;

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::thread;

use chat::{ejecutar, explicar, mostrar};

const USO: &str = "\
uso: cliente [DIRECCIÓN]

Envía lo que escribes y muestra lo que dicen los demás.
Para salir: salir, Ctrl-D o Ctrl-C.
DIRECCIÓN es 127.0.0.1:12345 si no se indica.
";

fn main() -> ExitCode {
    ejecutar(USO, conversar)
}

fn conversar(direccion: &str) -> anyhow::Result<()> {
    let mut conexion = TcpStream::connect(direccion).map_err(|error| {
        explicar(error, &format!("conectar con {direccion}"))
    })?;
    // Solo falla si el servidor ya se ha ido, y eso se verá al leer.
    let _ = conexion.set_nodelay(true);
    mostrar("conectado al servidor de chat!\nescribe tus mensajes:\n");

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
        mostrar(&format!("{mensaje}\n"));
    }
    Ok(())
}
