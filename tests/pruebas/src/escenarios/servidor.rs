//! El servidor, visto por conexiones que envían y reciben bytes a mano.

use std::io::{BufRead, BufReader};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::conexion::reinicia;
use crate::escena::{BIENVENIDA, Escena, Resultado};
use crate::escenarios::limites::descansa;
use crate::razon::Razon::{
    LineasEnBlanco, LlegaAlgoQueManda, NoCierra, NoDiceQuienSeVa, NoLlega, SalirNoDesconecta,
    SinBienvenida, SinEco, UnSoloMensaje,
};

/// A envía una línea y la recibe de vuelta.
pub fn eco(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.envia("¿hay eco?\n")?;
    a.ve("¿hay eco?", SinEco)
}

/// A llega, dice algo y se va; después, B hace lo mismo.
pub fn uno_tras_otro(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    for nombre in ["A", "B"] {
        let visita = escena.entra(nombre, &servidor)?;
        visita.envia("vengo y me voy\n")?;
        let dicho = format!("cliente ('127.0.0.1', {}): vengo y me voy", visita.puerto);
        servidor.ve(&dicho, "el servidor no enseña lo que se dice")?;
        // Con una visita callada, el servidor está parado.
        descansa(escena, &servidor, "gasta el procesador sin hacer nada")?;
        visita.deja_de_hablar()?;
    }
    Ok(())
}

/// B habla mientras A sigue conectado sin decir nada.
pub fn dos_a_la_vez(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let _a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    b.envia("yo también\n")?;
    servidor.ve(&format!("cliente ('127.0.0.1', {}): yo también", b.puerto), "no se oye al segundo")
}

/// Unos cuantos desaparecen con un reinicio, y después llega B.
pub fn caida_de_un_cliente(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    // Varias veces: según el sistema, un corte puede leerse como un final corriente.
    for _ in 0..5 {
        let a = servidor.conecta()?;
        servidor.anuncia(a.local_addr()?.port())?;
        reinicia(a)?;
    }
    escena.entra("B", &servidor)?;
    Ok(())
}

/// Lo que dice A lo reciben B y C; A no.
pub fn difusion(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    let c = escena.entra("C", &servidor)?;
    a.envia("¿qué tal, ñandú? 🦀\n")?;
    let mensaje = format!("usuario {}: ¿qué tal, ñandú? 🦀", a.puerto);
    b.ve(&mensaje, NoLlega)?;
    c.ve(&mensaje, NoLlega)?;
    // Cuando A recibe lo siguiente que se dijo, lo suyo ya habría llegado.
    b.envia("bien\n")?;
    a.ve(&format!("usuario {}: bien", b.puerto), NoLlega)?;
    let suyo = a.pantalla.texto().contains("ñandú");
    escena.contexto().exige(!suyo, "el autor recibe su mensaje", || {
        "a A le llega lo que él mismo ha dicho".into()
    })
}

/// Cuatro hablan a la vez: dos que escuchan lo reciben todo, y en el mismo orden.
pub fn mismo_orden_para_todos(escena: &Escena) -> Resultado {
    const MENSAJES: usize = 150;
    let servidor = escena.servidor()?;
    let oyentes = [escena.entra("oyente 1", &servidor)?, escena.entra("oyente 2", &servidor)?];
    let autores = ["A", "B", "C", "D"].map(|nombre| escena.entra(nombre, &servidor));
    let autores = autores.into_iter().collect::<Resultado<Vec<_>>>()?;
    let salida = Barrier::new(autores.len());
    thread::scope(|hilos| {
        for autor in &autores {
            hilos.spawn(|| {
                salida.wait();
                // Si un envío falla, se ve abajo: sus mensajes no llegan.
                (0..MENSAJES).try_for_each(|i| autor.envia(format!("mensaje {i}\n")))
            });
        }
    });
    let oidos = |texto: &str| -> Vec<String> {
        texto.lines().filter(|linea| linea.starts_with("usuario ")).map(String::from).collect()
    };
    for oyente in &oyentes {
        let total = MENSAJES * autores.len();
        let plazo = escena.contexto().plazo(NoLlega);
        let llega = oyente.pantalla.espera(plazo, |vista| {
            // Esto se mira con cada cosa que llega: sin partir otra vez lo que ya había.
            vista.texto.ends_with('\n') && vista.texto.matches("usuario ").count() >= total
        });
        escena.contexto().exige(llega, NoLlega, || {
            let llegados = oidos(&oyente.pantalla.texto()).len();
            format!(
                "a {} le llegaron {llegados} mensajes enteros de {total}",
                oyente.pantalla.nombre
            )
        })?;
    }
    let [uno, otro] = oyentes.each_ref().map(|oyente| oidos(&oyente.pantalla.texto()));
    let detalle = || "los dos oyentes recibieron lo mismo en distinto orden".to_string();
    escena.contexto().exige(uno == otro, "cada uno ve un orden", detalle)?;
    for autor in &autores {
        let propios: Vec<_> =
            (0..MENSAJES).map(|i| format!("usuario {}: mensaje {i}", autor.puerto)).collect();
        let prefijo = format!("usuario {}: ", autor.puerto);
        let recibidos: Vec<_> = uno.iter().filter(|linea| linea.starts_with(&prefijo)).collect();
        escena.contexto().exige(
            recibidos.iter().copied().eq(&propios),
            "cada uno ve un orden",
            || format!("los mensajes de {} llegaron desordenados", autor.puerto),
        )?;
    }
    Ok(())
}

/// A deja de hablar: el servidor cierra también su lado.
pub fn olvida_al_que_se_va(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.deja_de_hablar()?;
    a.ve_el_fin(NoCierra)
}

/// A cierra, B se corta de golpe: el servidor lo dice de los dos.
pub fn anuncia_la_salida(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.deja_de_hablar()?;
    servidor.despide(a.puerto, NoDiceQuienSeVa)?;
    let b = servidor.conecta()?;
    let puerto = b.local_addr()?.port();
    servidor.anuncia(puerto)?;
    reinicia(b)?;
    servidor.despide(puerto, NoDiceQuienSeVa)
}

/// Lo primero que recibe A es la bienvenida; y también quien llega mientras A habla sin parar.
pub fn bienvenida(escena: &Escena) -> Resultado {
    const VISITAS: usize = 500;
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.ve(BIENVENIDA, SinBienvenida)?;
    let callate = AtomicBool::new(false);
    let primeras = thread::scope(|hilos| {
        hilos.spawn(|| -> Resultado {
            while !callate.load(Ordering::Relaxed) {
                a.envia("bla\n")?;
            }
            Ok(())
        });
        let visita = |_| -> Resultado<String> {
            let mut primera = String::new();
            BufReader::new(servidor.conecta()?).read_line(&mut primera)?;
            Ok(primera)
        };
        let primeras: Resultado<Vec<_>> = (0..VISITAS).map(visita).collect();
        callate.store(true, Ordering::Relaxed);
        primeras
    })?;
    let otra = primeras.iter().find(|primera| primera.trim_end() != BIENVENIDA);
    let detalle = || otra.cloned().unwrap_or_default();
    escena.contexto().exige(otra.is_none(), "la bienvenida no es lo primero", detalle)
}

/// A envía `salir`, con espacios y en mayúsculas: lo desconectan, y B no lo oye.
pub fn salir_desconecta(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.envia("\u{b} SaLiR \r\n")?;
    a.ve_el_fin(SalirNoDesconecta)?;
    let b = escena.entra("B", &servidor)?;
    let c = escena.entra("C", &servidor)?;
    b.envia("¿salir? no, me quedo\n")?;
    c.ve(&format!("usuario {}: ¿salir? no, me quedo", b.puerto), NoLlega)?;
    b.envia("me voy\nsalir\nya no estoy\n")?;
    servidor.despide(b.puerto, SalirNoDesconecta)?;
    c.ve(&format!("usuario {}: me voy", b.puerto), NoLlega)?;
    // Lo de C llega detrás de lo que hubiera llegado de B.
    let d = escena.entra("D", &servidor)?;
    d.envia("fin\n")?;
    c.ve(&format!("usuario {}: fin", d.puerto), NoLlega)?;
    let visto = c.pantalla.texto();
    let reenviado = visto.contains(&format!("usuario {}: salir", b.puerto));
    let despues = visto.contains("ya no estoy");
    escena.contexto().exige(!reenviado, "salir se reenvía", || visto.clone())?;
    escena.contexto().exige(!despues, "se reenvía lo que va detrás de salir", || visto)
}

/// A no envía nunca un fin de línea: su mensaje llega tras un silencio. Con B, que sí los envía,
/// un silencio no parte nada.
pub fn sin_salto_de_linea(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    b.envia("con fin de línea\n")?;
    a.ve(&format!("usuario {}: con fin de línea", b.puerto), NoLlega)?;
    b.envia("una línea ")?;
    a.envia("hola")?;
    b.ve(&format!("usuario {}: hola", a.puerto), NoLlega)?;
    a.envia("salir")?;
    servidor.despide(a.puerto, SalirNoDesconecta)?;
    let c = escena.entra("C", &servidor)?;
    b.envia("lenta\n")?;
    c.ve(&format!("usuario {}: una línea lenta", b.puerto), "un silencio parte una línea")?;
    c.envia("me voy")?;
    c.deja_de_hablar()?;
    b.ve(&format!("usuario {}: me voy", c.puerto), NoLlega)
}

/// Una letra llega en dos envíos, y entre los dos hay un silencio.
pub fn letra_partida(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    let (izquierda, derecha) = "año 🦀\n".as_bytes().split_at(7);
    a.envia(izquierda)?;
    b.envia("entre medias\n")?;
    a.ve(&format!("usuario {}: entre medias", b.puerto), NoLlega)?;
    a.envia(derecha)?;
    let plazo = escena.contexto().plazo(NoLlega);
    let llega = b.pantalla.espera(plazo, |vista| vista.texto.contains("🦀\n"));
    escena.contexto().exige(llega, NoLlega, || "la 🦀 no llega entera".to_string())
}

/// Lo que no es UTF-8 llega con `�`, y quien lo envía sigue en el chat.
pub fn bytes_que_no_son_utf8(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    a.envia(b"ca\xf1a y ni\xc3\xb1o\n")?;
    b.ve(&format!("usuario {}: ca\u{fffd}a y niño", a.puerto), NoLlega)?;
    a.envia("sigo aquí\n")?;
    b.ve(&format!("usuario {}: sigo aquí", a.puerto), NoLlega)
}

/// Una línea de un mega llega entera, repartida en mensajes de 1024 bytes como mucho.
pub fn mensaje_larguisimo(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    let linea = "la ñ no se parte ".repeat(1024 * 1024 / 18);
    // Con un fin de línea por delante, un silencio a mitad de la línea no termina nada.
    a.envia("empiezo\n")?;
    // Lo que sobra de una línea larga no es una orden, ni está de más aunque sean espacios.
    let largo = "x".repeat(1024);
    a.envia(format!("{largo}salir\n{largo}  \n{linea}\nfin\n"))?;
    let ultima = format!("usuario {}: fin\n", a.puerto);
    let plazo = escena.contexto().plazo(NoLlega);
    let llega = b.pantalla.espera(plazo, |vista| vista.texto.ends_with(&ultima));
    escena.contexto().exige(llega, NoLlega, || "no llega el final".to_string())?;
    let texto = b.pantalla.texto();
    let prefijo = format!("usuario {}: ", a.puerto);
    let trozos: Vec<_> =
        texto.lines().filter_map(|trozo| trozo.strip_prefix(prefijo.as_str())).collect();
    let caben = trozos.iter().all(|trozo| trozo.len() <= 1024);
    escena.contexto().exige(caben, UnSoloMensaje, || "no cabe en 1024".to_string())?;
    let entera = trozos.concat() == format!("empiezo{largo}salir{largo}  {linea}fin");
    escena.contexto().exige(entera, "no llega entera", || "faltan o sobran letras".to_string())
}

/// Las órdenes para el terminal se ven, y no se obedecen: ni en el servidor ni en los demás.
pub fn caracteres_de_control(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    a.envia("\u{1b}[2Jhola\rusuario 1: mentira\u{202e}\u{2028}\u{85}\0\u{61c}\u{200f}\u{2066}\u{2069}\tfin\n")?;
    let plazo = escena.contexto().plazo(NoLlega);
    let llega = b.pantalla.espera(plazo, |vista| vista.texto.contains("\tfin"));
    escena.contexto().exige(llega, NoLlega, || "no llega el mensaje".to_string())?;
    let limpio = "\\u{1b}[2Jhola\\u{d}usuario 1: mentira\\u{202e}\\u{2028}\\u{85}\\u{0}\
                  \\u{61c}\\u{200f}\\u{2066}\\u{2069}\tfin";
    let puerto = a.puerto;
    b.ve(&format!("usuario {puerto}: {limpio}"), LlegaAlgoQueManda)?;
    a.envia("\u{1b}[31mletras corrientes\n")?;
    b.ve(&format!("usuario {puerto}: \\u{{1b}}[31mletras corrientes"), LlegaAlgoQueManda)?;
    servidor.muestra(&format!("('127.0.0.1', {puerto}): \\u{{1b}}[2J"), "el servidor obedece")
}

/// A envía líneas en blanco y, después, algo: a B solo le llega algo.
pub fn lineas_en_blanco(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    a.envia("\n \t \r\n\r\nalgo\r\n")?;
    b.ve(&format!("usuario {}: algo", a.puerto), NoLlega)?;
    let visto = b.pantalla.texto();
    let veces = visto.matches(&format!("usuario {}", a.puerto)).count();
    escena.contexto().exige(veces == 1, LineasEnBlanco, || visto)
}
