//! Un servidor y su cliente, juntos: tres de sus clientes, tecleando, con su servidor.
//!
//! Hay parejas que se entienden entre ellas y no con el corrector (un protocolo propio), y parejas en las que
//! cada uno se entiende con el corrector, y entre ellos no.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use pruebas::conexion::puerto_libre;
use pruebas::escena::{Contexto, Resultado};
use pruebas::programa::{Modo, Orden, Programa};

use super::clase::{CODIGO, Papel, extension};
use super::donde::Donde;
use super::preguntas::{NOMBRE, Respuestas, es_pregunta, pide_un_nombre};
use super::{
    CALLADO, Clausula, DE_PERSONA, ESPERA, Juicio, Manera, POR_SI_ACASO, UN_RATO, Veredicto,
    arrancar, final_de, hasta, se_ve,
};

/// Las cláusulas que, si fallan, pueden ser por no hablar como el corrector.
const SOSPECHOSAS: [&str; 6] = ["S1", "S2", "S5", "C1", "C2", "C3"];

const HECHO: &str = "poner en marcha su servidor y tres de sus clientes, y hablar";
const SI: &str = "con el corrector no; con su propia pareja, sí";

/// Lo que se ve cuando se entienden.
#[allow(clippy::struct_excessive_bools)] // Cada uno es la respuesta a una pregunta, y no hay más relación.
struct Vista {
    /// A quien habla le llega también lo suyo.
    eco: bool,
    /// Solo se entienden sin eñes ni acentos.
    llano: bool,
    /// `salir` termina un cliente.
    sale: bool,
    /// Lo primero que dice cada uno no lo recibe nadie, y nadie le ha pedido un nombre.
    pierde_lo_primero: bool,
    /// Los demás se siguen oyendo cuando uno sale.
    aguanta_salidas: bool,
    /// Y cuando otro se corta.
    aguanta_cortes: bool,
    /// El servidor cierra las conexiones de quien se va, si se puede saber.
    cierra: Option<bool>,
    /// Lo último que salió del servidor, y de un cliente.
    salidas: [String; 2],
}

/// Cómo hablan unos programas que no hablan con líneas de texto, por lo que dice su código.
#[must_use]
pub fn protocolo_propio(ficheros: &[PathBuf]) -> Option<&'static str> {
    const SENALES: [(&str, &str); 10] = [
        ("json", "JSON"),
        ("pickle.", "pickle"),
        ("encoding/gob", "gob"),
        ("objectinputstream", "objetos"),
        ("readutf(", "readUTF"),
        ("struct.unpack", "la longitud por delante"),
        ("header", "la longitud por delante"),
        ("binaryreader", "binario"),
        ("encoding.unicode", "UTF-16"),
        ("utf-16", "UTF-16"),
    ];
    let es_codigo = |ruta: &&PathBuf| {
        let suya = extension(ruta).to_lowercase();
        CODIGO.contains(&suya.as_str()) && !["exe", "jar"].contains(&suya.as_str())
    };
    let codigos = ficheros.iter().filter(es_codigo).map(|ruta| fs::read(ruta).unwrap_or_default());
    let codigo: String =
        codigos.map(|codigo| String::from_utf8_lossy(&codigo).to_lowercase()).collect();
    SENALES.iter().find(|(senal, _)| codigo.contains(senal)).map(|(_, cual)| *cual)
}

/// Mira si se entienden entre ellos, y lo apunta en los dos juicios.
///
/// # Errors
///
/// Si no se puede mirar: el puerto es de otro.
pub fn revisar(
    (servidor, del_servidor): (&Orden, &mut Juicio),
    (cliente, del_cliente): (&Orden, &mut Juicio),
    donde: &Donde,
) -> Resultado {
    let direccion = donde.direccion;
    if del_servidor.terminado && !del_servidor.arranca() {
        return Ok(());
    }
    let (con_que, con_cual) = (del_servidor.orden.clone(), del_cliente.orden.clone());
    let (servidor, cliente) =
        (con_que.as_ref().unwrap_or(servidor), con_cual.as_ref().unwrap_or(cliente));
    // Como mejor se hayan entendido con el corrector.
    let suyas = [del_servidor.manera, del_cliente.manera];
    let modo = suyas.map(|una| una.modo).into_iter().find(|modo| *modo == Modo::Tuberias);
    let llano = suyas.iter().any(|una| una.llano);
    let manera = Manera { modo: modo.unwrap_or(DE_PERSONA), llano };
    if let Some(suya) = del_servidor.escucha.filter(|suya| *suya != direccion) {
        puerto_libre(suya)?;
    }
    let mut vista = juntos(servidor, cliente, direccion, manera)?;
    if vista.as_ref().is_some_and(|vista| vista.pierde_lo_primero) {
        // O a alguno no le había dado tiempo a entrar: antes de decirlo, se mira otra vez.
        vista = juntos(servidor, cliente, direccion, manera)?.or(vista);
    }
    let a_su_manera = donde.protocolo.is_some()
        && [&*del_servidor, &*del_cliente].iter().all(|uno| uno.no_se_entiende());
    if vista.is_none() && !manera.llano && !a_su_manera {
        // Si solo se pierden los acentos, algo se entienden.
        let llano = Manera { llano: true, ..manera };
        vista = juntos(servidor, cliente, direccion, llano)?
            .map(|vista| Vista { llano: true, ..vista });
    }
    let Some(vista) = vista else {
        no_se_entienden(del_servidor, del_cliente);
        return Ok(());
    };
    if vista.pierde_lo_primero {
        let veredicto = con_su_pareja("que se reciba también lo primero que dice cada uno");
        let por_que = "lo toma por un nombre, que su cliente no pide";
        del_servidor.anota("S5", veredicto.falla(75, por_que));
    }
    for (juicio, salida) in [del_servidor, del_cliente].into_iter().zip(&vista.salidas) {
        let sospecha = |una: &Clausula| {
            una.cumple == Some(false) && una.techo <= 50 && SOSPECHOSAS.contains(&una.nombre)
        };
        let falla = juicio.fallan();
        if juicio.clausulas.iter().any(sospecha) {
            se_entienden(juicio, &vista);
            juicio.pantalla.clone_from(salida);
        } else if vista.sale && falla.contains(&"C4") {
            juicio.anota("C4", con_su_pareja("que `salir` lo termine").si(SI));
        }
    }
    Ok(())
}

fn con_su_pareja(esperado: &str) -> Veredicto {
    Veredicto::new(HECHO, esperado)
}

/// Se entienden entre ellos, y este no con el corrector.
fn se_entienden(juicio: &mut Juicio, vista: &Vista) {
    let falla = juicio.fallan();
    for nombre in ["S1", "C1"] {
        if falla.contains(&nombre) && !juicio.arranca() {
            let veredicto = con_su_pareja("que sea en la dirección del enunciado");
            juicio.anota(nombre, veredicto.falla(75, "funcionan, pero en otra dirección o puerto"));
        }
    }
    for nombre in ["S2", "C2", "C3"] {
        juicio.mejora(nombre, con_su_pareja("que todos lean lo que dicen los demás").si(SI));
    }
    let reenvia = con_su_pareja("que todos lean lo que dicen los demás, y no lo suyo");
    juicio.mejora(
        "S5",
        match vista {
            Vista { eco: true, .. } => reenvia.falla(75, "también lo recibe su autor"),
            Vista { llano: true, .. } => reenvia.falla(75, "solo sin eñes ni acentos"),
            _ => reenvia.si(SI),
        },
    );
    let olvida = con_su_pareja(
        "que, cuando uno sale y otro se corta, se cierren sus conexiones y los demás se sigan oyendo",
    );
    juicio.mejora(
        "S6",
        match (vista.aguanta_salidas, vista.aguanta_cortes, vista.cierra) {
            (false, ..) => olvida.falla(50, "cuando uno se va, los que quedan dejan de oírse"),
            (_, false, _) => olvida.falla(75, "cuando uno se corta, los demás dejan de oírse"),
            (.., Some(false)) => olvida.falla(75, "la conexión de quien se va sigue abierta"),
            (.., None) => olvida.no_se_ve("los demás se siguen oyendo; si la cierra, no se ve"),
            (.., Some(true)) => olvida.si(SI),
        },
    );
    let salir = con_su_pareja("que `salir` lo termine");
    juicio.mejora(
        "C4",
        if vista.sale { salir.si(SI) } else { salir.falla(75, "con `salir` no termina") },
    );
    juicio.avisos.push("no habla como el corrector: se ha juzgado con su propia pareja".into());
}

/// Cada uno se entiende con el corrector, y entre ellos no.
fn no_se_entienden(del_servidor: &mut Juicio, del_cliente: &mut Juicio) {
    let aviso = "se ha probado con su propia pareja, y no se entienden";
    // Si uno de los dos está en otro sitio, ya se sabe por qué.
    let solos =
        [&*del_servidor, &*del_cliente].iter().all(|uno| uno.fila() >= 75 && uno.en_su_sitio());
    for (juicio, nombre) in [(del_servidor, "S5"), (del_cliente, "C3")] {
        juicio.avisos.push(aviso.into());
        if solos {
            let veredicto = con_su_pareja("que todos lean lo que dicen los demás");
            juicio.anota(nombre, veredicto.falla(75, "con el corrector sí; con su pareja, no"));
        }
    }
}

/// Los pone en marcha. Nada, si no se entienden.
fn juntos(
    servidor: &Orden,
    cliente: &Orden,
    direccion: SocketAddr,
    manera: Manera,
) -> Resultado<Option<Vista>> {
    puerto_libre(direccion)?;
    let contexto = Contexto::para_juzgar(manera.modo);
    let mut servidor = arrancar(&contexto, "servidor", servidor)?;
    // Hasta que diga algo; si no dice nada, el tiempo de arrancar.
    hasta(CALLADO, || !servidor.pantalla.texto().is_empty());
    contesta(&mut servidor, &mut Respuestas::new(Papel::Servidor, direccion, "chat"));
    let entra = |contexto: &Arc<Contexto>, nombre: &'static str| -> Resultado<Programa> {
        let orden = cliente.clone().cambiando(NOMBRE, nombre);
        let mut programa = arrancar(contexto, nombre, &orden)?;
        hasta(CALLADO, || !programa.pantalla.texto().is_empty());
        contesta(&mut programa, &mut Respuestas::new(Papel::Cliente, direccion, nombre));
        Ok(programa)
    };
    let mut a = entra(&contexto, "Ana")?;
    let mut b = entra(&contexto, "Berto")?;
    let mut c = entra(&contexto, "Carla")?;
    let [uno, otro, tercero] = ["¡qué mañana, señor!", "¿qué tal, niño?", "adiós, mañana más"]
        .map(|uno| manera.texto(uno));
    let mut se_oye = dice(&mut a, [&b, &c], &uno);
    let pierde_lo_primero = !se_oye && !pide_un_nombre(&se_ve(&a));
    if !se_oye {
        // Sin haber preguntado nada, lo primero que se dice puede ser un nombre.
        for (programa, nombre) in [(&mut a, "Ana"), (&mut b, "Berto"), (&mut c, "Carla")] {
            let _ = programa.escribe_tecla_a_tecla(nombre);
            hasta(POR_SI_ACASO, || programa.pantalla.vista().terminada);
        }
        se_oye = dice(&mut a, [&b, &c], &format!("{uno} otra vez"));
    }
    // Y otra cosa, sin esperar a que nadie responda.
    se_oye = se_oye && dice(&mut a, [&b, &c], &format!("{uno} y otra cosa"));
    if !se_oye || !dice(&mut b, [&a, &c], &otro) || !dice(&mut c, [&a, &b], &tercero) {
        return Ok(None);
    }
    let eco = tiene_eco(&servidor, &mut a, &b, &manera.texto("¿me oigo?, ¡señor!"));
    let d = entra(&contexto, "Dora")?;
    let abiertos = servidor.sockets_abiertos();
    let _ = c.escribe_tecla_a_tecla("salir");
    let sale = hasta(ESPERA, || c.pantalla.vista().terminada);
    c.matar();
    let aguanta_salidas = siguen(&mut a, &mut b, "sigo aquí");
    // Con algo sin leer, al sistema no le queda más que cortar.
    let _ = d.parado(true);
    let aguanta_cortes = aguanta_salidas && siguen(&mut a, &mut b, "y aquí") && {
        drop(d);
        siguen(&mut a, &mut b, "y ahora también")
    };
    let cierra = abiertos.and_then(|antes| {
        let quedan = || servidor.sockets_abiertos().is_some_and(|hay| hay + 2 <= antes);
        (antes > 3).then(|| hasta(ESPERA, quedan))
    });
    Ok(Some(Vista {
        eco,
        llano: manera.llano,
        sale,
        pierde_lo_primero,
        aguanta_salidas,
        aguanta_cortes,
        cierra,
        salidas: [&servidor, &a].map(|uno| final_de(&se_ve(uno))),
    }))
}

/// Contesta a lo que pregunte, mientras pregunte.
fn contesta(programa: &mut Programa, respuestas: &mut Respuestas) {
    for _ in 0..4 {
        // Que termine de preguntar.
        hasta(POR_SI_ACASO, || programa.pantalla.vista().terminada);
        let pantalla = se_ve(programa);
        if !es_pregunta(&pantalla) || programa.pantalla.vista().terminada {
            return;
        }
        let _ = programa.escribe_tecla_a_tecla(&respuestas.a(&pantalla));
    }
}

/// ¿Lo leen los demás, sin tocar ellos el teclado?
fn dice(autor: &mut Programa, oyentes: [&Programa; 2], texto: &str) -> bool {
    autor.escribe_tecla_a_tecla(texto).is_ok()
        && hasta(UN_RATO, || oyentes.iter().all(|uno| se_ve(uno).contains(texto)))
}

/// ¿Le vuelve lo suyo a quien habla? Lo que se vea con el servidor parado lo escribe su propio programa.
fn tiene_eco(servidor: &Programa, autor: &mut Programa, oyente: &Programa, texto: &str) -> bool {
    let veces = |programa: &Programa| se_ve(programa).matches(texto).count();
    if !servidor.parado(true) {
        return false;
    }
    let dicho = autor.escribe_tecla_a_tecla(texto).is_ok();
    hasta(POR_SI_ACASO, || autor.pantalla.vista().terminada);
    let suyas = veces(autor);
    let _ = servidor.parado(false);
    dicho && hasta(ESPERA, || veces(oyente) > 0) && hasta(POR_SI_ACASO, || veces(autor) > suyas)
}

/// ¿Se siguen oyendo, los dos? Varias veces: hay servidores que aguantan la primera escritura a quien ya no está.
fn siguen(a: &mut Programa, b: &mut Programa, texto: &str) -> bool {
    (0..3).all(|vez| {
        let texto = format!("{texto} {vez}");
        // Entre lo que dice uno y lo que dice otro pasa un rato.
        let dicho = dice(a, [b, b], &texto);
        hasta(POR_SI_ACASO, || b.pantalla.vista().terminada);
        dicho && dice(b, [a, a], &format!("{texto} también"))
    })
}
