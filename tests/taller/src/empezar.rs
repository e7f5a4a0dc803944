//! Empezar una versión propia: un paquete aparte, con el código del paso anterior.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use curso::ficheros::{dentro, leer, raiz};

use crate::Paso;

/// Lo que hay antes del primer paso: dos programas que compilan y no hacen nada.
const SERVIDOR: &str = "\
//! El servidor.

use std::io;

fn main() -> io::Result<()> {
    // Empieza aquí: `TcpListener::bind`, `accept`…
    Ok(())
}
";
const CLIENTE: &str = "\
//! El cliente.

use std::io;

fn main() -> io::Result<()> {
    // Empieza aquí: `TcpStream::connect`…
    Ok(())
}
";

/// Crea en `carpeta` una versión propia para llegar a este paso. Devuelve lo que hay que hacer ahora. Si
/// ya hay una, no la toca.
pub fn empezar(paso: &Paso, carpeta: &Path) -> Result<String, String> {
    let absoluta = std::path::absolute(carpeta).map_err(|error| no_se_puede(carpeta, &error))?;
    let mut texto = String::new();
    if absoluta.join("Cargo.toml").is_file() {
        let _ = writeln!(texto, "En {} ya hay una versión tuya: no se toca.", carpeta.display());
    } else {
        if let Ok(nuestra) = raiz().canonicalize()
            && de_dentro_afuera(&absoluta).starts_with(nuestra)
        {
            return Err(format!(
                "{} está dentro de este repositorio: tu versión va fuera, por ejemplo en ../mi-chat",
                carpeta.display()
            ));
        }
        if dentro_hay_algo(&absoluta) {
            return Err(format!(
                "{} no está vacía, y no es una versión del chat: elige otra carpeta",
                carpeta.display()
            ));
        }
        crear(paso, &absoluta).map_err(|error| no_se_puede(carpeta, &error))?;
        let _ = writeln!(texto, "Tu versión está en {}.", carpeta.display());
        let _ = match paso.columna.checked_sub(1).map(Paso::en) {
            Some(anterior) => {
                writeln!(texto, "Tiene el código del paso {}: cámbialo tú.", anterior.nombre())
            }
            None => writeln!(texto, "Sus dos programas compilan, y no hacen nada: escríbelos tú."),
        };
    }
    let _ = write!(texto, "\n{}", que_hacer(paso, carpeta));
    Ok(texto)
}

fn no_se_puede(carpeta: &Path, error: &std::io::Error) -> String {
    format!("no se puede escribir en {}: {error}", carpeta.display())
}

fn dentro_hay_algo(carpeta: &Path) -> bool {
    carpeta.is_dir() && !dentro(carpeta).is_empty()
}

/// La misma ruta, sin atajos; si aún no existe, según la carpeta que la contendrá.
fn de_dentro_afuera(ruta: &Path) -> PathBuf {
    let existe = ruta.ancestors().find_map(|carpeta| carpeta.canonicalize().ok());
    existe.unwrap_or_else(|| ruta.to_owned())
}

/// Lo que pide un paso y cómo se comprueba.
fn que_hacer(paso: &Paso, carpeta: &Path) -> String {
    let (nombre, idea) = (paso.nombre(), paso.idea());
    let mut texto = format!("El paso {nombre}, «{idea}», pide además:\n\n");
    for escenario in paso.gana() {
        let _ = writeln!(texto, "- {}", escenario.frase);
    }
    if paso.gana().next().is_none() {
        texto.push_str("- Nada que se vea desde fuera: por dentro, lo que dice su capítulo.\n");
    }
    let _ = write!(
        texto,
        "\nLo cuenta {}. Cuando lo tengas, desde la carpeta del curso:\n\n    \
         cargo run --bin taller -- comprobar {nombre} {}\n",
        paso.capitulo.pagina,
        carpeta.display()
    );
    texto
}

fn crear(paso: &Paso, carpeta: &Path) -> std::io::Result<()> {
    let nombre = carpeta.file_name().unwrap_or_default().to_string_lossy();
    let nombre: String =
        nombre.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let nombre = nombre.trim_matches('-').to_lowercase();
    // Un paquete no puede llamarse como lo que no empieza por una letra, ni como uno de sus programas.
    let nombre = format!("chat-{nombre}");
    let mut manifiesto = format!(
        "[package]\nname = \"{nombre}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         # Es un paquete por su cuenta, aunque esté en la carpeta de otro.\n[workspace]\n"
    );
    fs::create_dir_all(carpeta.join("src"))?;
    match &paso.capitulo.antes {
        None => {
            fs::write(carpeta.join("src/servidor.rs"), SERVIDOR)?;
            fs::write(carpeta.join("src/cliente.rs"), CLIENTE)?;
        }
        Some(antes) => {
            let origen = raiz().join(antes);
            for fichero in dentro(&origen.join("src")) {
                let destino = carpeta.join("src").join(fichero.file_name().unwrap_or_default());
                fs::write(destino, propio(&leer(&fichero)))?;
            }
            if origen.join("src/lib.rs").is_file() {
                manifiesto.push_str("\n[lib]\nname = \"chat\"\n");
            }
            let suyo = leer(&origen.join("Cargo.toml"));
            if let Some((_, resto)) = suyo.split_once("\n[dependencies]\n") {
                let hasta = resto.find("\n[").unwrap_or(resto.len());
                let _ = write!(manifiesto, "\n[dependencies]\n{}", &resto[..hasta]);
            }
        }
    }
    for programa in ["servidor", "cliente"] {
        let _ =
            write!(manifiesto, "\n[[bin]]\nname = \"{programa}\"\npath = \"src/{programa}.rs\"\n");
    }
    fs::write(carpeta.join(".gitignore"), "/target\n")?;
    let leeme = format!(
        "# Mi chat\n\nEl servidor se pone en marcha con `cargo run --bin servidor`, y cada cliente, en su \
         terminal, con\n`cargo run --bin cliente`.\n\n{}",
        que_hacer(paso, carpeta)
    );
    fs::write(carpeta.join("LEEME.md"), leeme)?;
    fs::write(carpeta.join("Cargo.toml"), manifiesto)
}

/// El código de un paso, en un paquete en el que la biblioteca se llama `chat`.
fn propio(codigo: &str) -> String {
    let lineas = codigo.split_inclusive('\n').collect::<Vec<_>>();
    let Some(uso) = lineas.iter().position(|linea| linea.starts_with("use chat_")) else {
        return codigo.to_owned();
    };
    // Y la línea en blanco de detrás.
    [&lineas[..uso], &lineas[uso + 2..]].concat().concat()
}
