//! Cada capítulo cuenta, entera y en orden, la diferencia con el paso anterior.

use std::collections::HashMap;
use std::fmt::Write;
use std::process::Command;

use pruebas::tabla::TABLA;
use pulldown_cmark::HeadingLevel;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::ficheros::{leer, raiz};
use crate::pagina::{Bloque, Clase, ORDEN, Pagina, actualizar, nombres};

/// Lo que hay en un paso, en el orden en que se cuenta el primero.
const FICHEROS: [&str; 3] = ["src/servidor.rs", "src/cliente.rs", "Cargo.toml"];

/// Un capítulo del curso.
pub struct Capitulo {
    pub pagina: &'static str,
    pub paquete: &'static str,
    /// La carpeta del paso anterior, si lo hay.
    antes: Option<&'static str>,
    paso: &'static str,
}

/// Los capítulos, en el orden de los pasos.
pub const CAPITULOS: [Capitulo; 5] = [
    Capitulo {
        pagina: "docs/01-echo.md",
        paquete: "paso-01-echo",
        antes: None,
        paso: "steps/01-echo",
    },
    Capitulo {
        pagina: "docs/02-multi-client.md",
        paquete: "paso-02-multi-client",
        antes: Some("steps/01-echo"),
        paso: "steps/02-multi-client",
    },
    Capitulo {
        pagina: "docs/03-broadcast.md",
        paquete: "paso-03-broadcast",
        antes: Some("steps/02-multi-client"),
        paso: "steps/03-broadcast",
    },
    Capitulo {
        pagina: "docs/04-salir-and-cleanup.md",
        paquete: "paso-04-salir-and-cleanup",
        antes: Some("steps/03-broadcast"),
        paso: "steps/04-salir-and-cleanup",
    },
    Capitulo {
        pagina: "docs/05-final.md",
        paquete: "final",
        antes: Some("steps/04-salir-and-cleanup"),
        paso: "final",
    },
];

/// Un trozo del cambio, con la pregunta que le toca.
pub struct Trozo {
    /// El fichero nuevo y sus líneas: `src/servidor.rs`, 15–17.
    pub lugar: String,
    /// El apartado en el que se cuenta.
    pub titulo: String,
    pub pregunta: String,
    pub escenario: String,
}

impl Capitulo {
    /// Los bloques que cuentan el cambio.
    fn bloques<'a>(&self, pagina: &'a Pagina) -> Vec<&'a Bloque> {
        let (apartados, lenguajes): (&[&str], &[&str]) = match self.antes {
            None => (&["El programa"], &["toml", "rust"]),
            Some(_) if self.paso == "final" => (&PARTES, &["diff"]),
            Some(_) => (&["El cambio"], &["diff"]),
        };
        let mut bloques = Vec::new();
        for apartado in apartados {
            let seccion = pagina.seccion(apartado);
            let seccion = seccion.unwrap_or_else(|| panic!("{}: falta «{apartado}»", self.pagina));
            bloques.extend(seccion.iter().filter(|bloque| {
                matches!(&bloque.clase, Clase::Codigo(otro) if lenguajes.contains(&otro.as_str()))
            }));
        }
        assert!(!bloques.is_empty(), "{} no cuenta ningún cambio", self.pagina);
        bloques
    }

    /// Las líneas que el capítulo tiene que contar, con los ficheros en su mismo orden.
    fn esperado(&self, bloques: &[&Bloque]) -> Vec<String> {
        let Some(antes) = self.antes else {
            let textos = FICHEROS.map(|fichero| leer(&raiz().join(self.paso).join(fichero)));
            return textos.concat().lines().map(String::from).collect();
        };
        let mut ficheros = diferencia(antes, self.paso, "Cargo.toml");
        ficheros.extend(diferencia(antes, self.paso, "src"));
        let contados: Vec<&str> = bloques
            .iter()
            .flat_map(|bloque| bloque.texto.lines())
            .filter(|linea| linea.starts_with("+++ "))
            .collect();
        ficheros.sort_by_key(|lineas| {
            let cual = lineas.iter().find(|linea| linea.starts_with("+++ "));
            let cual = cual.map(String::as_str).unwrap_or_default();
            contados.iter().position(|otro| *otro == cual).unwrap_or(usize::MAX)
        });
        ficheros.concat()
    }

    /// Comprueba que los bloques, juntos, son el cambio; o los rehace.
    pub fn comprobar_bloques(&self) -> Result<(), String> {
        let pagina = Pagina::leer(self.pagina);
        let bloques = self.bloques(&pagina);
        let esperado = self.esperado(&bloques);
        // De cada línea, en qué bloque está. Las que están en blanco no dicen dónde van.
        let contado: Vec<(usize, &str)> = bloques
            .iter()
            .enumerate()
            .flat_map(|(cual, bloque)| bloque.texto.lines().map(move |linea| (cual, linea)))
            .filter(|(_, linea)| !linea.trim().is_empty())
            .collect();
        let textos = repartir(&contado, &esperado, bloques.len());
        let mut pares = bloques.iter().zip(&textos);
        let Some((bloque, texto)) = pares.find(|(bloque, texto)| bloque.texto != **texto) else {
            return Ok(());
        };
        if actualizar() {
            let cambios = bloques.iter().map(|bloque| bloque.rango.clone()).zip(textos).collect();
            pagina.reescribir(cambios);
            return Ok(());
        }
        let iguales = bloque.texto.lines().zip(texto.lines()).take_while(|(una, otra)| una == otra);
        let cual = iguales.count();
        let linea = bloque.linea + 1 + cual;
        let dice = bloque.texto.lines().nth(cual).unwrap_or("(nada más)");
        let debe = texto.lines().nth(cual).unwrap_or("(nada más)");
        Err(format!(
            "{}:{linea}: el código ha cambiado, y su explicación puede que también deba.\n    \
             la página dice: {dice}\n    el código dice: {debe}\n    rehace los bloques: {ORDEN}\n    (si \
             el cambio vale para los pasos siguientes, hazlo también en ellos)",
            self.pagina
        ))
    }

    /// Los trozos del cambio, con su pregunta; o qué le falta a alguno.
    pub fn trozos(&self) -> Result<Vec<Trozo>, String> {
        let pagina = Pagina::leer(self.pagina);
        let bloques = self.bloques(&pagina);
        let mut trozos = Vec::new();
        let mut puesto = Puesto::default();
        for (i, bloque) in bloques.iter().enumerate() {
            let fin = bloques.get(i + 1).map_or(pagina.texto.len(), |otro| otro.rango.start);
            let resto = &pagina.texto[bloque.rango.end..fin];
            let (explicacion, plegado) = resto.split_once("<details>").unwrap_or_default();
            let (plegado, _) = plegado.split_once("</details>").unwrap_or((plegado, ""));
            let falta =
                |que: &str| format!("{}: a este bloque le falta {que}", pagina.lugar(bloque));
            let pregunta = entre(plegado, "<summary>Pregunta: ", "</summary>")
                .ok_or_else(|| falta("su pregunta, o lo que va antes de ella"))?;
            for apartado in ["Buena respuesta:", "Respuesta equivocada típica:", "Para seguir:"] {
                if !plegado.contains(&format!("- **{apartado}** ")) {
                    return Err(falta(&format!("«{apartado}»")));
                }
            }
            if explicacion.trim_matches(['`', '\n']).trim().is_empty() {
                return Err(falta("una explicación"));
            }
            if bloque
                .texto
                .lines()
                .skip_while(|linea| !linea.starts_with("@@ "))
                .skip(1)
                .any(|linea| linea.starts_with("@@ "))
            {
                return Err(falta("partirse: tiene más de un trozo de la diferencia"));
            }
            let prueba =
                entre(plegado, "- **Escenario:** ", "\n").ok_or_else(|| falta("su escenario"))?;
            let hay = |nombre: &&str| TABLA.iter().any(|escenario| escenario.nombre == *nombre);
            if nombres(prueba).is_empty() || !nombres(prueba).iter().all(hay) {
                return Err(falta(&format!("un escenario que exista: {prueba}")));
            }
            let titulo = pagina.bloques.iter().rfind(|otro| {
                otro.clase == Clase::Titulo(HeadingLevel::H3)
                    && otro.rango.start < bloque.rango.start
            });
            let titulo = titulo.ok_or_else(|| falta("un título"))?;
            let cerca = &pagina.texto[titulo.rango.end..bloque.rango.start];
            if i > 0 && cerca.contains("<summary>") {
                return Err(falta("un título propio"));
            }
            trozos.push(Trozo {
                lugar: puesto.avanza(bloque, self.antes.is_none().then_some(self.paso)),
                titulo: titulo.texto.clone(),
                pregunta: sin_html(pregunta),
                escenario: prueba.into(),
            });
        }
        Ok(trozos)
    }
}

/// Las partes en que se cuenta el último cambio.
const PARTES: [&str; 5] = [
    "Uno: errores que se entienden",
    "Dos: de bytes a mensajes",
    "Tres: una dueña en vez de un cerrojo",
    "Cuatro: que nadie espere por nadie",
    "Cinco: Ctrl-C y el final",
];

/// Por qué línea del fichero nuevo se va.
#[derive(Default)]
struct Puesto {
    fichero: String,
    /// Cuántas líneas se han contado ya.
    contadas: usize,
}

impl Puesto {
    /// Pasa por un bloque; devuelve qué líneas del fichero nuevo son las suyas.
    fn avanza(&mut self, bloque: &Bloque, paso_entero: Option<&str>) -> String {
        let lineas = bloque.texto.trim_matches('\n').lines();
        let (ficheros, nuevas): (Vec<String>, Vec<&str>) = if let Some(paso) = paso_entero {
            (FICHEROS.map(|fichero| format!("{paso}/{fichero}")).to_vec(), lineas.collect())
        } else {
            let nombre = lineas.clone().find_map(|linea| linea.strip_prefix("+++ b/"));
            let fichero = nombre.map_or_else(|| self.fichero.clone(), String::from);
            let nuevas = lineas
                .filter(|linea| !["-", "+++ ", "@@ "].iter().any(|otra| linea.starts_with(otra)));
            (vec![fichero], nuevas.map(|linea| linea.get(1..).unwrap_or_default()).collect())
        };
        for fichero in ficheros {
            let desde = if fichero == self.fichero { self.contadas } else { 0 };
            if let Some(primera) = posicion(&leer(&raiz().join(&fichero)), &nuevas, desde) {
                self.contadas = primera + nuevas.len();
                self.fichero = fichero;
                return format!("`{}`, {}–{}", self.fichero, primera + 1, self.contadas);
            }
        }
        panic!("las líneas de este bloque no están en su fichero:\n{}", bloque.texto)
    }
}

/// En qué línea de un texto, a partir de una, están estas seguidas.
fn posicion(texto: &str, buscadas: &[&str], desde: usize) -> Option<usize> {
    let lineas: Vec<&str> = texto.lines().map(str::trim_end).collect();
    let mut ventanas = lineas.get(desde..)?.windows(buscadas.len().max(1));
    ventanas.position(|ventana| ventana == buscadas).map(|cual| desde + cual)
}

/// El mismo texto, en Markdown.
fn sin_html(texto: &str) -> String {
    let cambios = [("code>", "`"), ("em>", "*")];
    let texto = cambios.iter().fold(texto.to_owned(), |texto, (etiqueta, marca)| {
        texto.replace(&format!("</{etiqueta}"), marca).replace(&format!("<{etiqueta}"), marca)
    });
    texto.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn entre<'a>(texto: &'a str, antes: &str, despues: &str) -> Option<&'a str> {
    let (_, resto) = texto.split_once(antes)?;
    Some(resto.split_once(despues)?.0)
}

/// Las líneas que hablan de git y no del cambio.
const DE_GIT: [&str; 4] = ["index ", "new file mode ", "old mode ", "new mode "];

/// `git diff --no-index` entre dos carpetas, fichero a fichero, sin las líneas que hablan de git.
///
/// Todo lo que alguien puede haber configurado se fija aquí: en todas partes sale lo mismo.
fn diferencia(antes: &str, despues: &str, que: &str) -> Vec<Vec<String>> {
    let salida = Command::new("git")
        .args(["-c", "core.quotePath=false", "-c", "core.attributesFile=/dev/null", "--no-pager"])
        .args(["diff", "--no-index", "--no-color", "--no-ext-diff", "--no-textconv"])
        .args(["--no-renames", "--unified=3", "--inter-hunk-context=0", "--indent-heuristic"])
        .args(["--diff-algorithm=myers", "--src-prefix=a/", "--dst-prefix=b/"])
        .args([format!("{antes}/{que}"), format!("{despues}/{que}")])
        .args(["--text"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env_remove("GIT_DIFF_OPTS")
        .current_dir(raiz())
        .output()
        .expect("hace falta git");
    let errores = String::from_utf8_lossy(&salida.stderr);
    assert!(salida.status.code() == Some(1), "git diff: {errores}");
    let mut ficheros: Vec<Vec<String>> = Vec::new();
    for linea in String::from_utf8_lossy(&salida.stdout).lines() {
        if linea.starts_with("diff --git ") {
            ficheros.push(Vec::new());
        } else if !DE_GIT.iter().any(|inicio| linea.starts_with(inicio)) {
            ficheros.last_mut().expect("git dice antes qué fichero es").push(linea.into());
        }
    }
    ficheros
}

/// Reparte el cambio nuevo entre los bloques de antes: cada línea, con las que ya estaban.
fn repartir(contado: &[(usize, &str)], esperado: &[String], bloques: usize) -> Vec<String> {
    let viejas: Vec<&str> = contado.iter().map(|(_, linea)| *linea).collect();
    let nuevas: Vec<&str> = esperado.iter().map(|linea| linea.trim_end()).collect();
    let mut sitio = HashMap::new();
    for cambio in capture_diff_slices(Algorithm::Myers, &viejas, &nuevas) {
        if let DiffOp::Equal { old_index, new_index, len } = cambio {
            sitio.extend((0..len).map(|i| (new_index + i, contado[old_index + i].0)));
        }
    }
    let mut textos = vec![String::new(); bloques];
    let mut actual = 0;
    for (i, linea) in nuevas.iter().enumerate() {
        actual = sitio.get(&i).copied().unwrap_or(actual).max(actual);
        let _ = writeln!(textos[actual], "{linea}");
    }
    // Las líneas en blanco de los bordes no dicen nada.
    textos.iter().map(|texto| format!("{}\n", texto.trim_matches('\n'))).collect()
}
