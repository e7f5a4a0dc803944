//! Media hora de clase, seguida: quien llega, quien habla y quien se va.

use std::collections::{HashMap, HashSet};

use crate::conexion::Conexion;
use crate::escena::{BIENVENIDA, Contexto, Escena, Resultado, Servidor};
use crate::razon::Razon::{NoCierra, SinBienvenida};

/// Cuántos caben en el aula.
const AULA: usize = 30;

/// Lo que pasa en media hora: unos 4 000 mensajes, y más de 200 llegadas y otras tantas salidas.
const SUCESOS: usize = 4_500;

const NO_LE_TOCA: &str = "alguien no recibe justo lo que le toca";

/// Un alumno que está o ha estado en clase.
struct Alumno {
    conexion: Conexion,
    /// Cuántos mensajes se habían dicho cuando tuvo su bienvenida.
    desde: usize,
    /// Cuántos cuando empezó a irse. Nada si se cortó: lo último pudo no llegarle.
    hasta: Option<usize>,
}

/// Media hora de clase con llegadas, mensajes y salidas al azar, siempre los mismos. Cada uno
/// recibe lo que dicen los demás mientras está, en el orden de todos.
pub fn media_hora_de_clase(escena: &Escena) -> Resultado {
    let contexto = escena.contexto();
    let servidor = escena.servidor()?;
    // El profesor no dice nada y oye la clase entera: su orden es el de todos.
    let profesor = escena.entra("profesor", &servidor)?;
    let mut azar = fastrand::Rng::with_seed(30);
    let (mut clase, mut idos): (Vec<Alumno>, Vec<Alumno>) = (Vec::new(), Vec::new());
    let mut dichos = Vec::new();
    for _ in 0..SUCESOS {
        let dado = azar.u32(0..100);
        if clase.len() < 2 || (dado < 6 && clase.len() < AULA) {
            // Antes han llegado el profesor y todos estos.
            let llegados = 1 + clase.len() + idos.len();
            clase.push(llega(escena, &servidor, llegados, dichos.len())?);
        } else if dado < 11 {
            let mut alumno = clase.swap_remove(azar.usize(..clase.len()));
            oye_todo(contexto, &profesor, &dichos)?;
            se_va(&mut alumno, dichos.len(), azar.u32(0..3))?;
            idos.push(alumno);
        } else {
            let Alumno { conexion, .. } = &clase[azar.usize(..clase.len())];
            let texto = format!("{} {}.", dichos.len(), "año 🦀 ".repeat(azar.usize(0..20)));
            conexion.envia(format!("{texto}\n"))?;
            dichos.push(format!("{}{texto}", firma(conexion)));
        }
    }
    oye_todo(contexto, &profesor, &dichos)?;
    let texto = profesor.pantalla.texto();
    let orden: Vec<&str> = texto.lines().skip(1).collect();
    let distintos: HashSet<&str> = orden.iter().copied().collect();
    let cabales = distintos.len() == dichos.len()
        && dichos.iter().all(|dicho| distintos.contains(dicho.as_str()));
    contexto.exige(cabales, NO_LE_TOCA, || "el profesor no oyó justo lo dicho".to_string())?;
    for alumno in &mut clase {
        alumno.hasta = Some(dichos.len());
        let firma = firma(&alumno.conexion);
        if let Some(ultimo) = orden.iter().rfind(|linea| !linea.starts_with(&firma)) {
            alumno.conexion.ve(ultimo, NO_LE_TOCA)?;
        }
    }
    for alumno in clase.iter().chain(&idos) {
        recibio_lo_suyo(contexto, alumno, &orden, &dichos)?;
    }
    Ok(())
}

/// Cómo empiezan sus mensajes en las pantallas de los demás.
fn firma(conexion: &Conexion) -> String {
    format!("usuario {}: ", conexion.puerto)
}

fn llega(escena: &Escena, servidor: &Servidor, llegados: usize, desde: usize) -> Resultado<Alumno> {
    let conexion = escena.entra("alumno", servidor)?;
    // Su puerto puede ser el de otro que se fue, y su anuncio, el de aquel.
    servidor.puerto_del_cliente(llegados)?;
    conexion.ve(BIENVENIDA, SinBienvenida)?;
    Ok(Alumno { conexion, desde, hasta: None })
}

/// Se va con `salir`, dejando de hablar, o de golpe.
fn se_va(alumno: &mut Alumno, hasta: usize, como: u32) -> Resultado {
    match como {
        0 => alumno.conexion.envia("salir\n")?,
        1 => alumno.conexion.deja_de_hablar()?,
        _ => {
            alumno.conexion.cierra();
            return Ok(());
        }
    }
    alumno.hasta = Some(hasta);
    alumno.conexion.ve_el_fin(NoCierra)
}

/// Espera a que el profesor haya oído todo lo dicho.
fn oye_todo(contexto: &Contexto, profesor: &Conexion, dichos: &[String]) -> Resultado {
    let lineas = dichos.len() + 1;
    let oye = profesor.pantalla.espera(contexto.plazo(NO_LE_TOCA), |vista| {
        vista.texto.ends_with('\n') && vista.texto.lines().count() >= lineas
    });
    contexto.exige(oye, NO_LE_TOCA, || format!("el profesor no oye los {} mensajes", dichos.len()))
}

fn recibio_lo_suyo(
    contexto: &Contexto,
    alumno: &Alumno,
    orden: &[&str],
    dichos: &[String],
) -> Resultado {
    let firma = firma(&alumno.conexion);
    let lugares: HashMap<&str, usize> =
        orden.iter().enumerate().map(|(lugar, linea)| (*linea, lugar)).collect();
    let texto = alumno.conexion.pantalla.texto();
    // Si se cortó, la última línea puede estar a medias.
    let oidas: Vec<&str> =
        texto.split_inclusive('\n').filter_map(|linea| linea.strip_suffix('\n')).skip(1).collect();
    // Lo que oyó es un tramo seguido de lo que se dijo, quitando lo suyo.
    let inicio = oidas.first().and_then(|primera| lugares.get(primera)).copied().unwrap_or(0);
    let tocaba = orden[inicio..].iter().filter(|linea| !linea.starts_with(&firma));
    let seguido = oidas.iter().eq(tocaba.take(oidas.len()));
    // Y en ese tramo está cuanto dijeron los demás desde su bienvenida hasta que se fue.
    let oido: HashSet<&str> = oidas.iter().copied().collect();
    let mientras_estuvo = alumno.desde..alumno.hasta.unwrap_or(alumno.desde);
    let completo = dichos[mientras_estuvo]
        .iter()
        .all(|dicho| dicho.starts_with(&firma) || oido.contains(dicho.as_str()));
    contexto.exige(seguido && completo, NO_LE_TOCA, || {
        format!("a «{firma}» le llegaron {} mensajes; seguidos: {seguido}", oidas.len())
    })
}
