//! Los servidores que se miden, cada uno un programa aparte.

use std::env;
use std::io::{self, Write};
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
/// El 04, con `TCP_NODELAY` y avisos.
pub const PASO_06: &str = "paso 06";

impl Servidor {
    /// Los tres de este repositorio que se comparan.
    pub fn nuestros() -> anyhow::Result<Vec<Self>> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let compila = Command::new(cargo)
            .args(["build", "--quiet", "--release"])
            .args(["-p", "paso-04-salir-and-cleanup", "-p", "etapa-06-no-caben"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .context("no se puede llamar a cargo")?;
        ensure!(compila.success(), "los pasos 04 y 06 no compilan");
        let carpeta = Path::new(env!("CARGO_BIN_EXE_servidor"));
        let nuestro = |(nombre, programa): (&str, &str)| {
            let programa =
                carpeta.with_file_name(programa).with_extension(env::consts::EXE_EXTENSION);
            let orden = vec![programa.display().to_string(), format!("127.0.0.1:{PUERTO}")];
            Self { nombre: nombre.to_owned(), orden, saludo: None }
        };
        let programas = [(FINAL, "servidor"), (PASO_04, "servidor-04"), (PASO_06, "servidor-06")];
        Ok(programas.map(nuestro).to_vec())
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
