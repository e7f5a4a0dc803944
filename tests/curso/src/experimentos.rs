//! «Quita una línea»: cada cambio se hace en una copia, se construye, y pasa lo que se dice.

use std::fmt::Write;
use std::path::Path;
use std::thread;

use pruebas::escena::Escena;
use pruebas::modos;
use pruebas::razon::Razon;
use pruebas::tabla::TABLA;

use crate::cambios::Capitulo;
use crate::copia::{Cambio, construir, programas_de};
use crate::pagina::{Clase, Pagina, nombres};

/// Lo que un capítulo dice que pasa con un cambio.
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

/// Hace los cambios de un capítulo.
pub fn comprobar(capitulo: &Capitulo) {
    let Capitulo { pagina: nombre, paquete, .. } = capitulo;
    let pagina = Pagina::leer(nombre);
    let experimentos = experimentos(&pagina);
    assert!((2..=4).contains(&experimentos.len()), "{nombre}: de dos a cuatro cambios");
    let mut fallos = String::new();
    for (i, experimento) in experimentos.iter().enumerate() {
        if let Err(fallo) = experimento.comprobar(&format!("{paquete}-{}", i + 1), paquete) {
            let _ = writeln!(fallos, "{}: {fallo}", experimento.lugar);
        }
    }
    assert!(fallos.is_empty(), "\n{fallos}");
}

/// Los cambios que propone un capítulo, en su orden.
pub fn experimentos(pagina: &Pagina) -> Vec<Experimento> {
    let seccion = pagina.seccion("Quita una línea").expect("el capítulo dice qué quitar");
    let bloques: Vec<_> =
        seccion.iter().filter(|bloque| bloque.clase == Clase::Codigo("diff".into())).collect();
    let fin_de_la_seccion = seccion.last().map_or(0, |bloque| bloque.rango.end);
    let mut experimentos = Vec::new();
    for (i, bloque) in bloques.iter().enumerate() {
        let fin = bloques.get(i + 1).map_or(fin_de_la_seccion, |otro| otro.rango.start);
        let respuesta = &pagina.texto[bloque.rango.end..fin];
        let respuesta = respuesta.split_whitespace().collect::<Vec<_>>().join(" ");
        let antes = &pagina.texto[..bloque.rango.start];
        let (_, enunciado) = antes.rsplit_once(&format!("\n**{}. ", i + 1)).unwrap_or_else(|| {
            panic!("{}: antes del cambio va su título, «**{}. …**»", pagina.lugar(bloque), i + 1)
        });
        let (enunciado, _) = enunciado.rsplit_once("```").unwrap_or_default();
        let (primera, lineas) = bloque.texto.split_once('\n').unwrap_or_default();
        for negrita in respuesta.split("**").skip(1).step_by(2).filter(|texto| texto.ends_with(':'))
        {
            let marca = format!("**{negrita}** ");
            assert!(MARCAS.contains(&&*marca), "{}: qué es «{negrita}»", pagina.lugar(bloque));
        }
        let fichero = primera.strip_prefix("--- ");
        let fichero = fichero.unwrap_or_else(|| panic!("{}: en qué fichero", pagina.lugar(bloque)));
        let lado = |quita: char| {
            let del_lado = lineas.split_inclusive('\n').filter(|linea| !linea.starts_with(quita));
            del_lado.filter_map(|linea| linea.get(1..)).collect()
        };
        experimentos.push(Experimento {
            lugar: pagina.lugar(bloque),
            enunciado: enunciado.replace("**", "").trim().into(),
            diferencia: bloque.texto.clone(),
            respuesta: respuesta.clone(),
            cambio: Cambio { fichero: fichero.into(), antes: lado('+'), despues: lado('-') },
            no_compila: apartado(&respuesta, NO_COMPILA).map(|resto| nombres(resto)[0].to_owned()),
            notan: notan(&respuesta),
            cumplen: [AHORA_SI, SIGUEN_IGUAL]
                .iter()
                .filter_map(|marca| apartado(&respuesta, marca))
                .flat_map(nombres)
                .map(String::from)
                .collect(),
        });
    }
    experimentos
}

/// Lo que va detrás de una marca, hasta el final de la frase.
fn apartado<'a>(respuesta: &'a str, marca: &str) -> Option<&'a str> {
    let (_, resto) = respuesta.split_once(marca)?;
    Some(resto.split_once(". ").map_or(resto, |(frase, _)| frase))
}

/// `**Lo nota:** `escenario`: «razón».`, las veces que esté.
fn notan(respuesta: &str) -> Vec<(String, Razon)> {
    let mut notan = Vec::new();
    for resto in respuesta.split(LO_NOTA).skip(1) {
        let escenario = nombres(resto)[0];
        let razon = resto.split_once('«').and_then(|(_, resto)| resto.split_once('»'));
        let (razon, _) = razon.unwrap_or_else(|| panic!("por qué falla «{escenario}»"));
        notan.push((escenario.into(), razon.to_owned().into()));
    }
    notan
}

impl Experimento {
    fn comprobar(&self, copia: &str, paquete: &str) -> Result<(), String> {
        let construido = construir(copia, paquete, Some(&self.cambio));
        let carpeta = match (&self.no_compila, construido) {
            (None, Ok(carpeta)) => carpeta,
            (Some(codigo), Err(error)) if error.contains(&format!("error[{codigo}]")) => {
                return Ok(());
            }
            (Some(codigo), Ok(_)) => return Err(format!("compila, y debía dar {codigo}")),
            (_, Err(error)) => return Err(format!("no compila como se dice:\n{error}")),
        };
        if self.cumplen.is_empty() {
            return Err("no dice qué escenarios siguen igual".into());
        }
        let [servidor, cliente] = programas_de(paquete).map(|programa| carpeta.join(programa));
        let (servidor, cliente) = (servidor.as_path(), cliente.as_path());
        let mut fallos = String::new();
        thread::scope(|hilos| {
            let notan = self.notan.iter().map(|(nombre, razon)| (nombre, Some(razon.clone())));
            let cumplen = self.cumplen.iter().map(|nombre| (nombre, None));
            let ensayos: Vec<_> = notan
                .chain(cumplen)
                .map(|(nombre, razon)| hilos.spawn(move || ver(nombre, razon, servidor, cliente)))
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

/// Comprueba que un escenario se cumple o, si se dice por qué, que no.
fn ver(nombre: &str, razon: Option<Razon>, servidor: &Path, cliente: &Path) -> Result<(), String> {
    let escenario = TABLA.iter().find(|escenario| escenario.nombre == nombre);
    let escenario = escenario.ok_or_else(|| format!("no hay ningún «{nombre}»"))?;
    let Some(&modo) = modos(escenario).first() else {
        println!("aviso: aquí no se puede ver «{nombre}»");
        return Ok(());
    };
    let previsto = razon.clone().map(|razon| (razon, escenario.corta));
    let escena = Escena::new(modo, servidor, cliente, previsto);
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
