//! Lo que un escenario tiene a mano, y cómo dice qué ha fallado.

use std::fmt::{Display, Write};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::conexion::{Conexion, Impostor};
use crate::pantalla::Pantalla;
use crate::programa::{Modo, Orden, Programa};
use crate::razon::Razon::{self, NoAtiende};

/// Lo que se espera a lo que debe pasar: solo se agota si algo va mal.
const LARGA: Duration = Duration::from_secs(30);

/// Lo que se espera, si no se dice otra cosa, a lo que según la tabla este paso aún no hace: le sobra a
/// quien lo hace, como comprueba [`crate::comprobar`] con el último paso.
pub const CORTA: Duration = Duration::from_millis(400);

/// Lo primero que recibe un cliente, desde el paso 04.
pub const BIENVENIDA: &str = "bienvenido al chat! escribe 'salir' para salir";

/// Por qué un escenario no se cumple.
#[derive(Debug, Clone)]
pub struct Fallo {
    /// Qué ha fallado.
    pub razon: Razon,
    /// Qué se esperaba y qué se vio.
    pub detalle: String,
}

impl Fallo {
    /// Un fallo que ningún escenario espera: de la prueba o del sistema.
    pub fn prueba(causa: &impl Display) -> Self {
        Self { razon: "fallo de la prueba".into(), detalle: causa.to_string() }
    }
}

impl From<io::Error> for Fallo {
    fn from(error: io::Error) -> Self {
        Self::prueba(&error)
    }
}

/// Lo que devuelve un escenario, y cada una de sus comprobaciones.
pub type Resultado<T = ()> = Result<T, Fallo>;

/// Lo que comparten todas las piezas de un escenario en marcha.
#[derive(Debug)]
pub struct Contexto {
    /// Cómo se manejan los programas.
    pub modo: Modo,
    /// El fallo que la tabla prevé, si prevé alguno.
    previsto: Option<Razon>,
    /// Lo que se espera a lo que provocaría ese fallo si no llega.
    corta: Duration,
    pantallas: Mutex<Vec<Arc<Pantalla>>>,
}

impl Contexto {
    /// El de quien juzga programas ajenos: por tuberías, y sin fallos previstos.
    #[must_use]
    pub fn para_juzgar() -> Arc<Self> {
        Arc::new(Self {
            modo: Modo::Tuberias,
            previsto: None,
            corta: CORTA,
            pantallas: Mutex::default(),
        })
    }

    /// Una pantalla nueva, que saldrá en el informe si algo falla.
    pub fn pantalla(&self, nombre: &str, de_terminal: bool) -> Arc<Pantalla> {
        let pantalla = Pantalla::new(nombre, de_terminal);
        let mut pantallas = self.pantallas.lock().unwrap_or_else(PoisonError::into_inner);
        pantallas.push(Arc::clone(&pantalla));
        pantalla
    }

    /// Hasta cuándo se espera a lo que, si no llega, es el fallo `si_no`.
    #[must_use]
    pub fn plazo(&self, si_no: impl Into<Razon>) -> Instant {
        Instant::now() + if self.previsto == Some(si_no.into()) { self.corta } else { LARGA }
    }

    /// Falla con `razon` si no se `cumple`.
    pub fn exige(
        &self,
        cumple: bool,
        razon: impl Into<Razon>,
        detalle: impl FnOnce() -> String,
    ) -> Resultado {
        if cumple { Ok(()) } else { Err(Fallo { razon: razon.into(), detalle: detalle() }) }
    }

    /// Espera a que una pantalla tenga esta línea, ella sola.
    pub fn ve(&self, pantalla: &Pantalla, linea: &str, si_no: impl Into<Razon>) -> Resultado {
        let si_no = si_no.into();
        let plazo = self.plazo(si_no.clone());
        let aparece = pantalla.espera(plazo, |vista| vista.tiene_linea(linea));
        self.exige(aparece, si_no, || {
            format!("se esperaba la línea «{linea}» en la pantalla de {}", pantalla.nombre)
        })
    }

    /// Todas las pantallas, una tras otra.
    #[must_use]
    pub fn informe(&self) -> String {
        let pantallas = self.pantallas.lock().unwrap_or_else(PoisonError::into_inner);
        let mut informe = String::new();
        for pantalla in pantallas.iter() {
            let vista = pantalla.vista();
            let estado = if vista.terminada { "terminada" } else { "abierta" };
            let _ = writeln!(informe, "--- {} ({estado})", pantalla.nombre);
            let lineas: Vec<&str> = vista.texto.lines().collect();
            // De una pantalla larga, cómo empieza y cómo acaba.
            let ultimas = lineas.len().saturating_sub(30).max(30);
            for linea in lineas.iter().take(30).chain(lineas.iter().skip(ultimas)) {
                let corta: String = linea.chars().take(200).flat_map(a_la_vista).collect();
                let _ = writeln!(informe, "    {corta}");
            }
        }
        informe
    }
}

fn a_la_vista(caracter: char) -> Vec<char> {
    if caracter.is_control() { caracter.escape_unicode().collect() } else { vec![caracter] }
}

/// Los programas de un paso, y un sitio donde hacerlos actuar.
pub struct Escena<'a> {
    contexto: Arc<Contexto>,
    servidor: &'a Path,
    cliente: &'a Path,
}

impl<'a> Escena<'a> {
    /// Una escena vacía. `previsto` es el fallo que se espera, si se espera alguno, y cuánto.
    #[must_use]
    pub fn new(
        modo: Modo,
        servidor: &'a Path,
        cliente: &'a Path,
        previsto: Option<(Razon, Duration)>,
    ) -> Self {
        let (previsto, corta) = previsto.unzip();
        let corta = corta.unwrap_or(CORTA);
        let contexto = Arc::new(Contexto { modo, previsto, corta, pantallas: Mutex::default() });
        Self { contexto, servidor, cliente }
    }

    /// Lo que comparten sus piezas.
    #[must_use]
    pub fn contexto(&self) -> &Arc<Contexto> {
        &self.contexto
    }

    /// La orden de poner en marcha el servidor, sin dirección todavía.
    #[must_use]
    pub fn orden_servidor(&self) -> Orden {
        Orden::new(self.servidor)
    }

    /// La orden de poner en marcha el cliente, sin dirección todavía.
    #[must_use]
    pub fn orden_cliente(&self) -> Orden {
        Orden::new(self.cliente)
    }

    /// Pone en marcha un programa.
    pub fn arranca(&self, nombre: &str, orden: &Orden) -> Resultado<Programa> {
        Programa::arrancar(&self.contexto, nombre, orden)
    }

    /// El servidor del paso, en un puerto libre y ya esperando clientes.
    pub fn servidor(&self) -> Resultado<Servidor> {
        self.servidor_con(&self.orden_servidor())
    }

    /// Lo mismo, con una orden a medida.
    pub fn servidor_con(&self, orden: &Orden) -> Resultado<Servidor> {
        let programa = self.arranca("servidor", &orden.clone().con("127.0.0.1:0"))?;
        programa.ve("esperando clientes...", "el servidor no arranca")?;
        let direccion = programa.extrae("el servidor no dice dónde escucha", |texto| {
            texto.lines().next()?.strip_prefix("servidor de chat iniciado en ")?.parse().ok()
        })?;
        Ok(Servidor { programa, direccion })
    }

    /// Un cliente del paso, ya conectado.
    pub fn cliente(&self, nombre: &str, direccion: SocketAddr) -> Resultado<Programa> {
        let cliente = self.arranca(nombre, &self.orden_cliente().con(direccion))?;
        cliente.ve("escribe tus mensajes:", "el cliente no se conecta")?;
        Ok(cliente)
    }

    /// Una conexión a mano, ya anunciada en la pantalla del servidor.
    pub fn entra(&self, nombre: &str, servidor: &Servidor) -> Resultado<Conexion> {
        let socket = servidor.conecta()?;
        let puerto = socket.local_addr()?.port();
        let conexion = Conexion::new(&self.contexto, nombre, socket, puerto)?;
        servidor.anuncia(puerto)?;
        Ok(conexion)
    }

    /// Un servidor de mentira.
    pub fn impostor(&self) -> Resultado<Impostor> {
        Impostor::new(&self.contexto)
    }
}

/// El servidor de un paso, en marcha.
pub struct Servidor {
    programa: Programa,
    /// Dónde escucha.
    pub direccion: SocketAddr,
}

impl Servidor {
    /// Una conexión de la que nadie lee mientras no lo haga la prueba.
    pub fn conecta(&self) -> Resultado<TcpStream> {
        TcpStream::connect(self.direccion)
            .map_err(|error| Fallo { razon: NoAtiende, detalle: error.to_string() })
    }

    /// Espera a que el servidor anuncie al cliente de este puerto.
    pub fn anuncia(&self, puerto: u16) -> Resultado {
        self.ve(&format!("nuevo cliente conectado: ('127.0.0.1', {puerto})"), NoAtiende)
    }

    /// Espera a que haya llegado el cliente número `cual` (desde 0); devuelve su puerto.
    pub fn puerto_del_cliente(&self, cual: usize) -> Resultado<u16> {
        self.extrae(NoAtiende, |texto| {
            let mut puertos = texto.lines().filter_map(|linea| {
                linea.strip_prefix("nuevo cliente conectado: ('127.0.0.1', ")?.strip_suffix(')')
            });
            puertos.nth(cual)?.parse().ok()
        })
    }

    /// Espera a que el servidor anuncie que el cliente de este puerto ya no está.
    pub fn despide(&self, puerto: u16, si_no: impl Into<Razon>) -> Resultado {
        self.ve(&format!("cliente ('127.0.0.1', {puerto}) desconectado"), si_no)
    }
}

impl Deref for Servidor {
    type Target = Programa;
    fn deref(&self) -> &Programa {
        &self.programa
    }
}

impl DerefMut for Servidor {
    fn deref_mut(&mut self) -> &mut Programa {
        &mut self.programa
    }
}
