//! Los dos programas juntos, y su línea de órdenes.

use std::net::TcpListener;
use std::time::Instant;

use crate::escena::{BIENVENIDA, Escena, Resultado};
use crate::razon::Razon::{CtrlCLoMata, ErrorOscuro, SinAyuda, SinBienvenida};

/// Sin más argumentos, los dos programas usan 127.0.0.1:12345.
pub fn direccion_de_siempre(escena: &Escena) -> Resultado {
    const SIEMPRE: &str = "127.0.0.1:12345";
    const OTRA: &str = "no usa 127.0.0.1:12345";
    escena.espera_su_puerto()?;
    let anuncio = format!("servidor de chat iniciado en {SIEMPRE}\n");
    let plazo = escena.contexto().plazo(OTRA);
    let servidor = loop {
        let servidor = escena.arranca("servidor", &escena.orden_servidor())?;
        let Err(fallo) = servidor.muestra(&anuncio, OTRA) else { break servidor };
        if TcpListener::bind(SIEMPRE).is_err() {
            // Hay un chat de verdad en marcha: así no se puede ver.
            return Ok(());
        }
        // O lo había cuando se intentó.
        if Instant::now() >= plazo {
            return Err(fallo);
        }
    };
    let _cliente = escena.arranca("cliente", &escena.orden_cliente())?;
    servidor.muestra("nuevo cliente conectado: ('127.0.0.1', ", OTRA)
}

/// La conversación del enunciado: las tres pantallas, letra por letra.
pub fn transcripcion(escena: &Escena) -> Resultado {
    const OTRA: &str = "la pantalla no es la del enunciado";
    let dialogo = [
        "Hola que tal?",
        "Bien, haciendo una practica del ra3 de python",
        "Genial, espero que la apruebes!",
        "Eso espero!, adios!",
    ];
    let mut servidor = escena.servidor()?;
    let mut a = escena.cliente("cliente A", servidor.direccion)?;
    a.ve(BIENVENIDA, SinBienvenida)?;
    let puerto_a = servidor.puerto_del_cliente(0)?;
    let mut b = escena.cliente("cliente B", servidor.direccion)?;
    b.ve(BIENVENIDA, SinBienvenida)?;
    let puerto_b = servidor.puerto_del_cliente(1)?;

    for (turno, mensaje) in dialogo.iter().enumerate() {
        let (autor, puerto, oyente) =
            if turno % 2 == 0 { (&mut a, &puerto_a, &mut b) } else { (&mut b, &puerto_b, &mut a) };
        autor.escribe(mensaje)?;
        oyente.ve(&format!("usuario {puerto}: {mensaje}"), OTRA)?;
        servidor.ve(&format!("cliente ('127.0.0.1', {puerto}): {mensaje}"), OTRA)?;
    }
    b.escribe("salir")?;
    b.acaba(0, OTRA)?;
    servidor.ve(&format!("cliente ('127.0.0.1', {puerto_b}) desconectado"), OTRA)?;

    let esperada_servidor = format!(
        "servidor de chat iniciado en {}\nesperando clientes...\n\
         nuevo cliente conectado: ('127.0.0.1', {puerto_a})\n\
         nuevo cliente conectado: ('127.0.0.1', {puerto_b})\n\
         cliente ('127.0.0.1', {puerto_a}): {}\n\
         cliente ('127.0.0.1', {puerto_b}): {}\n\
         cliente ('127.0.0.1', {puerto_a}): {}\n\
         cliente ('127.0.0.1', {puerto_b}): {}\n\
         cliente ('127.0.0.1', {puerto_b}) desconectado\n",
        servidor.direccion, dialogo[0], dialogo[1], dialogo[2], dialogo[3],
    );
    let saludo = format!("conectado al servidor de chat!\nescribe tus mensajes:\n{BIENVENIDA}\n");
    let esperada_a = format!(
        "{saludo}{}\nusuario {puerto_b}: {}\n{}\nusuario {puerto_b}: {}\n",
        dialogo[0], dialogo[1], dialogo[2], dialogo[3],
    );
    let esperada_b = format!(
        "{saludo}usuario {puerto_a}: {}\n{}\nusuario {puerto_a}: {}\n{}\nsalir\n",
        dialogo[0], dialogo[1], dialogo[2], dialogo[3],
    );
    let pantallas = [
        (servidor.pantalla.texto(), esperada_servidor),
        (a.pantalla.texto(), esperada_a),
        (b.pantalla.texto(), esperada_b),
    ];
    for (vista, esperada) in pantallas {
        escena.contexto().exige(vista == esperada, OTRA, || {
            format!("se esperaba:\n{esperada}\ny se vio:\n{vista}")
        })?;
    }
    servidor.matar();
    Ok(())
}

/// Ctrl-C en el servidor: se despide, cierra a todos y termina bien.
pub fn ctrl_c_servidor(escena: &Escena) -> Resultado {
    let mut servidor = escena.servidor()?;
    let a = escena.entra("A", &servidor)?;
    servidor.ctrl_c()?;
    servidor.ve("cerrando servidor...", CtrlCLoMata)?;
    servidor.acaba(0, CtrlCLoMata)?;
    a.ve_el_fin("la conexión no se cierra en orden")
}

/// Un segundo servidor en el mismo puerto: una línea que lo dice, y el código 1.
pub fn puerto_ocupado(escena: &Escena) -> Resultado {
    let primero = escena.servidor()?;
    let direccion = primero.direccion;
    let mut segundo = escena.arranca("servidor 2", &escena.orden_servidor().con(direccion))?;
    let error =
        format!("error: no se puede escuchar en {direccion} (¿hay otro servidor en marcha?): ");
    // Aunque lo diga mal, que no se quede esperando ni haga como si nada.
    segundo.acaba(1, "el segundo servidor no termina con 1")?;
    segundo.muestra(&error, ErrorOscuro)
}

/// Una dirección que no lo es: el error la nombra.
pub fn direccion_incomprensible(escena: &Escena) -> Resultado {
    for (orden, intento) in
        [(escena.orden_servidor(), "escuchar en"), (escena.orden_cliente(), "conectar con")]
    {
        let mut programa = escena.arranca("programa", &orden.con("hola"))?;
        let error = format!("error: no se puede {intento} hola: una dirección es como 127.0.0.1:");
        programa.muestra(&error, ErrorOscuro)?;
        programa.acaba(1, ErrorOscuro)?;
    }
    Ok(())
}

/// `--help` enseña cómo se usa y termina con 0; una orden mal escrita, lo mismo y con 2.
pub fn ayuda(escena: &Escena) -> Resultado {
    for (orden, uso) in [
        (escena.orden_servidor(), "uso: servidor [DIRECCIÓN]"),
        (escena.orden_cliente(), "uso: cliente [DIRECCIÓN]"),
    ] {
        let mut bien = escena.arranca("con --help", &orden.clone().con("--help"))?;
        bien.ve(uso, SinAyuda)?;
        bien.acaba(0, SinAyuda)?;
        let [salida, errores] = orden.clone().con("--help").salidas()?;
        let por_donde = "dice cómo se usa por la otra salida";
        let bien = salida.contains(uso) && errores.is_empty();
        escena.contexto().exige(bien, por_donde, || format!("con --help, «{errores}»"))?;
        for mal in [orden.clone().con("--ola"), orden.con("127.0.0.1:0").con("sobra")] {
            let mut programa = escena.arranca("mal escrita", &mal)?;
            programa.ve(uso, SinAyuda)?;
            programa.acaba(2, SinAyuda)?;
            let [salida, errores] = mal.salidas()?;
            let bien = errores.contains(uso) && salida.is_empty();
            escena.contexto().exige(bien, por_donde, || format!("mal escrita, «{salida}»"))?;
        }
    }
    Ok(())
}
