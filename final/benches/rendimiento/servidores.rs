//! Los servidores que se miden, cada uno un programa aparte.

use std::env;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail, ensure};

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
    fn new(nombre: &str, orden: &[&str]) -> Self {
        let orden = orden.iter().map(|&parte| parte.to_owned()).collect();
        Self { nombre: nombre.to_owned(), orden, saludo: None }
    }

    /// Los tres de este repositorio: el de `final`, el del paso 04 y el de [`crate::sin_sala`].
    pub fn nuestros() -> anyhow::Result<Vec<Self>> {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let compila = Command::new(cargo)
            .args(["build", "--quiet", "--release", "-p", "paso-04-salir-and-cleanup"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .context("no se puede llamar a cargo")?;
        ensure!(compila.success(), "el paso 04 no compila");
        let el_final = PathBuf::from(env!("CARGO_BIN_EXE_servidor"));
        let el_04 = el_final.with_file_name(format!("servidor-04{}", env::consts::EXE_SUFFIX));
        let este = env::current_exe()?;
        Ok(vec![
            Self::new(FINAL, &[&el_final.to_string_lossy(), "127.0.0.1:PUERTO"]),
            Self::new(PASO_04, &[&el_04.to_string_lossy(), "127.0.0.1:PUERTO"]),
            Self::new(SIN_SALA, &[&este.to_string_lossy(), "--sin-sala", PUERTO]),
        ])
    }

    /// Uno cualquiera: `nombre=orden con PUERTO`.
    pub fn rival(texto: &str) -> anyhow::Result<Self> {
        let Some((nombre, orden)) = texto.split_once('=') else {
            bail!("un rival se escribe 'nombre=orden con PUERTO'");
        };
        let vale =
            !nombre.is_empty() && nombre.chars().all(|c| c.is_alphanumeric() || " .-_".contains(c));
        ensure!(vale, "un nombre se escribe con letras, cifras, puntos y guiones: «{nombre}»");
        ensure!(orden.contains(PUERTO), "en la orden de {nombre} falta la palabra PUERTO");
        Ok(Self::new(nombre, &orden.split_whitespace().collect::<Vec<_>>()))
    }

    /// El mismo, puesto en marcha por otro programa.
    pub fn detras_de(&self, vigilante: &[&str]) -> Self {
        let vigilante = vigilante.iter().map(|&parte| parte.to_owned());
        let orden = vigilante.chain(self.orden.iter().cloned()).collect();
        Self { orden, ..self.clone() }
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
    hijo: Child,
    pub direccion: SocketAddr,
}

impl EnMarcha {
    pub fn pid(&self) -> u32 {
        self.hijo.id()
    }

    /// ¿No ha acabado ya?
    pub fn sigue(&mut self) -> bool {
        matches!(self.hijo.try_wait(), Ok(None))
    }

    /// Espera a que acabe.
    pub fn esperar(&mut self) -> io::Result<()> {
        self.hijo.wait().map(|_| ())
    }
}

impl Drop for EnMarcha {
    fn drop(&mut self) {
        let _ = self.hijo.kill();
        let _ = self.hijo.wait();
    }
}
