//! El servidor: un solo hilo, la sala, escribe a los clientes.
//!
//! Lo que aún falla: mientras escribe a un cliente, los demás esperan.

use chat_11 as chat;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chat::lector::Lector;
use chat::mensajes::Silencios;
use chat::sala::{COLA, Sala, Suceso};
use chat::{ejecutar, explicar, mostrar, nombre};

const USO: &str = "\
uso: servidor [DIRECCIÓN]

Reenvía lo que dice cada cliente a todos los demás. Ctrl-C lo cierra.
DIRECCIÓN es 127.0.0.1:12345 si no se indica, y solo admite clientes de este
ordenador; con 0.0.0.0:12345 admite los de toda la red.
";

/// Lo más largo que llega a ser un mensaje, en bytes: lo que lee de una vez el
/// servidor del enunciado (`recv(1024)`). Una línea más larga se reparte en
/// varios mensajes.
const MENSAJE: usize = 1024;

/// Lo que descansa el servidor cuando no puede aceptar a nadie más.
const DESCANSO: Duration = Duration::from_millis(100);

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

    let (sucesos, para_la_sala) = mpsc::sync_channel(COLA);
    thread::Builder::new()
        .spawn(move || Sala::default().atender(&para_la_sala))
        .context("no se puede crear el hilo de la sala")?;
    aceptar_clientes(&servidor, &sucesos);
    Ok(())
}

fn aceptar_clientes(servidor: &TcpListener, sucesos: &SyncSender<Suceso>) {
    let mut avisado = false;
    // Un número por conexión. Un puerto no vale: el sistema los repite.
    for numero in 0.. {
        match servidor.accept() {
            Ok((conexion, direccion)) => {
                avisado = false;
                recibir_cliente(numero, conexion, direccion, sucesos);
            }
            // Se cortó antes de que lo aceptaran.
            Err(error) if SE_CORTO.contains(&error.kind()) => {}
            Err(error) => {
                if !avisado {
                    let motivo = por_que_no_entra(&error);
                    mostrar(&format!("aviso: {motivo}: {error}\n"));
                    avisado = true;
                }
                // Lo normal es que se arregle solo: el que espera entrará
                // cuando salga otro.
                thread::sleep(DESCANSO);
            }
        }
    }
}

/// Cómo dice cada sistema que quien llegaba ya no está. (No depende de
/// nosotros que pase: ninguna prueba sabe provocarlo.)
const SE_CORTO: [ErrorKind; 2] =
    [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset];

/// Los errores de quedarse sin descriptores, que std no nombra: `ENFILE` y
/// `EMFILE` en Unix, y `WSAEMFILE` en Windows.
const SIN_DESCRIPTORES: [i32; 3] = [23, 24, 10024];

fn por_que_no_entra(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(codigo) if SIN_DESCRIPTORES.contains(&codigo) => {
            "por ahora no caben más clientes"
        }
        _ => "no se ha podido aceptar a un cliente",
    }
}

fn recibir_cliente(
    numero: u64,
    conexion: TcpStream,
    direccion: SocketAddr,
    sucesos: &SyncSender<Suceso>,
) {
    // Sin esto, un mensaje corto puede esperar 40 ms al acuse de recibo del
    // anterior. Solo falla si el cliente ya se ha ido.
    let _ = conexion.set_nodelay(true);
    let para_el_hilo = sucesos.clone();
    let hilo = thread::Builder::new().spawn(move || {
        manejar_cliente(numero, conexion, direccion, &para_el_hilo);
    });
    if let Err(error) = hilo {
        let quien = nombre(direccion);
        mostrar(&format!("aviso: no se puede atender a {quien}: {error}\n"));
    }
}

/// La vida de un cliente, contada a la sala. Si la sala ya no escucha, el
/// programa está acabando.
fn manejar_cliente(
    numero: u64,
    conexion: TcpStream,
    direccion: SocketAddr,
    sucesos: &SyncSender<Suceso>,
) {
    let conexion = Arc::new(conexion);
    let lectura = Arc::clone(&conexion);
    let _ = sucesos.send(Suceso::Entra { numero, direccion, conexion });
    recibir_mensajes(&lectura, |mensaje| {
        let mensaje = mensaje.to_owned();
        let _ = sucesos.send(Suceso::Dice { numero, mensaje });
    });
    let _ = sucesos.send(Suceso::Sale { numero });
}

/// Pasa a `decir` lo que llega, hasta que el cliente se va o escribe `salir`.
fn recibir_mensajes(conexion: &TcpStream, mut decir: impl FnMut(&str)) {
    let mut lector =
        Lector::new(conexion, MENSAJE, Silencios::TerminanHastaUnaLinea);
    let mut sigue = true;
    while sigue {
        let mut salir = false;
        let abierta = lector.leer(|mensaje| {
            salir = salir || mensaje.salir;
            if !salir {
                decir(&mensaje.texto);
            }
        });
        sigue = abierta && !salir;
    }
}
