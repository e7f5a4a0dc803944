//! Juzga desde fuera un servidor y un cliente, escritos en cualquier lenguaje. Está contado en
//! `docs/corrector.md`.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use corrector::{Juicio, carpeta, cliente, informe, servidor};
use pruebas::escena::{Fallo, Resultado};
use pruebas::programa::Orden;

const USO: &str = "\
uso: corrector --servidor 'ORDEN' --cliente 'ORDEN' [OPCIONES]
     corrector --carpeta CARPETA [OPCIONES]

Juzga un servidor, un cliente o los dos, y propone una fila de la rúbrica. Los programas se ponen en
marcha con los permisos de quien lo llama.

  --servidor 'ORDEN'   cómo se pone en marcha el servidor, como 'python3 servidor.py'
  --cliente 'ORDEN'    cómo se pone en marcha el cliente
  --carpeta CARPETA    juzga cada subcarpeta que tenga un servidor.* y un cliente.*
  --direccion D        la dirección que usan (127.0.0.1:12345 si no se indica)
  --json FICHERO       escribe además el resultado en JSON
  --csv FICHERO        con --carpeta, escribe además la tabla en CSV

Termina con 0 si se cumple todo, con 1 si no, y con 2 si no se puede juzgar.
";

struct Opciones {
    servidor: Option<String>,
    cliente: Option<String>,
    carpeta: Option<PathBuf>,
    direccion: SocketAddr,
    json: Option<PathBuf>,
    csv: Option<PathBuf>,
}

fn main() -> ExitCode {
    let opciones = match leer_opciones() {
        Ok(Some(opciones)) => opciones,
        Ok(None) => {
            print!("{USO}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{USO}");
            return ExitCode::from(2);
        }
    };
    let resultado = match &opciones.carpeta {
        Some(clase) => una_clase(&opciones, clase),
        None => una_pareja(&opciones),
    };
    match resultado {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(Fallo { razon, detalle }) => {
            eprintln!("error: no se puede juzgar: {razon}: {detalle}");
            ExitCode::from(2)
        }
    }
}

fn leer_opciones() -> Result<Option<Opciones>, String> {
    use lexopt::Arg::{Long, Short, Value};
    let mut opciones = Opciones {
        servidor: None,
        cliente: None,
        carpeta: None,
        direccion: SocketAddr::from(([127, 0, 0, 1], 12345)),
        json: None,
        csv: None,
    };
    let mut linea = lexopt::Parser::from_env();
    while let Some(argumento) = linea.next().map_err(|_| "a una opción le sobra su valor")? {
        let nombre = match argumento {
            Long(nombre) => nombre.to_owned(),
            Short('h') => "help".to_owned(),
            Short(letra) => return Err(format!("no hay ninguna opción -{letra}")),
            Value(suelto) => return Err(format!("sobra «{}»", suelto.to_string_lossy())),
        };
        if nombre == "help" {
            return Ok(None);
        }
        let valor = linea.value().map_err(|_| format!("a --{nombre} le falta su valor"))?;
        let texto = valor.to_string_lossy().into_owned();
        match nombre.as_str() {
            "servidor" => opciones.servidor = Some(texto),
            "cliente" => opciones.cliente = Some(texto),
            "carpeta" => opciones.carpeta = Some(valor.into()),
            "json" => opciones.json = Some(valor.into()),
            "csv" => opciones.csv = Some(valor.into()),
            "direccion" => {
                let error = |_| format!("una dirección es como 127.0.0.1:12345, y no «{texto}»");
                opciones.direccion = texto.parse().map_err(error)?;
            }
            otra => return Err(format!("no hay ninguna opción --{otra}")),
        }
    }
    let algo = opciones.servidor.is_some() || opciones.cliente.is_some();
    match (algo, opciones.carpeta.is_some()) {
        (false, false) => Err("falta decir qué se juzga".into()),
        (true, true) => Err("--carpeta ya dice qué se juzga".into()),
        _ => Ok(Some(opciones)),
    }
}

/// Devuelve si cumplen todo.
fn una_pareja(opciones: &Opciones) -> Resultado<bool> {
    let aqui = std::env::current_dir()?;
    let mut bien = true;
    let mut juzga = |titulo: &str, linea: &Option<String>, juzgar: Juzgar| {
        let Some(linea) = linea else { return Ok(None) };
        let orden = Orden::de_linea(linea, &aqui).ok_or_else(|| Fallo {
            razon: format!("la orden del {titulo} está vacía").into(),
            detalle: "se escribe como 'python3 servidor.py'".into(),
        })?;
        let juicio = juzgar(&orden, opciones.direccion)?;
        bien &= juicio.cumple_todo();
        println!("{}", informe::texto(&format!("{}: {linea}", titulo.to_uppercase()), &juicio));
        Ok::<_, Fallo>(Some(juicio))
    };
    let del_servidor = juzga("servidor", &opciones.servidor, servidor::juzgar)?;
    let del_cliente = juzga("cliente", &opciones.cliente, cliente::juzgar)?;
    if let Some(fichero) = &opciones.json {
        let json = informe::json(del_servidor.as_ref(), del_cliente.as_ref());
        escribir(fichero, &format!("{json:#}\n"))?;
    }
    Ok(bien)
}

type Juzgar = fn(&Orden, SocketAddr) -> Resultado<Juicio>;

/// Devuelve si todas las entregas cumplen todo.
fn una_clase(opciones: &Opciones, clase: &Path) -> Resultado<bool> {
    let entregas = carpeta::entregas(clase)?;
    if entregas.is_empty() {
        return Err(Fallo {
            razon: format!("en {} no hay entregas", clase.display()).into(),
            detalle: "cada una es una subcarpeta con un servidor.* y un cliente.*".into(),
        });
    }
    let mut filas = Vec::new();
    let mut todo = serde_json::Map::new();
    let mut bien = true;
    for (numero, entrega) in entregas.iter().enumerate() {
        let nombre = entrega.file_name().unwrap_or_default().to_string_lossy().into_owned();
        eprintln!("[{}/{}] {nombre}", numero + 1, entregas.len());
        let juzga = |programa: &str, juzgar: Juzgar| {
            let ruta = carpeta::programa(entrega, programa).ok_or_else(|| Fallo {
                razon: format!("ya no está su {programa}").into(),
                detalle: String::new(),
            })?;
            juzgar(&carpeta::orden(&ruta, preguntar)?, opciones.direccion)
        };
        let del_servidor = juzga("servidor", servidor::juzgar);
        let del_cliente = juzga("cliente", cliente::juzgar);
        let cumplen = |juicio: &Resultado<Juicio>| juicio.as_ref().is_ok_and(Juicio::cumple_todo);
        bien &= cumplen(&del_servidor) && cumplen(&del_cliente);
        filas.push(fila(&nombre, &del_servidor, &del_cliente));
        let json = informe::json(del_servidor.as_ref().ok(), del_cliente.as_ref().ok());
        todo.insert(nombre, json);
    }
    carpeta::limpiar();
    println!("{}", informe::tabla(&CABECERA, &filas));
    if let Some(fichero) = &opciones.csv {
        escribir(fichero, &informe::csv(&CABECERA, &filas))?;
    }
    if let Some(fichero) = &opciones.json {
        escribir(fichero, &format!("{:#}\n", serde_json::Value::Object(todo)))?;
    }
    Ok(bien)
}

const CABECERA: [&str; 7] =
    ["entrega", "servidor %", "puntos", "cliente %", "puntos", "total", "no cumple"];

fn fila(nombre: &str, servidor: &Resultado<Juicio>, cliente: &Resultado<Juicio>) -> Vec<String> {
    let dos = |juicio: &Resultado<Juicio>| match juicio {
        Ok(juicio) => [juicio.fila().to_string(), informe::coma(juicio.puntos())],
        Err(_) => [String::new(), String::new()],
    };
    let mut faltan: Vec<String> = Vec::new();
    for juicio in [servidor, cliente] {
        match juicio {
            Ok(juicio) => faltan.extend(juicio.fallan().into_iter().map(str::to_owned)),
            Err(fallo) => faltan.push(fallo.razon.to_string()),
        }
    }
    let total = match (servidor, cliente) {
        (Ok(uno), Ok(otro)) => informe::coma(uno.puntos() + otro.puntos()),
        _ => String::new(),
    };
    let ([s, ps], [c, pc]) = (dos(servidor), dos(cliente));
    vec![nombre.to_owned(), s, ps, c, pc, total, faltan.join(" ")]
}

/// Pregunta en el terminal cómo se pone en marcha un programa de un lenguaje que no conocemos.
fn preguntar(ruta: &Path) -> Option<String> {
    eprint!("¿cómo se pone en marcha {}? ", ruta.display());
    let _ = io::stderr().flush();
    let mut linea = String::new();
    io::stdin().read_line(&mut linea).ok()?;
    Some(linea)
}

fn escribir(fichero: &Path, texto: &str) -> Resultado {
    fs::write(fichero, texto).map_err(|error| Fallo {
        razon: format!("no se puede escribir {}", fichero.display()).into(),
        detalle: error.to_string(),
    })
}
