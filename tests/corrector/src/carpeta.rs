//! Una clase entera: una carpeta con una entrega en cada subcarpeta.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pruebas::escena::{Fallo, Resultado};
use pruebas::programa::Orden;

/// Las subcarpetas en las que hay un servidor y un cliente, por orden alfabético.
///
/// # Errors
///
/// Si la carpeta no se puede leer.
pub fn entregas(carpeta: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entregas = Vec::new();
    for entrada in fs::read_dir(carpeta)? {
        let ruta = entrada?.path();
        if ["servidor", "cliente"].iter().all(|nombre| programa(&ruta, nombre).is_some()) {
            entregas.push(ruta);
        }
    }
    entregas.sort();
    Ok(entregas)
}

/// El fichero `nombre.*` de una carpeta; si hay varios, el primero que sabemos poner en marcha.
#[must_use]
pub fn programa(carpeta: &Path, nombre: &str) -> Option<PathBuf> {
    let mut ficheros: Vec<PathBuf> = fs::read_dir(carpeta)
        .ok()?
        .filter_map(|entrada| Some(entrada.ok()?.path()))
        .filter(|ruta| ruta.is_file() && ruta.file_stem().is_some_and(|tronco| tronco == nombre))
        .filter(|ruta| ruta.extension().is_some())
        .collect();
    ficheros.sort_by_key(|ruta| {
        let extension = ruta.extension().unwrap_or_default().to_string_lossy().into_owned();
        let conocida = CONOCIDAS.iter().position(|otra| *otra == extension);
        (conocida.unwrap_or(CONOCIDAS.len()), extension)
    });
    ficheros.into_iter().next()
}

/// Las extensiones que sabemos poner en marcha, de la más a la menos probable.
const CONOCIDAS: [&str; 6] = ["py", "jar", "java", "js", "exe", "rs"];

/// Cómo se pone en marcha un programa, según su extensión. Si no la conocemos, lo pregunta
/// `preguntar`, que recibe la ruta.
///
/// # Errors
///
/// Si falta el intérprete, si no compila, o si nadie dice cómo se pone en marcha.
pub fn orden(ruta: &Path, preguntar: impl Fn(&Path) -> Option<String>) -> Resultado<Orden> {
    let carpeta = ruta.parent().unwrap_or(Path::new("."));
    let fichero = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let con = |programa: &str, argumentos: &[&str]| {
        let argumentos: Vec<String> = argumentos.iter().map(|&uno| uno.to_owned()).collect();
        Orden::ajena(programa, &argumentos, carpeta)
    };
    match ruta.extension().unwrap_or_default().to_string_lossy().as_ref() {
        "py" => Ok(con(interprete(&["python3", "python", "py"])?, &[&fichero])),
        "java" => Ok(con(interprete(&["java"])?, &[&fichero])),
        "jar" => Ok(con(interprete(&["java"])?, &["-jar", &fichero])),
        "js" => Ok(con(interprete(&["node"])?, &[&fichero])),
        "exe" => Ok(con(&absoluta(ruta)?.to_string_lossy(), &[])),
        "rs" => Ok(con(&compilado(ruta)?.to_string_lossy(), &[])),
        _ => {
            let linea = preguntar(ruta).unwrap_or_default();
            Orden::de_linea(&linea, carpeta).ok_or_else(|| Fallo {
                razon: format!("no se sabe cómo poner en marcha {fichero}").into(),
                detalle: "hay que decirlo con --servidor o --cliente".into(),
            })
        }
    }
}

fn absoluta(ruta: &Path) -> Resultado<PathBuf> {
    Ok(std::path::absolute(ruta)?)
}

/// El primero de estos programas que haya.
fn interprete<'a>(nombres: &[&'a str]) -> Resultado<&'a str> {
    let hay = |nombre: &&&str| {
        let mut prueba = Command::new(nombre);
        prueba.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        prueba.status().is_ok_and(|estado| estado.success())
    };
    nombres.iter().find(hay).copied().ok_or_else(|| Fallo {
        razon: format!("aquí no hay {}", nombres[0]).into(),
        detalle: "instálalo y vuelve a probar".into(),
    })
}

/// Donde se guarda lo compilado: cada corrector en marcha, en un sitio.
fn compilados() -> PathBuf {
    std::env::temp_dir().join(format!("corrector-{}", std::process::id()))
}

/// Borra lo que se haya compilado.
pub fn limpiar() {
    // Si no se compiló nada, no hay nada que borrar.
    let _ = fs::remove_dir_all(compilados());
}

/// Compila un programa de un solo fichero, fuera de su carpeta.
fn compilado(ruta: &Path) -> Resultado<PathBuf> {
    let destino = compilados();
    fs::create_dir_all(&destino)?;
    let entrega = ruta.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let tronco = ruta.file_stem().unwrap_or_default().to_string_lossy();
    let salida = destino.join(format!("{entrega}-{tronco}{}", std::env::consts::EXE_SUFFIX));
    let rustc = Command::new("rustc")
        .args(["--edition", "2024", "-O", "-o"])
        .arg(&salida)
        .arg(ruta)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Fallo {
            razon: format!("no se puede compilar {} (¿está Rust instalado?)", ruta.display())
                .into(),
            detalle: error.to_string(),
        })?;
    if rustc.status.success() {
        return Ok(salida);
    }
    let detalle = String::from_utf8_lossy(&rustc.stderr).lines().next().unwrap_or("").to_owned();
    Err(Fallo { razon: format!("{} no compila", ruta.display()).into(), detalle })
}
