//! Los servidores que se miden, cada uno un programa aparte.

use std::env;
use std::io::{self, Write};
use std::iter::once;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// Lo que en una orden hace de puerto.
const PUERTO: &str = "PUERTO";

/// Cómo se pone en marcha un servidor.
#[derive(Debug, Clone)]
pub struct Servidor {
    pub nombre: String,
    orden: Vec<String>,
    /// Lo primero que dice cada cliente; `{}` es su número.
    pub saludo: Option<String>,
}

pub const FINAL: &str = "final";
pub const PASO_04: &str = "paso 04";
pub const SIN_SALA: &str = "sin sala";

impl Servidor {
    fn new(nombre: &str, programa: &Path, argumentos: &[&str]) -> Self {
        let argumentos = argumentos.iter().map(|&argumento| argumento.to_owned());
        let orden = once(programa.display().to_string()).chain(argumentos).collect();
        Self { nombre: nombre.to_owned(), orden, saludo: None }
    }

    /// Los tres de este repositorio: el de `final`, el del paso 04 y el de [`crate::sin_sala`].
    pub fn nuestros() -> anyhow::Result<Vec<Self>> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let compila = Command::new(cargo)
            .args(["build", "--quiet", "--release", "-p", "paso-04-salir-and-cleanup"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .context("no se puede llamar a cargo")?;
        ensure!(compila.success(), "el paso 04 no compila");
        let el_final = Path::new(env!("CARGO_BIN_EXE_servidor"));
        let el_04 = el_final.with_file_name(format!("servidor-04{}", env::consts::EXE_SUFFIX));
        Ok(vec![
            Self::new(FINAL, el_final, &["127.0.0.1:PUERTO"]),
            Self::new(PASO_04, &el_04, &["127.0.0.1:PUERTO"]),
            Self::new(SIN_SALA, &env::current_exe()?, &["--sin-sala", PUERTO]),
        ])
    }

    /// Uno cualquiera: `nombre=orden con PUERTO`.
    pub fn rival(texto: &str) -> anyhow::Result<Self> {
        let rival = texto.split_once('=').filter(|(_, orden)| orden.contains(PUERTO));
        let (nombre, orden) = rival.context("un rival se escribe 'nombre=orden con PUERTO'")?;
        let orden = orden.split_whitespace().map(str::to_owned).collect();
        Ok(Self { nombre: nombre.replace('|', "/"), orden, saludo: None })
    }

    /// El mismo, puesto en marcha por otro programa.
    pub fn detras_de(&self, vigilante: &[&str]) -> Self {
        let vigilante: Vec<_> = vigilante.iter().map(|&parte| parte.to_owned()).collect();
        Self { orden: [&*vigilante, &*self.orden].concat(), ..self.clone() }
    }

    /// Lo pone en marcha en un puerto libre, sin pantalla.
    pub fn arrancar(&self) -> anyhow::Result<EnMarcha> {
        // El servidor lo ocupará enseguida: el riesgo de que otro se adelante es pequeño.
        let direccion = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let puerto = direccion.port().to_string();
        let mut orden = self.orden.iter().map(|parte| parte.replace(PUERTO, &puerto));
        let programa = orden.next().context("la orden está vacía")?;
        let hijo = Command::new(&programa)
            .args(orden)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("no se puede poner en marcha {programa}"))?;
        Ok(EnMarcha { hijo, direccion })
    }

    pub fn saludar(&self, mut socket: &TcpStream, numero: usize) -> io::Result<()> {
        let Some(saludo) = &self.saludo else { return Ok(()) };
        socket.write_all(format!("{}\n", saludo.replace("{}", &numero.to_string())).as_bytes())
    }
}

/// Un servidor en marcha. Al soltarlo, se mata.
pub struct EnMarcha {
    pub hijo: Child,
    pub direccion: SocketAddr,
}

impl Drop for EnMarcha {
    fn drop(&mut self) {
        let _ = self.hijo.kill();
        let _ = self.hijo.wait();
    }
}
