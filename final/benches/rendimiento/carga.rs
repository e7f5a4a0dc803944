//! El lado que carga: un solo hilo con un bucle de eventos hace de todos los clientes, y cuenta cada
//! mensaje que llega.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use memchr::{memchr, memchr_iter};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use pruebas::consumo::Consumo;

use crate::servidores::{EnMarcha, SUELO, Servidor};

/// Los bytes de un mensaje, con su fin de línea.
pub const MENSAJE: usize = 40;

/// El número de quien firma los mensajes que solo preguntan si alguien oye ya.
const SONDA: usize = 99_999;

/// Lo que el suelo espera para empezar a escribir (ver [`crate::suelo`]).
pub const YA: &[u8] = b"ya\n";

/// Los bytes que se escriben de una vez, como mucho.
const TROZO: usize = 64 * 1024;

/// Cada cuántas conexiones se da un respiro al servidor: en la cola de las que aún no ha aceptado
/// caben 128, y las que no caben tardan un segundo en volver a probar.
const TANDA: usize = 64;

/// Lo que se espera, sin que llegue nada, antes de dar por perdido lo que falta.
const SIN_NOVEDAD: Duration = Duration::from_secs(5);

/// Lo que se espera a que un servidor arranque y todos oigan.
const ARRANQUE: Duration = Duration::from_secs(60);

/// Cuánta gente, y cómo habla.
#[derive(Debug, Clone)]
pub struct Carga {
    pub nombre: &'static str,
    /// Los que leen, también los que hablan.
    pub clientes: usize,
    /// Los que hablan: los primeros de ellos.
    pub hablan: usize,
    /// Los que se conectan y no leen nunca.
    pub atascados: usize,
    /// Lo que espera cada uno entre un mensaje suyo y el siguiente; cero es sin pausa.
    pub pausa: Duration,
}

impl Carga {
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
    pub hilos: Option<usize>,
    pub kib_por_cliente: Option<f64>,
}

/// Hace la carga una vez: un servidor nuevo, y `mensajes` de cada uno que habla.
pub fn medir(servidor: &Servidor, carga: &Carga, mensajes: usize) -> anyhow::Result<Medida> {
    let mut en_marcha = servidor.arrancar(carga, mensajes)?;
    let mut clase = Clase::entrar(servidor, &mut en_marcha, carga)
        .with_context(|| format!("con {} clientes", carga.clientes))?;
    let lleno = Consumo::de(en_marcha.pid());
    let carga_antes = Consumo::de(std::process::id());
    let mut medida = clase.hablar(mensajes)?;
    let gasto = |antes: Option<Consumo>, despues: Option<Consumo>| {
        Some(despues?.cpu?.saturating_sub(antes?.cpu?))
    };
    medida.cpu = gasto(lleno, Consumo::de(en_marcha.pid()));
    medida.cpu_carga = gasto(carga_antes, Consumo::de(std::process::id()));
    if let (Some(vacio), Some(lleno)) = (clase.vacio, lleno) {
        let crece = lleno.memoria_kib.saturating_sub(vacio.memoria_kib);
        medida.kib_por_cliente = Some(crece as f64 / (carga.clientes - 1) as f64);
        medida.hilos = Some(lleno.hilos);
    }
    Ok(medida)
}

/// Los clientes de una carga, ya conectados.
pub struct Clase {
    poll: Poll,
    eventos: Events,
    clientes: Vec<Cliente>,
    /// Conectados, pero nadie lee de ellos.
    _atascados: Vec<std::net::TcpStream>,
    carga: Carga,
    /// Lo que gastaba el servidor con un solo cliente.
    vacio: Option<Consumo>,
    /// No hablan: el suelo ya sabe qué escribir.
    callados: bool,
    lectura: Vec<u8>,
    cuenta: Cuenta,
}

/// Lo que cuentan entre todos.
struct Cuenta {
    medida: Medida,
    /// Cuándo envió cada uno cada mensaje; vacío si no hay pausas.
    enviado: Vec<Vec<Instant>>,
    listos: usize,
}

struct Cliente {
    socket: TcpStream,
    /// El principio de una línea que aún no ha llegado entera.
    resto: Vec<u8>,
    /// El mensaje que le toca recibir de cada uno que habla.
    esperados: Vec<usize>,
    /// Los que se ha saltado de cada uno: si llegan después, llegan desordenados; si no, se perdieron.
    saltados: Vec<usize>,
    listo: bool,
    ultima_lectura: Instant,
    salida: Vec<u8>,
    escrito: usize,
    enviados: usize,
    /// El sistema aún le admite escrituras.
    con_sitio: bool,
    /// Cuándo le toca volver a hablar, si hay pausas.
    siguiente: Instant,
}

impl Clase {
    /// Conecta a todos, y no vuelve hasta que cada uno ha oído algo de otro.
    pub fn entrar(
        servidor: &Servidor,
        en_marcha: &mut EnMarcha,
        carga: &Carga,
    ) -> anyhow::Result<Self> {
        let plazo = Instant::now() + ARRANQUE;
        let poll = Poll::new()?;
        let mut clientes = Vec::with_capacity(carga.clientes);
        let mut vacio = None;
        for numero in 0..carga.clientes {
            if numero % TANDA == TANDA - 1 {
                thread::sleep(Duration::from_millis(10));
            }
            let socket = conectar(en_marcha, plazo)?;
            servidor.saludar(&socket, numero)?;
            socket.set_nonblocking(true)?;
            let mut socket = TcpStream::from_std(socket);
            let interes = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(&mut socket, Token(numero), interes)?;
            clientes.push(Cliente::new(socket, carga.hablan));
            vacio = vacio.or_else(|| Consumo::de(en_marcha.pid()));
        }
        let mut atascados = Vec::new();
        for numero in 0..carga.atascados {
            let socket = conectar(en_marcha, plazo)?;
            servidor.saludar(&socket, carga.clientes + numero)?;
            atascados.push(socket);
        }
        let mut clase = Self {
            poll,
            eventos: Events::with_capacity(1024),
            clientes,
            _atascados: atascados,
            carga: carga.clone(),
            vacio,
            callados: servidor.es(SUELO),
            lectura: vec![0; 4 * TROZO],
            cuenta: Cuenta { medida: Medida::default(), enviado: Vec::new(), listos: 0 },
        };
        clase.sondear(plazo)?;
        Ok(clase)
    }

    fn sondear(&mut self, plazo: Instant) -> anyhow::Result<()> {
        let mut sonda = Vec::new();
        escribir_mensaje(&mut sonda, SONDA, 0);
        // El primero es quien pregunta.
        while self.cuenta.listos < self.carga.clientes - 1 {
            ensure!(Instant::now() < plazo, "no todos reciben lo que dice el primero");
            (&self.clientes[0].socket).write_all(&sonda)?;
            let ronda = Instant::now() + Duration::from_millis(100);
            while self.cuenta.listos < self.carga.clientes - 1 && Instant::now() < ronda {
                self.atender(Some(Duration::from_millis(10)))?;
            }
        }
        Ok(())
    }

    /// Todos dicen lo suyo; vuelve cuando todo ha llegado, o cuando ya no llega nada.
    pub fn hablar(&mut self, mensajes: usize) -> anyhow::Result<Medida> {
        let debidas = self.carga.entregas(mensajes);
        let inicio = Instant::now();
        let ritmo = !self.carga.pausa.is_zero();
        if ritmo && !self.callados {
            self.cuenta.enviado = vec![Vec::with_capacity(mensajes); self.carga.hablan];
        }
        let mut azar = fastrand::Rng::with_seed(1);
        for cliente in &mut self.clientes {
            cliente.ultima_lectura = inicio;
            cliente.con_sitio = true;
            cliente.siguiente = inicio + self.carga.pausa.mul_f64(azar.f64());
        }
        (&self.clientes[0].socket).write_all(YA)?;
        let (mut llegadas, mut novedad) = (0, inicio);
        let mut ultima_entrega = inicio;
        while llegadas < debidas {
            let espera = match (self.callados, ritmo) {
                (true, _) => Duration::from_millis(100),
                (_, true) => self.decir_a_tiempo(mensajes),
                (_, false) => self.decir(mensajes),
            };
            self.atender(Some(espera))?;
            let ahora = Instant::now();
            if self.cuenta.medida.entregas > llegadas {
                (llegadas, novedad, ultima_entrega) = (self.cuenta.medida.entregas, ahora, ahora);
            }
            if ahora - novedad > SIN_NOVEDAD {
                break;
            }
        }
        let mut medida = std::mem::take(&mut self.cuenta.medida);
        medida.perdidos = debidas.saturating_sub(llegadas);
        medida.duracion = ultima_entrega - inicio;
        if medida.perdidos > 0 {
            medida.espera = medida.espera.max(SIN_NOVEDAD);
        }
        medida.latencias.sort_unstable();
        Ok(medida)
    }

    /// Un trozo de cada uno que tiene sitio; devuelve cuánto se puede esperar a los demás.
    fn decir(&mut self, mensajes: usize) -> Duration {
        let mut espera = Duration::from_millis(100);
        for (numero, cliente) in self.clientes[..self.carga.hablan].iter_mut().enumerate() {
            if !cliente.con_sitio {
                continue;
            }
            if cliente.escrito == cliente.salida.len() {
                cliente.preparar(numero, mensajes);
            }
            cliente.escribir();
            if cliente.con_sitio && cliente.enviados < mensajes {
                espera = Duration::ZERO;
            }
        }
        espera
    }

    /// Un mensaje de cada uno al que ya le toca; devuelve cuánto falta para el siguiente.
    fn decir_a_tiempo(&mut self, mensajes: usize) -> Duration {
        let ahora = Instant::now();
        let mut espera = Duration::from_millis(100);
        for (numero, cliente) in self.clientes[..self.carga.hablan].iter_mut().enumerate() {
            if cliente.enviados == mensajes {
                continue;
            }
            if cliente.siguiente <= ahora {
                cliente.salida.clear();
                cliente.escrito = 0;
                escribir_mensaje(&mut cliente.salida, numero, cliente.enviados);
                cliente.enviados += 1;
                cliente.siguiente += self.carga.pausa;
                self.cuenta.enviado[numero].push(Instant::now());
                cliente.escribir();
            }
            espera = espera.min(cliente.siguiente.saturating_duration_since(ahora));
        }
        espera
    }

    fn atender(&mut self, espera: Option<Duration>) -> io::Result<()> {
        match self.poll.poll(&mut self.eventos, espera) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            otro => otro?,
        }
        for evento in &self.eventos {
            let numero = evento.token().0;
            let cliente = &mut self.clientes[numero];
            if evento.is_writable() {
                cliente.con_sitio = true;
            }
            if evento.is_readable() {
                cliente.leer(numero, &mut self.lectura, &mut self.cuenta);
            }
        }
        Ok(())
    }
}

impl Drop for Clase {
    fn drop(&mut self) {
        for cliente in &self.clientes {
            let _ = cliente.socket.shutdown(Shutdown::Both);
        }
    }
}

impl Cliente {
    fn new(socket: TcpStream, hablan: usize) -> Self {
        let ahora = Instant::now();
        Self {
            socket,
            resto: Vec::new(),
            esperados: vec![0; hablan],
            saltados: vec![0; hablan],
            listo: false,
            ultima_lectura: ahora,
            salida: Vec::new(),
            escrito: 0,
            enviados: 0,
            con_sitio: true,
            siguiente: ahora,
        }
    }

    fn preparar(&mut self, numero: usize, mensajes: usize) {
        self.salida.clear();
        self.escrito = 0;
        let hasta = mensajes.min(self.enviados + TROZO / MENSAJE);
        for mensaje in self.enviados..hasta {
            escribir_mensaje(&mut self.salida, numero, mensaje);
        }
        self.enviados = hasta;
    }

    /// Escribe lo que quepa. Si el servidor ha cerrado, lo que falte saldrá como perdido.
    fn escribir(&mut self) {
        while self.escrito < self.salida.len() {
            match self.socket.write(&self.salida[self.escrito..]) {
                Ok(escritos) => self.escrito += escritos,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    self.con_sitio = false;
                    return;
                }
            }
        }
    }

    /// Lee todo lo que hay. Si el servidor ha cerrado, lo que falte saldrá como perdido.
    fn leer(&mut self, numero: usize, lectura: &mut [u8], cuenta: &mut Cuenta) {
        loop {
            let leidos = match self.socket.read(lectura) {
                Ok(0) => return,
                Ok(leidos) => leidos,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            let ahora = Instant::now();
            cuenta.medida.espera = cuenta.medida.espera.max(ahora - self.ultima_lectura);
            self.ultima_lectura = ahora;
            let mut trozo = &lectura[..leidos];
            if !self.resto.is_empty() {
                let fin = memchr(b'\n', trozo).map_or(trozo.len(), |fin| fin + 1);
                self.resto.extend_from_slice(&trozo[..fin]);
                trozo = &trozo[fin..];
                if self.resto.ends_with(b"\n") {
                    let linea = std::mem::take(&mut self.resto);
                    self.contar(numero, &linea, ahora, cuenta);
                }
            }
            let mut inicio = 0;
            for fin in memchr_iter(b'\n', trozo) {
                self.contar(numero, &trozo[inicio..=fin], ahora, cuenta);
                inicio = fin + 1;
            }
            self.resto.extend_from_slice(&trozo[inicio..]);
        }
    }

    /// Mira quién dijo esta línea y qué número hace; da igual lo que el servidor ponga delante.
    fn contar(&mut self, numero: usize, linea: &[u8], ahora: Instant, cuenta: &mut Cuenta) {
        let linea = linea.strip_suffix(b"\n").unwrap_or(linea);
        let linea = linea.strip_suffix(b"\r").unwrap_or(linea);
        let Some((autor, mensaje)) = leer_mensaje(linea) else { return };
        if autor == SONDA && !self.listo && numero != 0 {
            self.listo = true;
            cuenta.listos += 1;
        }
        // Hay servidores que también contestan al autor.
        if autor == numero {
            return;
        }
        let Some(esperado) = self.esperados.get_mut(autor) else { return };
        if mensaje < *esperado {
            cuenta.medida.desordenados += 1;
            if self.saltados[autor] == 0 {
                // Repetido: ya se contó.
                return;
            }
            self.saltados[autor] -= 1;
        } else {
            self.saltados[autor] += mensaje - *esperado;
            *esperado = mensaje + 1;
        }
        cuenta.medida.entregas += 1;
        if let Some(enviado) = cuenta.enviado.get(autor).and_then(|suyos| suyos.get(mensaje)) {
            cuenta.medida.latencias.push(ahora.saturating_duration_since(*enviado));
        }
    }
}

/// Insiste hasta que el servidor está en marcha.
fn conectar(en_marcha: &mut EnMarcha, plazo: Instant) -> anyhow::Result<std::net::TcpStream> {
    loop {
        match std::net::TcpStream::connect(en_marcha.direccion) {
            Ok(socket) => {
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) if Instant::now() > plazo || !en_marcha.sigue() => {
                return Err(error).context("no se puede conectar con el servidor");
            }
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// `#00012:00001234 ······\n`, de [`MENSAJE`] bytes.
pub fn escribir_mensaje(salida: &mut Vec<u8>, autor: usize, mensaje: usize) {
    let inicio = salida.len();
    salida.extend_from_slice(b"#00000:00000000 mensaje de 40 bytes ...\n");
    let campo = &mut salida[inicio..];
    poner_cifras(&mut campo[1..6], autor);
    poner_cifras(&mut campo[7..15], mensaje);
}

fn poner_cifras(campo: &mut [u8], mut numero: usize) {
    for cifra in campo.iter_mut().rev() {
        *cifra = b"0123456789"[numero % 10];
        numero /= 10;
    }
}

/// El autor y el número de un mensaje, que está al final de la línea.
fn leer_mensaje(linea: &[u8]) -> Option<(usize, usize)> {
    let mensaje: &[u8; MENSAJE - 1] = linea.last_chunk()?;
    let (b'#', b':') = (mensaje[0], mensaje[6]) else { return None };
    Some((leer_cifras(&mensaje[1..6]), leer_cifras(&mensaje[7..15])))
}

fn leer_cifras(cifras: &[u8]) -> usize {
    cifras.iter().fold(0, |numero, cifra| numero * 10 + usize::from(cifra.wrapping_sub(b'0')))
}
