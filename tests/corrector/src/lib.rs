//! El corrector: mira desde fuera unos programas cualesquiera, y dice qué cláusulas del enunciado
//! cumplen.
//!
//! Lo que hace cada cláusula está en [`servidor`] y en [`cliente`]; qué fila de la rúbrica le toca a
//! cada fallo, donde se ve el fallo; cómo se cuenta todo, en [`informe`].

pub mod clase;
pub mod cliente;
pub mod documento;
pub mod donde;
pub mod en_marcha;
pub mod informe;
mod manera;
pub mod pareja;
pub mod preguntas;
pub mod servidor;

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use deunicode::deunicode_char;
use pruebas::conexion::Conexion;
use pruebas::escena::{Contexto, Fallo, Resultado};
use pruebas::programa::{Orden, Programa};

use manera::{DE_PERSONA, Manera};

pub use manera::NO_ARRANCA;

/// Lo que se espera a lo que un programa correcto hace enseguida, con el ordenador ocupado.
pub const ESPERA: Duration = Duration::from_secs(5);

/// Lo que se espera a lo que, si pasa, pasa enseguida, cuando ya se sabe que el programa va.
pub const UN_RATO: Duration = Duration::from_secs(3);

/// Lo que se espera a que un programa arranque: el intérprete puede ser lento.
pub const ARRANQUE: Duration = Duration::from_secs(20);

/// Lo que se espera a lo que no debe pasar.
pub const POR_SI_ACASO: Duration = Duration::from_millis(400);

/// Lo que tarda en pasar algo, si el programa no espera a que antes se le diga nada.
pub const CALLADO: Duration = Duration::from_secs(3);

/// Lo que se guarda de lo que escribe un programa, y de lo que llega por una conexión, en bytes.
const TOPE: usize = 256 * 1024;

/// Lo que vale cada programa.
pub const PUNTOS: f64 = 5.0;

/// Lo que se ve de una cláusula que aún no se ha comprobado.
const SIN_VER: &str = "no se ha llegado a ella";

/// Una cláusula del enunciado, ya juzgada.
#[derive(Debug, Clone)]
pub struct Clausula {
    /// `S1`…`S6`, `C1`…`C4`.
    pub nombre: &'static str,
    /// Lo que pide el enunciado.
    pub pide: &'static str,
    /// Si se cumple. Nada si desde fuera no se ve, o si no se llegó a ella.
    pub cumple: Option<bool>,
    /// Qué se hizo.
    pub hecho: String,
    /// Qué se esperaba.
    pub esperado: String,
    /// Qué se vio.
    pub visto: String,
    /// El capítulo de este repositorio que la trata.
    pub capitulo: &'static str,
    /// La fila de la rúbrica de la que ya no pasa un programa que falla así.
    pub techo: u32,
}

/// Lo que se ha decidido de un programa.
#[derive(Debug, Clone)]
pub struct Juicio {
    /// Todas las cláusulas, en el orden del enunciado.
    pub clausulas: Vec<Clausula>,
    /// Lo último que salió del programa.
    pub pantalla: String,
    /// Dónde escucha, si es un servidor y llega a escuchar.
    pub escucha: Option<SocketAddr>,
    /// Todo lo que se guarda de lo que salió.
    salida: String,
    /// Terminó antes de que se le pidiera.
    terminado: bool,
    /// Nada de lo que se escribe en él llega.
    no_envia: bool,
    /// Con qué orden se puso en marcha, si no es la que se dio.
    orden: Option<Orden>,
    /// De qué manera se ha juzgado.
    manera: Manera,
    /// Lo que hubo que hacer para poder juzgarlo, y otras cosas que conviene saber.
    pub avisos: Vec<String>,
}

impl Juicio {
    fn new(enunciado: &[(&'static str, &'static str, &'static str)]) -> Self {
        let clausulas = enunciado.iter().map(|(nombre, pide, capitulo)| Clausula {
            nombre,
            pide,
            cumple: None,
            hecho: String::new(),
            esperado: String::new(),
            visto: SIN_VER.into(),
            capitulo,
            techo: 100,
        });
        Self {
            clausulas: clausulas.collect(),
            pantalla: String::new(),
            escucha: None,
            salida: String::new(),
            terminado: false,
            no_envia: false,
            orden: None,
            manera: Manera { modo: DE_PERSONA, llano: false },
            avisos: Vec::new(),
        }
    }

    fn anota(&mut self, nombre: &str, veredicto: Veredicto) {
        if let Some(clausula) = self.clausulas.iter_mut().find(|una| una.nombre == nombre) {
            clausula.cumple = veredicto.cumple;
            clausula.hecho = veredicto.hecho;
            clausula.esperado = veredicto.esperado;
            clausula.visto = veredicto.visto;
            clausula.techo = veredicto.techo;
        }
    }

    /// Como [`anota`](Self::anota), si la cláusula no se cumplía ya.
    fn mejora(&mut self, nombre: &str, veredicto: Veredicto) {
        let falta = |una: &Clausula| una.nombre == nombre && una.cumple != Some(true);
        if self.clausulas.iter().any(falta) {
            self.anota(nombre, veredicto);
        }
    }

    /// El programa ha dejado de responder: es un fallo de la primera cláusula que faltaba por ver.
    fn corta(&mut self, techo: u32, causa: &str) {
        if let Some(clausula) = self.clausulas.iter_mut().find(|una| una.visto == SIN_VER) {
            clausula.cumple = Some(false);
            clausula.techo = techo;
            clausula.hecho = "empezar a comprobarla".into();
            clausula.esperado = "que el programa siga respondiendo".into();
            clausula.visto = causa.into();
        }
    }

    /// Lo que había en su pantalla al acabar de juzgarlo.
    fn acaba(&mut self, programa: &mut Programa) {
        self.salida = se_ve(programa);
        self.pantalla = final_de(&self.salida);
        self.terminado = programa.pantalla.vista().terminada;
        programa.matar();
    }

    /// ¿Llega a escuchar, o a conectarse, aunque sea en otro sitio?
    #[must_use]
    pub fn arranca(&self) -> bool {
        self.clausulas.first().is_some_and(|primera| primera.cumple.is_some() && primera.techo > 0)
    }

    /// ¿Escucha, o se conecta, donde se le pide?
    fn en_su_sitio(&self) -> bool {
        self.clausulas.first().is_some_and(|primera| primera.cumple == Some(true))
    }

    /// ¿No se entiende con quien le habla con líneas de texto?
    fn no_se_entiende(&self) -> bool {
        let hablando = |una: &&str| ["S2", "S5", "C2", "C3"].contains(una);
        self.fila() <= 25 && self.fallan().iter().any(hablando)
    }

    /// Lo decidido, si se puede decidir: quien no se ha entendido con nadie y parece hablar a su manera, que es
    /// `protocolo`, queda para una persona.
    ///
    /// # Errors
    ///
    /// Si no se puede.
    pub fn decidido(self, protocolo: Option<&str>) -> Resultado<Self> {
        match protocolo {
            Some(cual) if self.no_se_entiende() => Err(Fallo {
                razon: format!("parece tener un protocolo propio ({cual})").into(),
                detalle: "ni con el corrector ni con su pareja se entiende: míralo tú".into(),
            }),
            _ => Ok(self),
        }
    }

    /// ¿Se cumple todo lo que se ha podido ver?
    #[must_use]
    pub fn cumple_todo(&self) -> bool {
        self.fallan().is_empty()
    }

    /// Las cláusulas que no se cumplen.
    #[must_use]
    pub fn fallan(&self) -> Vec<&'static str> {
        let fallos = self.clausulas.iter().filter(|clausula| clausula.cumple == Some(false));
        fallos.map(|clausula| clausula.nombre).collect()
    }

    /// La fila de la rúbrica que se propone: 100, 75, 50, 25 o 0.
    #[must_use]
    pub fn fila(&self) -> u32 {
        // Un cliente que ni enseña ni envía no hace nada.
        if self.no_envia && self.fallan().contains(&"C2") {
            return 0;
        }
        let fallos = self.clausulas.iter().filter(|clausula| clausula.cumple == Some(false));
        fallos.map(|clausula| clausula.techo).min().unwrap_or(100)
    }

    /// Los puntos de esa fila.
    #[must_use]
    pub fn puntos(&self) -> f64 {
        PUNTOS * f64::from(self.fila()) / 100.0
    }
}

/// Un texto, letra a letra, sin eñes ni acentos; con sus fines de línea, que `deunicode` quita.
#[must_use]
pub fn sin_acentos(texto: &str) -> String {
    let llana =
        |c: char| if c.is_ascii() { c.into() } else { deunicode_char(c).unwrap_or("").to_owned() };
    texto.chars().map(llana).collect()
}

/// Lo que se ve de un programa, sin las órdenes que dé al terminal.
fn se_ve(programa: &Programa) -> String {
    strip_ansi_escapes::strip_str(programa.pantalla.texto())
}

/// Lo que ha pasado con un programa que ya no responde.
fn que_ha_pasado(programa: &mut Programa) -> String {
    let como = programa.como_ha_terminado();
    como.map_or("la conexión se ha cortado".into(), |como| {
        format!("el programa ha terminado {como}")
    })
}

/// Lo que se anota de una cláusula.
struct Veredicto {
    cumple: Option<bool>,
    hecho: String,
    esperado: String,
    visto: String,
    techo: u32,
}

impl Veredicto {
    fn new(hecho: &str, esperado: &str) -> Self {
        let (hecho, esperado) = (hecho.into(), esperado.into());
        Self { cumple: Some(true), hecho, esperado, visto: "eso mismo".into(), techo: 100 }
    }

    fn falla(mut self, techo: u32, visto: impl Into<String>) -> Self {
        (self.cumple, self.techo, self.visto) = (Some(false), techo, visto.into());
        self
    }

    fn si(mut self, visto: &str) -> Self {
        self.visto = visto.into();
        self
    }

    fn no_se_ve(mut self, visto: impl Into<String>) -> Self {
        (self.cumple, self.visto) = (None, visto.into());
        self
    }
}

/// Espera a que se cumpla algo; devuelve si se cumplió a tiempo. Con el ordenador tan ocupado que ni esta espera
/// despierta cuando debe, tampoco el programa puede: ese tiempo no cuenta entero.
fn hasta(plazo: Duration, condicion: impl Fn() -> bool) -> bool {
    const MIRADA: Duration = Duration::from_millis(5);
    let mut queda = plazo;
    loop {
        let inicio = Instant::now();
        if condicion() {
            return true;
        }
        if queda.is_zero() {
            return false;
        }
        let mirando = inicio.elapsed();
        thread::sleep(MIRADA);
        let durmiendo = inicio.elapsed().saturating_sub(mirando);
        queda = queda.saturating_sub(mirando + durmiendo.min(2 * MIRADA));
    }
}

/// Pone en marcha un programa que se juzga.
fn arrancar(contexto: &Arc<Contexto>, nombre: &str, orden: &Orden) -> Resultado<Programa> {
    let programa = Programa::arrancar(contexto, nombre, orden)?;
    programa.pantalla.limita(TOPE);
    Ok(programa)
}

/// Una conexión a mano con el programa que se juzga.
fn conectar(contexto: &Arc<Contexto>, nombre: &str, direccion: SocketAddr) -> Resultado<Conexion> {
    let socket = TcpStream::connect_timeout(&direccion, ESPERA)?;
    let puerto = socket.local_addr()?.port();
    let conexion = Conexion::new(contexto, nombre, socket, puerto)?.se_cortara();
    conexion.pantalla.limita(TOPE);
    Ok(conexion)
}

/// Dice algo una y otra vez hasta que se cumple la condición; devuelve si se cumplió a tiempo.
fn insiste(quien: &Conexion, texto: &str, condicion: impl Fn() -> bool) -> bool {
    /// Unos cinco segundos.
    const VECES: usize = 12;
    (0..VECES).any(|_| {
        // Si ya no se puede decir, se ve en que la condición no se cumple.
        let _ = quien.envia(format!("{texto}\n"));
        hasta(POR_SI_ACASO, &condicion)
    })
}

/// Lo último de una pantalla, para enseñarlo.
fn final_de(texto: &str) -> String {
    let lineas: Vec<&str> = texto.lines().collect();
    let ultimas = &lineas[lineas.len().saturating_sub(12)..];
    ultimas.iter().map(|linea| linea.chars().take(120).collect::<String>() + "\n").collect()
}
