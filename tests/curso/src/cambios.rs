//! Cada capítulo cuenta, entera y en orden, la diferencia con el paso anterior.

use std::fs;
use std::ops::Range;
use std::process::Command;

use pruebas::tabla::PASOS;

use crate::ficheros::{dentro, leer, raiz};
use crate::pagina::{Bloque, Clase, ORDEN, Pagina, actualizar};

/// Lo que hay en un paso, en el orden en que lo cuenta el primer capítulo.
const FICHEROS: [&str; 3] = ["src/servidor.rs", "src/cliente.rs", "Cargo.toml"];

/// Las líneas y las columnas de un bloque que cabe en un proyector.
const LINEAS: usize = 24;
const COLUMNAS: usize = 80;

/// Las líneas de un fichero que cuenta un bloque, desde la 1.
#[derive(Debug)]
pub struct Lugar {
    /// Su ruta, desde la raíz.
    pub fichero: String,
    /// De la primera a la que va detrás de la última.
    pub lineas: Range<usize>,
}

/// Un capítulo del curso.
pub struct Capitulo {
    /// Su página, desde la raíz: `docs/05-errores.md`.
    pub pagina: String,
    /// El paquete del paso: `etapa-05-errores`.
    pub paquete: String,
    /// La carpeta del paso, desde la raíz.
    pub carpeta: String,
    /// La del anterior, si lo hay.
    pub antes: Option<String>,
}

/// Los capítulos, en el orden de los pasos.
pub fn capitulos() -> Vec<Capitulo> {
    let mut carpetas = Vec::new();
    for (dentro_de, clase) in [("steps", "paso"), ("final/etapas", "etapa")] {
        for ruta in dentro(&raiz().join(dentro_de)) {
            let nombre = ruta.file_name().map(|nombre| nombre.to_string_lossy().into_owned());
            let nombre = nombre.filter(|nombre| nombre.starts_with(char::is_numeric));
            carpetas.extend(nombre.map(|nombre| (format!("{dentro_de}/{nombre}"), clase, nombre)));
        }
    }
    carpetas.push(("final".into(), "", "final".into()));
    assert_eq!(carpetas.len(), PASOS.len(), "una carpeta por columna de la tabla");
    let mut antes = None;
    let capitulo = |(carpeta, clase, nombre): (String, &str, String)| Capitulo {
        pagina: format!("docs/{nombre}.md"),
        paquete: format!("{clase}-{nombre}").trim_start_matches('-').into(),
        antes: antes.replace(carpeta.clone()),
        carpeta,
    };
    carpetas.into_iter().map(capitulo).collect()
}

impl Capitulo {
    /// Los bloques que cuentan el cambio.
    pub fn bloques<'a>(&self, pagina: &'a Pagina) -> Vec<&'a Bloque> {
        let (apartado, lenguajes): (_, &[&str]) = match self.antes {
            None => ("El programa", &["toml", "rust"]),
            Some(_) => ("El cambio", &["diff"]),
        };
        let seccion = pagina.seccion(apartado).unwrap_or_default().iter();
        // Lo que prueba una respuesta es otro cambio: el de un fichero que no está en `a`.
        let otro_cambio = |texto: &str| {
            texto.starts_with("--- ")
                && !["--- a/", "--- /dev/null"].iter().any(|inicio| texto.starts_with(inicio))
        };
        let cuenta = |bloque: &&Bloque| {
            matches!(&bloque.clase, Clase::Codigo(otro) if lenguajes.contains(&otro.as_str()))
                && !otro_cambio(&bloque.texto)
        };
        let bloques: Vec<_> = seccion.filter(cuenta).collect();
        assert!(!bloques.is_empty(), "{}: falta «{apartado}»", self.pagina);
        bloques
    }

    /// Las líneas que el capítulo tiene que contar, con los ficheros en su mismo orden.
    fn esperado(&self, bloques: &[&Bloque]) -> Vec<String> {
        let Some(antes) = &self.antes else {
            let textos = FICHEROS.map(|fichero| leer(&raiz().join(&self.carpeta).join(fichero)));
            return textos.concat().lines().map(String::from).collect();
        };
        let mut ficheros = diferencia(antes, &self.carpeta);
        let cabecera = |linea: &&str| linea.starts_with("+++ ");
        let contados = bloques.iter().flat_map(|bloque| bloque.texto.lines().filter(cabecera));
        let contados: Vec<&str> = contados.collect();
        ficheros.sort_by_key(|lineas| {
            contados.iter().position(|cual| lineas.iter().any(|linea| linea == cual))
        });
        ficheros.concat()
    }

    /// Comprueba que los bloques, juntos, son el cambio; o los rehace, cada uno desde la línea por la
    /// que empieza.
    pub fn comprobar_bloques(&self) -> Result<(), String> {
        let pagina = Pagina::leer(&self.pagina);
        let bloques = self.bloques(&pagina);
        // También lo que prueba una respuesta, y lo que se quita; las soluciones de los ejercicios, no.
        let proyectado = pagina.texto.find("\n## Ejercicios\n").unwrap_or(pagina.texto.len());
        let es_cambio = |otro: &&Bloque| {
            otro.clase == Clase::Codigo("diff".into()) && otro.rango.start < proyectado
        };
        let cambios = pagina.bloques.iter().filter(es_cambio);
        for bloque in bloques.iter().copied().chain(cambios) {
            let cabe = bloque.texto.trim_end_matches(['+', '\n']).lines().count() <= LINEAS
                && bloque.texto.lines().all(|linea| linea.chars().count() <= COLUMNAS);
            assert!(cabe, "{}: no cabe en un proyector", pagina.lugar(bloque));
        }
        // Lo que se cita del manifiesto está en él.
        let manifiesto = leer(&raiz().join(&self.carpeta).join("Cargo.toml"));
        for cita in &pagina.bloques {
            if cita.clase == Clase::Codigo("toml".into()) && !manifiesto.contains(&cita.texto) {
                return Err(format!("{}: no está en el manifiesto", pagina.lugar(cita)));
            }
        }
        let esperado = self.esperado(&bloques);
        let esperado: Vec<&str> = esperado.iter().map(|linea| linea.trim_end()).collect();
        if actualizar() {
            return Self::rehacer(&pagina, &bloques, &esperado);
        }
        // Las líneas en blanco de los bordes de un bloque no están.
        let mut debidas = esperado.iter().filter(|linea| !linea.is_empty());
        let contado = bloques
            .iter()
            .flat_map(|bloque| bloque.texto.lines().map(move |linea| (bloque, linea)));
        let mut contado = contado.filter(|(_, linea)| !linea.trim().is_empty());
        let distinta = loop {
            match (contado.next(), debidas.next()) {
                (None, None) => return Ok(()),
                (Some((_, dice)), Some(debe)) if dice.trim_end() == *debe => {}
                par => break par,
            }
        };
        let lugar = distinta.0.map_or(self.pagina.clone(), |(bloque, _)| pagina.lugar(bloque));
        let dice = distinta.0.map_or("(nada más)", |(_, dice)| dice);
        let debe = distinta.1.map_or("(nada más)", |debe| debe);
        Err(format!(
            "{lugar}: el código ha cambiado, y su explicación puede que también deba.\n    la página dice: \
             {dice}\n    el código dice: {debe}\n    rehace los bloques: {ORDEN}\n    una versión propia va en otra carpeta: \
             cargo run --bin taller -- empezar 01 ../mi-chat"
        ))
    }

    /// Un bloque empieza por el fichero que dice, o por su primera línea que no esté en cualquier parte.
    fn rehacer(pagina: &Pagina, bloques: &[&Bloque], esperado: &[&str]) -> Result<(), String> {
        let cabecera = |linea: &str| ["@@ ", "--- "].iter().any(|otra| linea.starts_with(otra));
        let suya = |linea: &&str| {
            linea.starts_with("+++ ")
                || !cabecera(linea) && linea.get(1..).unwrap_or_default().trim().len() > 2
        };
        let (mut cortes, mut desde) = (vec![0], 1);
        for bloque in &bloques[1..] {
            let falta = || format!("{}: no se sabe dónde empieza", pagina.lugar(bloque));
            let lineas: Vec<&str> = bloque.texto.lines().map(str::trim_end).collect();
            let cual = lineas.iter().position(suya).ok_or_else(falta)?;
            // Con las que le siguen, si no han cambiado: una sola puede repetirse.
            let buscar = |cuantas: usize| {
                let clave = &lineas[cual..lineas.len().min(cual + cuantas)];
                esperado[desde..].windows(clave.len()).position(|ventana| ventana == clave)
            };
            let clave = desde + buscar(3).or_else(|| buscar(1)).ok_or_else(falta)?;
            // Y las cabeceras que lleva delante, aunque haya entre medias alguna que está en cualquier parte.
            let (mut corte, mut antes) = (clave, clave);
            while antes > desde && !suya(&esperado[antes - 1]) {
                antes -= 1;
                corte = if cabecera(esperado[antes]) { antes } else { corte };
            }
            desde = clave + 1;
            cortes.push(corte);
        }
        cortes.push(esperado.len());
        let textos = cortes.windows(2).map(|par| {
            let texto = esperado[par[0]..par[1]].join("\n");
            texto.trim_matches('\n').to_owned() + "\n"
        });
        pagina.reescribir(bloques.iter().map(|bloque| bloque.rango.clone()).zip(textos).collect());
        Ok(())
    }

    /// Los ficheros que cambian y siguen ahí, en el orden de los bloques.
    fn ficheros(&self, bloques: &[&Bloque]) -> Vec<String> {
        if self.antes.is_none() {
            return FICHEROS.map(|fichero| format!("{}/{fichero}", self.carpeta)).into();
        }
        let lineas = bloques.iter().flat_map(|bloque| bloque.texto.lines());
        lineas.filter_map(|linea| Some(linea.strip_prefix("+++ b/")?.to_owned())).collect()
    }

    /// Dónde está cada bloque; nada, si solo quita.
    pub fn lugares(&self, bloques: &[&Bloque]) -> Vec<Option<Lugar>> {
        let mut pendientes = self.ficheros(bloques).into_iter();
        let mut fichero = String::new();
        let mut entero: Vec<String> = Vec::new();
        let mut linea = 0;
        let mut lugares = Vec::new();
        for bloque in bloques {
            let mut lineas: Option<Range<usize>> = None;
            for texto in bloque.texto.lines() {
                let diferencia = self.antes.is_some();
                if diferencia && ["-", "+++ /dev/null"].iter().any(|signo| texto.starts_with(signo))
                {
                    continue;
                }
                // En el primer capítulo, un fichero va detrás de otro.
                if texto.starts_with("+++ ") || (!diferencia && linea == entero.len()) {
                    fichero = pendientes.next().expect("los bloques son de los que cambian");
                    entero = leer(&raiz().join(&fichero)).lines().map(String::from).collect();
                    linea = 0;
                    if diferencia {
                        continue;
                    }
                }
                if let Some(trozo) = texto.strip_prefix("@@ ").filter(|_| diferencia) {
                    let (_, desde) = trozo.split_once('+').expect("un trozo dice dónde está");
                    let desde = desde.split([',', ' ']).next().and_then(|desde| desde.parse().ok());
                    linea = desde.unwrap_or(0usize).saturating_sub(1);
                    continue;
                }
                let dice = if diferencia { texto.get(1..).unwrap_or_default() } else { texto };
                // Las líneas en blanco de los bordes de un bloque no están.
                while !dice.trim().is_empty() && entero.get(linea).is_some_and(String::is_empty) {
                    linea += 1;
                }
                linea += 1;
                let desde = lineas.map_or(linea, |lineas| lineas.start);
                lineas = Some(desde..linea + 1);
            }
            lugares.push(lineas.map(|lineas| Lugar { fichero: fichero.clone(), lineas }));
        }
        lugares
    }

    /// Los ficheros que cambian, enteros, cada uno plegado.
    pub fn enteros(&self) -> String {
        let pagina = Pagina::leer(&self.pagina);
        let ficheros = self.ficheros(&self.bloques(&pagina));
        let plegado = |fichero: &String| {
            let lenguaje = if fichero.contains(".toml") { "toml" } else { "rust" };
            let texto = leer(&raiz().join(fichero));
            format!(
                "\n<details>\n<summary><code>{fichero}</code></summary>\n\n```{lenguaje}\n{texto}```\n\n</details>\n"
            )
        };
        ficheros.iter().map(plegado).collect::<String>() + "\n"
    }

    /// Las líneas de código que cambian: ni comentarios, ni líneas en blanco, ni el manifiesto.
    pub fn tamano(&self) -> Option<usize> {
        let ficheros = diferencia(self.antes.as_ref()?, &self.carpeta);
        let codigo = |linea: &&String| {
            let (signo, resto) = linea.split_at(linea.len().min(1));
            let cabecera = ["+++ ", "--- "].iter().any(|inicio| linea.starts_with(inicio));
            let resto = resto.trim();
            let calla = cabecera || resto.is_empty() || resto.starts_with("//");
            ["+", "-"].contains(&signo) && !calla
        };
        let programas =
            ficheros.iter().filter(|lineas| !lineas.iter().any(|l| l.ends_with("Cargo.toml")));
        // Entre dos etapas cambia además, en cada programa, el número de la biblioteca.
        let etapas = [self.antes.as_deref()?, &self.carpeta];
        let numeros = if etapas.iter().all(|etapa| etapa.contains("etapas/")) { 4 } else { 0 };
        Some(programas.flatten().filter(codigo).count() + numeros)
    }
}

/// Las líneas que hablan de git y no del cambio.
const DE_GIT: [&str; 5] = ["index ", "new file mode ", "deleted file ", "old mode ", "new mode "];

/// `git diff --no-index` entre dos pasos, fichero a fichero, sin las líneas que hablan de git. De las
/// etapas, solo los programas, y sin contar el número de su biblioteca, que cambia en todas.
///
/// Todo lo que alguien puede haber configurado se fija aquí: en todas partes sale lo mismo.
fn diferencia(antes: &str, despues: &str) -> Vec<Vec<String>> {
    let taller = raiz().join("target/diferencias").join(despues.replace('/', "-"));
    for (lado, carpeta) in [("a", antes), ("b", despues)] {
        let destino = taller.join(lado).join(carpeta);
        let _ = fs::remove_dir_all(&destino);
        fs::create_dir_all(destino.join("src")).expect("se puede escribir en target");
        let mut ficheros = dentro(&raiz().join(carpeta).join("src"));
        if despues.starts_with("steps/") {
            ficheros.push(raiz().join(carpeta).join("Cargo.toml"));
        }
        for fichero in ficheros {
            let relativa = fichero.strip_prefix(raiz().join(carpeta)).expect("está dentro");
            let mut texto = leer(&fichero);
            if let Some(uso) = texto.lines().find(|linea| linea.starts_with("use chat_")) {
                texto = texto.replace(uso, "use chat_NN as chat;");
            }
            fs::write(destino.join(relativa), texto).expect("se puede escribir en target");
        }
    }
    let salida = Command::new("git")
        .args(["-c", "core.quotePath=false", "-c", "core.attributesFile=/dev/null", "--no-pager"])
        .args(["diff", "--no-index", "--no-color", "--no-ext-diff", "--no-textconv"])
        .args(["--no-renames", "--unified=3", "--inter-hunk-context=0", "--indent-heuristic"])
        .args(["--diff-algorithm=myers", "--src-prefix=", "--dst-prefix=", "--text"])
        .args([format!("a/{antes}"), format!("b/{despues}")])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env_remove("GIT_DIFF_OPTS")
        .current_dir(taller)
        .output()
        .expect("hace falta git");
    let errores = String::from_utf8_lossy(&salida.stderr);
    assert!(salida.status.code() == Some(1), "git diff: {errores}");
    let mut ficheros: Vec<Vec<String>> = Vec::new();
    for linea in String::from_utf8_lossy(&salida.stdout).lines() {
        if linea.starts_with("diff --git ") {
            ficheros.push(Vec::new());
        } else if !DE_GIT.iter().any(|inicio| linea.starts_with(inicio)) {
            // Detrás de las cifras de un trozo va la función en la que está, que puede no caber.
            let cabe = if linea.starts_with("@@ ") { COLUMNAS } else { usize::MAX };
            let linea = linea.chars().take(cabe).collect::<String>();
            ficheros.last_mut().expect("git dice antes qué fichero es").push(linea);
        }
    }
    ficheros
}
