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
const MANIFIESTO: &str = "\
[package]
name = \"mi-chat\"
version = \"0.1.0\"
edition = \"2024\"

# Es un paquete por su cuenta, aunque esté en la carpeta de otro.
[workspace]
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
    let mut texto = String::new();
    if hay_version(carpeta) {
        let _ = writeln!(texto, "En {} ya hay una versión tuya: no se toca.", carpeta.display());
    } else {
        let leeme = format!(
            "# Mi chat\n\nEl servidor se pone en marcha con `cargo run --bin servidor`, y cada cliente, en su \
             terminal, con\n`cargo run --bin cliente`.\n\n{}",
            en_general(carpeta)
        );
        nueva(paso.capitulo.antes.as_deref(), carpeta, &leeme)?;
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

/// ¿Hay ya un paquete en esta carpeta?
#[must_use]
pub fn hay_version(carpeta: &Path) -> bool {
    carpeta.join("Cargo.toml").is_file()
}

/// Crea en `carpeta`, que no ha de tener nada, un paquete con el código de un paso, o con dos programas
/// que no hacen nada; y este LEEME.
pub fn nueva(codigo: Option<&str>, carpeta: &Path, leeme: &str) -> Result<(), String> {
    let absoluta = std::path::absolute(carpeta).map_err(|error| no_se_puede(carpeta, &error))?;
    let esta_dentro = |nuestra| de_dentro_afuera(&absoluta).starts_with(nuestra);
    if raiz().canonicalize().is_ok_and(esta_dentro) {
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
    crear(codigo, &absoluta, leeme).map_err(|error| no_se_puede(carpeta, &error))
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

/// Desde qué paso, dónde y qué: lo que dicen los programas, que los escenarios esperan tal cual.
pub const TEXTOS: [(&str, &str, &str); 9] = [
    ("01", "servidor", "servidor de chat iniciado en 127.0.0.1:12345"),
    ("01", "servidor", "esperando clientes..."),
    ("01", "servidor", "nuevo cliente conectado: ('127.0.0.1', 50001)"),
    ("01", "servidor", "cliente ('127.0.0.1', 50001): hola"),
    ("01", "cliente", "conectado al servidor de chat!"),
    ("01", "cliente", "escribe tus mensajes:"),
    ("03", "a los demás", "usuario 50001: hola"),
    ("04", "a quien llega", "bienvenido al chat! escribe 'salir' para salir"),
    ("04", "servidor", "cliente ('127.0.0.1', 50001) desconectado"),
];

/// Lo que se tiene que ver, y la dirección.
fn textos(paso: &Paso) -> String {
    let mut texto = String::from(
        "Los dos programas toman la dirección de su primer argumento (127.0.0.1:12345 si no se les da \
         ninguna). Lo que\ndicen, tal cual, con la dirección y el puerto que toquen en cada línea:\n\n",
    );
    for (_, donde, linea) in TEXTOS.iter().filter(|(desde, ..)| *desde <= paso.nombre()) {
        let _ = writeln!(texto, "    {donde:<14}{linea}");
    }
    texto.push_str("\nDe quien llega se dice cuando ya se le puede atender.\n");
    texto
}

/// Cómo se sigue, sea cual sea el paso.
fn en_general(carpeta: &Path) -> String {
    format!(
        "Desde la carpeta del curso, en qué paso está y qué falta lo dice\n\n    \
         cargo run --bin taller -- comprobar {}\n\ny qué pide cada paso, `cargo run --bin taller -- empezar 02 …` \
         (no toca lo escrito).\n",
        citada(carpeta)
    )
}

/// Una ruta, como se escribe en un terminal.
pub(crate) fn citada(carpeta: &Path) -> String {
    let texto = carpeta.display().to_string();
    if texto.contains(char::is_whitespace) { format!("'{texto}'") } else { texto }
}

/// Lo que pide un paso y cómo se comprueba.
fn que_hacer(paso: &Paso, carpeta: &Path) -> String {
    let (nombre, idea) = (paso.nombre(), paso.idea());
    let mut texto = format!(
        "El paso {nombre}, «{idea}», pide{}:\n\n",
        if paso.columna == 0 { "" } else { ", además de lo anterior" }
    );
    for escenario in paso.gana() {
        let _ = writeln!(texto, "- {}", escenario.frase);
    }
    if paso.gana().next().is_none() {
        texto.push_str("- Nada que se vea desde fuera: por dentro, lo que dice su capítulo.\n");
    }
    if paso.pierde().next().is_some() {
        texto.push_str("\nY ya no pide:\n\n");
    }
    for escenario in paso.pierde() {
        let _ = writeln!(texto, "- {}", escenario.frase);
    }
    let _ = write!(
        texto,
        "\n{}\nLo cuenta {}. Cuando lo tengas, desde la carpeta del curso:\n\n    \
         cargo run --bin taller -- comprobar {nombre} {}\n",
        textos(paso),
        paso.capitulo.pagina,
        citada(carpeta)
    );
    texto
}

fn crear(codigo: Option<&str>, carpeta: &Path, leeme: &str) -> std::io::Result<()> {
    let mut manifiesto = MANIFIESTO.to_owned();
    fs::create_dir_all(carpeta.join("src"))?;
    match codigo {
        None => {
            fs::write(carpeta.join("src/servidor.rs"), SERVIDOR)?;
            fs::write(carpeta.join("src/cliente.rs"), CLIENTE)?;
        }
        Some(codigo) => {
            let origen = raiz().join(codigo);
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
