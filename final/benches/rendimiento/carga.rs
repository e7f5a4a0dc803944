//! El lado que carga: un solo hilo con un bucle de eventos hace de todos los clientes, y cuenta cada
//! mensaje que llega.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream as Conexion};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, ensure};
use memchr::memchr_iter;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use pruebas::conexion::conecta_con_sitio_para;
use pruebas::consumo::Consumo;

use crate::servidores::{EnMarcha, Servidor};

/// Los bytes de un mensaje, con su fin de línea.
pub const MENSAJE: usize = 40;

/// El número de quien firma los mensajes que solo preguntan si alguien oye ya.
const SONDA: usize = 99_999;

/// Los bytes que se escriben de una vez, como mucho.
const TROZO: usize = 64 * 1024;

/// Cada cuántas conexiones se da un respiro al servidor: en la cola de las que aún no ha aceptado
/// caben 128, y las que no caben tardan un segundo en volver a probar.
const TANDA: usize = 64;

/// Lo que se espera, sin que llegue nada, antes de dar por perdido lo que falta.
const SIN_NOVEDAD: Duration = Duration::from_secs(5);

/// Lo que se espera a que un servidor arranque y todos oigan.
const ARRANQUE: Duration = Duration::from_secs(60);

/// Lo más que se espera a que pase algo.
const RATO: Duration = Duration::from_millis(100);

/// Cuánta gente, y cómo habla.
#[derive(Debug, Default, Clone)]
pub struct Carga {
    /// El de su familia y, detrás de una coma, lo que la distingue de las otras.
    pub nombre: String,
    /// Los que leen, también los que hablan.
    pub clientes: usize,
    /// Los que hablan: los primeros de ellos.
    pub hablan: usize,
    /// Lo que espera cada uno entre un mensaje suyo y el siguiente; cero es sin pausa.
    pub pausa: Duration,
    /// El último de los que leen, que no es de los que hablan, también habla, y sin pausa: lo que dice
    /// no se cuenta.
    pub avalancha: bool,
    /// Los que además están y no conversan.
    pub molestos: usize,
    /// Los KB por segundo que lee el primero de ellos; los demás no leen nunca.
    pub leen: usize,
    /// Cada uno se va a los 0,3 s, si son diez, y vuelve.
    pub vuelven: bool,
}

impl Carga {
    /// Tantos clientes, de los que hablan sin pausa los primeros.
    pub fn sin_pausa(nombre: &str, clientes: usize, hablan: usize) -> Self {
        Self { nombre: nombre.to_owned(), clientes, hablan, ..Self::default() }
    }

    /// ¿Empieza así su nombre?
    pub fn es(&self, nombre: &str) -> bool {
        self.nombre.starts_with(nombre)
    }

    /// Las entregas que debe un servidor cuando cada uno ha dicho tantos mensajes.
    pub fn entregas(&self, mensajes: usize) -> usize {
        self.hablan * mensajes * (self.clientes - 1)
    }
}

/// Lo que se ha visto en una ronda.
#[derive(Debug, Default, Clone)]
pub struct Medida {
    pub entregas: usize,
    /// Las que no llegaron.
    pub perdidos: usize,
    /// Las que llegaron después de otras posteriores del mismo autor, y las repetidas.
    pub desordenados: usize,
    /// Desde el primer envío hasta la última entrega.
    pub duracion: Duration,
    /// El procesador que gasta el servidor en ese tiempo, si el sistema lo dice.
    pub cpu: Option<Duration>,
    /// El que gasta el lado que carga.
    pub cpu_carga: Option<Duration>,
    /// Lo que tarda cada entrega, de menor a mayor; solo si hay pausas.
    pub latencias: Vec<Duration>,
    /// Lo más que ha esperado un cliente entre dos lecturas con algo.
    pub espera: Duration,
    /// Lo que gastaba el servidor con un solo cliente, y con todos, antes de que nadie hablara.
    pub vacio: Option<Consumo>,
    pub lleno: Option<Consumo>,
}

/// Hace la carga una vez: un servidor nuevo, y `mensajes` de cada uno que habla.
pub fn medir(servidor: &Servidor, carga: &Carga, mensajes: usize) -> anyhow::Result<Medida> {
    let mut en_marcha = servidor.arrancar()?;
    let mut clase = Clase::entrar(servidor, &mut en_marcha, carga)?;
    let consumos = || [en_marcha.hijo.id(), std::process::id()].map(Consumo::de);
    let antes = consumos();
    let mut medida = clase.hablar(mensajes)?;
    let despues = consumos();
    let gasto = |de: usize| Some(despues[de]?.cpu?.saturating_sub(antes[de]?.cpu?));
    (medida.cpu, medida.cpu_carga) = (gasto(0), gasto(1));
    (medida.vacio, medida.lleno) = (clase.vacio, antes[0]);
    Ok(medida)
}

/// Los clientes de una carga, ya conectados.
pub struct Clase {
    poll: Poll,
    clientes: Vec<Cliente>,
    carga: Carga,
    /// Lo que gastaba el servidor con un solo cliente.
    vacio: Option<Consumo>,
    lectura: Vec<u8>,
    cuenta: Cuenta,
    /// Mientras lo comparte otro, los que molestan siguen molestando.
    molestan: Arc<()>,
}

/// Lo que cuentan entre todos.
#[derive(Default)]
struct Cuenta {
    medida: Medida,
    /// Cuándo envió cada uno cada mensaje; vacío si no hay pausas.
    enviado: Vec<Vec<Instant>>,
}

struct Cliente {
    /// Con el que firma lo que dice.
    numero: usize,
    socket: TcpStream,
    /// El principio de una línea que aún no ha llegado entera.
    resto: Vec<u8>,
    /// El mensaje que le toca recibir de cada uno que habla.
    esperados: Vec<usize>,
    /// Ya ha oído a alguien.
    listo: bool,
    ultima_lectura: Instant,
    /// Lo que ha de decir y el sistema aún no le ha admitido.
    salida: Vec<u8>,
    /// El sistema aún le admite escrituras.
    con_sitio: bool,
    /// Cuántos mensajes ha dicho de los que tiene que decir.
    dichos: usize,
    por_decir: usize,
    /// Cuándo le toca volver a hablar, y cada cuánto.
    siguiente: Instant,
    pausa: Duration,
}

impl Clase {
    /// Conecta a todos, y no vuelve hasta que cada uno ha oído algo de otro.
    pub fn entrar(
        servidor: &Servidor,
        en_marcha: &mut EnMarcha,
        carga: &Carga,
    ) -> anyhow::Result<Self> {
        let plazo = Instant::now() + ARRANQUE;
        let mut clase = Self {
            poll: Poll::new()?,
            clientes: Vec::with_capacity(carga.clientes),
            carga: carga.clone(),
            vacio: None,
            lectura: vec![0; 4 * TROZO],
            cuenta: Cuenta::default(),
            molestan: Arc::new(()),
        };
        for numero in 0..carga.clientes {
            if numero % TANDA == TANDA - 1 {
                thread::sleep(Duration::from_millis(10));
            }
            let socket = conectar(en_marcha, plazo)?;
            servidor.saludar(&socket, numero)?;
            socket.set_nonblocking(true)?;
            let mut socket = TcpStream::from_std(socket);
            let interes = Interest::READABLE | Interest::WRITABLE;
            clase.poll.registry().register(&mut socket, Token(numero), interes)?;
            clase.clientes.push(Cliente {
                numero,
                socket,
                resto: Vec::new(),
                esperados: vec![0; carga.hablan],
                listo: false,
                ultima_lectura: plazo,
                salida: Vec::new(),
                con_sitio: true,
                dichos: 0,
                por_decir: 0,
                siguiente: plazo,
                pausa: Duration::ZERO,
            });
            clase.vacio = clase.vacio.or_else(|| Consumo::de(en_marcha.hijo.id()));
        }
        molestar(servidor, en_marcha.direccion, carga, &clase.molestan)?;
        let mut sonda = Vec::new();
        escribir_mensaje(&mut sonda, SONDA, 0);
        // El primero es quien pregunta.
        let mut siguiente = Instant::now();
        while !clase.clientes[1..].iter().all(|cliente| cliente.listo) {
            ensure!(Instant::now() < plazo, "no todos reciben lo que dice el primero");
            if Instant::now() >= siguiente {
                (&clase.clientes[0].socket).write_all(&sonda)?;
                siguiente += RATO;
            }
            clase.atender(RATO / 10)?;
        }
        Ok(clase)
    }

    /// Todos dicen lo suyo; vuelve cuando todo ha llegado, o cuando ya no llega nada.
    pub fn hablar(&mut self, mensajes: usize) -> anyhow::Result<Medida> {
        let Carga { hablan, pausa, avalancha, .. } = self.carga;
        let debidas = self.carga.entregas(mensajes);
        let inicio = Instant::now();
        // Lo que se esperó entre una sonda y otra no cuenta.
        self.cuenta.medida = Medida::default();
        self.cuenta.enviado = vec![Vec::new(); if pausa.is_zero() { 0 } else { hablan }];
        let mut azar = fastrand::Rng::with_seed(1);
        for (numero, cliente) in self.clientes.iter_mut().enumerate() {
            (cliente.ultima_lectura, cliente.con_sitio) = (inicio, true);
            (cliente.siguiente, cliente.pausa) = (inicio + pausa.mul_f64(azar.f64()), pausa);
            cliente.por_decir = if numero < hablan { mensajes } else { 0 };
        }
        if let Some(ultimo) = self.clientes.last_mut().filter(|_| avalancha) {
            (ultimo.por_decir, ultimo.pausa) = (usize::MAX, Duration::ZERO);
        }
        let (mut llegadas, mut novedad) = (0, inicio);
        while llegadas < debidas && novedad.elapsed() < SIN_NOVEDAD {
            let esperas = self.clientes.iter_mut().map(|cliente| cliente.hablar(&mut self.cuenta));
            let espera = esperas.min().unwrap_or(RATO);
            self.atender(espera)?;
            if self.cuenta.medida.entregas > llegadas {
                (llegadas, novedad) = (self.cuenta.medida.entregas, Instant::now());
            }
        }
        let mut medida = std::mem::take(&mut self.cuenta.medida);
        medida.perdidos = debidas.saturating_sub(llegadas);
        medida.duracion = novedad - inicio;
        if medida.perdidos > 0 {
            medida.espera = medida.espera.max(SIN_NOVEDAD);
        }
        medida.latencias.sort_unstable();
        Ok(medida)
    }

    fn atender(&mut self, espera: Duration) -> io::Result<()> {
        let mut eventos = Events::with_capacity(1024);
        match self.poll.poll(&mut eventos, Some(espera)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            otro => otro?,
        }
        for evento in &eventos {
            let cliente = &mut self.clientes[evento.token().0];
            cliente.con_sitio |= evento.is_writable();
            if evento.is_readable() {
                cliente.leer(&mut self.lectura, &mut self.cuenta);
            }
        }
        Ok(())
    }
}

impl Cliente {
    /// Dice lo que ya toca, si hay sitio; devuelve lo que falta para lo siguiente, como mucho un rato.
    fn hablar(&mut self, cuenta: &mut Cuenta) -> Duration {
        let ahora = Instant::now();
        let calla = self.dichos == self.por_decir || ahora < self.siguiente;
        if self.salida.is_empty() && !calla {
            let de_una_vez = if self.pausa.is_zero() { TROZO / MENSAJE } else { 1 };
            for _ in 0..de_una_vez.min(self.por_decir - self.dichos) {
                escribir_mensaje(&mut self.salida, self.numero, self.dichos);
                self.dichos += 1;
            }
            self.siguiente += self.pausa;
            if let Some(suyos) = cuenta.enviado.get_mut(self.numero) {
                suyos.push(ahora);
            }
        }
        // Si el servidor ha cerrado, lo que falte saldrá como perdido.
        while self.con_sitio && !self.salida.is_empty() {
            match self.socket.write(&self.salida) {
                Ok(escritos) => drop(self.salida.drain(..escritos)),
                Err(error) => self.con_sitio = error.kind() == ErrorKind::Interrupted,
            }
        }
        let sigue = self.con_sitio && self.dichos < self.por_decir;
        if sigue { RATO.min(self.siguiente.saturating_duration_since(ahora)) } else { RATO }
    }

    /// Lee todo lo que hay. Si el servidor ha cerrado, lo que falte saldrá como perdido.
    fn leer(&mut self, lectura: &mut [u8], cuenta: &mut Cuenta) {
        loop {
            let guardados = self.resto.len();
            lectura[..guardados].copy_from_slice(&self.resto);
            let leidos = match self.socket.read(&mut lectura[guardados..]) {
                Ok(leidos @ 1..) => leidos,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => return,
            };
            let ahora = Instant::now();
            cuenta.medida.espera =
                cuenta.medida.espera.max(ahora.saturating_duration_since(self.ultima_lectura));
            self.ultima_lectura = ahora;
            let trozo = &lectura[..guardados + leidos];
            let mut inicio = 0;
            for fin in memchr_iter(b'\n', trozo) {
                self.contar(&trozo[inicio..fin], ahora, cuenta);
                inicio = fin + 1;
            }
            self.resto.clear();
            self.resto.extend_from_slice(&trozo[inicio..]);
        }
    }

    /// Mira quién dijo esta línea y qué número hace; da igual lo que el servidor ponga delante.
    fn contar(&mut self, linea: &[u8], ahora: Instant, cuenta: &mut Cuenta) {
        let linea = linea.strip_suffix(b"\r").unwrap_or(linea);
        let Some((autor, mensaje)) = leer_mensaje(linea) else { return };
        self.listo = true;
        // Hay servidores que también contestan al autor.
        let Some(esperado) = self.esperados.get_mut(autor).filter(|_| autor != self.numero) else {
            return;
        };
        if mensaje < *esperado {
            cuenta.medida.desordenados += 1;
        }
        *esperado = (mensaje + 1).max(*esperado);
        cuenta.medida.entregas += 1;
        if let Some(enviado) = cuenta.enviado.get(autor).and_then(|suyos| suyos.get(mensaje)) {
            cuenta.medida.latencias.push(ahora.saturating_duration_since(*enviado));
        }
    }
}

/// Pone a molestar a quien haga falta, con poco sitio en su socket: así se nota enseguida. Lo dejan
/// cuando nadie más comparte `molestan`.
fn molestar(
    servidor: &Servidor,
    direccion: SocketAddr,
    carga: &Carga,
    molestan: &Arc<()>,
) -> anyhow::Result<()> {
    const SITIO: usize = 16 * 1024;
    const PASO: Duration = Duration::from_millis(30);
    let (servidor, numero, vuelven) = (servidor.clone(), carga.clientes, carga.vuelven);
    let llega = move |_| -> anyhow::Result<Conexion> {
        let socket = conecta_con_sitio_para(SITIO, direccion)
            .map_err(|fallo| anyhow!("no entra quien molesta: {}", fallo.detalle))?;
        servidor.saludar(&socket, numero)?;
        Ok(socket)
    };
    let mut todos = (0..carga.molestos).map(&llega).collect::<anyhow::Result<VecDeque<_>>>()?;
    let mut lectura = vec![0; carga.leen * PASO.as_millis() as usize];
    let sigue = Arc::downgrade(molestan);
    thread::spawn(move || {
        while let Some(primero) = todos.front_mut().filter(|_| sigue.strong_count() > 0) {
            let _ = primero.read(&mut lectura);
            if vuelven {
                todos.extend(llega(0));
                todos.pop_front();
            }
            thread::sleep(PASO);
        }
    });
    Ok(())
}

/// Insiste hasta que el servidor está en marcha.
fn conectar(en_marcha: &mut EnMarcha, plazo: Instant) -> anyhow::Result<Conexion> {
    loop {
        match Conexion::connect(en_marcha.direccion) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error)
                if Instant::now() > plazo || matches!(en_marcha.hijo.try_wait(), Ok(Some(_))) =>
            {
                return Err(error).context("no se puede conectar con el servidor");
            }
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// `#00012:00001234 ······\n`, de [`MENSAJE`] bytes.
fn escribir_mensaje(salida: &mut Vec<u8>, autor: usize, mensaje: usize) {
    let mensaje = mensaje % 100_000_000;
    let _ = writeln!(salida, "#{autor:05}:{mensaje:08} mensaje de 40 bytes ...");
}

/// El autor y el número de un mensaje, que está al final de la línea.
fn leer_mensaje(linea: &[u8]) -> Option<(usize, usize)> {
    let mensaje: &[u8; MENSAJE - 1] = linea.last_chunk()?;
    let (b'#', b':') = (mensaje[0], mensaje[6]) else { return None };
    let leer = |cifras: &[u8]| {
        cifras.iter().fold(0, |numero, cifra| numero * 10 + usize::from(cifra.wrapping_sub(b'0')))
    };
    Some((leer(&mensaje[1..6]), leer(&mensaje[7..15])))
}
