//! Un programa en marcha, manejado por un pseudoterminal o por tuberías.

use std::ffi::OsString;
use std::fmt::Display;
#[cfg(unix)]
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

#[cfg(windows)]
use process_wrap::std::JobObject;
#[cfg(unix)]
use process_wrap::std::ProcessGroup;
use process_wrap::std::{StdChildWrapper, StdCommandWrap};
#[cfg(unix)]
use rexpect::process::{PtyProcess, Signal, WaitStatus};

use crate::escena::{Contexto, Fallo, Resultado};
use crate::pantalla::Pantalla;
use crate::razon::Razon;

/// Cada cuánto se mira si un programa que ya no escribe ha terminado.
const MIRADA: Duration = Duration::from_millis(2);

/// Los bytes que se guardan de lo último que escribe un programa ajeno.
const TOPE: usize = 2 * 1024 * 1024;

/// Dónde va la dirección en la orden de un programa ajeno.
pub const DIRECCION: &str = "DIRECCION";

/// Cómo se maneja un programa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modo {
    /// Con un pseudoterminal, como lo usa una persona. Solo en Unix.
    Terminal,
    /// Con tuberías, en cualquier sistema. Lo tecleado se añade a la pantalla, como haría un
    /// terminal.
    Tuberias,
}

/// Qué programa se pone en marcha, y cómo.
#[derive(Debug, Clone)]
pub struct Orden {
    programa: PathBuf,
    argumentos: Vec<OsString>,
    /// Variables de entorno, además de las de este programa.
    variables: Vec<(&'static str, String)>,
    descriptores: Option<u32>,
    hilos: Option<u32>,
    pantalla_que_se_cierra: bool,
    /// La carpeta donde se pone en marcha un programa del que no sabemos nada.
    ajeno: Option<PathBuf>,
}

impl From<&Path> for Orden {
    fn from(programa: &Path) -> Self {
        Self::new(programa)
    }
}

impl Orden {
    /// El programa, sin argumentos.
    #[must_use]
    pub fn new(programa: &Path) -> Self {
        Self {
            programa: programa.into(),
            argumentos: Vec::new(),
            variables: Vec::new(),
            ajeno: None,
            descriptores: None,
            hilos: None,
            pantalla_que_se_cierra: false,
        }
    }

    /// Un programa cualquiera, que se busca como lo haría un terminal abierto en `carpeta`.
    #[must_use]
    pub fn ajena(programa: &str, argumentos: &[String], carpeta: &Path) -> Self {
        let mut orden = Self::new(Path::new(programa));
        orden.ajeno = Some(carpeta.into());
        orden.argumentos = argumentos.iter().map(Into::into).collect();
        orden
    }

    /// Una orden tal como se escribe en un terminal: partida por los espacios que no van entre comillas.
    #[must_use]
    pub fn de_linea(linea: &str, carpeta: &Path) -> Option<Self> {
        let mut partes: Vec<String> = Vec::new();
        let (mut parte, mut comilla) = (None::<String>, None);
        for caracter in linea.chars() {
            match (caracter, comilla) {
                (c, Some(abierta)) if c == abierta => comilla = None,
                ('"' | '\'', None) => {
                    comilla = Some(caracter);
                    parte.get_or_insert_default();
                }
                (c, None) if c.is_whitespace() => partes.extend(parte.take()),
                (c, _) => parte.get_or_insert_default().push(c),
            }
        }
        partes.extend(parte);
        let (programa, argumentos) = partes.split_first()?;
        // Con una carpeta delante, es un fichero y no un programa que haya que buscar.
        let ruta = carpeta.join(programa);
        let programa = if programa.contains(['/', '\\']) && ruta.is_file() {
            ruta.to_string_lossy().into_owned()
        } else {
            programa.clone()
        };
        Some(Self::ajena(&programa, argumentos, carpeta))
    }

    /// Añade un argumento. A un programa ajeno, donde ponga [`DIRECCION`]; si no lo pone, no.
    #[must_use]
    pub fn con(mut self, argumento: impl Display) -> Self {
        let hueco = self.argumentos.iter().position(|uno| uno == DIRECCION);
        match hueco {
            Some(hueco) => self.argumentos[hueco] = argumento.to_string().into(),
            None if self.ajeno.is_some() => {}
            None => self.argumentos.push(argumento.to_string().into()),
        }
        self
    }

    /// Con estos argumentos detrás, tal cual.
    #[must_use]
    pub fn con_argumentos(mut self, argumentos: &[String]) -> Self {
        self.argumentos.extend(argumentos.iter().map(Into::into));
        self
    }

    /// Con este argumento en lugar de aquel.
    #[must_use]
    pub fn cambiando(mut self, aquel: &str, este: &str) -> Self {
        for argumento in self.argumentos.iter_mut().filter(|uno| *uno == aquel) {
            *argumento = este.into();
        }
        self
    }

    /// Lo que nombra: él mismo y sus argumentos, los que son ficheros de su carpeta.
    #[must_use]
    pub fn ficheros(&self) -> Vec<PathBuf> {
        let carpeta = self.ajeno.as_deref().unwrap_or(Path::new(""));
        let nombrados =
            [self.programa.as_os_str()].into_iter().chain(self.argumentos.iter().map(|uno| &**uno));
        nombrados.map(|uno| carpeta.join(uno)).filter(|ruta| ruta.is_file()).collect()
    }

    /// ¿Se le puede decir qué dirección tiene que usar?
    #[must_use]
    pub fn admite_direccion(&self) -> bool {
        self.ajeno.is_none() || self.argumentos.iter().any(|uno| uno == DIRECCION)
    }

    /// El primero de sus argumentos que acaba así y no es un fichero de su carpeta.
    #[must_use]
    pub fn fichero_que_falta(&self, extensiones: &[&str]) -> Option<String> {
        let carpeta = self.ajeno.as_deref()?;
        let falta = |argumento: &&OsString| {
            let extension = Path::new(argumento).extension().unwrap_or_default();
            extensiones.iter().any(|una| extension == *una) && !carpeta.join(argumento).is_file()
        };
        let argumento = self.argumentos.iter().find(falta)?;
        Some(argumento.to_string_lossy().into_owned())
    }

    /// Le da esta variable de entorno.
    #[must_use]
    pub fn con_variable(mut self, nombre: &'static str, valor: impl Display) -> Self {
        self.variables.push((nombre, valor.to_string()));
        self
    }

    /// No deja que el programa tenga más de `cuantos` descriptores abiertos. Solo en Unix.
    #[must_use]
    pub fn con_descriptores(mut self, cuantos: u32) -> Self {
        self.descriptores = Some(cuantos);
        self
    }

    /// No deja que el programa tenga más de `cuantos` hilos. Hace falta [`se_pueden_contar_hilos`].
    #[must_use]
    pub fn con_hilos(mut self, cuantos: u32) -> Self {
        self.hilos = Some(cuantos);
        self
    }

    /// Lo que escribe hasta que termina, que tiene que ser enseguida: por la salida, y por la de errores.
    pub fn salidas(&self) -> io::Result<[String; 2]> {
        let mut comando = self.comando(Modo::Tuberias, Path::new(""));
        let salida = comando.stdin(Stdio::null()).output()?;
        Ok([salida.stdout, salida.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into()))
    }

    /// Cierra la pantalla del programa en cuanto ha escrito dos líneas, y escribe entonces
    /// «pantalla cerrada». Solo en Unix.
    #[must_use]
    pub fn con_pantalla_que_se_cierra(mut self) -> Self {
        self.pantalla_que_se_cierra = true;
        self
    }

    /// `grupo` es el fichero en el que un programa ajeno, en un terminal, apunta cuál es su grupo: rexpect no
    /// lo dice, y hace falta para matar también lo que haya puesto en marcha.
    fn comando(&self, modo: Modo, grupo: &Path) -> Command {
        let mut preparativos = String::new();
        if modo == Modo::Terminal {
            // rexpect apaga el eco; sin noflsh, un Ctrl-C puede borrar lo que aún no se ha leído.
            preparativos += "stty echo noflsh; ";
            if self.ajeno.is_some() {
                preparativos = format!("{preparativos}echo $$ >'{}'; ", grupo.display());
            }
        }
        if let Some(cuantos) = self.descriptores {
            preparativos = format!("{preparativos}ulimit -n {cuantos}; ");
        }
        let mut orden = "exec \"$0\" \"$@\"".to_owned();
        if let Some(cuantos) = self.hilos {
            orden = orden_con_hilos(cuantos);
        }
        if self.pantalla_que_se_cierra {
            // La tubería nace aquí dentro, y así ningún otro programa de la prueba la tiene abierta.
            preparativos += "f=$(mktemp -u) && mkfifo \"$f\"; \
                { head -n 2 <\"$f\"; rm \"$f\"; echo pantalla cerrada; } & ";
            orden += " >\"$f\"";
        }
        let mut comando = if preparativos.is_empty() && self.hilos.is_none() {
            Command::new(&self.programa)
        } else {
            let mut sh = Command::new("sh");
            sh.arg("-c").arg(preparativos + &orden).arg(&self.programa);
            sh
        };
        // Si nadie ha dicho cuál, que use la suya.
        comando.args(self.argumentos.iter().filter(|uno| *uno != DIRECCION));
        comando.env("RUST_BACKTRACE", "0");
        comando.envs(self.variables.iter().map(|(nombre, valor)| (nombre, valor)));
        if let Some(carpeta) = &self.ajeno {
            // Por tuberías, Python guarda lo que escribe y puede no usar UTF-8.
            comando.current_dir(carpeta).env("PYTHONUNBUFFERED", "1").env("PYTHONUTF8", "1");
        }
        comando
    }
}

/// Unos bytes, entre comillas y con los fines de línea y los demás controles a la vista; de muchos, el
/// principio.
#[must_use]
pub fn resumen(bytes: &[u8]) -> String {
    const LARGO: usize = 60;
    let texto: String = String::from_utf8_lossy(bytes).chars().take(LARGO).collect();
    let texto = texto.chars().flat_map(|c| match c {
        '\n' => vec!['⏎'],
        c if c.is_control() => c.escape_unicode().collect(),
        c => vec![c],
    });
    let texto: String = texto.collect();
    if bytes.len() <= LARGO {
        format!("«{texto}»")
    } else {
        format!("«{texto}…» ({} bytes)", bytes.len())
    }
}

/// Lo que hay que decir a `sh` para que su programa no pase de tantos hilos.
fn orden_con_hilos(cuantos: u32) -> String {
    /// Los números de proceso que reparte Linux, como mucho.
    const PIDS: u32 = 1 << 22;
    // Linux los cuenta por usuario, y no se los cuenta a root: hace falta un usuario con el que no
    // haya nadie más, ni otro programa de este proceso. Quien no es root lo consigue con un espacio de
    // usuarios propio.
    static SIGUIENTE: AtomicU32 = AtomicU32::new(0);
    let usuario = 100_000 + std::process::id() + PIDS * SIGUIENTE.fetch_add(1, Ordering::Relaxed);
    format!(
        "if [ \"$(id -u)\" = 0 ]; then \
         exec 9<\"$0\"; \
         exec prlimit --nproc={cuantos} setpriv --reuid={usuario} --clear-groups \
         /proc/self/fd/9 \"$@\"; \
         else exec unshare --user prlimit --nproc={cuantos} \"$0\" \"$@\"; fi"
    )
}

/// ¿Se pueden limitar aquí los hilos de un programa? Solo en Linux, y no en todos.
#[must_use]
pub fn se_pueden_contar_hilos() -> bool {
    let prueba = || {
        Command::new("sh")
            .args(["-c", &orden_con_hilos(100), "/bin/true"])
            .stderr(Stdio::null())
            .status()
    };
    cfg!(target_os = "linux") && prueba().is_ok_and(|estado| estado.success())
}

/// Un programa en marcha. Al soltarlo, se mata.
pub struct Programa {
    contexto: Arc<Contexto>,
    /// Lo que se ve en él.
    pub pantalla: Arc<Pantalla>,
    entrada: Option<Entrada>,
    proceso: Proceso,
    /// Donde está apuntado su grupo de procesos, si lo está.
    #[cfg_attr(not(unix), allow(dead_code))]
    grupo: PathBuf,
}

type Entrada = Box<dyn Write + Send>;

enum Proceso {
    #[cfg(unix)]
    Terminal(Box<PtyProcess>),
    Tuberias(Box<dyn StdChildWrapper>),
}

/// Cómo está, o cómo terminó, un programa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fin {
    EnMarcha,
    Codigo(i32),
    Senal,
}

impl Programa {
    /// Pone en marcha un programa.
    pub fn arrancar(contexto: &Arc<Contexto>, nombre: &str, orden: &Orden) -> Resultado<Self> {
        if orden.ajeno.is_none() && !orden.programa.is_file() {
            return Err(Fallo::prueba(&format!("no existe {}", orden.programa.display())));
        }
        let pantalla = contexto.pantalla(nombre, contexto.modo == Modo::Terminal);
        if orden.ajeno.is_some() {
            pantalla.limita(TOPE);
        }
        let grupo = fichero_de_grupo();
        let comando = orden.comando(contexto.modo, &grupo);
        let (entrada, proceso) = match contexto.modo {
            Modo::Terminal => en_un_terminal(comando, &pantalla)?,
            Modo::Tuberias => por_tuberias(comando, &pantalla).map_err(|fallo| Fallo {
                razon: format!("no se puede poner en marcha {}", orden.programa.display()).into(),
                detalle: format!("{} (¿está instalado, y bien escrito?)", fallo.detalle),
            })?,
        };
        let con: Vec<_> = orden.argumentos.iter().map(|uno| uno.to_string_lossy()).collect();
        contexto.apunta(format!("se pone en marcha «{nombre}» {}", con.join(" ")));
        let entrada = Some(entrada);
        Ok(Self { contexto: Arc::clone(contexto), pantalla, entrada, proceso, grupo })
    }

    /// Teclea una línea y pulsa Intro.
    pub fn escribe(&mut self, linea: &str) -> Resultado {
        self.teclea(&format!("{linea}\n"))
    }

    /// Teclea una línea como una persona: tecla a tecla, y con la de Intro, que no es `\n`. Hay programas que
    /// leen así.
    pub fn escribe_tecla_a_tecla(&mut self, linea: &str) -> Resultado {
        /// Lo que va de una tecla a otra: basta con que cada una llegue sola.
        const ENTRE_TECLAS: Duration = Duration::from_millis(2);
        if self.contexto.modo == Modo::Tuberias {
            return self.escribe(linea);
        }
        self.apunta(&format!("se teclea {}", resumen(linea.as_bytes())));
        for tecla in linea.chars().chain(['\r']) {
            self.envia(tecla.encode_utf8(&mut [0; 4]).as_bytes())?;
            thread::sleep(ENTRE_TECLAS);
        }
        Ok(())
    }

    /// Teclea algo, sin pulsar Intro.
    pub fn teclea(&mut self, texto: &str) -> Resultado {
        if self.contexto.modo == Modo::Tuberias {
            self.pantalla.eco(texto);
        }
        self.apunta(&format!("se teclea {}", resumen(texto.as_bytes())));
        self.envia(texto.as_bytes())
    }

    fn apunta(&self, que: &str) {
        self.contexto.apunta(format!("en {}, {que}", self.pantalla.nombre));
    }

    /// Da estos bytes a la entrada del programa.
    pub fn envia(&mut self, bytes: &[u8]) -> Resultado {
        let entrada = self.entrada.as_mut().ok_or_else(|| Fallo::prueba(&"entrada cerrada"))?;
        entrada.write_all(bytes)?;
        entrada.flush()?;
        Ok(())
    }

    /// Pulsa Ctrl-C. Necesita un terminal.
    pub fn ctrl_c(&mut self) -> Resultado {
        self.apunta("se pulsa Ctrl-C");
        self.tecla_de_control(3)
    }

    /// Termina la entrada: Ctrl-D en un terminal, cerrar la tubería si no lo hay.
    pub fn fin_de_entrada(&mut self) -> Resultado {
        self.apunta("se termina la entrada (Ctrl-D)");
        if self.contexto.modo == Modo::Tuberias {
            self.entrada = None;
            return Ok(());
        }
        self.tecla_de_control(4)
    }

    /// Congela la pantalla: Ctrl-S en un terminal; si no lo hay, nadie lee de la tubería.
    pub fn congela_pantalla(&mut self) -> Resultado {
        if self.contexto.modo == Modo::Tuberias {
            self.pantalla.congela(true);
            return Ok(());
        }
        self.tecla_de_control(19)
    }

    /// La descongela: Ctrl-Q en un terminal.
    pub fn descongela_pantalla(&mut self) -> Resultado {
        if self.contexto.modo == Modo::Tuberias {
            self.pantalla.congela(false);
            return Ok(());
        }
        self.tecla_de_control(17)
    }

    fn tecla_de_control(&mut self, tecla: u8) -> Resultado {
        if self.contexto.modo == Modo::Tuberias {
            return Err(Fallo::prueba(&"sin terminal no hay teclas de control"));
        }
        self.envia(&[tecla])
    }

    /// Espera a que la pantalla tenga esta línea, ella sola; si no, el fallo es `si_no`.
    pub fn ve(&self, linea: &str, si_no: impl Into<Razon>) -> Resultado {
        self.contexto.ve(&self.pantalla, linea, si_no)
    }

    /// Espera a que la pantalla contenga este texto; si no, el fallo es `si_no`.
    pub fn muestra(&self, texto: &str, si_no: impl Into<Razon>) -> Resultado {
        let si_no = si_no.into();
        let plazo = self.contexto.plazo(si_no.clone());
        self.contexto.exige(
            self.pantalla.espera(plazo, |vista| vista.texto.contains(texto)),
            si_no,
            || format!("se esperaba «{texto}» en la pantalla de {}", self.pantalla.nombre),
        )
    }

    /// Espera a que de la pantalla se pueda extraer algo; si no, el fallo es `si_no`.
    pub fn extrae<T>(
        &self,
        si_no: impl Into<Razon>,
        extraer: impl Fn(&str) -> Option<T>,
    ) -> Resultado<T> {
        let si_no = si_no.into();
        let plazo = self.contexto.plazo(si_no.clone());
        self.pantalla.espera(plazo, |vista| extraer(&vista.texto).is_some());
        let nombre = &self.pantalla.nombre;
        extraer(&self.pantalla.texto()).ok_or_else(|| {
            self.contexto.fallo(si_no, format!("no está en la pantalla de {nombre}"))
        })
    }

    /// Lo que comparte con las demás piezas.
    #[must_use]
    pub fn contexto(&self) -> &Arc<Contexto> {
        &self.contexto
    }

    /// Espera a que termine por sí mismo, con este código; si no, el fallo es `si_no`.
    pub fn acaba(&mut self, codigo: i32, si_no: impl Into<Razon>) -> Resultado {
        let si_no = si_no.into();
        let plazo = self.contexto.plazo(si_no.clone());
        self.pantalla.espera(plazo, |vista| vista.terminada);
        let fin = self.fin_antes_de(plazo)?;
        self.contexto.exige(fin == Fin::Codigo(codigo), si_no, || {
            format!("{} debía terminar con {codigo}: {fin:?}", self.pantalla.nombre)
        })
    }

    /// ¿Termina, como sea, antes de ese momento?
    pub fn acaba_antes_de(&mut self, plazo: Instant) -> Resultado<bool> {
        Ok(self.fin_antes_de(plazo)? != Fin::EnMarcha)
    }

    /// Cómo ha terminado, si ha terminado: «con el código 1».
    pub fn como_ha_terminado(&mut self) -> Option<String> {
        match self.fin_antes_de(Instant::now()).ok()? {
            Fin::EnMarcha => None,
            Fin::Codigo(codigo) => Some(format!("con el código {codigo}")),
            Fin::Senal => Some("de golpe".into()),
        }
    }

    /// El número de proceso, si se maneja por tuberías (rexpect no lo enseña).
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        match &self.proceso {
            #[cfg(unix)]
            Proceso::Terminal(_) => None,
            Proceso::Tuberias(hijo) => Some(hijo.id()),
        }
    }

    /// Le pide que termine, como hace el sistema al apagarse (SIGTERM). Necesita tuberías y Unix.
    pub fn pide_que_termine(&self) -> Resultado {
        let pid = self.pid().ok_or_else(|| Fallo::prueba(&"no se sabe el número de proceso"))?;
        let kill = Command::new("kill").arg("-TERM").arg(pid.to_string()).status()?;
        if kill.success() { Ok(()) } else { Err(Fallo::prueba(&"kill no puede con el programa")) }
    }

    /// Lo para, con todo lo que haya puesto en marcha, o lo deja seguir. Devuelve si aquí se puede: solo en
    /// Unix.
    #[must_use]
    pub fn parado(&self, parado: bool) -> bool {
        let senal = if parado { "-STOP" } else { "-CONT" };
        cfg!(unix) && self.proceso().is_some_and(|grupo| senal_al_grupo(senal, &grupo.to_string()))
    }

    /// Los sockets que tiene abiertos, donde se puede saber: en Linux.
    #[must_use]
    pub fn sockets_abiertos(&self) -> Option<usize> {
        let descriptores = std::fs::read_dir(format!("/proc/{}/fd", self.proceso()?)).ok()?;
        let destinos = descriptores.filter_map(|uno| std::fs::read_link(uno.ok()?.path()).ok());
        Some(destinos.filter(|destino| destino.to_string_lossy().starts_with("socket:")).count())
    }

    /// Su número de proceso, que también es el de su grupo: solo se sabe si es un programa ajeno o está en
    /// marcha por tuberías.
    #[must_use]
    pub fn proceso(&self) -> Option<u32> {
        self.pid().or_else(|| std::fs::read_to_string(&self.grupo).ok()?.trim().parse().ok())
    }

    /// Lo mata sin aviso, como si se cerrara de golpe.
    pub fn matar(&mut self) {
        // Si ya había terminado, no queda nada que matar.
        match &mut self.proceso {
            #[cfg(unix)]
            Proceso::Terminal(pty) => {
                if pty.status() == Some(WaitStatus::StillAlive) {
                    let _ = pty.signal(Signal::SIGKILL);
                    let _ = pty.wait();
                }
                // Al cerrarse el terminal acabaría también lo demás, pero no si no hace caso a SIGHUP.
                if let Ok(grupo) = fs::read_to_string(&self.grupo) {
                    matar_grupo(grupo.trim());
                    let _ = fs::remove_file(&self.grupo);
                }
            }
            Proceso::Tuberias(hijo) => {
                let _ = hijo.kill();
                let _ = hijo.wait();
                en_marcha().retain(|pid| *pid != hijo.id());
            }
        }
    }

    fn fin_antes_de(&mut self, plazo: Instant) -> io::Result<Fin> {
        loop {
            let fin = match &mut self.proceso {
                #[cfg(unix)]
                Proceso::Terminal(pty) => match pty.status() {
                    Some(WaitStatus::Exited(_, codigo)) => Fin::Codigo(codigo),
                    Some(WaitStatus::Signaled(..)) => Fin::Senal,
                    _ => Fin::EnMarcha,
                },
                Proceso::Tuberias(hijo) => match hijo.try_wait()? {
                    Some(estado) => estado.code().map_or(Fin::Senal, Fin::Codigo),
                    None => Fin::EnMarcha,
                },
            };
            if fin != Fin::EnMarcha || Instant::now() >= plazo {
                return Ok(fin);
            }
            thread::sleep(MIRADA);
        }
    }
}

impl Drop for Programa {
    fn drop(&mut self) {
        self.matar();
    }
}

/// Los programas en marcha que se manejan por tuberías. (Los ajenos que tienen un terminal apuntan su grupo; a
/// los demás los termina el sistema cuando se cierra.)
fn en_marcha() -> MutexGuard<'static, Vec<u32>> {
    static EN_MARCHA: Mutex<Vec<u32>> = Mutex::new(Vec::new());
    EN_MARCHA.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Mata todos los programas en marcha: es para quien va a terminar sin soltarlos. En Windows no hace
/// falta: Ctrl-C les llega también a ellos.
pub fn matar_todos() {
    #[cfg(unix)]
    for pid in en_marcha().iter() {
        // Y a lo que ellos hayan puesto en marcha: cada uno es un grupo.
        matar_grupo(&pid.to_string());
    }
    // Y a los que están en un terminal, que tienen su grupo apuntado.
    #[cfg(unix)]
    for fichero in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let nuestro = format!("grupo-{}-", std::process::id());
        if fichero.file_name().to_string_lossy().starts_with(&nuestro) {
            if let Ok(grupo) = fs::read_to_string(fichero.path()) {
                matar_grupo(grupo.trim());
            }
            let _ = fs::remove_file(fichero.path());
        }
    }
}

#[cfg(unix)]
fn matar_grupo(grupo: &str) {
    // Si ya no queda nadie, mejor.
    let _ = senal_al_grupo("-KILL", grupo);
}

fn senal_al_grupo(senal: &str, grupo: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([senal, "--", &format!("-{grupo}")]);
    kill.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    kill.status().is_ok_and(|estado| estado.success())
}

fn fichero_de_grupo() -> PathBuf {
    static SIGUIENTE: AtomicU32 = AtomicU32::new(0);
    let numero = SIGUIENTE.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("grupo-{}-{numero}", std::process::id()))
}

fn por_tuberias(mut comando: Command, pantalla: &Arc<Pantalla>) -> Resultado<(Entrada, Proceso)> {
    comando.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut comando = StdCommandWrap::from(comando);
    // Con él se mata todo lo que haya puesto en marcha, y nada más.
    #[cfg(unix)]
    comando.wrap(ProcessGroup::leader());
    #[cfg(windows)]
    comando.wrap(JobObject);
    let mut hijo = comando.spawn()?;
    let (Some(entrada), Some(salida), Some(errores)) =
        (hijo.stdin().take(), hijo.stdout().take(), hijo.stderr().take())
    else {
        return Err(Fallo::prueba(&"el programa no tiene tuberías"));
    };
    en_marcha().push(hijo.id());
    pantalla.llenar(salida);
    pantalla.llenar(errores);
    Ok((Box::new(entrada), Proceso::Tuberias(hijo)))
}

#[cfg(unix)]
fn en_un_terminal(comando: Command, pantalla: &Arc<Pantalla>) -> Resultado<(Entrada, Proceso)> {
    let mut pty = PtyProcess::new(comando).map_err(|error| Fallo::prueba(&error))?;
    pty.set_kill_timeout(Some(1000));
    let entrada = pty.get_file_handle().map_err(|error| Fallo::prueba(&error))?;
    pantalla.llenar(pty.get_file_handle().map_err(|error| Fallo::prueba(&error))?);
    Ok((Box::new(entrada), Proceso::Terminal(Box::new(pty))))
}

#[cfg(not(unix))]
fn en_un_terminal(_comando: Command, _pantalla: &Arc<Pantalla>) -> Resultado<(Entrada, Proceso)> {
    Err(Fallo::prueba(&"aquí no hay pseudoterminales"))
}
