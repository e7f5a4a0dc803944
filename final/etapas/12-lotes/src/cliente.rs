//! El cliente de chat: no se fía de nada de lo que le llega.
//!
//! El mapa de sus hilos está en la portada de [`chat`].

use chat_12 as chat;

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chat::lector::Lector;
use chat::mensajes::{Silencios, es_salir};
use chat::{avisar, ejecutar, explicar, mostrar};

const USO: &str = "\
uso: cliente [DIRECCIÓN]

Envía lo que escribes y muestra lo que dicen los demás.
Para salir: salir, Ctrl-D o Ctrl-C.
DIRECCIÓN es 127.0.0.1:12345 si no se indica.
";

/// Lo más largo que se espera de una línea del servidor, en bytes: 1024 bytes
/// que se enseñan con 6 cada uno (`\u{1b}`), con `usuario 65535: ` delante,
/// son 6159.
const LINEA: usize = 8 * 1024;

/// Los bytes de una línea tecleada que se envían de una vez, como mucho. Con
/// otros tantos solo cambiaría lo que se tarda.
const TROZO: usize = 4 * 1024;

/// Lo que se espera, al salir, a que el servidor cierre o envíe algo más.
const DESPEDIDA: Duration = Duration::from_secs(1);

const CERRADO: &str = "el servidor ha cerrado la conexión\n";

const SIN_CERRAR: &str = "aviso: el servidor no ha cerrado; puede que no le \
                          llegue todo lo escrito\n";

/// Lo que se espera a una pantalla que no toma lo último que se le escribe.
const MOMENTO: Duration = Duration::from_millis(500);

/// Lo que va pasando en una conversación.
enum Evento {
    /// Ha llegado algo, y se va a mostrar.
    Llega,
    /// Lo que llegó ya está en la pantalla.
    Mostrado,
    /// El usuario ha escrito `salir` o ya no hay más que leer; todo lo
    /// anterior está enviado.
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
    let conexion = TcpStream::connect(direccion).map_err(|error| {
        explicar(error, &format!("conectar con {direccion}"))
    })?;
    // Solo falla si el servidor ya se ha ido, y eso se verá al leer.
    let _ = conexion.set_nodelay(true);
    let conexion = Arc::new(conexion);
    let (eventos, para_el_principal) = mpsc::channel();
    avisar_de_ctrl_c(eventos.clone())?;

    // Antes de empezar a recibir: la bienvenida del servidor va después.
    mostrar("conectado al servidor de chat!\nescribe tus mensajes:\n");
    let (lectura, recepcion) = (Arc::clone(&conexion), eventos.clone());
    thread::Builder::new()
        .spawn(move || recibir_mensajes(&lectura, &recepcion))
        .context("no se puede crear el hilo de recepción")?;
    thread::Builder::new()
        .spawn(move || enviar_mensajes(&conexion, &eventos))
        .context("no se puede crear el hilo del teclado")?;
    esperar_al_final(&para_el_principal);
    Ok(())
}

fn avisar_de_ctrl_c(eventos: Sender<Evento>) -> anyhow::Result<()> {
    ctrlc::set_handler(move || {
        let _ = eventos.send(Evento::CtrlC);
    })
    .context("no se puede atender a Ctrl-C")
}

fn recibir_mensajes(conexion: &TcpStream, eventos: &Sender<Evento>) {
    let mut lector = Lector::new(conexion, LINEA, Silencios::Terminan);
    let mut abierta = true;
    while abierta {
        let mut texto = String::new();
        abierta = lector.leer(|mensaje| {
            texto.push_str(&mensaje.texto);
            texto.push('\n');
        });
        if !texto.is_empty() {
            let _ = eventos.send(Evento::Llega);
            mostrar(&texto);
            let _ = eventos.send(Evento::Mostrado);
        }
    }
    let _ = eventos.send(Evento::ServidorCerrado);
}

fn enviar_mensajes(mut conexion: &TcpStream, eventos: &Sender<Evento>) {
    let mut teclado = io::stdin().lock();
    let mut linea = Vec::new();
    let mut a_medias = false;
    // Una línea muy larga se envía a trozos: si no, habría que guardarla
    // entera.
    while let Ok(1..) =
        teclado.by_ref().take(TROZO as u64).read_until(b'\n', &mut linea)
    {
        let cortada = linea.len() == TROZO && !linea.ends_with(b"\n");
        if !a_medias && !cortada && es_salir(&linea) {
            break;
        }
        a_medias = cortada;
        if conexion.write_all(&linea).is_err() {
            // Lo verá también el hilo de recepción, y avisará él, después de
            // mostrarlo todo.
            return;
        }
        linea.clear();
    }
    // Antes de cerrar: si no, el cierre del servidor, que responde al nuestro,
    // podría adelantarse.
    let _ = eventos.send(Evento::FinDeEntrada);
    let _ = conexion.shutdown(Shutdown::Write);
}

/// Espera a que la conversación termine, y se despide.
fn esperar_al_final(eventos: &Receiver<Evento>) {
    let (mut mostrando, mut saliendo) = (false, false);
    loop {
        // Irse ya, con algo por leer o por mostrar, lo perdería; y reiniciaría
        // la conexión, y el servidor podría perder lo último que se le envió.
        let plazo =
            if saliendo && !mostrando { DESPEDIDA } else { Duration::MAX };
        match eventos.recv_timeout(plazo) {
            Ok(Evento::Llega) => mostrando = true,
            Ok(Evento::Mostrado) => mostrando = false,
            Ok(Evento::FinDeEntrada) => saliendo = true,
            Ok(Evento::ServidorCerrado) if saliendo => return,
            Ok(Evento::ServidorCerrado) => return acabar(mostrar, CERRADO),
            Ok(Evento::CtrlC) => return acabar(mostrar, "\nsaliendo...\n"),
            Err(_) => return acabar(avisar, SIN_CERRAR),
        }
    }
}

/// Escribe lo último que dice el programa, sin esperar más de un momento a que
/// la pantalla lo tome: puede estar congelada, y hay que terminar igualmente.
fn acabar(escribir: fn(&str), texto: &'static str) {
    let (hecho, espera) = mpsc::channel();
    let hilo = thread::Builder::new().spawn(move || {
        escribir(texto);
        let _ = hecho.send(());
    });
    // Si no hay ni hilo, no hay a quién esperar.
    if hilo.is_ok() {
        let _ = espera.recv_timeout(MOMENTO);
    }
}
