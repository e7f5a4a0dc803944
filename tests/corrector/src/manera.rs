//! De qué manera se juzga un programa: en un terminal o por tuberías, con acentos o sin ellos, y con los argumentos
//! que le falten. Se queda con la mejor.

use std::mem;
use std::net::SocketAddr;
use std::time::Instant;

use pruebas::escena::{Fallo, Resultado};
use pruebas::programa::{Modo, Orden};

use crate::clase::Papel;
use crate::donde::Donde;
use crate::{ARRANQUE, Clausula, Juicio, Veredicto, preguntas, sin_acentos};

/// Por qué no se juzga un programa al que le falta algo que aquí no hay, o no está donde lo busca.
pub const NO_ARRANCA: &str = "aquí no se puede poner en marcha";

/// Cómo lo haría una persona, donde se puede.
pub const DE_PERSONA: Modo = if cfg!(unix) { Modo::Terminal } else { Modo::Tuberias };

/// De qué manera se maneja un programa.
#[derive(Debug, Clone, Copy)]
pub struct Manera {
    /// Por dónde.
    pub modo: Modo,
    /// Sin eñes ni acentos.
    pub llano: bool,
}

impl Manera {
    /// Lo que se dice de esa manera.
    pub fn texto(self, texto: &str) -> String {
        if self.llano { sin_acentos(texto) } else { texto.to_owned() }
    }
}

/// Las cláusulas en las que un programa puede fallar por no saber escribir en español.
const DE_TEXTO: [&str; 3] = ["S5", "C2", "C3"];

/// Juzga en un terminal, donde los haya, y si algo no se cumple, también por tuberías y sin acentos: hay
/// programas que solo se portan bien de una de las maneras. Devuelve lo mejor, y lo dice.
pub fn de_la_mejor_manera(
    papel: Papel,
    orden: &Orden,
    donde: &Donde,
    juzgar: impl Fn(Manera, &Orden) -> Resultado<Juicio>,
) -> Resultado<Juicio> {
    let de = |modo| Manera { modo, llano: false };
    let mut manera = de(DE_PERSONA);
    let (orden, mut juicio) =
        con_lo_que_pida(papel, orden, donde.direccion, |orden| juzgar(manera, orden))?;
    // A quien habla con otro protocolo no se le entiende de ninguna manera: queda su pareja.
    if donde.protocolo.is_some() && !juicio.terminado && juicio.no_se_entiende() {
        return Ok(juicio);
    }
    // Un servidor habla por la red: la manera de ponerlo en marcha no le importa.
    if cfg!(unix) && juicio.fila() < 75 && (papel == Papel::Cliente || !juicio.arranca()) {
        let mut peor = juzgar(de(Modo::Tuberias), &orden)?;
        let vale = |juicio: &Juicio| (juicio.fila(), usize::MAX - juicio.fallan().len());
        let mut como = "por tuberías";
        // Si así tampoco se ve lo que dicen los demás, no va mejor.
        let se_ve = peor.clausulas.iter().any(|una| una.nombre == "C2" && una.cumple == Some(true));
        if (se_ve || !juicio.arranca()) && vale(&peor) > vale(&juicio) {
            (manera, como) = (de(Modo::Tuberias), "en un terminal");
            mem::swap(&mut peor, &mut juicio);
            juicio.manera = manera;
            juicio.orden = peor.orden.take();
        }
        if vale(&peor) < vale(&juicio) {
            let (fila, fallan) = (peor.fila(), peor.fallan().join(", "));
            juicio.avisos.push(format!("{como} va peor: fila del {fila} % ({fallan})"));
        }
    }
    // De quien no dice nada a nadie, o espera al teclado, los acentos no tienen la culpa.
    let falla = |una: &&Clausula| {
        let por_el_texto = una.techo == 50 || una.techo == 25 && juicio.terminado;
        una.cumple == Some(false) && DE_TEXTO.contains(&una.nombre) && por_el_texto
    };
    let perdidas: Vec<Clausula> = juicio.clausulas.iter().filter(falla).cloned().collect();
    if perdidas.is_empty() {
        return Ok(juicio);
    }
    let mut llano = juzgar(Manera { llano: true, ..manera }, &orden)?;
    let siguen = llano.fallan();
    let por_los_acentos: Vec<Clausula> =
        perdidas.into_iter().filter(|una| !siguen.contains(&una.nombre)).collect();
    // Si no es por los acentos, vale lo de antes.
    if por_los_acentos.is_empty() || llano.fila() < juicio.fila() {
        return Ok(juicio);
    }
    for clausula in por_los_acentos {
        let veredicto = Veredicto::new(&clausula.hecho, &clausula.esperado);
        let visto = format!("sin eñes ni acentos, eso mismo; con ellos, {}", clausula.visto);
        llano.anota(clausula.nombre, veredicto.falla(75, visto));
    }
    llano.manera = Manera { llano: true, ..manera };
    llano.orden = juicio.orden;
    llano.avisos.push("lo demás se ha juzgado con textos sin eñes ni acentos".into());
    Ok(llano)
}

/// Juzga un programa; si se va nada más empezar porque le faltan argumentos, se los da. Devuelve con qué orden.
///
/// # Errors
///
/// Si no se puede juzgar: le falta algo que aquí no hay, o pregunta lo que no se sabe contestar.
fn con_lo_que_pida(
    papel: Papel,
    orden: &Orden,
    direccion: SocketAddr,
    juzgar: impl Fn(&Orden) -> Resultado<Juicio>,
) -> Resultado<(Orden, Juicio)> {
    let juicio = juzgar(orden)?;
    let lo_que_falta: &[&str] = if juicio.arranca() { &SIN_VENTANAS } else { &LE_FALTA };
    let falta = |linea: &&str| lo_que_falta.iter().any(|uno| linea.contains(uno));
    let le_falta = juicio.terminado.then(|| juicio.salida.lines().find(falta)).flatten();
    if juicio.fila() >= 75 || juicio.arranca() && le_falta.is_none() {
        return Ok((orden.clone(), juicio));
    }
    if !juicio.terminado {
        let pregunta = preguntas::es_pregunta(juicio.salida.trim_end_matches(' '));
        return if pregunta && !juicio.salida.trim().is_empty() {
            Err(Fallo {
                razon: "pregunta algo que no se sabe contestar".into(),
                detalle: juicio.salida.lines().last().unwrap_or_default().into(),
            })
        } else {
            Ok((orden.clone(), juicio))
        };
    }
    // Puede que le falten argumentos. Los que no lo terminan enseguida, y tampoco lo arreglan, tardan.
    let fin = Instant::now() + 2 * ARRANQUE;
    let mut en_otro_sitio = None;
    let (ip, puerto) = (direccion.ip().to_string(), direccion.port().to_string());
    let siguiente = direccion.port().wrapping_add(1).to_string();
    let nombre = preguntas::NOMBRE.to_owned();
    for argumentos in [
        vec![ip.clone(), puerto.clone()],
        vec![puerto.clone()],
        vec![ip.clone(), puerto.clone(), nombre.clone()],
        vec![nombre, ip, puerto.clone()],
        vec![direccion.to_string()],
        vec![papel.nombre().to_owned()],
        vec![puerto, siguiente],
    ] {
        if Instant::now() >= fin {
            break;
        }
        let otra = orden.clone().con_argumentos(&argumentos);
        let mut juicio = juzgar(&otra)?;
        if juicio.arranca() {
            let con = argumentos.join(" ");
            juicio.avisos.push(format!("se ha puesto en marcha con los argumentos «{con}»"));
            juicio.orden = Some(otra.clone());
            // De «127.0.0.1», quien espera un puerto puede leer 127.
            if juicio.en_su_sitio() {
                return Ok((otra, juicio));
            }
            en_otro_sitio.get_or_insert((otra, juicio));
        }
    }
    if let Some(con_otros) = en_otro_sitio {
        return Ok(con_otros);
    }
    match le_falta {
        Some(linea) => Err(Fallo { razon: NO_ARRANCA.into(), detalle: linea.trim().into() }),
        None => Ok((orden.clone(), juicio)),
    }
}

/// Lo que dice, aunque ya se haya conectado, un programa con ventanas donde no las hay.
const SIN_VENTANAS: [&str; 2] = ["TclError", "HeadlessException"];

/// Lo que dice un programa al que le falta algo que aquí no hay: una biblioteca, un fichero, otra versión del
/// lenguaje, otro sistema. No es un chat que no funciona: no se sabe.
const LE_FALTA: [&str; 16] = [
    "ModuleNotFoundError",
    "ImportError",
    "SyntaxError",
    "IndentationError",
    "FileNotFoundError",
    "module 'socket' has no attribute",
    "TclError",
    "Cannot find module",
    "Cannot find package",
    "Cannot use import statement",
    "NoClassDefFoundError",
    "ClassNotFoundException",
    "UnsupportedClassVersionError",
    "NoSuchFileException",
    "cannot open shared object",
    "HeadlessException",
];
