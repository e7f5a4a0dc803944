//! La otra punta de un programa: conexiones a mano, sin cliente o sin servidor de por medio.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use crate::escena::{Contexto, Fallo, Resultado};
use crate::pantalla::Pantalla;
use crate::programa::resumen;
use crate::razon::Razon;

/// Lo que espera a escribir una conexión antes de dar la prueba por perdida.
const ESCRITURA: Duration = Duration::from_secs(20);

/// Una conexión de la que se va leyendo todo lo que llega. Al soltarla, se cierra.
pub struct Conexion {
    contexto: Arc<Contexto>,
    /// Lo que ha llegado hasta ahora.
    pub pantalla: Arc<Pantalla>,
    socket: TcpStream,
    cortada: AtomicBool,
    /// Al soltarla, en vez de cerrarla, se corta.
    se_corta: bool,
    /// El puerto del cliente: el número con que lo nombran las pantallas.
    pub puerto: u16,
}

impl Conexion {
    /// Empieza a leer de `socket`; `puerto` es el de la punta que hace de cliente.
    pub fn new(
        contexto: &Arc<Contexto>,
        nombre: &str,
        socket: TcpStream,
        puerto: u16,
    ) -> Resultado<Self> {
        socket.set_nodelay(true)?;
        socket.set_write_timeout(Some(ESCRITURA))?;
        let pantalla = contexto.pantalla(&format!("{nombre} (puerto {puerto})"), false);
        pantalla.llenar(socket.try_clone()?);
        contexto.apunta(format!("hay conexión con {}", pantalla.nombre));
        Ok(Self {
            contexto: Arc::clone(contexto),
            pantalla,
            socket,
            cortada: AtomicBool::new(false),
            se_corta: false,
            puerto,
        })
    }

    /// La dirección de esta punta.
    pub fn direccion(&self) -> Resultado<SocketAddr> {
        Ok(self.socket.local_addr()?)
    }

    /// Envía estos bytes, tal cual.
    pub fn envia(&self, bytes: impl AsRef<[u8]>) -> Resultado {
        self.contexto.apunta(format!("{} envía {}", self.pantalla.nombre, resumen(bytes.as_ref())));
        (&self.socket).write_all(bytes.as_ref())?;
        Ok(())
    }

    /// Dice que no enviará más; sigue leyendo.
    pub fn deja_de_hablar(&self) -> Resultado {
        self.contexto.apunta(format!("{} cierra su lado de la conexión", self.pantalla.nombre));
        self.socket.shutdown(Shutdown::Write)?;
        Ok(())
    }

    /// Se va sin más: ni habla ni lee.
    pub fn cierra(&self) {
        // El hilo que lee comparte el socket: soltarlo no bastaría. Si ya estaba cerrado, mejor.
        let _ = self.socket.shutdown(Shutdown::Both);
    }

    /// La misma, que al soltarla se cortará: el puerto de la otra punta no queda ocupado por un rato, aunque
    /// cierre antes.
    #[must_use]
    pub fn se_cortara(mut self) -> Self {
        self.se_corta = true;
        self
    }

    /// Se va del todo, como al terminar un programa: al volver, ya no hay quien lea lo que le envíen.
    pub fn se_va(mut self) {
        self.se_corta = false;
        self.cierra();
        // El hilo que lee comparte el socket.
        self.pantalla.espera(Instant::now() + ESCRITURA, |vista| vista.terminada);
    }

    /// Al soltarla, se cortará de golpe: así su puerto no queda ocupado por un rato.
    pub fn corta(&self) {
        // Si ya estaba cerrada, mejor. El hilo que lee comparte el socket: que lo suelte.
        let _ = SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
        let _ = self.socket.shutdown(Shutdown::Read);
        self.cortada.store(true, Ordering::Relaxed);
    }

    /// Espera a que llegue esta línea, ella sola; si no, el fallo es `si_no`.
    pub fn ve(&self, linea: &str, si_no: impl Into<Razon>) -> Resultado {
        self.contexto.ve(&self.pantalla, linea, si_no)
    }

    /// Espera a que la otra punta cierre en orden, sin reiniciar la conexión.
    pub fn ve_el_fin(&self, si_no: impl Into<Razon>) -> Resultado {
        let si_no = si_no.into();
        self.pantalla.espera(self.contexto.plazo(si_no.clone()), |vista| vista.terminada);
        let vista = self.pantalla.vista();
        self.contexto.exige(vista.terminada && !vista.fallo, si_no, || {
            let como = if vista.fallo { "fue reiniciada" } else { "sigue abierta" };
            format!("la conexión de {} {como}", self.pantalla.nombre)
        })
    }
}

impl Drop for Conexion {
    fn drop(&mut self) {
        if self.se_corta {
            self.corta();
        } else if !self.cortada.load(Ordering::Relaxed) {
            self.cierra();
        }
    }
}

/// Se conecta, y el sistema guarda para esta punta `bytes`, más o menos: si no lee, se nota enseguida.
pub fn conecta_con_sitio_para(bytes: usize, servidor: SocketAddr) -> Resultado<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.set_recv_buffer_size(bytes)?;
    socket.connect(&servidor.into())?;
    Ok(socket.into())
}

/// Dos puntas de una conexión, la del servidor y la del cliente, en la que el sistema guarda unos `bytes`
/// a cada lado. Si no se le dice, guarda lo que quiere: hay Linux que llega a 36 MiB.
pub fn conexion_estrecha(bytes: usize) -> Resultado<(TcpStream, TcpStream)> {
    let escucha = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let cliente = conecta_con_sitio_para(bytes, escucha.local_addr()?)?;
    let (servidor, _) = escucha.accept()?;
    SockRef::from(&servidor).set_send_buffer_size(bytes)?;
    Ok((servidor, cliente))
}

/// Se marcha de golpe: la otra punta ve un reinicio (RST), no un final.
pub fn reinicia(socket: TcpStream) -> Resultado {
    SockRef::from(&socket).set_linger(Some(Duration::ZERO))?;
    drop(socket);
    Ok(())
}

/// Un servidor de mentira: hace lo que la prueba diga.
pub struct Impostor {
    contexto: Arc<Contexto>,
    servidor: TcpListener,
    /// Dónde escucha.
    pub direccion: SocketAddr,
}

impl Impostor {
    /// Escucha en un puerto libre.
    pub fn new(contexto: &Arc<Contexto>) -> Resultado<Self> {
        Self::en(contexto, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Escucha en esta dirección.
    pub fn en(contexto: &Arc<Contexto>, direccion: SocketAddr) -> Resultado<Self> {
        let servidor = TcpListener::bind(direccion)?;
        let direccion = servidor.local_addr()?;
        Ok(Self { contexto: Arc::clone(contexto), servidor, direccion })
    }

    /// La conexión de un cliente que ya se ha conectado.
    pub fn acepta(&self, nombre: &str) -> Resultado<Conexion> {
        let (socket, cliente) = self.servidor.accept()?;
        Conexion::new(&self.contexto, nombre, socket, cliente.port())
    }

    /// La conexión del primero que llegue, si llega a tiempo.
    pub fn acepta_antes_de(&self, nombre: &str, plazo: Duration) -> Resultado<Option<Conexion>> {
        let fin = Instant::now() + plazo;
        self.servidor.set_nonblocking(true)?;
        loop {
            match self.servidor.accept() {
                Ok((socket, cliente)) => {
                    socket.set_nonblocking(false)?;
                    let conexion = Conexion::new(&self.contexto, nombre, socket, cliente.port())?;
                    return Ok(Some(conexion));
                }
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error.into()),
                Err(_) if Instant::now() >= fin => return Ok(None),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// La conexión de un cliente que ya se ha conectado, sin leer lo que llegue por ella.
    pub fn acepta_sin_leer(&self) -> Resultado<TcpStream> {
        Ok(self.servidor.accept()?.0)
    }
}

/// Una dirección que nadie más pedirá: sus puertos no son de los que reparte el sistema, y cada uno
/// tiene un solo dueño hasta que acaba este proceso.
pub fn direccion_propia() -> Resultado<SocketAddr> {
    const DESDE: u32 = 18_000;
    const CUANTOS: u32 = 14_000;
    static SIGUIENTE: AtomicU32 = AtomicU32::new(0);
    /// Los puertos de UDP son otros: quien tiene uno tiene también, entre las pruebas, el de TCP.
    static PROPIOS: Mutex<Vec<UdpSocket>> = Mutex::new(Vec::new());
    for _ in 0..CUANTOS {
        // Cada proceso empieza por un sitio, para no pasar por los puertos de otros.
        let numero =
            process::id().wrapping_mul(64).wrapping_add(SIGUIENTE.fetch_add(1, Ordering::Relaxed));
        let puerto = u16::try_from(DESDE + numero % CUANTOS).unwrap_or_default();
        let direccion = SocketAddr::from((Ipv4Addr::LOCALHOST, puerto));
        let Ok(propio) = UdpSocket::bind(direccion) else { continue };
        // Sin SO_REUSEADDR: que tampoco queden en él conexiones a medio cerrar.
        if Socket::new(Domain::IPV4, Type::STREAM, None)?.bind(&direccion.into()).is_ok() {
            PROPIOS.lock().unwrap_or_else(PoisonError::into_inner).push(propio);
            return Ok(direccion);
        }
    }
    Err(Fallo::prueba(&"no hay ningún puerto libre"))
}

/// Comprueba que en esa dirección no hay otro programa.
pub fn nadie_escucha(direccion: SocketAddr) -> Resultado {
    // El que se acaba de matar puede tardar un instante en soltarla.
    const UN_RATO: Duration = Duration::from_secs(5);
    let fin = Instant::now() + UN_RATO;
    while Instant::now() < fin {
        match TcpStream::connect_timeout(&direccion, UN_RATO) {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(()),
            _ => thread::sleep(Duration::from_millis(400)),
        }
    }
    Err(Fallo {
        razon: format!("{direccion} está ocupado").into(),
        detalle: "hay otro programa escuchando en él; ciérralo".into(),
    })
}

/// Espera a que nadie tenga el puerto: un programa anterior pudo dejar conexiones a medio cerrar.
pub fn puerto_libre(direccion: SocketAddr) -> Resultado {
    /// Lo que tarda un sistema en dar por muertas las conexiones que un programa dejó a medias.
    const PUERTO: Duration = Duration::from_secs(130);
    let plazo = Instant::now() + PUERTO;
    loop {
        nadie_escucha(direccion)?;
        // Sin SO_REUSEADDR, como lo intentará quien no sepa que existe.
        let socket = Socket::new(Domain::for_address(direccion), Type::STREAM, None)?;
        let Err(error) = socket.bind(&direccion.into()) else { return Ok(()) };
        drop(socket);
        if Instant::now() >= plazo {
            let razon = format!("{direccion} está ocupado").into();
            return Err(Fallo { razon, detalle: error.to_string() });
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Un puerto en el que no escucha nadie, y en el que nadie lo hará mientras no se suelte.
pub fn puerto_sin_nadie() -> Resultado<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    let direccion = socket.local_addr()?.as_socket();
    direccion
        .map(|direccion| (socket, direccion))
        .ok_or_else(|| Fallo::prueba(&"el puerto reservado no es de TCP"))
}
