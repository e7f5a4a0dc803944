//! El taller, desde el terminal: `cargo run --bin taller -- --help`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pruebas::programa::{Orden, matar_todos};
use taller::comprobar::{Examen, Programas};
use taller::ejercicio::Ejercicio;
use taller::vigilar::{BORRAR, vigilar};
use taller::{Paso, demo, empezar, experimento};

const USO: &str = "\
uso: taller empezar PASO CARPETA
     taller comprobar [PASO] CARPETA [--vigilar]
     taller comprobar [PASO] --servidor 'ORDEN' --cliente 'ORDEN'
     taller ejercicio PASO.NÚMERO CARPETA [--vigilar]
     taller experimento PASO.NÚMERO [--sin-preguntar]
     taller pregunta PASO.NÚMERO [--sin-preguntar]
     taller demo PASO

Para seguir el curso escribiendo una versión propia. PASO es 01, 02… o final.

  empezar       crea en CARPETA un paquete tuyo, con el código del paso anterior
  comprobar     dice en qué paso está, y qué le falta para el siguiente; o si cumple ese
  ejercicio     dice si un ejercicio de un capítulo está hecho en CARPETA; si no hay nada en ella,
                la crea con el código del paso
  experimento   hace en una copia un «quita una línea» de un capítulo, y enseña qué pasa
  pregunta      lo mismo, con el cambio que prueba la respuesta de una pregunta de la revisión oral
  demo          la misma escena con los programas del paso anterior y con los de ese: antes y después

  --vigilar            vuelve a comprobar cada vez que se guarda un fichero, hasta Ctrl-C
  --servidor 'ORDEN'   cómo se pone en marcha un servidor en cualquier lenguaje; donde diga
                       DIRECCION se le dice la suya, y si no, tiene que usar 127.0.0.1:12345
  --cliente 'ORDEN'    lo mismo, para el cliente
  --sin-preguntar      no pregunta qué crees que va a pasar

Por ejemplo:

  cargo run --bin taller -- empezar 01 ../mi-chat
  cargo run --bin taller -- comprobar ../mi-chat
  cargo run --bin taller -- comprobar 03 ../mi-chat --vigilar
  cargo run --bin taller -- comprobar 02 --servidor 'python3 ../mi-chat/servidor.py DIRECCION' \\
      --cliente 'python3 ../mi-chat/cliente.py DIRECCION'
  cargo run --bin taller -- ejercicio 01.2 ../ejercicio-01.2
  cargo run --bin taller -- experimento 03.2

Termina con 0 si se cumple todo lo que se pide, con 1 si no, y con 2 si no se puede mirar.
";

const AYUDA: &str = "\n(cómo se usa: cargo run --bin taller -- --help)";

fn main() -> ExitCode {
    // Que no quede en marcha nada de lo que se estaba mirando.
    let interrumpido = ctrlc::set_handler(|| {
        matar_todos();
        std::process::exit(130)
    });
    if let Err(error) = interrumpido {
        eprintln!("aviso: con Ctrl-C puede quedar algo en marcha: {error}");
    }
    match hacer() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

#[derive(Default)]
struct Pedido {
    palabras: Vec<OsString>,
    servidor: Option<String>,
    cliente: Option<String>,
    vigilar: bool,
    sin_preguntar: bool,
}

/// Devuelve si se cumple lo que se ha pedido mirar.
fn hacer() -> Result<bool, String> {
    let Some(pedido) = leer_pedido().map_err(|error| format!("{error}{AYUDA}"))? else {
        print!("{USO}");
        return Ok(true);
    };
    let textos: Vec<_> = pedido.palabras.iter().map(|palabra| palabra.to_string_lossy()).collect();
    let textos: Vec<&str> = textos.iter().map(|texto| &**texto).collect();
    let carpeta = || PathBuf::from(pedido.palabras.last().cloned().unwrap_or_default());
    let ajenos = pedido.servidor.is_some() || pedido.cliente.is_some();
    match textos[..] {
        ["empezar", paso, _] if !ajenos => {
            println!("{}", empezar::empezar(&Paso::leer(paso)?, &carpeta())?);
            Ok(true)
        }
        ["ejercicio", nombre, _] if !ajenos => ejercicio(nombre, &carpeta(), pedido.vigilar),
        [cual @ ("experimento" | "pregunta"), nombre] if !ajenos => {
            let leer =
                if cual == "pregunta" { experimento::de_pregunta } else { experimento::leer };
            let (paso, experimento) = leer(nombre)?;
            experimento::hacer(&paso, &experimento, !pedido.sin_preguntar, &mut io::stdout())?;
            Ok(true)
        }
        ["demo", paso] if !ajenos => {
            demo::hacer(&Paso::leer(paso)?, &mut io::stdout())?;
            Ok(true)
        }
        ["demo"] => Err(format!("falta de qué paso, como en «demo 03»{AYUDA}")),
        ["comprobar"] if ajenos => comprobar(None, &los_ajenos(&pedido)?),
        ["comprobar", paso] if ajenos => comprobar(Some(paso), &los_ajenos(&pedido)?),
        ["comprobar", _] => en_carpeta(&carpeta(), pedido.vigilar, |suyos| comprobar(None, suyos)),
        ["comprobar", paso, _] => {
            en_carpeta(&carpeta(), pedido.vigilar, |suyos| comprobar(Some(paso), suyos))
        }
        ["empezar" | "comprobar" | "ejercicio"] | ["empezar" | "ejercicio", _] => Err(format!(
            "falta la carpeta de tu versión, como en «{} ../mi-chat»{AYUDA}",
            textos.join(" ")
        )),
        [cual @ ("experimento" | "pregunta")] => {
            Err(format!("falta cuál, como en «{cual} 03.2»{AYUDA}"))
        }
        _ => Err(format!("esto no se entiende: «{}»{AYUDA}", textos.join(" "))),
    }
}

fn leer_pedido() -> Result<Option<Pedido>, String> {
    use lexopt::Arg::{Long, Short, Value};
    let mut pedido = Pedido::default();
    let mut linea = lexopt::Parser::from_env();
    while let Some(argumento) = linea.next().map_err(|_| "a una opción le sobra su valor")? {
        let orden = match argumento {
            Value(palabra) => {
                pedido.palabras.push(palabra);
                continue;
            }
            Short('h') | Long("help") => return Ok(None),
            Long("vigilar") => {
                pedido.vigilar = true;
                continue;
            }
            Long("sin-preguntar") => {
                pedido.sin_preguntar = true;
                continue;
            }
            Long("servidor") => &mut pedido.servidor,
            Long("cliente") => &mut pedido.cliente,
            Short(letra) => return Err(format!("no hay ninguna opción -{letra}")),
            Long(nombre) => return Err(format!("no hay ninguna opción --{nombre}")),
        };
        let valor = linea.value().map_err(|_| "a --servidor o a --cliente le falta su orden")?;
        *orden = Some(valor.to_string_lossy().into_owned());
    }
    Ok(Some(pedido))
}

fn los_ajenos(pedido: &Pedido) -> Result<Programas, String> {
    let aqui = std::env::current_dir().map_err(|error| error.to_string())?;
    let orden = |linea: &Option<String>| {
        let linea = linea.as_deref().ok_or("hacen falta los dos: --servidor y --cliente")?;
        Orden::de_linea(linea, &aqui).ok_or("una orden está vacía")
    };
    Ok(Programas::ajenos(orden(&pedido.servidor)?, orden(&pedido.cliente)?))
}

fn comprobar(paso: Option<&str>, programas: &Programas) -> Result<bool, String> {
    let paso = paso.map(Paso::leer).transpose()?;
    let mut salida = io::stdout();
    let mut examen = Examen::new(programas, &mut salida);
    let cumple = match &paso {
        Some(paso) => examen.paso(paso),
        None => examen.paso_a_paso(),
    };
    let cumple = cumple.map_err(|error| format!("no se puede escribir en el terminal: {error}"))?;
    if let Some(paso) = paso.filter(|_| cumple) {
        println!("Ahora, a leer {}.", paso.capitulo.pagina);
        if let Some(siguiente) = paso.siguiente() {
            let nombre = siguiente.nombre();
            println!("Después, el {nombre}: cargo run --bin taller -- empezar {nombre} …");
        }
    }
    Ok(cumple)
}

fn ejercicio(nombre: &str, carpeta: &Path, hay_que_vigilar: bool) -> Result<bool, String> {
    let ejercicio = Ejercicio::leer(nombre)?;
    if !empezar::hay_version(carpeta) {
        println!("{}", ejercicio.empezar(carpeta)?);
        return Ok(true);
    }
    en_carpeta(carpeta, hay_que_vigilar, |programas| {
        let hecho = Examen::new(programas, &mut io::stdout()).ejercicio(&ejercicio);
        hecho.map_err(|error| format!("no se puede escribir en el terminal: {error}"))
    })
}

/// Construye lo que hay en una carpeta y lo mira; si se pide, cada vez que cambia.
fn en_carpeta(
    carpeta: &Path,
    hay_que_vigilar: bool,
    mirar: impl Fn(&Programas) -> Result<bool, String>,
) -> Result<bool, String> {
    // La primera vez tarda: que no parezca que no pasa nada.
    let construir = || {
        eprintln!("Construyendo {}…", carpeta.display());
        Programas::construidos(carpeta)
    };
    if !hay_que_vigilar {
        return mirar(&construir()?);
    }
    vigilar(carpeta, || {
        print!("{BORRAR}");
        let _ = io::stdout().flush();
        // Que no compile, o que falte algo, es lo corriente: se dice, y se espera a que cambie.
        match construir() {
            Ok(programas) => drop(mirar(&programas)?),
            Err(error) => println!("{error}"),
        }
        println!("\n(Se volverá a mirar cuando guardes algo. Ctrl-C para dejarlo.)");
        Ok(())
    })?;
    Ok(true)
}
