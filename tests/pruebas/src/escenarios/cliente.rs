//! El cliente, frente a un servidor de mentira.

use std::thread;
use std::time::{Duration, Instant};

use crate::conexion::{puerto_sin_nadie, reinicia};
use crate::escena::{Escena, Fallo, Resultado};
use crate::razon::Razon::{
    CtrlCLoMata, ErrorOscuro, EsperaAlTeclado, EsperaFinDeLinea, LlegaAlgoQueManda,
    NoEnsenaLoUltimo, NoEnviaTodo, SalirNoCierra, SoloConIntro,
};

/// Lo que se escribe viaja, y lo que contestan se ve.
pub fn envia_y_muestra(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    for (pregunta, respuesta) in [("¿hay alguien?", "aquí estamos"), ("¿quiénes?", "los ñus 🦀")]
    {
        cliente.escribe(pregunta)?;
        servidor.ve(pregunta, "el cliente no envía lo que se escribe")?;
        servidor.envia(format!("{respuesta}\n"))?;
        cliente.ve(respuesta, "el cliente no muestra lo que llega")?;
    }
    Ok(())
}

/// Lo que dicen los demás aparece mientras se escribe a medias.
pub fn recibe_mientras_escribe(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.teclea("esto lo estoy ")?;
    servidor.envia("usuario 1: ¿quién es?\n")?;
    cliente.muestra("usuario 1: ¿quién es?", SoloConIntro)?;
    cliente.escribe("pensando")?;
    servidor.ve("esto lo estoy pensando", "lo escrito a medias se pierde")
}

/// `salir` no viaja: el cliente cierra su lado, espera al servidor y termina bien.
pub fn salir(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.escribe(" Salir ")?;
    servidor.ve_el_fin(SalirNoCierra)?;
    let recibido = servidor.pantalla.texto();
    escena.contexto().exige(recibido.is_empty(), "salir viaja como un mensaje", || recibido)?;
    drop(servidor);
    cliente.acaba(0, "el cliente no termina")?;
    let visto = cliente.pantalla.texto();
    escena
        .contexto()
        .exige(visto.ends_with(" Salir \n"), "se queja del cierre que pidió", || visto)
}

/// La entrada se acaba: todo lo escrito se envía, y lo último que llega se ve.
pub fn fin_de_entrada(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.escribe("uno")?;
    cliente.escribe("dos")?;
    cliente.fin_de_entrada()?;
    servidor.ve("uno", NoEnviaTodo)?;
    servidor.ve("dos", NoEnviaTodo)?;
    servidor.ve_el_fin("no cierra su lado")?;
    // Uno tras otro: quien se esté yendo, alguno ya no lo enseña.
    for despedida in 1..=200 {
        servidor.envia(format!("usuario {despedida}: adiós\n"))?;
        cliente.ve(&format!("usuario {despedida}: adiós"), NoEnsenaLoUltimo)?;
    }
    drop(servidor);
    cliente.acaba(0, "el cliente no termina")
}

/// El servidor termina la línea de la bienvenida, pero no las de los mensajes: cada uno se ve igual.
pub fn servidor_sin_fines_de_linea(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    // El cliente del paso 01 solo lee después de enviar.
    cliente.escribe("buenas")?;
    servidor.envia("bienvenido!\n")?;
    cliente.ve("bienvenido!", "no se ve la bienvenida")?;
    for mensaje in ["usuario 1: hola", "usuario 2: ¿qué tal?"] {
        servidor.envia(mensaje)?;
        cliente.ve(mensaje, EsperaFinDeLinea)?;
    }
    Ok(())
}

/// `salir` con la pantalla detenida y mucho por mostrar: se espera a que se haya visto todo.
pub fn salir_con_pantalla_lenta(escena: &Escena) -> Resultado {
    const LINEAS: usize = 13_000;
    const SE_PIERDE: &str = "se va sin enseñarlo todo";
    /// Más de lo que el cliente espera a que el servidor cierre.
    const RATO: Duration = Duration::from_millis(1500);
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.congela_pantalla()?;
    let lineas: Vec<String> = (0..LINEAS).map(|i| format!("{i:05} {}", "x".repeat(93))).collect();
    let contexto = escena.contexto();
    thread::scope(|hilos| {
        let todas = lineas.join("\n") + "\n";
        let envio = hilos.spawn(|| servidor.envia(todas));
        cliente.escribe("salir")?;
        servidor.ve_el_fin(SalirNoCierra)?;
        // La pantalla sigue detenida: si acaba antes, es que no espera a mostrarlo.
        let espera = !cliente.acaba_antes_de(Instant::now() + RATO)?;
        contexto.exige(espera, SE_PIERDE, || "no espera a su pantalla".to_string())?;
        cliente.descongela_pantalla()?;
        envio.join().map_err(|_| Fallo::prueba(&"el envío se cae"))?
    })?;
    drop(servidor);
    cliente.acaba(0, SE_PIERDE)?;
    let visto = cliente.pantalla.texto();
    // Con el ordenador ocupado, un silencio puede partir una línea: cuenta que estén todas las letras.
    let seguido = visto.replace("salir", "").replace('\n', "");
    let todo = seguido.contains(&lineas.concat());
    contexto.exige(todo, SE_PIERDE, || "faltan líneas, o sobran".to_string())?;
    contexto.exige(!visto.contains("aviso"), "se queja sin motivo", String::new)
}

/// Bytes que no son UTF-8 y una línea de un mega, por la entrada estándar: viajan tal cual.
pub fn entrada_de_cualquier_forma(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    let mut entrada = b"  ca\xf1a con espacios \n".to_vec();
    entrada.extend("ñ".repeat(512 * 1024).as_bytes());
    // Un trozo de una línea larga no es la orden de salir: ni el primero ni el último.
    entrada.extend(format!("\nsalir{}sigo aquí\n", " ".repeat(5000)).as_bytes());
    entrada.extend(format!("{}salir\n", "x".repeat(4096)).as_bytes());
    entrada.extend(b"sin fin de l\xc3\xadnea");
    // Si el programa muere a mitad, el fallo se ve abajo: en lo que no llega.
    let _ = cliente.envia(&entrada);
    cliente.fin_de_entrada()?;
    servidor.ve_el_fin(NoEnviaTodo)?;
    let recibido = servidor.pantalla.bytes();
    escena.contexto().exige(recibido == entrada, NoEnviaTodo, || {
        format!("llegaron {} bytes de {}", recibido.len(), entrada.len())
    })?;
    // Una línea que mide justo lo que se envía de una vez está entera, y lo siguiente es otra.
    let mut otro = escena.cliente("cliente 2", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    let linea = format!("{}\n", "x".repeat(4095));
    otro.envia(format!("{linea}salir\nesto ya no\n").as_bytes())?;
    servidor.ve_el_fin(NoEnviaTodo)?;
    let recibido = servidor.pantalla.texto();
    escena.contexto().exige(recibido == linea, SalirNoCierra, || {
        format!("llegaron {} bytes de {}", recibido.len(), linea.len())
    })
}

/// El servidor cierra, o se corta: el cliente lo dice y termina sin que nadie pulse una tecla.
pub fn servidor_caido(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut uno = escena.cliente("cliente 1", impostor.direccion)?;
    drop(impostor.acepta("servidor de mentira")?);
    uno.ve("el servidor ha cerrado la conexión", EsperaAlTeclado)?;
    uno.acaba(0, EsperaAlTeclado)?;
    let mut otro = escena.cliente("cliente 2", impostor.direccion)?;
    reinicia(impostor.acepta_sin_leer()?)?;
    otro.ve("el servidor ha cerrado la conexión", EsperaAlTeclado)?;
    otro.acaba(0, EsperaAlTeclado)
}

/// Ctrl-C: el cliente se despide y termina bien.
pub fn ctrl_c_cliente(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    cliente.ctrl_c()?;
    cliente.ve("saliendo...", CtrlCLoMata)?;
    cliente.acaba(0, CtrlCLoMata)?;
    servidor.ve_el_fin("la conexión no se cierra en orden")
}

/// No hay servidor: una línea que lo dice, y el código 1.
pub fn sin_servidor(escena: &Escena) -> Resultado {
    let (_reservado, direccion) = puerto_sin_nadie()?;
    let mut cliente = escena.arranca("cliente", &escena.orden_cliente().con(direccion))?;
    let error =
        format!("error: no se puede conectar con {direccion} (¿está en marcha el servidor?): ");
    cliente.muestra(&error, ErrorOscuro)?;
    cliente.acaba(1, ErrorOscuro)
}

/// Un servidor envía órdenes para el terminal, letras rotas y una línea sin fin: se ven, sin daño.
pub fn servidor_hostil(escena: &Escena) -> Resultado {
    let impostor = escena.impostor()?;
    let mut cliente = escena.cliente("cliente", impostor.direccion)?;
    let servidor = impostor.acepta("servidor de mentira")?;
    // El cliente del paso 01 solo lee después de enviar.
    cliente.escribe("hola")?;
    servidor.envia(b"\x1b[2Jmalo \xff\r\x07\n\n")?;
    cliente.ve("\\u{1b}[2Jmalo \u{fffd}\\u{d}\\u{7}", LlegaAlgoQueManda)?;
    // Lo más largo que llega a decir un servidor como el nuestro no se parte.
    let larga = format!("usuario 65535: {}", "\\u{1b}".repeat(1024));
    servidor.envia(format!("{larga}\n"))?;
    cliente.ve(&larga, "se parte una línea")?;
    drop(servidor);
    cliente.acaba(0, "el cliente no termina")
}
