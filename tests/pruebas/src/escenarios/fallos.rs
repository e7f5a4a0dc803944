//! El laboratorio de fallos: redes que trocean, programas que no leen, cierres en mal momento.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::conexion::{Conexion, conecta_con_sitio_para, direccion_propia, reinicia};
use crate::consumo::Consumo;
use crate::escena::{BIENVENIDA, Escena, Resultado};
use crate::razon::Razon::{
    CtrlCLoMata, EsperaAlAcuse, EsperaParaSiempre, GuardaLaLinea, LlegaAlgoQueManda, NoCierra,
    NoDiceQuienSeVa, NoLlega, SigtermLoMata, SinBienvenida,
};

/// Lo que se admite a lo que debe tardar de 1 a 2 segundos, con el ordenador muy ocupado.
const UN_MOMENTO: Duration = Duration::from_secs(8);

/// Un mensaje llega byte a byte, y después dos mensajes en un solo envío.
pub fn bytes_sueltos(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    // Con un fin de línea por delante, un silencio entre dos bytes no termina nada.
    for byte in "¡voy!\naño 🦀\r\n".bytes() {
        a.envia([byte])?;
    }
    b.ve(&format!("usuario {}: año 🦀", a.puerto), NoLlega)?;
    a.envia("uno\ndos\n")?;
    b.ve(&format!("usuario {}: uno", a.puerto), NoLlega)?;
    b.ve(&format!("usuario {}: dos", a.puerto), NoLlega)
}

/// Un cliente lee de byte en byte mientras otro habla sin parar: no le falta nada a nadie.
pub fn lector_lento(escena: &Escena) -> Resultado {
    const MENSAJES: usize = 2_000;
    /// Lo que el sistema guarda para el lento: mucho menos de lo que se va a decir.
    const SITIO: usize = 32 * 1024;
    let servidor = escena.servidor()?;
    let lento = conecta_con_sitio_para(SITIO, servidor.direccion)?;
    servidor.anuncia(lento.local_addr()?.port())?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    let dice = |i: usize| format!("{i} {}\n", "x".repeat(500));
    let ultima = format!("usuario {}: {}", a.puerto, dice(MENSAJES - 1));
    let plazo = escena.contexto().plazo(NoLlega);
    lento.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (bien, leido) = thread::scope(|hilos| {
        let lectura = hilos.spawn(|| lee_de_byte_en_byte(&lento, ultima.as_bytes()));
        let enviado = (0..MENSAJES).try_for_each(|i| a.envia(dice(i)));
        let llega = b.pantalla.espera(plazo, |vista| vista.texto.ends_with(&ultima));
        let bien = enviado.and(escena.contexto().exige(llega, NoLlega, String::new));
        if bien.is_err() {
            // Que la lectura no espere a lo que ya no llegará.
            let _ = lento.shutdown(Shutdown::Both);
        }
        (bien, lectura.join().unwrap_or_default())
    });
    bien?;
    let leidos = String::from_utf8_lossy(&leido).matches("x\n").count();
    escena.contexto().exige(leidos == MENSAJES, "al lector lento le faltan mensajes", || {
        format!("leyó {leidos} de {MENSAJES}")
    })
}

fn lee_de_byte_en_byte(mut socket: &TcpStream, ultima: &[u8]) -> Vec<u8> {
    let (mut leido, mut byte) = (Vec::new(), [0]);
    while !leido.ends_with(ultima) && matches!(socket.read(&mut byte), Ok(1)) {
        leido.push(byte[0]);
    }
    leido
}

/// Un mega sin fin de línea no se queda en la memoria del servidor: sale a trozos según llega.
pub fn mega_sin_fin_de_linea(escena: &Escena) -> Resultado {
    const MEGA: usize = 1024 * 1024;
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    a.envia("x".repeat(MEGA))?;
    let plazo = escena.contexto().plazo(NoLlega);
    let llega = b.pantalla.espera(plazo, |vista| vista.texto.matches('x').count() == MEGA);
    escena.contexto().exige(llega, NoLlega, || "no llega el mega".to_string())
}

/// El servidor nunca cierra: al salir, el cliente no lo espera más de un momento.
pub fn servidor_que_no_cierra(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.escribe("hola")?;
    servidor.ve("hola", "no envía lo escrito")?;
    // El cliente del paso 01 espera respuesta a cada línea.
    servidor.envia("hola\n")?;
    let inicio = Instant::now();
    cliente.escribe("salir")?;
    cliente.acaba(0, EsperaParaSiempre)?;
    let tarda = inicio.elapsed();
    // Puede que algo no haya llegado: que no se vaya sin decirlo.
    let dicho = cliente.pantalla.texto();
    let avisa = dicho.rsplit_once("salir\n").is_some_and(|(_, resto)| !resto.trim().is_empty());
    escena.contexto().exige(avisa, "se va sin avisar de lo que puede faltar", || dicho)?;
    // Lo último que diga el servidor puede tardar en llegar: el cliente lo espera un segundo.
    let bien = (Duration::from_secs(1)..UN_MOMENTO).contains(&tarda);
    escena.contexto().exige(bien, "el cliente no espera un segundo", || format!("{tarda:?}"))
}

/// El sistema pide al servidor que termine (SIGTERM): se despide como con Ctrl-C.
pub fn sigterm(escena: &Escena) -> Resultado {
    let mut servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    servidor.pide_que_termine()?;
    servidor.ve("cerrando servidor...", SigtermLoMata)?;
    servidor.acaba(0, SigtermLoMata)?;
    a.ve_el_fin("la conexión no se cierra en orden")
}

/// Ctrl-C con uno que habla sin parar y otro que no lee: el servidor no tarda en cerrar.
pub fn ctrl_c_en_plena_avalancha(escena: &Escena) -> Resultado {
    let mut servidor = escena.servidor()?;
    let mut autor = servidor.conecta()?;
    let puerto = autor.local_addr()?.port();
    servidor.anuncia(puerto)?;
    let _sordo = servidor.conecta()?;
    let linea = format!("{}\n", "x".repeat(999));
    let freno = autor.try_clone()?;
    let hilo = thread::spawn(move || while autor.write_all(linea.as_bytes()).is_ok() {});
    servidor.muestra("xxx", "el servidor no muestra la avalancha")?;
    let inicio = Instant::now();
    servidor.ctrl_c()?;
    servidor.ve("cerrando servidor...", CtrlCLoMata)?;
    servidor.acaba(0, CtrlCLoMata)?;
    let tarda = inicio.elapsed();
    // El servidor ya no está, pero quien escribía con su buzón lleno puede tardar minutos en saberlo.
    let _ = freno.shutdown(Shutdown::Both);
    let _ = hilo.join();
    escena.contexto().exige(tarda < UN_MOMENTO, "tarda en cerrar", || format!("{tarda:?}"))
}

/// A dice algo, sin fin de línea, y deja de hablar: B lo recibe, y el servidor cierra en orden.
pub fn media_conexion(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    b.envia("¿te vas?\n")?;
    a.ve(&format!("usuario {}: ¿te vas?", b.puerto), NoLlega)?;
    a.envia("adiós")?;
    a.deja_de_hablar()?;
    b.ve(&format!("usuario {}: adiós", a.puerto), NoLlega)?;
    a.ve_el_fin(NoCierra)
}

/// Conexiones que se cortan antes de la bienvenida, a mitad de una letra y a mitad de un reparto.
pub fn cortes_en_cualquier_momento(escena: &Escena) -> Resultado {
    const VUELTAS: usize = 30;
    const LINEAS: usize = 100;
    let servidor = escena.servidor()?;
    let testigo = escena.entra("testigo", &servidor)?;
    let hablador = escena.entra("hablador", &servidor)?;
    let dicho = format!("usuario {}: ", hablador.puerto);
    hablador.envia("empiezo\n")?;
    testigo.ve(&format!("{dicho}empiezo"), NoLlega)?;
    for vuelta in 0..VUELTAS {
        reinicia(servidor.conecta()?)?;
        let mut a_medias = servidor.conecta()?;
        let puerto = a_medias.local_addr()?.port();
        servidor.anuncia(puerto)?;
        a_medias.write_all(&"ñ".as_bytes()[..1])?;
        reinicia(a_medias)?;
        servidor.despide(puerto, NoDiceQuienSeVa)?;
        let oyente = servidor.conecta()?;
        servidor.anuncia(oyente.local_addr()?.port())?;
        let lineas: Vec<_> = (0..LINEAS).map(|i| (vuelta * LINEAS + i).to_string()).collect();
        hablador.envia(lineas.join("\n") + "\n")?;
        reinicia(oyente)?;
    }
    let ultima = format!("{dicho}{}", VUELTAS * LINEAS - 1);
    testigo.ve(&ultima, NoLlega)?;
    let texto = testigo.pantalla.texto();
    let oidas: Vec<_> = texto.lines().filter_map(|linea| linea.strip_prefix(&dicho)).collect();
    let debidas: Vec<_> = (0..VUELTAS * LINEAS).map(|i| i.to_string()).collect();
    let todas = oidas[1..] == debidas;
    escena.contexto().exige(todas, NoLlega, || format!("{} líneas", oidas.len() - 1))?;
    // Quedan dos; de los demás que llegaron, cada uno se ha despedido una vez.
    let plazo = escena.contexto().plazo("no hay una despedida por llegada");
    let cuadra = servidor.pantalla.espera(plazo, |vista| {
        let llegadas = vista.texto.matches("nuevo cliente conectado: ").count();
        vista.texto.matches(") desconectado\n").count() + 2 == llegadas
    });
    escena
        .contexto()
        .exige(cuadra, "no hay una despedida por llegada", || "sobran o faltan".to_string())
}

/// Uno se corta, y otro llega desde el mismo puerto antes de que el servidor se entere: lo que se hace
/// al irse el primero no le toca al segundo.
pub fn puerto_repetido(escena: &Escena) -> Resultado {
    const OTRO: &str = "se va el que tiene el mismo puerto";
    let mut servidor = escena.servidor()?;
    let testigo = escena.entra("testigo", &servidor)?;
    let hablador = escena.entra("hablador", &servidor)?;
    hablador.envia("empiezo\n")?;
    testigo.ve(&format!("usuario {}: empiezo", hablador.puerto), NoLlega)?;
    let desde = direccion_propia()?;
    // El puerto puede tardar un instante en quedar libre.
    let plazo = escena.contexto().plazo(OTRO);
    let conecta = || loop {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        let conectado =
            socket.bind(&desde.into()).and_then(|()| socket.connect(&servidor.direccion.into()));
        match conectado {
            Ok(()) => return Resultado::Ok(TcpStream::from(socket)),
            Err(error) if Instant::now() > plazo => return Err(error.into()),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    };
    let puerto = desde.port();
    escena.contexto().apunta(format!(
        "«primero» llega (puerto {puerto}), dice 400 líneas de equis y se corta; «segundo» llega desde el mismo \
         puerto antes de que el servidor se entere"
    ));
    let mut primero = conecta()?;
    servidor.anuncia(desde.port())?;
    // Con más que anotar de lo que cabe en una pantalla congelada, su hilo no puede acabar.
    servidor.pantalla.congela(true);
    primero.write_all(format!("{}\n", "x".repeat(999)).repeat(400).as_bytes())?;
    reinicia(primero)?;
    let segundo = Conexion::new(escena.contexto(), "segundo", conecta()?, desde.port())?;
    let con_bienvenida = testigo.pantalla.texto().starts_with(BIENVENIDA);
    if con_bienvenida {
        // Si quien da la bienvenida es también quien escribe en la pantalla, no llega hasta después.
        let plazo = Instant::now() + Duration::from_secs(1);
        segundo.pantalla.espera(plazo, |vista| vista.tiene_linea(BIENVENIDA));
    }
    servidor.pantalla.congela(false);
    if con_bienvenida {
        segundo.ve(BIENVENIDA, OTRO)?;
    }
    servidor.puerto_del_cliente(3)?;
    if con_bienvenida {
        // Si el primero aún no se ha ido, no hay nada que ver; que no se le despida lo cuentan otros.
        let ido = format!("cliente ('127.0.0.1', {}) desconectado", desde.port());
        let plazo = Instant::now() + Duration::from_secs(2);
        servidor.pantalla.espera(plazo, |vista| vista.tiene_linea(&ido));
    }
    hablador.envia("¿sigues?\n")?;
    segundo.ve(&format!("usuario {}: ¿sigues?", hablador.puerto), OTRO)?;
    segundo.corta();
    servidor.matar();
    Ok(())
}

/// Miles de conexiones con bytes al azar: nadie recibe nada que mande en su terminal, y todo sigue.
pub fn bytes_al_azar(escena: &Escena) -> Resultado {
    const CONEXIONES: usize = 3_000;
    /// Lo que más daño hace, y lo que más deprisa llega a hacerlo.
    const TROZOS: [&str; 14] = [
        "\n", "\r", "\r\n", "\0", "\x1b[2J", "\u{9b}", "\u{202e}", "\u{2028}", "\u{61c}",
        "\u{2066}", "ñ", "🦀", "a", " ",
    ];
    let servidor = escena.servidor()?;
    let testigo = escena.entra("testigo", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    b.envia("empiezo\n")?;
    testigo.ve(&format!("usuario {}: empiezo", b.puerto), NoLlega)?;
    // Primero, lo peor de una vez.
    b.envia(TROZOS.concat() + "\nsigo\n")?;
    testigo.ve(&format!("usuario {}: sigo", b.puerto), NoLlega)?;
    nada_manda(escena, &testigo.pantalla.bytes())?;
    let mut azar = fastrand::Rng::with_seed(12345);
    for numero in 0..CONEXIONES {
        let mut socket = servidor.conecta()?;
        let cuantos = azar.usize(0..200);
        let bytes: Vec<u8> = if azar.bool() {
            (0..cuantos).map(|_| azar.u8(..)).collect()
        } else {
            (0..cuantos).flat_map(|_| TROZOS[azar.usize(..TROZOS.len())].bytes()).collect()
        };
        socket.write_all(&bytes)?;
        if numero % 50 == 0 {
            // Que no se llene la cola de las que esperan a que las acepten.
            servidor.anuncia(socket.local_addr()?.port())?;
            nada_manda(escena, &testigo.pantalla.bytes())?;
        }
        if azar.bool() {
            reinicia(socket)?;
        }
    }
    b.envia("acabo\n")?;
    testigo.ve(&format!("usuario {}: acabo", b.puerto), NoLlega)?;
    nada_manda(escena, &testigo.pantalla.bytes())?;
    nada_manda(escena, &servidor.pantalla.bytes())?;
    let firmadas =
        testigo.pantalla.texto().lines().skip(1).all(|linea| linea.starts_with("usuario "));
    escena.contexto().exige(firmadas, "llega una línea sin firma", String::new)
}

/// Comprueba que en una pantalla no hay nada que mande en un terminal, ni letras rotas.
fn nada_manda(escena: &Escena, bytes: &[u8]) -> Resultado {
    let texto = String::from_utf8_lossy(bytes);
    let malo = texto.chars().find(|c| {
        let invisible = matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
        let isla = matches!(c, '\u{2066}'..='\u{2069}' | '\u{61c}');
        invisible || isla || (c.is_control() && !matches!(c, '\n' | '\t'))
    });
    escena.contexto().exige(malo.is_none(), LlegaAlgoQueManda, || format!("{malo:?}"))?;
    // Lo último puede haber llegado a medias.
    let entero = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0)];
    let bien = std::str::from_utf8(entero).is_ok();
    escena.contexto().exige(bien, "llega algo que no es UTF-8", String::new)
}

/// Un servidor envía 10 MB sin ningún fin de línea: el cliente los enseña según llegan.
pub fn linea_sin_fin(escena: &Escena) -> Resultado {
    const TAMANO: usize = 10 * 1024 * 1024;
    const MEMORIA_KIB: usize = 8 * 1024;
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    // El cliente del paso 01 solo lee después de enviar.
    cliente.escribe("hola")?;
    servidor.envia("x".repeat(TAMANO))?;
    let llega = cliente.pantalla.espera_bytes(escena.contexto().plazo(GuardaLaLinea), TAMANO);
    escena.contexto().exige(llega, GuardaLaLinea, || "no están los 10 MB".to_string())?;
    if let Some(consumo) = cliente.pid().and_then(Consumo::de) {
        let cabe = consumo.memoria_kib < MEMORIA_KIB;
        escena.contexto().exige(cabe, "el cliente guarda la línea", || format!("{consumo:?}"))?;
    }
    drop(servidor);
    cliente.acaba(0, "el cliente no termina")
}

/// Quien leía la salida del servidor se va (`servidor | head`): el chat sigue.
pub fn sin_pantalla(escena: &Escena) -> Resultado {
    const RATO: Duration = Duration::from_millis(200);
    let servidor = escena.servidor_con(&escena.orden_servidor().con_pantalla_que_se_cierra())?;
    escena.contexto().apunta("se cierra la pantalla del servidor".into());
    servidor.muestra("pantalla cerrada", "la pantalla no se cierra")?;
    let bienvenido = |nombre| -> Resultado<Conexion> {
        let socket = servidor.conecta()?;
        let puerto = socket.local_addr()?.port();
        let conexion = Conexion::new(escena.contexto(), nombre, socket, puerto)?;
        conexion.ve(BIENVENIDA, SinBienvenida)?;
        Ok(conexion)
    };
    let a = bienvenido("A")?;
    let b = bienvenido("B")?;
    // No hay pantalla que diga cuándo está B en la lista: se insiste hasta que oye.
    let limite = escena.contexto().plazo(NoLlega);
    let pregunta = format!("usuario {}: ¿hay alguien?", a.puerto);
    let oye = || b.pantalla.espera(Instant::now() + RATO, |vista| vista.tiene_linea(&pregunta));
    loop {
        a.envia("¿hay alguien?\n")?;
        if oye() {
            break;
        }
        escena.contexto().exige(Instant::now() < limite, NoLlega, || "B no oye".to_string())?;
    }
    // Lo mismo, con la del cliente.
    let orden = escena.orden_cliente().con(servidor.direccion).con_pantalla_que_se_cierra();
    let mut cliente = escena.arranca("cliente", &orden)?;
    cliente.muestra("pantalla cerrada", "la pantalla no se cierra")?;
    a.envia("¿quién eres?\n")?;
    cliente.escribe("no te veo")?;
    let plazo = escena.contexto().plazo(NoLlega);
    let llega = b.pantalla.espera(plazo, |vista| vista.texto.contains(": no te veo\n"));
    escena.contexto().exige(llega, NoLlega, || "el cliente no habla".to_string())?;
    cliente.escribe("salir")?;
    cliente.acaba(0, "el cliente no termina")
}

/// Un mensaje corto sale enseguida, aunque del anterior aún no haya acuse de recibo.
pub fn sin_demora(escena: &Escena) -> Resultado {
    const VECES: usize = 40;
    /// Con el algoritmo de Nagle, en Linux se esperan 40 ms.
    const DEMORA: Duration = Duration::from_millis(25);
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let b = escena.entra("B", &servidor)?;
    let mut demoras = Vec::new();
    for vez in 0..VECES {
        // Quien conversa no acusa recibo enseguida: espera a decirlo con su respuesta.
        b.envia(format!("respuesta {vez}\n"))?;
        a.ve(&format!("usuario {}: respuesta {vez}", b.puerto), NoLlega)?;
        a.envia(format!("uno {vez}\n"))?;
        b.ve(&format!("usuario {}: uno {vez}", a.puerto), NoLlega)?;
        let inicio = Instant::now();
        a.envia(format!("dos {vez}\n"))?;
        b.ve(&format!("usuario {}: dos {vez}", a.puerto), NoLlega)?;
        demoras.push(inicio.elapsed());
    }
    // Una puede tardar porque el ordenador esté ocupado; la mitad, no.
    let lentas = demoras.iter().filter(|demora| **demora > DEMORA).count();
    escena.contexto().exige(lentas < VECES / 2, EsperaAlAcuse, || {
        format!("{lentas} de {VECES} tardaron más de {DEMORA:?}")
    })
}

/// El silencio que termina un mensaje dura lo que dice la documentación: 50 ms.
pub fn silencio(escena: &Escena) -> Resultado {
    const SILENCIO: Duration = Duration::from_millis(50);
    let servidor = escena.servidor()?;
    let b = escena.entra("B", &servidor)?;
    let mut esperas = Vec::new();
    for vez in 0..5 {
        let a = escena.entra("A", &servidor)?;
        let inicio = Instant::now();
        a.envia(format!("mensaje {vez}"))?;
        b.ve(&format!("usuario {}: mensaje {vez}", a.puerto), NoLlega)?;
        esperas.push(inicio.elapsed());
    }
    // Antes no puede llegar ninguno; con el ordenador ocupado, alguno puede llegar tarde.
    let bien = esperas.iter().all(|espera| *espera >= SILENCIO)
        && esperas.iter().any(|espera| *espera < 5 * SILENCIO);
    escena.contexto().exige(bien, "el silencio no dura 50 ms", || format!("{esperas:?}"))
}
