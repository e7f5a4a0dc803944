//! El servidor: si el sistema le niega algo, ese cliente no entra, y él sigue.
//!
//! Lo que aún falla: lo que envía un cliente llega tal cual a los terminales
//! de los demás.

use chat_07 as chat;

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chat::{ejecutar, explicar, mostrar, nombre};

const USO: &str = "\
uso: servidor [DIRECCIÓN]

Reenvía lo que dice cada cliente a todos los demás. Ctrl-C lo cierra.
DIRECCIÓN es 127.0.0.1:12345 si no se indica, y solo admite clientes de este
ordenador; con 0.0.0.0:12345 admite los de toda la red.
";

/// Los sockets de los clientes, con su número: los comparten todos los hilos.
type Clientes = Arc<Mutex<Vec<(u64, Arc<TcpStream>)>>>;

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

    let clientes_conectados: Clientes = Arc::new(Mutex::new(Vec::new()));
    aceptar_clientes(&servidor, &clientes_conectados);
    Ok(())
}

fn aceptar_clientes(servidor: &TcpListener, clientes_conectados: &Clientes) {
    let mut avisado = false;
    // Un número por conexión. Un puerto no vale: el sistema los repite.
    for numero in 0.. {
        match servidor.accept() {
            Ok((conexion, direccion)) => {
                avisado = false;
                recibir_cliente(
                    numero,
                    conexion,
                    direccion,
                    clientes_conectados,
                );
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
    clientes_conectados: &Clientes,
) {
    // Sin esto, un mensaje corto puede esperar 40 ms al acuse de recibo del
    // anterior. Solo falla si el cliente ya se ha ido.
    let _ = conexion.set_nodelay(true);
    // Otro puntero a la misma lista: no se copia ningún socket.
    let clientes_conectados = Arc::clone(clientes_conectados);
    // Si la conexión falla, acaba este hilo, y el servidor sigue.
    let hilo = thread::Builder::new().spawn(move || {
        manejar_cliente(numero, conexion, direccion, &clientes_conectados)
    });
    if let Err(error) = hilo {
        let quien = nombre(direccion);
        mostrar(&format!("aviso: no se puede atender a {quien}: {error}\n"));
    }
}

fn manejar_cliente(
    numero: u64,
    conexion: TcpStream,
    direccion: SocketAddr,
    clientes_conectados: &Clientes,
) -> io::Result<()> {
    let quien = nombre(direccion);
    // Otro puntero al mismo socket: un cliente gasta un solo descriptor.
    let conexion = Arc::new(conexion);
    let lector = BufReader::new(&*conexion);
    (&*conexion)
        .write_all(b"bienvenido al chat! escribe 'salir' para salir\n")?;
    clientes_conectados.lock().unwrap().push((numero, Arc::clone(&conexion)));
    mostrar(&format!("nuevo cliente conectado: {quien}\n"));

    // Se vaya como se vaya, por aquí pasa: quien metió el socket en la lista
    // lo saca; se cierra al acabar esta función, que suelta el otro puntero.
    let resultado =
        recibir_mensajes(lector, numero, direccion, clientes_conectados);
    clientes_conectados.lock().unwrap().retain(|(otro, _)| *otro != numero);
    mostrar(&format!("cliente {quien} desconectado\n"));
    resultado
}

fn recibir_mensajes(
    lector: BufReader<&TcpStream>,
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
    let clientes = clientes_conectados.lock().unwrap();
    for (numero, conexion) in clientes.iter() {
        if *numero != autor {
            // Que uno ya no pueda recibir no es motivo para no escribir a los
            // demás.
            let _ = (&**conexion).write_all(mensaje.as_bytes());
        }
    }
}
