//! Lo que comparten el servidor y el cliente, y el mapa de sus hilos.
//!
//! # El servidor
//!
//! ```text
//!  hilo principal: acepta ──> un hilo por cliente: lee de su socket
//!                                │
//!         Entra, Dice, Sale      │
//!         (canal con límite)     v
//!                               la sala ──> escribe a cada cliente
//! ```
//!
//! Un solo hilo [atiende la sala](sala): es el único que escribe a los
//! clientes, y por eso hay un solo orden de los mensajes. Cada hilo que lee de
//! un cliente cuenta su vida entera por el canal: un `Entra`, los `Dice` que
//! haga falta y un `Sale`.
//!
//! # El cliente
//!
//! ```text
//!  hilo del teclado ──> socket ──> servidor ──> socket ──> hilo de recepción
//!         │                                                  │           │
//!         │ FinDeEntrada        Llega, Mostrado,             │           v
//!         v                     ServidorCerrado              │       pantalla
//!  hilo principal <──────────────────────────────────────────┘
//!         ^
//!  Ctrl-C ┘
//! ```
//!
//! El hilo principal solo espera a que alguien diga que se acabó: ninguna
//! escritura en el socket lo puede bloquear, y por eso Ctrl-C funciona también
//! con un servidor que no lee.

use std::env;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::anyhow;

pub mod lector;
pub mod mensajes;
pub mod sala;

/// Donde escucha el servidor, y a donde se conecta el cliente, si no se dice
/// otra cosa.
pub const DIRECCION: &str = "127.0.0.1:12345";

/// Pone en marcha `programa` con la dirección de la línea de órdenes.
///
/// Con `--help` enseña cómo se usa y devuelve 0; si la línea de órdenes está
/// mal, lo mismo en la salida de errores, y 2. Un fallo de `programa` se
/// cuenta en una línea: 1.
pub fn ejecutar(
    uso: &str,
    programa: fn(&str) -> anyhow::Result<()>,
) -> ExitCode {
    let argumentos: Vec<String> = env::args_os()
        .skip(1)
        .map(|texto| texto.to_string_lossy().into_owned())
        .collect();
    let direccion = match argumentos.as_slice() {
        [] => DIRECCION,
        [ayuda] if ayuda == "--help" || ayuda == "-h" => {
            mostrar(uso);
            return ExitCode::SUCCESS;
        }
        [direccion] if !direccion.starts_with('-') => direccion,
        _ => {
            avisar(uso);
            return ExitCode::from(2);
        }
    };
    match programa(direccion) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            avisar(&format!("error: {error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

/// Convierte un fallo de la red en uno que dice qué se intentaba y qué se
/// puede probar.
#[must_use]
pub fn explicar(error: io::Error, intento: &str) -> anyhow::Error {
    let consejo = match error.kind() {
        ErrorKind::AddrInUse => "¿hay otro servidor en marcha?",
        ErrorKind::AddrNotAvailable => {
            "aquí no vale esa dirección; prueba con 127.0.0.1:12345"
        }
        ErrorKind::ConnectionRefused => "¿está en marcha el servidor?",
        ErrorKind::PermissionDenied => {
            "prueba con otro puerto, mayor que 1023"
        }
        ErrorKind::InvalidInput => {
            return anyhow!(
                "no se puede {intento}: una dirección es como \
                 127.0.0.1:12345, y el puerto no pasa de 65535"
            );
        }
        _ => "¿está bien escrita la dirección?",
    };
    anyhow::Error::new(error)
        .context(format!("no se puede {intento} ({consejo})"))
}

/// Cómo llama el servidor a un cliente en su pantalla: `('127.0.0.1', 50000)`.
#[must_use]
pub fn nombre(cliente: SocketAddr) -> String {
    format!("('{}', {})", cliente.ip().to_canonical(), cliente.port())
}

/// Escribe en la pantalla. Si está cerrada no falla: a un chat le queda mucho
/// por hacer.
pub fn mostrar(texto: &str) {
    let mut salida = io::stdout().lock();
    let _ = salida.write_all(texto.as_bytes());
    let _ = salida.flush();
}

/// Escribe en la salida de errores, como [`mostrar`].
pub fn avisar(texto: &str) {
    let _ = io::stderr().write_all(texto.as_bytes());
}
