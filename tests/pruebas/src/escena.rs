//! Lo que un escenario tiene a mano, y cómo dice qué ha fallado.

use std::fmt::{Display, Write};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::conexion::{Conexion, Impostor, direccion_propia, puerto_libre};
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
    /// Lo que se espera a lo que provocaría ese fallo si no llega, y a lo demás.
    corta: Duration,
    larga: Duration,
    pantallas: Mutex<Vec<Arc<Pantalla>>>,
    /// Lo que se ha ido haciendo, y cuántas veces seguidas.
    hecho: Mutex<Vec<(String, usize)>>,
    /// Las pantallas, como estaban al fallar algo.
    foto: OnceLock<String>,
}

impl Contexto {
    /// El de quien juzga programas ajenos: sin fallos previstos.
    #[must_use]
    pub fn para_juzgar(modo: Modo) -> Arc<Self> {
        Arc::new(Self {
            modo,
            previsto: None,
            corta: CORTA,
            larga: LARGA,
            pantallas: Mutex::default(),
            hecho: Mutex::default(),
            foto: OnceLock::new(),
        })
    }

    /// Apunta algo que se ha hecho. De mucho, quedan el principio y el final.
    pub fn apunta(&self, que: String) {
        const PRIMEROS: usize = 20;
        const CABEN: usize = 30;
        let mut hecho = self.hecho.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, veces)) = hecho.last_mut().filter(|(ultimo, _)| *ultimo == que) {
            *veces += 1;
            return;
        }
        if hecho.len() == CABEN {
            hecho.remove(PRIMEROS + 1);
            hecho[PRIMEROS] = ("…".into(), 1);
        }
        hecho.push((que, 1));
    }

    /// Lo que se ha hecho hasta ahora, en orden.
    #[must_use]
    pub fn hecho(&self) -> Vec<String> {
        let hecho = self.hecho.lock().unwrap_or_else(PoisonError::into_inner);
        let contar = |(que, veces): &(String, usize)| match veces {
            1 => que.clone(),
            veces => format!("{que}, {veces} veces"),
        };
        hecho.iter().map(contar).collect()
    }

    /// Una pantalla nueva, que saldrá en el informe si algo falla.
    pub fn pantalla(&self, nombre: &str, de_terminal: bool) -> Arc<Pantalla> {
        let pantalla = Pantalla::new(nombre, de_terminal);
        let mut pantallas = self.pantallas.lock().unwrap_or_else(PoisonError::into_inner);
        pantallas.push(Arc::clone(&pantalla));
        pantalla
    }

    /// ¿Es el fallo que prevé la tabla?
    pub fn preve(&self, razon: impl Into<Razon>) -> bool {
        self.previsto == Some(razon.into())
    }

    /// Hasta cuándo se espera a lo que, si no llega, es el fallo `si_no`.
    #[must_use]
    pub fn plazo(&self, si_no: impl Into<Razon>) -> Instant {
        Instant::now() + if self.preve(si_no) { self.corta } else { self.larga }
    }

    /// Falla con `razon` si no se `cumple`.
    pub fn exige(
        &self,
        cumple: bool,
        razon: impl Into<Razon>,
        detalle: impl FnOnce() -> String,
    ) -> Resultado {
        if cumple { Ok(()) } else { Err(self.fallo(razon, detalle())) }
    }

    /// Un fallo, con la foto de las pantallas: después se cierran.
    pub fn fallo(&self, razon: impl Into<Razon>, detalle: String) -> Fallo {
        self.foto.get_or_init(|| self.pantallas());
        Fallo { razon: razon.into(), detalle }
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

    /// Todas las pantallas, una tras otra: como estaban al fallar algo, o como están.
    #[must_use]
    pub fn informe(&self) -> String {
        self.foto.get().cloned().unwrap_or_else(|| self.pantallas())
    }

    fn pantallas(&self) -> String {
        // De una pantalla larga, cómo empieza y cómo acaba.
        const EXTREMO: usize = 12;
        let pantallas = self.pantallas.lock().unwrap_or_else(PoisonError::into_inner);
        let mut informe = String::new();
        for pantalla in pantallas.iter() {
            let vista = pantalla.vista();
            let estado = if vista.terminada { "terminada" } else { "abierta" };
            let _ = writeln!(informe, "--- {} ({estado})", pantalla.nombre);
            let lineas: Vec<&str> = vista.texto.lines().collect();
            let ultimas = lineas.len().saturating_sub(EXTREMO).max(EXTREMO);
            for (numero, linea) in lineas.iter().enumerate() {
                if numero < EXTREMO || numero >= ultimas {
                    let corta: String = linea.chars().take(150).flat_map(a_la_vista).collect();
                    let _ = writeln!(informe, "    {corta}");
                } else if numero == EXTREMO {
                    let _ = writeln!(informe, "    … ({} líneas más)", ultimas - EXTREMO);
                }
            }
            if !vista.texto.is_empty() && !vista.texto.ends_with('\n') {
                let _ = writeln!(informe, "    (la última línea no tiene fin de línea)");
            }
        }
        informe
    }
}

fn a_la_vista(caracter: char) -> Vec<char> {
    if caracter.is_control() { caracter.escape_unicode().collect() } else { vec![caracter] }
}

/// Los programas de un paso, y un sitio donde hacerlos actuar.
pub struct Escena {
    contexto: Arc<Contexto>,
    servidor: Orden,
    cliente: Orden,
    /// Dónde escucha el servidor.
    donde: Donde,
}

/// Dónde escuchan los servidores de una escena.
#[derive(Debug, Clone, Copy)]
pub enum Donde {
    /// En el puerto libre que le dé el sistema al programa, que lo enseña.
    Cualquiera,
    /// En uno libre, ya elegido: hay programas que enseñan el que se les pide.
    Elegido,
    /// En la única dirección que el programa conoce: que quede libre.
    Fijo(SocketAddr),
}

impl Escena {
    /// Una escena vacía. `previsto` es el fallo que se espera, si se espera alguno, y cuánto.
    #[must_use]
    pub fn new(
        modo: Modo,
        servidor: impl Into<Orden>,
        cliente: impl Into<Orden>,
        previsto: Option<(Razon, Duration)>,
    ) -> Self {
        let (previsto, corta) = previsto.unzip();
        let (corta, larga) = (corta.unwrap_or(CORTA), LARGA);
        let (pantallas, hecho, foto) = (Mutex::default(), Mutex::default(), OnceLock::new());
        let contexto = Contexto { modo, previsto, corta, larga, pantallas, hecho, foto };
        let (contexto, servidor, cliente) = (Arc::new(contexto), servidor.into(), cliente.into());
        Self { contexto, servidor, cliente, donde: Donde::Cualquiera }
    }

    /// La de unos programas que están por hacer: a lo que falta se le espera poco.
    #[must_use]
    pub fn de_quien_aprende(
        modo: Modo,
        (servidor, cliente): (Orden, Orden),
        donde: Donde,
        larga: Duration,
    ) -> Self {
        let mut escena = Self { donde, ..Self::new(modo, servidor, cliente, None) };
        if let Some(contexto) = Arc::get_mut(&mut escena.contexto) {
            contexto.larga = larga;
        }
        escena
    }

    /// Lo que comparten sus piezas.
    #[must_use]
    pub fn contexto(&self) -> &Arc<Contexto> {
        &self.contexto
    }

    /// La orden de poner en marcha el servidor, sin dirección todavía.
    #[must_use]
    pub fn orden_servidor(&self) -> Orden {
        self.servidor.clone()
    }

    /// La orden de poner en marcha el cliente, sin dirección todavía.
    #[must_use]
    pub fn orden_cliente(&self) -> Orden {
        self.cliente.clone()
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
        let pedida = match self.donde {
            Donde::Cualquiera => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            Donde::Elegido => direccion_propia()?,
            Donde::Fijo(direccion) => {
                puerto_libre(direccion)?;
                direccion
            }
        };
        let programa = self.arranca("servidor", &orden.clone().con(pedida))?;
        programa.ve("esperando clientes...", "el servidor no arranca")?;
        let direccion = programa.extrae("el servidor no dice dónde escucha", |texto| {
            texto.lines().next()?.strip_prefix("servidor de chat iniciado en ")?.parse().ok()
        });
        let direccion = direccion.map_err(|fallo| Fallo {
            detalle: format!("se esperaba «servidor de chat iniciado en {pedida}», lo primero"),
            ..fallo
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

    /// Si los programas solo saben usar una dirección, espera a que esté libre.
    pub fn espera_su_puerto(&self) -> Resultado {
        if let Donde::Fijo(direccion) = self.donde { puerto_libre(direccion) } else { Ok(()) }
    }

    /// Un servidor de mentira.
    pub fn impostor(&self) -> Resultado<Impostor> {
        match self.donde {
            Donde::Fijo(direccion) => {
                puerto_libre(direccion)?;
                Impostor::en(&self.contexto, direccion)
            }
            Donde::Cualquiera | Donde::Elegido => Impostor::new(&self.contexto),
        }
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
        TcpStream::connect(self.direccion).map_err(|error| {
            let a_donde = self.direccion;
            let detalle = format!("en {a_donde}, que es donde dice que escucha: {error}");
            self.contexto().fallo(NoAtiende, detalle)
        })
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
