//! El cliente de chat. El mapa de sus hilos está en la portada de [`chat`].

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use anyhow::Context;
use chat::lector::Lector;
use chat::mensajes::es_salir;
use chat::{DESPEDIDA, LECTURA, LINEA, avisar, ejecutar, explicar, mostrar, mostrar_y_acabar};

const USO: &str = "\
uso: cliente [DIRECCIÓN]

Envía lo que escribes y muestra lo que dicen los demás. Para salir: salir, Ctrl-D o Ctrl-C.
DIRECCIÓN es 127.0.0.1:12345 si no se indica.
";

/// Lo que puede terminar una conversación.
enum Evento {
    /// El usuario ha escrito `salir` o ya no hay más que leer; todo lo anterior está enviado.
    FinDeEntrada,
    /// El servidor ha cerrado; todo lo que envió está en la pantalla.
    ServidorCerrado,
    /// El usuario ha pulsado Ctrl-C, o el sistema pide terminar.
    CtrlC,
}

fn main() -> ExitCode {
    ejecutar(USO, conversar)
}

fn conversar(direccion: &str) -> anyhow::Result<()> {
    let conexion = TcpStream::connect(direccion)
        .map_err(|error| explicar(error, &format!("conectar con {direccion}")))?;
    // Solo falla si el servidor ya se ha ido, y eso se verá al leer.
    let _ = conexion.set_nodelay(true);
    let conexion = Arc::new(conexion);
    let (eventos, para_el_principal) = mpsc::channel();
    salir_con_ctrl_c(eventos.clone())?;

    // Antes de empezar a recibir: la bienvenida del servidor va después.
    mostrar("conectado al servidor de chat!\nescribe tus mensajes:\n");
    let (lectura, eventos_recepcion) = (Arc::clone(&conexion), eventos.clone());
    thread::Builder::new()
        .spawn(move || recibir_mensajes(&lectura, &eventos_recepcion))
        .context("no se puede crear el hilo de recepción")?;
    thread::Builder::new()
        .spawn(move || enviar_mensajes(&conexion, &eventos))
        .context("no se puede crear el hilo del teclado")?;
    despedirse(&para_el_principal);
    Ok(())
}

fn salir_con_ctrl_c(eventos: Sender<Evento>) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        let _ = eventos.send(Evento::CtrlC);
    })
    .context("no se puede atender a Ctrl-C")
}

/// Espera al final de la conversación.
fn despedirse(para_el_principal: &Receiver<Evento>) {
    match para_el_principal.recv() {
        Ok(Evento::CtrlC) => mostrar_y_acabar("\nsaliendo...\n"),
        Ok(Evento::ServidorCerrado) => mostrar_y_acabar("el servidor ha cerrado la conexión\n"),
        // Irse ya, con mensajes por leer, reiniciaría la conexión, y el servidor podría perder lo
        // último que se le envió.
        Ok(Evento::FinDeEntrada) | Err(_) => {
            if para_el_principal.recv_timeout(DESPEDIDA).is_err() {
                avisar(
                    "aviso: el servidor no ha cerrado; puede que no le llegue todo lo escrito\n",
                );
            }
        }
    }
}

fn recibir_mensajes(conexion: &TcpStream, eventos: &Sender<Evento>) {
    let mut lector = Lector::new(conexion, LINEA);
    let mut abierta = true;
    while abierta {
        let mut texto = String::new();
        abierta = lector.leer(|mensaje| {
            texto.push_str(&mensaje.texto);
            texto.push('\n');
        });
        mostrar(&texto);
    }
    let _ = eventos.send(Evento::ServidorCerrado);
}

fn enviar_mensajes(mut conexion: &TcpStream, eventos: &Sender<Evento>) {
    let mut teclado = io::stdin().lock();
    let mut linea = Vec::new();
    let mut a_medias = false;
    // Una línea muy larga se envía a trozos: si no, habría que guardarla entera.
    while let Ok(1..) = teclado.by_ref().take(LECTURA as u64).read_until(b'\n', &mut linea) {
        let cortada = linea.len() == LECTURA && !linea.ends_with(b"\n");
        if !a_medias && !cortada && es_salir(&linea) {
            break;
        }
        a_medias = cortada;
        if conexion.write_all(&linea).is_err() {
            return; // el hilo de recepción lo verá también, y avisará después de mostrarlo todo
        }
        linea.clear();
    }
    // Antes de cerrar: si no, el cierre del servidor, que responde al nuestro, podría adelantarse.
    let _ = eventos.send(Evento::FinDeEntrada);
    let _ = conexion.shutdown(Shutdown::Write);
}
