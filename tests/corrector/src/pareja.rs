//! Un servidor y un cliente que se entienden entre ellos, aunque no con el corrector: un protocolo propio.
//!
//! Antes de decir que no, se mira si su pareja sí: tres de sus clientes, tecleando, con su servidor.

use std::net::SocketAddr;
use std::sync::Arc;

use pruebas::conexion::puerto_libre;
use pruebas::escena::{Contexto, Resultado};
use pruebas::programa::{Modo, Orden, Programa};

use super::{CALLADO, ESPERA, Juicio, hasta};

/// Las cláusulas que se ven en un chat entre los tres.
const SE_VEN: [&str; 7] = ["S1", "S2", "S5", "S6", "C1", "C2", "C3"];

/// Las que, si fallan, pueden ser por no hablar como el corrector.
const SOSPECHOSAS: [&str; 5] = ["S2", "S5", "C1", "C2", "C3"];

const VISTO: &str = "con el corrector no; con su propia pareja, sí";

/// Si alguno de los dos falla por no entenderse con el corrector, mira si se entienden entre ellos, y lo
/// apunta en los dos juicios.
///
/// # Errors
///
/// Si no se puede mirar: el puerto es de otro.
pub fn revisar(
    (servidor, del_servidor): (&Orden, &mut Juicio),
    (cliente, del_cliente): (&Orden, &mut Juicio),
    direccion: SocketAddr,
) -> Resultado {
    let sospechoso = |juicio: &Juicio| {
        let falla = juicio.fallan();
        juicio.fila() <= 50 && SOSPECHOSAS.iter().any(|una| falla.contains(una))
    };
    if !sospechoso(del_servidor) && !sospechoso(del_cliente) {
        return Ok(());
    }
    let Some(sale) = se_entienden(servidor, cliente, direccion)? else { return Ok(()) };
    for juicio in [del_servidor, del_cliente] {
        if !sospechoso(juicio) {
            continue;
        }
        for clausula in &mut juicio.clausulas {
            let se_ve = SE_VEN.contains(&clausula.nombre) || clausula.nombre == "C4" && sale;
            if se_ve && clausula.cumple != Some(true) {
                (clausula.cumple, clausula.techo) = (Some(true), 100);
                clausula.hecho = "poner en marcha su servidor y tres de sus clientes".into();
                clausula.esperado = "que todos lean lo que dicen los demás".into();
                clausula.visto = VISTO.into();
            }
        }
        juicio.avisos.push("usa un protocolo propio: se ha juzgado con su propia pareja".into());
    }
    Ok(())
}

/// Si se entienden, devuelve si además `salir` termina un cliente.
fn se_entienden(
    servidor: &Orden,
    cliente: &Orden,
    direccion: SocketAddr,
) -> Resultado<Option<bool>> {
    puerto_libre(direccion)?;
    let modo = if cfg!(unix) { Modo::Terminal } else { Modo::Tuberias };
    let contexto = Contexto::para_juzgar(modo);
    let servidor = Programa::arrancar(&contexto, "servidor", servidor)?;
    // Hasta que diga algo; si no dice nada, el tiempo de arrancar.
    hasta(CALLADO, || !servidor.pantalla.texto().is_empty());
    let entra = |contexto: &Arc<Contexto>, nombre: &str| -> Resultado<Programa> {
        let programa = Programa::arrancar(contexto, nombre, cliente)?;
        hasta(CALLADO, || !programa.pantalla.texto().is_empty());
        Ok(programa)
    };
    let mut a = entra(&contexto, "A")?;
    let mut b = entra(&contexto, "B")?;
    let mut c = entra(&contexto, "C")?;
    // Si preguntan un nombre, ya lo tienen; si no, es lo primero que dicen.
    for (uno, nombre) in [(&mut a, "Ana"), (&mut b, "Berto"), (&mut c, "Carla")] {
        let _ = uno.escribe(nombre);
        hasta(CALLADO / 6, || uno.pantalla.vista().terminada);
    }
    let oyen = dice(&mut a, [&b, &c], "¡qué año, señor!")
        && dice(&mut b, [&a, &c], "¿qué tal, niño?")
        && dice(&mut c, [&a, &b], "adiós, mañana más");
    if !oyen {
        return Ok(None);
    }
    let _ = c.escribe("salir");
    let sale = hasta(ESPERA, || c.pantalla.vista().terminada);
    c.matar();
    Ok((dice(&mut a, [&b, &b], "¿sigues ahí?")).then_some(sale))
}

/// ¿Lo leen los demás, sin tocar ellos el teclado, y quien lo escribe no lo recibe además de vuelta?
fn dice(autor: &mut Programa, oyentes: [&Programa; 2], texto: &str) -> bool {
    if autor.escribe(texto).is_err() {
        return false;
    }
    let ve = |quien: &Programa| quien.pantalla.texto().contains(texto);
    let oyen = hasta(ESPERA, || oyentes.iter().all(|uno| ve(uno)));
    oyen && autor.pantalla.texto().matches(texto).count() <= 1
}
