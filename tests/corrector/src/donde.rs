//! Dónde se encuentran dos programas, en la dirección que se les pide o, si usan otra, en la suya; y si hablan a su
//! manera.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use listeners::Protocol;
use pruebas::programa::Programa;

/// Dónde se busca a un programa, y con qué protocolo.
#[derive(Debug, Clone)]
pub struct Donde {
    /// La dirección que se le pide.
    pub direccion: SocketAddr,
    /// Los puertos a los que puede ir en vez de a ese.
    pub puertos: Vec<u16>,
    /// En una red que es solo de quien juzga: cualquier dirección es de este ordenador.
    pub red_propia: bool,
    /// Cómo parece que habla, por su código, si no es con líneas de texto.
    pub protocolo: Option<&'static str>,
}

impl Donde {
    /// Solo en esa dirección.
    #[must_use]
    pub fn en(direccion: SocketAddr) -> Self {
        Self { direccion, puertos: Vec::new(), red_propia: false, protocolo: None }
    }

    /// O en el puerto de esta, si la hay.
    #[must_use]
    pub fn o_donde(mut self, otra: Option<SocketAddr>) -> Self {
        let puerto = otra.map(|otra| otra.port()).filter(|puerto| *puerto != self.direccion.port());
        self.puertos.extend(puerto);
        self
    }

    /// Con los números que haya en estos ficheros y puedan ser un puerto.
    #[must_use]
    pub fn o_lo_que_digan(mut self, ficheros: &[PathBuf]) -> Self {
        /// Los que se prueban, y lo que puede ocupar un fichero que alguien ha escrito.
        const BASTAN: usize = 24;
        const ESCRITO: usize = 256 * 1024;
        for ruta in ficheros {
            let codigo = fs::read(ruta).unwrap_or_default();
            let codigo =
                if codigo.len() > ESCRITO { "".into() } else { String::from_utf8_lossy(&codigo) };
            let numeros = codigo.split(|c: char| !c.is_alphanumeric());
            for puerto in numeros.filter_map(|numero| numero.parse().ok()) {
                let ya = puerto == self.direccion.port() || self.puertos.contains(&puerto);
                if puerto >= 1024 && !ya && self.puertos.len() < BASTAN {
                    self.puertos.push(puerto);
                }
            }
        }
        self
    }

    /// Las direcciones en las que hay que esperarlo.
    pub(crate) fn esperas(&self) -> impl Iterator<Item = SocketAddr> {
        let ip = if self.red_propia { Ipv4Addr::UNSPECIFIED.into() } else { self.direccion.ip() };
        let puertos = [self.direccion.port()].into_iter().chain(self.puertos.iter().copied());
        puertos.map(move |puerto| SocketAddr::new(ip, puerto))
    }
}

/// Las direcciones en las que escucha un programa, donde se puede saber.
pub(crate) fn escucha_en(programa: &Programa) -> Vec<SocketAddr> {
    let (Some(suyo), Ok(todos)) = (programa.proceso(), listeners::get_all()) else {
        return Vec::new();
    };
    // O lo que ha puesto en marcha, en su grupo.
    let es_suyo = |pid: u32| pid == suyo || grupo_de(pid) == Some(suyo);
    let mut direcciones: Vec<SocketAddr> = todos
        .into_iter()
        .filter(|uno| uno.protocol == Protocol::TCP && es_suyo(uno.process.pid))
        .map(|uno| match uno.socket.ip() {
            ip if ip.is_unspecified() => {
                SocketAddr::new(Ipv4Addr::LOCALHOST.into(), uno.socket.port())
            }
            IpAddr::V6(ip) => SocketAddr::new(IpAddr::V6(ip).to_canonical(), uno.socket.port()),
            IpAddr::V4(_) => uno.socket,
        })
        .collect();
    direcciones.sort();
    direcciones
}

/// El grupo de un proceso, en Linux.
fn grupo_de(pid: u32) -> Option<u32> {
    let estado = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Entre paréntesis va su nombre, que puede ser cualquiera.
    estado.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()
}
