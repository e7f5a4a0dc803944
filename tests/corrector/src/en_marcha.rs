//! Cómo se pone en marcha cada programa, según el lenguaje en que está escrito.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use pruebas::construir::construir;
use pruebas::escena::{Fallo, Resultado};
use pruebas::programa::Orden;

use crate::clase::extension;

/// Cómo se pone en marcha un programa desde esa carpeta, la suya o una que la contiene, según su extensión.
///
/// # Errors
///
/// Si falta el intérprete, si no compila, o si no sabemos qué hacer con ese lenguaje.
pub fn orden(ruta: &Path, carpeta: &Path) -> Resultado<Orden> {
    let fichero = ruta.strip_prefix(carpeta).unwrap_or(ruta).to_string_lossy().into_owned();
    let con = |programa: &str, argumentos: &[&str]| {
        let argumentos: Vec<String> = argumentos.iter().map(|&uno| uno.to_owned()).collect();
        Orden::ajena(programa, &argumentos, carpeta)
    };
    match extension(ruta).to_lowercase().as_str() {
        "py" => de_python(ruta, &fichero, &con),
        "java" => de_java(ruta, &con),
        "jar" => Ok(con(interprete(&["java"])?, &["-jar", &fichero])),
        "js" | "mjs" => Ok(con(interprete(&["node"])?, &[&fichero])),
        "rb" => Ok(con(interprete(&["ruby"])?, &[&fichero])),
        "php" => Ok(con(interprete(&["php"])?, &[&fichero])),
        "exe" => Ok(con(&absoluta(ruta)?.to_string_lossy(), &[])),
        "rs" => {
            let programa = match proyecto(ruta) {
                Some(proyecto) => de_cargo(ruta, &proyecto)?,
                None => compilado("rustc", &["--edition", "2024", "-O"], "-o", ruta)?,
            };
            Ok(con(&programa.to_string_lossy(), &[]))
        }
        "c" => Ok(con(&compilado("cc", &["-pthread"], "-o", ruta)?.to_string_lossy(), &[])),
        "cpp" => Ok(con(&compilado("c++", &["-pthread"], "-o", ruta)?.to_string_lossy(), &[])),
        "go" => Ok(con(&compilado("go", &["build"], "-o", ruta)?.to_string_lossy(), &[])),
        "cs" => {
            let mono = interprete(&["mono"])?;
            Ok(con(mono, &[&compilado("mcs", &["-nologo"], "-out:", ruta)?.to_string_lossy()]))
        }
        _ => Err(Fallo {
            razon: format!("no se sabe cómo poner en marcha {fichero}").into(),
            detalle: "hay que decirlo con --servidor o --cliente".into(),
        }),
    }
}

/// Se compila con las clases que use, estén en su paquete o en otro; si no bastan, con todas las de su carpeta.
fn de_java(ruta: &Path, con: &impl Fn(&str, &[&str]) -> Orden) -> Resultado<Orden> {
    let (java, javac) = (interprete(&["java"])?, interprete(&["javac"])?);
    let carpeta = ruta.parent().unwrap_or(Path::new("."));
    let codigo = String::from_utf8_lossy(&fs::read(ruta)?).into_owned();
    let paquete = codigo.lines().find_map(|linea| {
        let paquete = linea.trim().strip_prefix("package ")?.split(';').next()?;
        Some(paquete.trim().to_owned())
    });
    let hondo = paquete.as_deref().map_or(0, |paquete| paquete.split('.').count());
    let raiz = carpeta.ancestors().nth(hondo).unwrap_or(carpeta);
    let todas = hermanos(ruta)?;
    let mut fallo = None;
    for (alfabeto, clases) in ["UTF-8", "windows-1252"]
        .iter()
        .flat_map(|alfabeto| [(alfabeto, vec![ruta.to_owned()]), (alfabeto, todas.clone())])
    {
        let destino = sitio()?;
        let mut compilador = Command::new(javac);
        compilador.args(["-encoding", alfabeto, "-d"]).arg(&destino);
        compilador.arg("-sourcepath").arg(raiz).args(&clases);
        match compilar(&mut compilador, ruta) {
            Ok(()) => {
                let tronco = ruta.file_stem().unwrap_or_default().to_string_lossy();
                let clase = paquete.map_or(tronco.to_string(), |suyo| format!("{suyo}.{tronco}"));
                return Ok(con(java, &["-cp", &destino.to_string_lossy(), &clase]));
            }
            Err(nuevo) => fallo = fallo.or(Some(nuevo)),
        }
    }
    Err(fallo.unwrap_or_else(|| no_compila(ruta, "")))
}

/// En Python, lo que está en un paquete se pone en marcha desde fuera de él.
fn de_python(
    ruta: &Path,
    fichero: &str,
    con: &impl Fn(&str, &[&str]) -> Orden,
) -> Resultado<Orden> {
    let python = interprete(&["python3", "python", "py"])?;
    let carpeta = ruta.parent().unwrap_or(Path::new("."));
    let nombre =
        |parte: Option<&std::ffi::OsStr>| parte.unwrap_or_default().to_string_lossy().into_owned();
    let paquete = nombre(carpeta.file_name());
    let codigo = String::from_utf8_lossy(&fs::read(ruta)?).into_owned();
    let de_su_paquete = |linea: &str| {
        let desde = linea.trim().strip_prefix("from ").or(linea.trim().strip_prefix("import "));
        desde.is_some_and(|desde| {
            desde.starts_with('.')
                || desde.starts_with(&format!("{paquete}."))
                || desde.starts_with(&format!("{paquete} "))
        })
    };
    if !paquete.is_empty() && codigo.lines().any(de_su_paquete) {
        let modulo = format!("{paquete}.{}", nombre(ruta.file_stem()));
        let fuera = carpeta.parent().unwrap_or(carpeta);
        return Ok(Orden::ajena(python, &["-m".into(), modulo], fuera));
    }
    Ok(con(python, &[fichero]))
}

/// La carpeta del proyecto de Cargo del que es este fichero, si es de alguno: está en ella, en `src` o en
/// `src/bin`.
fn proyecto(ruta: &Path) -> Option<PathBuf> {
    let mut carpeta = ruta.parent()?;
    for nombre in ["bin", "src"] {
        if carpeta.file_name().is_some_and(|suyo| suyo == nombre) {
            carpeta = carpeta.parent()?;
        }
    }
    carpeta.join("Cargo.toml").is_file().then(|| carpeta.to_owned())
}

/// Construye un proyecto, y devuelve su programa: el que se llama como el fichero, o el único que hay.
fn de_cargo(ruta: &Path, proyecto: &Path) -> Resultado<PathBuf> {
    let destino = sitio()?;
    let opciones = ["--target-dir", &destino.to_string_lossy()];
    let programas = construir(proyecto, &opciones).map_err(|error| no_compila(ruta, &error))?;
    let tronco = ruta.file_stem().unwrap_or_default();
    let suyo = programas.iter().find(|uno| uno.file_stem() == Some(tronco));
    let unico = programas.first().filter(|_| programas.len() == 1);
    suyo.or(unico).cloned().ok_or_else(|| Fallo {
        razon: format!("no se sabe cuál de los programas es {}", ruta.display()).into(),
        detalle: "hay que decirlo con --servidor o --cliente".into(),
    })
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

/// Una carpeta para lo que hay que abrir o compilar: cada corrector en marcha tiene la suya.
///
/// # Errors
///
/// Si no se puede crear.
pub fn trabajo() -> Resultado<PathBuf> {
    let carpeta = std::env::temp_dir().join(format!("corrector-{}", std::process::id()));
    fs::create_dir_all(&carpeta)?;
    Ok(carpeta)
}

/// Borra esa carpeta.
pub fn limpiar() {
    // Si no se puede, es la carpeta temporal: ya lo hará el sistema.
    let _ = trabajo().map(fs::remove_dir_all);
}

/// Una carpeta nueva, para lo que se compile o se copie.
///
/// # Errors
///
/// Si no se puede crear.
pub fn sitio() -> Resultado<PathBuf> {
    static SIGUIENTE: AtomicUsize = AtomicUsize::new(0);
    let numero = SIGUIENTE.fetch_add(1, Ordering::Relaxed);
    let sitio = trabajo()?.join(format!("sitio-{numero}"));
    fs::create_dir_all(&sitio)?;
    Ok(sitio)
}

/// Compila un programa, fuera de su carpeta; si su fichero no basta, con los demás de su carpeta que no son otro
/// programa.
fn compilado(compilador: &str, opciones: &[&str], salida: &str, ruta: &Path) -> Resultado<PathBuf> {
    let programa = sitio()?.join(format!("programa{}", std::env::consts::EXE_SUFFIX));
    let con = |ficheros: &[PathBuf]| {
        let mut compilador = Command::new(compilador);
        compilador.args(opciones);
        match salida.strip_suffix(':') {
            Some(opcion) => compilador.arg(format!("{opcion}:{}", programa.display())),
            None => compilador.arg(salida).arg(&programa),
        };
        compilar(compilador.arg(ruta).args(ficheros), ruta)
    };
    con(&[]).or_else(|fallo| {
        let ayudan: Vec<PathBuf> =
            hermanos(ruta)?.into_iter().filter(|otro| otro != ruta && !principal(otro)).collect();
        if ayudan.is_empty() { Err(fallo) } else { con(&ayudan).map_err(|_| fallo) }
    })?;
    Ok(programa)
}

/// Los ficheros de su carpeta en el mismo lenguaje, y él.
fn hermanos(ruta: &Path) -> Resultado<Vec<PathBuf>> {
    let carpeta = ruta.parent().unwrap_or(Path::new("."));
    let rutas = fs::read_dir(carpeta)?.filter_map(|entrada| Some(entrada.ok()?.path()));
    Ok(rutas.filter(|otra| extension(otra).eq_ignore_ascii_case(&extension(ruta))).collect())
}

/// ¿Empieza un programa en este fichero?
fn principal(ruta: &Path) -> bool {
    let codigo = fs::read(ruta).unwrap_or_default();
    String::from_utf8_lossy(&codigo).to_lowercase().contains("main(")
}

fn compilar(compilador: &mut Command, ruta: &Path) -> Resultado {
    let nombre = compilador.get_program().to_string_lossy().into_owned();
    let salida = compilador.stdin(Stdio::null()).output().map_err(|error| Fallo {
        razon: format!("aquí no hay {nombre}").into(),
        detalle: error.to_string(),
    })?;
    if salida.status.success() {
        return Ok(());
    }
    Err(no_compila(ruta, &String::from_utf8_lossy(&salida.stderr)))
}

fn no_compila(ruta: &Path, error: &str) -> Fallo {
    let fichero = ruta.file_name().unwrap_or_default().to_string_lossy();
    // La primera línea que dice algo, y sin la carpeta en la que se compila.
    let linea = error.lines().find(|linea| linea.contains("error")).or(error.lines().next());
    let carpeta = ruta.parent().unwrap_or(Path::new("")).to_string_lossy().into_owned() + "/";
    let detalle = linea.unwrap_or_default().replace(&carpeta, "");
    Fallo { razon: format!("{fichero} no compila").into(), detalle }
}
