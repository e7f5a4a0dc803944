//! Cómo se ve, desde fuera, que un ejercicio está hecho.

use std::io::Write;
use std::time::{Duration, Instant};

use pruebas::conexion::{Conexion, conecta_con_sitio_para, reinicia};
use pruebas::escena::{BIENVENIDA, Escena, Resultado, Servidor};
use pruebas::escenarios::servidor::mismo_orden_para_todos;
use pruebas::tabla::Necesita::{self, Nada, Unix};

/// Cómo se comprueba un ejercicio.
pub struct Comprobacion {
    /// Cuál: `01.2`.
    pub ejercicio: &'static str,
    /// Qué hace falta para verlo.
    pub necesita: Necesita,
    /// Lo que tiene que cumplirse.
    pub prueba: fn(&Escena) -> Resultado,
}

const fn se_ve(ejercicio: &'static str, prueba: fn(&Escena) -> Resultado) -> Comprobacion {
    Comprobacion { ejercicio, necesita: Nada, prueba }
}

const fn en_unix(ejercicio: &'static str, prueba: fn(&Escena) -> Resultado) -> Comprobacion {
    Comprobacion { ejercicio, necesita: Unix, prueba }
}

/// Las de todos los ejercicios que se pueden comprobar.
pub const COMPROBACIONES: &[Comprobacion] = &[
    se_ve("01.1", en_mayusculas),
    se_ve("01.2", dice_quien_se_va),
    se_ve("01.3", cuenta_las_letras),
    se_ve("01.4", cien_bytes_como_mucho),
    se_ve("02.1", dice_cuando_empieza_y_acaba),
    se_ve("02.2", escribe_el_error_de_un_hilo),
    se_ve("02.4", cinco_como_mucho),
    se_ve("03.1", dice_a_cuantos),
    se_ve("03.2", primero_el_nombre),
    se_ve("03.4", en_distinto_orden),
    se_ve("04.1", cuenta_a_los_demas_quien_sale),
    se_ve("04.2", quien_esta),
    se_ve("04.3", el_cliente_dice_que_el_servidor_cierra),
    se_ve("04.4", cerrar_desde_el_teclado),
    se_ve("05.1", version),
    se_ve("05.2", propone_el_puerto_siguiente),
    en_unix("06.1", dice_cuantos_caben),
    se_ve("06.2", maximo_de_clientes),
    se_ve("07.1", cuenta_lo_recibido),
    se_ve("07.2", avisa_del_silencio),
    se_ve("08.1", ensena_el_tabulador),
    se_ve("08.2", avisa_de_lo_que_no_es_utf8),
    se_ve("09.1", maximo_de_un_mensaje),
    se_ve("09.2", puntos_suspensivos),
    se_ve("10.2", dice_de_quien_no_se_fia),
    se_ve("11.1", dice_cuantos_quedan),
    se_ve("11.2", cuenta_quien_entra_y_quien_sale),
    se_ve("11.3", cada_uno_con_su_nombre),
    se_ve("12.1", dice_cuanto_llevaba_el_lote),
    se_ve("13.1", avisa_de_lo_que_guarda),
    se_ve("13.2", avisa_antes_de_expulsar),
    se_ve("14.1", dice_cuando_frena),
    se_ve("final.1", salas),
    se_ve("final.2", los_ultimos_diez),
];

/// Lo que se mira para decir que algo no pasa.
const RATO: Duration = Duration::from_millis(300);

/// El servidor, con dos conexiones.
fn dos(escena: &Escena) -> Resultado<(Servidor, Conexion, Conexion)> {
    let servidor = escena.servidor()?;
    let (a, b) = (escena.entra("A", &servidor)?, escena.entra("B", &servidor)?);
    Ok((servidor, a, b))
}

/// Lo que leen los demás de quien dice esto.
fn dicho(autor: &Conexion, texto: &str) -> String {
    format!("usuario {}: {texto}", autor.puerto)
}

fn nombre(cliente: &Conexion) -> String {
    format!("('127.0.0.1', {})", cliente.puerto)
}

/// Esa conexión no ha recibido nada que contenga este texto.
fn no_recibe(escena: &Escena, quien: &Conexion, texto: &str) -> Resultado {
    escena.contexto().exige(
        !quien.pantalla.texto().contains(texto),
        "alguien recibe de más",
        || format!("a {} le llega «{texto}»", quien.pantalla.nombre),
    )
}

fn en_mayusculas(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.envia("mañana\n")?;
    a.ve("MAÑANA", "el servidor no responde en mayúsculas")
}

fn dice_quien_se_va(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.deja_de_hablar()?;
    servidor.despide(a.puerto, "el servidor no dice quién se va")
}

fn cuenta_las_letras(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    for (respuesta, cuenta) in [("niño", "(4 letras)"), ("¡adiós!", "(7 letras)")] {
        cliente.escribe("hola")?;
        servidor.envia(format!("{respuesta}\n"))?;
        cliente.muestra(cuenta, "el cliente no cuenta bien las letras")?;
    }
    Ok(())
}

fn cien_bytes_como_mucho(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    a.envia(format!("{}\n", "a".repeat(100)))?;
    a.ve(&"a".repeat(100), "cien bytes caben")?;
    // Sin fin de línea: tampoco espera a que llegue.
    a.envia("ñ".repeat(51))?;
    let plazo = escena.contexto().plazo("no se cierra a quien se pasa");
    let cerrada = a.pantalla.espera(plazo, |vista| vista.terminada);
    let razon = "no se cierra a quien se pasa";
    escena.contexto().exige(cerrada, razon, || "con 102 bytes sigue abierta".into())?;
    let b = escena.entra("B", &servidor)?;
    b.envia("hola\n")?;
    b.ve("hola", "el servidor no sigue")
}

fn dice_cuando_empieza_y_acaba(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    let razon = "el hilo no dice cuándo empieza o acaba";
    servidor.ve(&format!("hilo de {}: empieza", a.puerto), razon)?;
    a.deja_de_hablar()?;
    servidor.ve(&format!("hilo de {}: acaba", a.puerto), razon)
}

fn escribe_el_error_de_un_hilo(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let socket = servidor.conecta()?;
    let puerto = socket.local_addr()?.port();
    servidor.anuncia(puerto)?;
    reinicia(socket)?;
    let aviso = format!("error con ('127.0.0.1', {puerto}): ");
    servidor.muestra(&aviso, "el error se pierde")
}

fn cinco_como_mucho(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let mut dentro = Vec::new();
    for i in 1..=5 {
        dentro.push(escena.entra(&format!("el {i}"), &servidor)?);
    }
    let sexto = servidor.conecta()?;
    let puerto = sexto.local_addr()?.port();
    let anuncio = format!("nuevo cliente conectado: ('127.0.0.1', {puerto})");
    let entra =
        servidor.pantalla.espera(Instant::now() + RATO, |vista| vista.tiene_linea(&anuncio));
    escena.contexto().exige(!entra, "el sexto no espera", || "entra con cinco dentro".into())?;
    dentro[4].envia("hola\n")?;
    dentro[4].ve("hola", "no se atiende a los cinco")?;
    dentro.swap_remove(0).deja_de_hablar()?;
    servidor.ve(&anuncio, "el sexto no entra cuando hay sitio")
}

fn dice_a_cuantos(escena: &Escena) -> Resultado {
    let (servidor, a, _b) = dos(escena)?;
    let razon = "el servidor no dice a cuántos";
    a.envia("hola\n")?;
    servidor.muestra("(enviado a 1)", razon)?;
    let _c = escena.entra("C", &servidor)?;
    a.envia("hola otra vez\n")?;
    servidor.muestra("(enviado a 2)", razon)
}

fn primero_el_nombre(escena: &Escena) -> Resultado {
    let (_servidor, a, b) = dos(escena)?;
    b.envia("Berto\n")?;
    a.envia("Ana\nhola\n")?;
    b.ve("Ana: hola", "no se usa el nombre")?;
    b.envia("qué tal\n")?;
    a.ve("Berto: qué tal", "no se usa el nombre")
}

/// Es cuestión de suerte: se intenta unas cuantas veces.
fn en_distinto_orden(escena: &Escena) -> Resultado {
    const INTENTOS: usize = 10;
    let ordenados = (0..INTENTOS).all(|_| mismo_orden_para_todos(escena).is_ok());
    escena.contexto().exige(!ordenados, "todos leen en el mismo orden", || {
        format!("en {INTENTOS} intentos, siempre igual")
    })
}

fn cuenta_a_los_demas_quien_sale(escena: &Escena) -> Resultado {
    let (servidor, a, b) = dos(escena)?;
    let razon = "los demás no se enteran de quién sale";
    a.envia("salir\n")?;
    b.ve(&format!("usuario {} ha salido", a.puerto), razon)?;
    let c = escena.entra("C", &servidor)?;
    c.deja_de_hablar()?;
    b.ve(&format!("usuario {} ha salido", c.puerto), razon)?;
    b.envia("hola\n")?;
    servidor.muestra(": hola", "el servidor no sigue")
}

fn quien_esta(escena: &Escena) -> Resultado {
    let (_servidor, a, b) = dos(escena)?;
    a.envia("quien\n")?;
    a.ve(&format!("conectados: {}, {}", a.puerto, b.puerto), "no se contesta a «quien»")?;
    a.envia("hola\n")?;
    b.ve(&dicho(&a, "hola"), "el chat no sigue")?;
    no_recibe(escena, &b, "conectados")?;
    no_recibe(escena, &b, "quien")
}

fn el_cliente_dice_que_el_servidor_cierra(escena: &Escena) -> Resultado {
    const DICHO: &str = "el servidor ha cerrado la conexión";
    let impostor = escena.impostor()?;
    let cliente = escena.cliente("A", impostor.direccion)?;
    impostor.acepta("servidor de mentira")?.deja_de_hablar()?;
    cliente.ve(DICHO, "el cliente no dice que el servidor ha cerrado")?;
    let mut cliente = escena.cliente("B", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.escribe("salir")?;
    servidor.ve_el_fin("salir no cierra la conexión")?;
    servidor.deja_de_hablar()?;
    cliente.acaba(0, "el cliente no termina")?;
    let sobra = cliente.pantalla.texto().contains(DICHO);
    escena.contexto().exige(!sobra, "lo dice aunque sea él quien sale", || DICHO.into())
}

fn cerrar_desde_el_teclado(escena: &Escena) -> Resultado {
    let (mut servidor, a, b) = dos(escena)?;
    servidor.escribe("cerrar")?;
    for uno in [a, b] {
        uno.ve("el servidor se cierra", "el servidor no se despide")?;
        uno.ve_el_fin("el servidor no cierra las conexiones")?;
    }
    servidor.acaba(0, "el servidor no termina")
}

fn version(escena: &Escena) -> Resultado {
    for (nombre, orden) in
        [("servidor", escena.orden_servidor()), ("cliente", escena.orden_cliente())]
    {
        let mut programa = escena.arranca(nombre, &orden.con("--version"))?;
        let son_numeros = |linea: &str| {
            linea.split('.').count() == 3 && linea.split('.').all(|uno| uno.parse::<u32>().is_ok())
        };
        programa.extrae("no dice su versión", |texto| {
            son_numeros(texto.lines().next()?).then_some(())
        })?;
        programa.acaba(0, "no termina bien")?;
    }
    Ok(())
}

fn propone_el_puerto_siguiente(escena: &Escena) -> Resultado {
    let servidor = escena.servidor()?;
    let mut otro =
        escena.arranca("otro servidor", &escena.orden_servidor().con(servidor.direccion))?;
    let mut libre = servidor.direccion;
    libre.set_port(libre.port() + 1);
    otro.muestra(&format!("prueba con {libre}"), "no propone el puerto siguiente")?;
    otro.acaba(1, "no termina con 1")
}

fn dice_cuantos_caben(escena: &Escena) -> Resultado {
    let servidor = escena.servidor_con(&escena.orden_servidor().con_descriptores(40))?;
    let razon = "no dice cuántos clientes hay";
    let avisa = |texto: &str| texto.contains("no caben más clientes");
    let mut sockets = Vec::new();
    // De uno en uno: así se sabe cuántos hay.
    while !avisa(&servidor.pantalla.texto()) {
        let socket = servidor.conecta()?;
        let anuncio = format!("('127.0.0.1', {})", socket.local_addr()?.port());
        servidor.extrae(razon, |texto| (texto.contains(&anuncio) || avisa(texto)).then_some(()))?;
        sockets.push(socket);
    }
    // El último no ha entrado.
    servidor.muestra(&format!(" (hay {})\n", sockets.len() - 1), razon)
}

fn maximo_de_clientes(escena: &Escena) -> Resultado {
    let servidor = escena.servidor_con(&escena.orden_servidor().con_variable("MAXIMO", 2))?;
    let (a, b) = (escena.entra("A", &servidor)?, escena.entra("B", &servidor)?);
    let socket = servidor.conecta()?;
    let puerto = socket.local_addr()?.port();
    let tercero = Conexion::new(escena.contexto(), "el tercero", socket, puerto)?;
    tercero.ve("no caben más clientes", "no se despide a quien no cabe")?;
    tercero.ve_el_fin("no se cierra a quien no cabe")?;
    a.envia("hola\n")?;
    b.ve(&dicho(&a, "hola"), "los que caben no siguen")?;
    b.deja_de_hablar()?;
    servidor.despide(b.puerto, "no se despide a quien se va")?;
    escena.entra("otro", &servidor).map(|_| ())
}

fn cuenta_lo_recibido(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    servidor.envia("uno\ndos\ntres\n")?;
    cliente.ve("tres", "el cliente no muestra lo que llega")?;
    cliente.escribe("salir")?;
    servidor.ve_el_fin("salir no cierra la conexión")?;
    servidor.deja_de_hablar()?;
    cliente.ve("3 mensajes recibidos", "el cliente no dice cuántos ha recibido")?;
    cliente.acaba(0, "el cliente no termina")
}

fn avisa_del_silencio(escena: &Escena) -> Resultado {
    const AVISO: &str = "hace 3 s que no llega nada";
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.ve(AVISO, "el cliente no avisa")?;
    servidor.envia("aquí estoy\n")?;
    cliente.ve("aquí estoy", "el cliente no sigue")?;
    cliente.escribe("salir")?;
    servidor.ve_el_fin("salir no cierra la conexión")?;
    servidor.deja_de_hablar()?;
    cliente.acaba(0, "el cliente no termina")?;
    let veces = cliente.pantalla.texto().matches(AVISO).count();
    escena.contexto().exige(veces == 1, "avisa de más", || format!("{veces} veces"))
}

fn ensena_el_tabulador(escena: &Escena) -> Resultado {
    let (_servidor, a, b) = dos(escena)?;
    a.envia("a\tb\n")?;
    b.ve(&dicho(&a, "a\\u{9}b"), "el tabulador no se enseña")
}

fn avisa_de_lo_que_no_es_utf8(escena: &Escena) -> Resultado {
    // Quien envía la propia `�` sí envía UTF-8.
    let (bien, mal) = ("\u{fffd}\n".as_bytes(), b"a\xff\xfe\n");
    avisa_solo_de_quien_lo_hace(escena, bien, (mal, "a\u{fffd}\u{fffd}"), "no envía UTF-8")
}

/// B habla bien y A no: el servidor lo dice de A, y no de B.
fn avisa_solo_de_quien_lo_hace(
    escena: &Escena,
    bien: &[u8],
    (mal, oido): (&[u8], &str),
    que: &str,
) -> Resultado {
    let (servidor, a, b) = dos(escena)?;
    let aviso = |quien: &Conexion| format!("aviso: {} {que}", nombre(quien));
    b.envia(bien)?;
    a.ve(&dicho(&b, String::from_utf8_lossy(bien).trim_end()), "el chat no sigue")?;
    a.envia(mal)?;
    b.ve(&dicho(&a, oido), "el mensaje no llega")?;
    servidor.ve(&aviso(&a), "el servidor no lo dice")?;
    let sobra = servidor.pantalla.texto().contains(&aviso(&b));
    escena.contexto().exige(!sobra, "lo dice de quien no lo hace", || aviso(&b))
}

fn maximo_de_un_mensaje(escena: &Escena) -> Resultado {
    let razon = "el máximo no es el que se pide";
    let servidor = escena.servidor_con(&escena.orden_servidor().con_variable("MAXIMO", 10))?;
    let (a, b) = (escena.entra("A", &servidor)?, escena.entra("B", &servidor)?);
    a.envia("0123456789abc\n")?;
    b.ve(&dicho(&a, "0123456789"), razon)?;
    b.ve(&dicho(&a, "abc"), razon)?;
    let orden = escena.orden_servidor().con_variable("MAXIMO", 3).con("127.0.0.1:0");
    let mut otro = escena.arranca("servidor con MAXIMO=3", &orden)?;
    otro.muestra("error: ", "un máximo en el que no cabe una letra no es un error")?;
    otro.muestra("MAXIMO", "el error no dice qué está mal")?;
    otro.acaba(1, "no termina con 1")
}

fn puntos_suspensivos(escena: &Escena) -> Resultado {
    let (_servidor, a, b) = dos(escena)?;
    a.envia(format!("{}fin\n", "x".repeat(1024)))?;
    b.ve(&dicho(&a, &format!("{}…", "x".repeat(1024))), "un trozo no dice que sigue")?;
    b.ve(&dicho(&a, "fin"), "el último trozo no va solo")
}

fn dice_de_quien_no_se_fia(escena: &Escena) -> Resultado {
    const MAL: &str = "sin fin de línea";
    let mal = (MAL.as_bytes(), MAL);
    avisa_solo_de_quien_lo_hace(escena, b"hola\n", mal, "no termina sus líneas")
}

fn dice_cuantos_quedan(escena: &Escena) -> Resultado {
    let (servidor, a, _b) = dos(escena)?;
    let socket = servidor.conecta()?;
    servidor.anuncia(socket.local_addr()?.port())?;
    reinicia(socket)?;
    servidor.ve("quedan 2", "no dice cuántos quedan")?;
    a.envia("salir\n")?;
    servidor.ve("quedan 1", "no dice cuántos quedan")
}

fn cuenta_quien_entra_y_quien_sale(escena: &Escena) -> Resultado {
    let (_servidor, a, b) = dos(escena)?;
    let entra = format!("usuario {} ha entrado", b.puerto);
    a.ve(&entra, "los demás no se enteran de quién entra")?;
    b.envia("salir\n")?;
    let sale = format!("usuario {} ha salido", b.puerto);
    a.ve(&sale, "los demás no se enteran de quién sale")?;
    b.ve_el_fin("salir no desconecta")?;
    no_recibe(escena, &b, "ha entrado")?;
    no_recibe(escena, &b, "ha salido")
}

fn cada_uno_con_su_nombre(escena: &Escena) -> Resultado {
    let (_servidor, a, b) = dos(escena)?;
    a.envia("/nombre Ana\nhola\n")?;
    b.ve("Ana: hola", "no se usa el nombre")?;
    no_recibe(escena, &b, "/nombre")?;
    b.envia("/nombre \u{1b}[2JBerto\nqué tal\n")?;
    a.ve("\\u{1b}[2JBerto: qué tal", "un nombre puede mandar en el terminal de otro")
}

fn dice_cuanto_llevaba_el_lote(escena: &Escena) -> Resultado {
    let (servidor, a, b) = dos(escena)?;
    let lotes = |texto: &str| -> Vec<usize> {
        let linea =
            |linea: &str| linea.strip_prefix("lote de ")?.strip_suffix(" mensajes")?.parse().ok();
        texto.lines().filter_map(linea).collect()
    };
    a.envia("hola\n")?;
    b.ve(&dicho(&a, "hola"), "el chat no sigue")?;
    a.envia("x\n".repeat(3000) + "fin\n")?;
    b.ve(&dicho(&a, "fin"), "no llega todo")?;
    let dice = |texto: &str| (!lotes(texto).is_empty()).then_some(());
    servidor.extrae("no dice cuánto llevaba un lote", dice)?;
    let vistos = lotes(&servidor.pantalla.texto());
    let grandes = vistos.iter().all(|cuantos| *cuantos > 100);
    escena.contexto().exige(grandes, "lo dice de un lote pequeño", || format!("{vistos:?}"))
}

/// A quien no lee le llega más de lo que le cabe; el servidor ha de decir entonces estas líneas, en orden.
fn con_un_sordo(escena: &Escena, lineas: impl Fn(&str) -> Vec<String>) -> Resultado {
    const RAZON: &str = "el servidor no lo dice, o no en ese orden";
    let servidor = escena.servidor()?;
    let sordo = conecta_con_sitio_para(64 * 1024, servidor.direccion)?;
    let puerto = sordo.local_addr()?.port();
    servidor.anuncia(puerto)?;
    let hablador = servidor.conecta()?;
    servidor.anuncia(hablador.local_addr()?.port())?;
    hablador.set_write_timeout(Some(escena.contexto().plazo(RAZON) - Instant::now()))?;
    let cien_lineas = format!("{}\n", "x".repeat(180)).repeat(100);
    // Si el servidor deja de leer, se verá en su pantalla.
    let _ = (0..600).try_for_each(|_| (&hablador).write_all(cien_lineas.as_bytes()));
    let mut desde = 0;
    for linea in lineas(&format!("('127.0.0.1', {puerto})")) {
        desde = servidor.extrae(RAZON, |texto| {
            let donde = texto[desde..].find(&format!("\n{linea}\n"))?;
            Some(desde + donde + 1)
        })?;
    }
    Ok(())
}

fn avisa_de_lo_que_guarda(escena: &Escena) -> Resultado {
    con_un_sordo(escena, |_| vec!["aviso: los buzones guardan más de un mega".into()])
}

fn avisa_antes_de_expulsar(escena: &Escena) -> Resultado {
    con_un_sordo(escena, |sordo| {
        vec![
            format!("aviso: {sordo} no lee"),
            format!("cliente {sordo} desconectado: no lee sus mensajes"),
        ]
    })
}

fn dice_cuando_frena(escena: &Escena) -> Resultado {
    con_un_sordo(escena, |_| vec!["freno: echado".into(), "freno: suelto".into()])
}

fn salas(escena: &Escena) -> Resultado {
    let (servidor, a, b) = dos(escena)?;
    let c = escena.entra("C", &servidor)?;
    let cambia = |quien: &Conexion| {
        quien.envia("/sala cocina\n")?;
        let dicho = format!("cliente {} pasa a la sala cocina", nombre(quien));
        servidor.ve(&dicho, "el servidor no dice quién cambia de sala")
    };
    cambia(&a)?;
    cambia(&b)?;
    a.envia("solo aquí\n")?;
    b.ve(&dicho(&a, "solo aquí"), "no se oye a los de la misma sala")?;
    c.envia("en la otra\n")?;
    cambia(&c)?;
    c.envia("ya estoy\n")?;
    a.ve(&dicho(&c, "ya estoy"), "no se oye a quien llega de otra sala")?;
    no_recibe(escena, &c, "solo aquí")?;
    no_recibe(escena, &a, "en la otra")?;
    no_recibe(escena, &a, "/sala")
}

fn los_ultimos_diez(escena: &Escena) -> Resultado {
    let (servidor, a, b) = dos(escena)?;
    let mensajes: Vec<_> = (1..=12).map(|i| format!("mensaje {i}")).collect();
    for mensaje in &mensajes {
        a.envia(format!("{mensaje}\n"))?;
        b.ve(&dicho(&a, mensaje), "el chat no sigue")?;
    }
    let c = escena.entra("C", &servidor)?;
    a.envia("fin\n")?;
    c.ve(&dicho(&a, "fin"), "el chat no sigue")?;
    let oidos = mensajes[2..].iter().map(String::as_str).chain(["fin"]);
    let oidos: String = oidos.map(|uno| dicho(&a, uno) + "\n").collect();
    let esperado = format!("{BIENVENIDA}\n{oidos}");
    let visto = c.pantalla.texto();
    escena.contexto().exige(
        visto == esperado,
        "no recibe la bienvenida y los últimos diez",
        || format!("se esperaba «{esperado}», y llega «{visto}»"),
    )
}
