//! Los cambios que se proponen en «Quita una línea» y los que prueban una respuesta: cada uno se hace en una
//! copia, se construye, y pasa lo que se dice.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, mem, thread};

use pruebas::escena::Escena;
use pruebas::modos;
use pruebas::razon::Razon;
use pruebas::tabla::TABLA;

use crate::cambios::{Capitulo, capitulos};
use crate::copia::{Cambio, construir_con, programas_de};
use crate::ficheros::raiz;
use crate::pagina::{Bloque, Clase, Pagina, nombres};

/// Lo que un capítulo dice que pasa con un cambio.
#[derive(Debug)]
pub struct Experimento {
    /// Dónde está contado: `docs/01-echo.md:484`.
    pub lugar: String,
    /// Lo que dice de él antes de hacerlo, en Markdown.
    pub enunciado: String,
    /// El cambio, como lo enseña el capítulo.
    pub diferencia: String,
    /// El cambio, para hacerlo.
    pub cambio: Cambio,
    /// Lo que pasa, como lo cuenta el capítulo.
    pub respuesta: String,
    /// El error del compilador, si no compila.
    pub no_compila: Option<String>,
    /// Los escenarios que dejan de cumplirse, y por qué.
    pub notan: Vec<(String, Razon)>,
    /// Los que antes no se cumplían y ahora sí, y los que siguen cumpliéndose.
    pub cumplen: Vec<String>,
}

/// Con lo que empieza cada cosa que se dice de un cambio.
const MARCAS: [&str; 4] = [NO_COMPILA, LO_NOTA, AHORA_SI, SIGUEN_IGUAL];
const NO_COMPILA: &str = "**No compila:** ";
const LO_NOTA: &str = "**Lo nota:** ";
const AHORA_SI: &str = "**Ahora sí:** ";
const SIGUEN_IGUAL: &str = "**Siguen igual:** ";

/// Los cambios que se construyen antes de mirar lo que hacen, y las copias que hay a la vez.
const TANDA: usize = 4;

/// Hace todos estos cambios, y devuelve lo que no pasa como se dice.
pub fn comprobar(experimentos: Vec<Experimento>) -> String {
    let mut de_cada_paquete: BTreeMap<String, Vec<Experimento>> = BTreeMap::new();
    for experimento in experimentos {
        de_cada_paquete.entry(experimento.paquete()).or_default().push(experimento);
    }
    let pendientes = Mutex::new(de_cada_paquete);
    let fallos = Mutex::new(String::new());
    let (pendientes, fallos) = (&pendientes, &fallos);
    thread::scope(|hilos| {
        for copia in 0..TANDA {
            hilos.spawn(move || {
                let copia = format!("copia-{copia}");
                while let Some((paquete, suyos)) = con(pendientes).pop_first() {
                    for (i, tanda) in suyos.chunks(TANDA).enumerate() {
                        let fallo = comprobar_tanda(&copia, &paquete, i, tanda);
                        con(fallos).push_str(&fallo);
                    }
                }
            });
        }
    });
    mem::take(&mut *con(fallos))
}

fn con<T>(cerrojo: &Mutex<T>) -> MutexGuard<'_, T> {
    cerrojo.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Se construyen en la misma copia, uno detrás de otro, y se mira a la vez lo que hacen.
fn comprobar_tanda(copia: &str, paquete: &str, tanda: usize, suyos: &[Experimento]) -> String {
    let mut fallos = String::new();
    thread::scope(|hilos| {
        let mut ensayos = Vec::new();
        for (i, experimento) in suyos.iter().enumerate() {
            let aparte = format!("{paquete}-{tanda}-{i}");
            match experimento.construido(copia, paquete, &aparte) {
                Ok(None) => {}
                Ok(Some(carpeta)) => {
                    let ensayo = hilos.spawn(move || experimento.ver(&carpeta, paquete));
                    ensayos.push((experimento, ensayo));
                }
                Err(fallo) => {
                    let _ = writeln!(fallos, "{}: {fallo}", experimento.lugar);
                }
            }
        }
        for (experimento, ensayo) in ensayos {
            if let Err(fallo) = ensayo.join().expect("un ensayo no entra en pánico") {
                let _ = writeln!(fallos, "{}: {fallo}", experimento.lugar);
            }
        }
    });
    fallos
}

/// Los cambios que propone un capítulo en «Quita una línea», en su orden.
pub fn experimentos(pagina: &Pagina) -> Vec<Experimento> {
    let seccion = pagina.seccion("Quita una línea").expect("el capítulo dice qué quitar");
    let bloques: Vec<_> =
        seccion.iter().filter(|bloque| bloque.clase == Clase::Codigo("diff".into())).collect();
    let fin_de_la_seccion = seccion.last().map_or(0, |bloque| bloque.rango.end);
    let mut experimentos = Vec::new();
    for (i, bloque) in bloques.iter().enumerate() {
        let fin = bloques.get(i + 1).map_or(fin_de_la_seccion, |otro| otro.rango.start);
        let antes = &pagina.texto[..bloque.rango.start];
        let (_, enunciado) = antes.rsplit_once(&format!("\n**{}. ", i + 1)).unwrap_or_else(|| {
            panic!("{}: antes del cambio va su título, «**{}. …**»", pagina.lugar(bloque), i + 1)
        });
        let (enunciado, _) = enunciado.rsplit_once("```").unwrap_or_default();
        let experimento = Experimento::leer(pagina, bloque, enunciado, fin);
        let siguen = experimento.no_compila.is_some() || !experimento.cumplen.is_empty();
        assert!(siguen, "{}: qué escenarios siguen igual", experimento.lugar);
        experimentos.push(experimento);
    }
    assert!((2..=4).contains(&experimentos.len()), "{}: de dos a cuatro cambios", pagina.nombre);
    experimentos
}

/// Lo que va detrás de una marca, hasta el final de la frase.
fn apartado<'a>(respuesta: &'a str, marca: &str) -> Option<&'a str> {
    let (_, resto) = respuesta.split_once(marca)?;
    Some(resto.split_once(". ").map_or(resto, |(frase, _)| frase))
}

/// `**Lo nota:** `escenario`: «razón».`, las veces que esté. Lo que prueba una unidad ya lo dice su nombre.
fn notan(respuesta: &str) -> Vec<(String, Razon)> {
    let mut notan = Vec::new();
    for resto in respuesta.split(LO_NOTA).skip(1) {
        let escenario = nombres(resto)[0];
        let razon = resto.split_once('«').and_then(|(_, resto)| resto.split_once('»'));
        let razon = match razon {
            _ if es_unidad(escenario) => String::new(),
            Some((razon, _)) => razon.to_owned(),
            None => panic!("por qué falla «{escenario}»"),
        };
        notan.push((escenario.into(), razon.into()));
    }
    notan
}

impl Experimento {
    /// El de este bloque, y lo que se dice de él hasta el byte `fin` de la página.
    pub fn leer(pagina: &Pagina, bloque: &Bloque, enunciado: &str, fin: usize) -> Self {
        let lugar = pagina.lugar(bloque);
        let respuesta = &pagina.texto[bloque.rango.end..fin];
        let respuesta = respuesta.trim_start_matches("```");
        let respuesta = respuesta.split_whitespace().collect::<Vec<_>>().join(" ");
        for negrita in respuesta.split("**").skip(1).step_by(2).filter(|texto| texto.ends_with(':'))
        {
            let marca = format!("**{negrita}** ");
            assert!(MARCAS.contains(&&*marca), "{lugar}: qué es «{negrita}»");
        }
        let (primera, lineas) = bloque.texto.split_once('\n').unwrap_or_default();
        let fichero = primera.strip_prefix("--- ");
        let fichero = fichero.unwrap_or_else(|| panic!("{lugar}: en qué fichero"));
        let lado = |quita: char| {
            let del_lado = lineas.split_inclusive('\n').filter(|linea| !linea.starts_with(quita));
            del_lado.filter_map(|linea| linea.get(1..)).collect()
        };
        let experimento = Self {
            enunciado: enunciado.replace("**", "").trim().into(),
            diferencia: bloque.texto.clone(),
            cambio: Cambio { fichero: fichero.into(), antes: lado('+'), despues: lado('-') },
            no_compila: apartado(&respuesta, NO_COMPILA).map(|resto| nombres(resto)[0].to_owned()),
            notan: notan(&respuesta),
            cumplen: [AHORA_SI, SIGUEN_IGUAL]
                .iter()
                .filter_map(|marca| apartado(&respuesta, marca))
                .flat_map(nombres)
                .map(String::from)
                .collect(),
            respuesta,
            lugar,
        };
        let dice = experimento.no_compila.is_some()
            || !experimento.notan.is_empty()
            || !experimento.cumplen.is_empty();
        assert!(dice, "{}: qué pasa con el cambio", experimento.lugar);
        experimento
    }

    /// El paquete que cambia.
    fn paquete(&self) -> String {
        let suyo =
            |uno: &Capitulo| self.cambio.fichero.starts_with(&format!("{}/src/", uno.carpeta));
        let capitulo = capitulos().into_iter().find(suyo);
        capitulo.unwrap_or_else(|| panic!("{}: de qué paso es", self.lugar)).paquete
    }

    /// Las pruebas de unidades que lo notan, y lo que dicen con el cambio hecho en la copia que se llama así.
    pub fn unidades(&self, copia: &str) -> Result<Vec<(&str, String)>, String> {
        let unidades = self.notan.iter().filter(|(nombre, _)| es_unidad(nombre));
        let nombres: Vec<&str> = unidades.map(|(nombre, _)| nombre.as_str()).collect();
        if nombres.is_empty() {
            return Ok(Vec::new());
        }
        let carpeta = self.construido(copia, &self.paquete(), copia)?;
        let carpeta = carpeta.ok_or("no compila")?;
        let dice = |nombre| Ok((nombre, ver_unidad(nombre, &carpeta)?));
        nombres.into_iter().map(dice).collect()
    }

    /// Construye los programas con el cambio, y los pone aparte. Nada, si no compilan como se dice.
    fn construido(
        &self,
        copia: &str,
        paquete: &str,
        aparte: &str,
    ) -> Result<Option<PathBuf>, String> {
        let unidades = self.notan.iter().any(|(nombre, _)| es_unidad(nombre));
        let opciones: &[&str] = if unidades { &["--test", UNIDADES] } else { &[] };
        match (&self.no_compila, construir_con(opciones, copia, paquete, Some(&self.cambio))) {
            (None, Ok(programas)) => {
                let a_texto = |error: io::Error| format!("no se puede copiar: {error}");
                let destino = raiz().join("target/copias").join(aparte);
                fs::create_dir_all(&destino).map_err(a_texto)?;
                for programa in &programas {
                    // Al de las pruebas, Cargo le añade un número.
                    let nombre = programa.file_name().unwrap_or_default().to_string_lossy();
                    let suyo = if nombre.starts_with(UNIDADES) { UNIDADES } else { &*nombre };
                    fs::copy(programa, destino.join(suyo)).map_err(a_texto)?;
                }
                Ok(Some(destino))
            }
            (Some(codigo), Err(error)) if error.contains(&format!("error[{codigo}]")) => Ok(None),
            (Some(codigo), Ok(_)) => Err(format!("compila, y debía dar {codigo}")),
            (_, Err(error)) => Err(format!("no compila como se dice:\n{error}")),
        }
    }

    /// Mira si pasa lo que se dice.
    fn ver(&self, carpeta: &Path, paquete: &str) -> Result<(), String> {
        let programas = programas_de(paquete)
            .map(|uno| carpeta.join(format!("{uno}{}", std::env::consts::EXE_SUFFIX)));
        let mut fallos = String::new();
        thread::scope(|hilos| {
            let notan = self.notan.iter().map(|(nombre, razon)| (nombre, Some(razon.clone())));
            let cumplen = self.cumplen.iter().map(|nombre| (nombre, None));
            let ensayos: Vec<_> = notan
                .chain(cumplen)
                .map(|(nombre, razon)| match razon {
                    Some(_) if es_unidad(nombre) => {
                        hilos.spawn(move || ver_unidad(nombre, carpeta).map(drop))
                    }
                    razon => hilos.spawn(|| ver(nombre, razon, &programas)),
                })
                .collect();
            for ensayo in ensayos {
                if let Err(fallo) = ensayo.join().expect("un ensayo no entra en pánico") {
                    let _ = writeln!(fallos, "{fallo}");
                }
            }
        });
        if fallos.is_empty() { Ok(()) } else { Err(fallos) }
    }
}

/// Las pruebas de `final` que no ponen nada en marcha, con el módulo delante: `buzon::…`.
const UNIDADES: &str = "unidades";

fn es_unidad(nombre: &str) -> bool {
    nombre.contains("::")
}

/// Falla, o no acaba: quien espera algo que ya no llega también lo nota. Devuelve lo que dice.
fn ver_unidad(nombre: &str, carpeta: &Path) -> Result<String, String> {
    const PLAZO: Duration = Duration::from_secs(20);
    let a_texto = |error: io::Error| format!("«{nombre}»: {error}");
    let mut unidad = Command::new(carpeta.join(UNIDADES));
    unidad.args(["--exact", nombre]).env("RUST_BACKTRACE", "0");
    unidad.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut unidad = unidad.spawn().map_err(a_texto)?;
    let fin = Instant::now() + PLAZO;
    while Instant::now() < fin && unidad.try_wait().map_err(a_texto)?.is_none() {
        thread::sleep(Duration::from_millis(5));
    }
    let acaba = unidad.try_wait().map_err(a_texto)?;
    unidad.kill().map_err(a_texto)?;
    let salida = unidad.wait_with_output().map_err(a_texto)?;
    match acaba {
        Some(estado) if estado.success() => Err(format!("«{nombre}» debía fallar")),
        Some(_) => {
            let dicho = String::from_utf8_lossy(&salida.stdout).into_owned();
            let (_, resto) = dicho.split_once("panicked at ").unwrap_or(("", &dicho));
            Ok(resto.split("note: ").next().unwrap_or_default().trim().into())
        }
        None => Ok(format!("no acaba en {PLAZO:?}: espera algo que ya no llega")),
    }
}

/// Comprueba que un escenario se cumple o, si se dice por qué, que no.
fn ver(
    nombre: &str,
    razon: Option<Razon>,
    [servidor, cliente]: &[PathBuf; 2],
) -> Result<(), String> {
    let escenario = TABLA.iter().find(|escenario| escenario.nombre == nombre);
    let escenario = escenario.ok_or_else(|| format!("no hay ningún «{nombre}»"))?;
    let Some(&modo) = modos(escenario).first() else {
        println!("aviso: aquí no se puede ver «{nombre}»");
        return Ok(());
    };
    let previsto = razon.clone().map(|razon| (razon, escenario.corta));
    let escena = Escena::new(modo, &**servidor, &**cliente, previsto);
    match ((escenario.prueba)(&escena), razon) {
        (Ok(()), None) => Ok(()),
        (Err(fallo), Some(razon)) if fallo.razon == razon => Ok(()),
        (Ok(()), Some(razon)) => Err(format!("«{nombre}» se cumple, y debía fallar: {razon}")),
        (Err(fallo), _) => Err(format!(
            "«{nombre}» falla: «{}» ({})\n{}",
            fallo.razon,
            fallo.detalle,
            escena.contexto().informe()
        )),
    }
}
