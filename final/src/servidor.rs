//! El servidor de chat. El mapa de sus hilos está en la portada de [`chat`].

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use chat::lector::Lector;
use chat::sala::{Sala, Suceso};
use chat::{COLA, MENSAJE, avisar, ejecutar, explicar, mostrar, nombre};

const USO: &str = "\
uso: servidor [DIRECCIÓN]

Reenvía lo que dice cada cliente a todos los demás. Ctrl-C lo cierra.
DIRECCIÓN es 127.0.0.1:12345 si no se indica, y solo admite clientes de este ordenador;
con 0.0.0.0:12345 admite los de toda la red.
";

/// Lo que descansa el servidor cuando no puede aceptar a nadie más.
const DESCANSO: Duration = Duration::from_millis(100);

/// Lo que se espera a la sala al cerrar: más que su paciencia con quien no lee. Si tarda más, es que
/// no puede ni escribir en la pantalla.
const CIERRE: Duration = Duration::from_millis(1500);

fn main() -> ExitCode {
    ejecutar(USO, servir)
}

fn servir(direccion: &str) -> anyhow::Result<()> {
    let servidor = TcpListener::bind(direccion)
        .map_err(|error| explicar(error, &format!("escuchar en {direccion}")))?;
    let ctrl_c = al_pulsar_ctrl_c()?;
    let (sucesos, para_la_sala) = mpsc::sync_channel(COLA);
    let cerrando = Arc::new(AtomicBool::new(false));

    let local = servidor.local_addr()?;
    mostrar(&format!("servidor de chat iniciado en {local}\nesperando clientes...\n"));
    let sala = atender_sala(para_la_sala, Arc::clone(&cerrando))?;
    let para_cerrar = sucesos.clone();
    thread::Builder::new()
        .spawn(move || aceptar_clientes(&servidor, &sucesos))
        .context("no se puede crear el hilo que acepta clientes")?;

    // Este hilo no tiene nada más que hacer hasta que alguien pida cerrar.
    let _ = ctrl_c.recv();
    cerrando.store(true, Ordering::Relaxed);
    // Si el canal está lleno no hace falta despertar a la sala.
    let _ = para_cerrar.try_send(Suceso::Cerrar);
    let _ = sala.recv_timeout(CIERRE);
    Ok(())
}

/// Un canal por el que llega algo con cada Ctrl-C, y cuando el sistema pide terminar.
fn al_pulsar_ctrl_c() -> anyhow::Result<Receiver<()>> {
    let (aviso, ctrl_c) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = aviso.send(());
    })
    .context("no se puede atender a Ctrl-C")?;
    Ok(ctrl_c)
}

/// Pone en marcha el hilo de la sala. El canal que devuelve se cierra cuando ha acabado.
fn atender_sala(
    sucesos: Receiver<Suceso>,
    cerrando: Arc<AtomicBool>,
) -> anyhow::Result<Receiver<()>> {
    let (en_marcha, sala) = mpsc::channel();
    thread::Builder::new()
        .spawn(move || {
            Sala::new(io::stdout()).atender(&sucesos, &cerrando);
            drop(en_marcha);
        })
        .context("no se puede crear el hilo de la sala")?;
    Ok(sala)
}

fn aceptar_clientes(servidor: &TcpListener, sucesos: &SyncSender<Suceso>) {
    let mut avisado = false;
    for numero in 0.. {
        match servidor.accept() {
            Ok((conexion, direccion)) => {
                avisado = false;
                recibir_cliente(numero, conexion, direccion, sucesos.clone());
            }
            Err(error) => {
                // Lo normal es que falten descriptores: el que espera entrará cuando salga otro.
                if !avisado {
                    avisar(&format!("aviso: por ahora no caben más clientes: {error}\n"));
                    avisado = true;
                }
                thread::sleep(DESCANSO);
            }
        }
    }
}

fn recibir_cliente(
    numero: u64,
    conexion: TcpStream,
    direccion: SocketAddr,
    sucesos: SyncSender<Suceso>,
) {
    // Sin esto, un mensaje corto puede esperar 40 ms al acuse de recibo del anterior. Solo falla
    // si el cliente ya se ha ido.
    let _ = conexion.set_nodelay(true);
    let hilo = thread::Builder::new()
        .spawn(move || manejar_cliente(numero, &Arc::new(conexion), direccion, &sucesos));
    if let Err(error) = hilo {
        let quien = nombre(direccion);
        avisar(&format!("aviso: no se puede atender a {quien}: {error}\n"));
    }
}

/// La vida de un cliente, contada a la sala. Si la sala ya no escucha, el programa está acabando.
fn manejar_cliente(
    numero: u64,
    conexion: &Arc<TcpStream>,
    direccion: SocketAddr,
    sucesos: &SyncSender<Suceso>,
) {
    let _ = sucesos.send(Suceso::Entra { numero, direccion, conexion: Arc::clone(conexion) });
    recibir_mensajes(conexion, |mensajes| {
        let _ = sucesos.send(Suceso::Dice { numero, mensajes });
    });
    let _ = sucesos.send(Suceso::Sale { numero });
}

/// Pasa a `decir` lo que llega, hasta que el cliente se va o escribe `salir`.
fn recibir_mensajes(conexion: &TcpStream, decir: impl Fn(String)) {
    let mut lector = Lector::new(conexion, MENSAJE);
    let mut sigue = true;
    while sigue {
        let mut mensajes = String::new();
        let mut salir = false;
        let abierta = lector.leer(|mensaje| {
            salir = salir || mensaje.salir;
            if !salir {
                mensajes.push_str(&mensaje.texto);
                mensajes.push('\n');
            }
        });
        if !mensajes.is_empty() {
            decir(mensajes);
        }
        sigue = abierta && !salir;
    }
}
