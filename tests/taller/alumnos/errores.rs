//! Errores de quien aprende, y qué escenario los cuenta. Con los que hace cada capítulo en «Quita una línea»,
//! que se prueban aparte, son cinco o más por paso.

/// Lo que alguien escribe mal en un paso.
pub(crate) struct Error {
    pub(crate) paso: &'static str,
    pub(crate) nombre: &'static str,
    pub(crate) fichero: &'static str,
    /// Lo que está bien, y solo está una vez en el fichero.
    pub(crate) bien: &'static str,
    pub(crate) mal: &'static str,
    /// Quién lo cuenta: uno de estos. En los cuatro primeros pasos, es lo primero que falla.
    pub(crate) lo_cuenta: &'static [&'static str],
}

const fn en_el(
    fichero: &'static str,
    (paso, nombre): (&'static str, &'static str),
    bien: &'static str,
    mal: &'static str,
    lo_cuenta: &'static [&'static str],
) -> Error {
    Error { paso, nombre, fichero, bien, mal, lo_cuenta }
}

const SERVIDOR: &str = "src/servidor.rs";
const CLIENTE: &str = "src/cliente.rs";
const BIBLIOTECA: &str = "src/lib.rs";
const LECTOR: &str = "src/lector.rs";
const MENSAJES: &str = "src/mensajes.rs";
const SALA: &str = "src/sala.rs";
const BUZON: &str = "src/buzon.rs";
const PANTALLA: &str = "src/pantalla.rs";

const HILO: &str = "thread::spawn(move || manejar_cliente(conexion, direccion));";
const ACEPTAR: &str = "    loop {
        let (conexion, direccion) = servidor.accept()?;
        manejar_cliente(conexion, direccion)?;
    }
}";
const ACEPTAR_UNO: &str = "    let (conexion, direccion) = servidor.accept()?;
    manejar_cliente(conexion, direccion)
}";
const ESCRIBIR: &str = "    thread::spawn(move || recibir_mensajes(lector));
    for linea in io::stdin().lines() {
        let mensaje = linea?;
        conexion.write_all(format!(\"{mensaje}\\n\").as_bytes())?;
    }
    Ok(())";
const ESCRIBIR_Y_LEER: &str = "    let mut lector = lector;
    for linea in io::stdin().lines() {
        let mensaje = linea?;
        conexion.write_all(format!(\"{mensaje}\\n\").as_bytes())?;
        let mut respuesta = String::new();
        lector.read_line(&mut respuesta)?;
        print!(\"{respuesta}\");
    }
    Ok(())";

pub(crate) const ERRORES: &[Error] = &[
    en_el(
        SERVIDOR,
        ("01", "contesta sin fin de línea"),
        r#"format!("{mensaje}\n")"#,
        r#"format!("{mensaje}")"#,
        &["eco"],
    ),
    en_el(SERVIDOR, ("01", "atiende a uno y termina"), ACEPTAR, ACEPTAR_UNO, &["uno_tras_otro"]),
    en_el(
        SERVIDOR,
        ("01", "usa otro puerto"),
        "127.0.0.1:12345",
        "127.0.0.1:5000",
        &["direccion_de_siempre"],
    ),
    en_el(
        CLIENTE,
        ("01", "no muestra la respuesta"),
        r#"print!("{respuesta}");"#,
        "",
        &["envia_y_muestra"],
    ),
    en_el(
        CLIENTE,
        ("01", "envía sin fin de línea"),
        r#"format!("{mensaje}\n")"#,
        r#"format!("{mensaje}")"#,
        &["envia_y_muestra"],
    ),
    en_el(
        SERVIDOR,
        ("02", "espera al hilo en el bucle"),
        HILO,
        "let _ = thread::spawn(move || manejar_cliente(conexion, direccion)).join();",
        &["dos_a_la_vez"],
    ),
    en_el(
        SERVIDOR,
        ("02", "atiende sin hilo"),
        HILO,
        "let _ = manejar_cliente(conexion, direccion); let _ = thread::current();",
        &["dos_a_la_vez"],
    ),
    en_el(
        SERVIDOR,
        ("02", "muere con su primer cliente"),
        HILO,
        "thread::spawn(move || { let _ = manejar_cliente(conexion, direccion); std::process::exit(0) });",
        &["uno_tras_otro", "caida_de_un_cliente"],
    ),
    en_el(
        SERVIDOR,
        ("02", "no repite nada"),
        r#"conexion.write_all(format!("{mensaje}\n").as_bytes())?;"#,
        "conexion.flush()?;",
        &["eco"],
    ),
    en_el(
        SERVIDOR,
        ("02", "el fallo de uno lo termina"),
        HILO,
        "thread::spawn(move || if manejar_cliente(conexion, direccion).is_err() { std::process::exit(1) });",
        &["caida_de_un_cliente"],
    ),
    en_el(
        SERVIDOR,
        ("03", "envía también al autor"),
        "if *numero != autor {",
        "let _ = autor; {",
        &["difusion"],
    ),
    en_el(
        SERVIDOR,
        ("03", "olvida el fin de línea"),
        r#"format!("usuario {puerto}: {mensaje}\n")"#,
        r#"format!("usuario {puerto}: {mensaje}")"#,
        &["difusion"],
    ),
    en_el(
        SERVIDOR,
        ("03", "no suelta el cerrojo"),
        "clientes_conectados.lock().unwrap().push((numero, conexion));",
        "let mut lista = clientes_conectados.lock().unwrap(); lista.push((numero, conexion));",
        &["uno_tras_otro", "dos_a_la_vez"],
    ),
    en_el(
        SERVIDOR,
        ("03", "uno que ya no está corta el reparto"),
        "let _ = conexion.write_all(mensaje.as_bytes());",
        "conexion.write_all(mensaje.as_bytes()).unwrap();",
        &["lector_lento", "ultimas_palabras", "caida_de_un_cliente", "puerto_repetido"],
    ),
    en_el(
        CLIENTE,
        ("03", "lee solo después de escribir"),
        ESCRIBIR,
        ESCRIBIR_Y_LEER,
        &["recibe_mientras_escribe"],
    ),
    en_el(
        SERVIDOR,
        ("04", "olvida quitar el socket"),
        "clientes_conectados.lock().unwrap().retain(|(otro, _)| *otro != numero);",
        "",
        &["media_conexion", "olvida_al_que_se_va"],
    ),
    en_el(
        SERVIDOR,
        ("04", "se va antes de quitarlo"),
        "recibir_mensajes(lector, numero, direccion, clientes_conectados);",
        "recibir_mensajes(lector, numero, direccion, clientes_conectados)?; let resultado = Ok(resultado);",
        &["muchas_visitas", "anuncia_la_salida"],
    ),
    en_el(
        SERVIDOR,
        ("04", "da otra bienvenida"),
        "bienvenido al chat! escribe 'salir' para salir",
        "Hola!",
        &["bienvenida"],
    ),
    en_el(
        SERVIDOR,
        ("04", "no sabe qué es salir"),
        r#"eq_ignore_ascii_case("salir")"#,
        r#"eq_ignore_ascii_case("salida")"#,
        &["salir_desconecta"],
    ),
    en_el(
        CLIENTE,
        ("04", "no dice que ya no enviará más"),
        "let _ = conexion.shutdown(Shutdown::Write);",
        "let _ = Shutdown::Write;",
        &["fin_de_entrada", "salir"],
    ),
    en_el(
        BIBLIOTECA,
        ("05", "no dice qué ha fallado"),
        r#"avisar(&format!("error: {error:#}\n"));"#,
        r#"avisar(&format!("error\n{}", if error.chain().count() == 0 { "" } else { "" }));"#,
        &["puerto_ocupado"],
    ),
    en_el(
        SERVIDOR,
        ("05", "no dice qué intentaba"),
        r#"explicar(error, &format!("escuchar en {direccion}"))"#,
        "anyhow::Error::new(error)",
        &["puerto_ocupado"],
    ),
    en_el(
        CLIENTE,
        ("05", "no dice con quién"),
        r#"explicar(error, &format!("conectar con {direccion}"))"#,
        "anyhow::Error::new(error)",
        &["sin_servidor"],
    ),
    en_el(
        SERVIDOR,
        ("06", "termina si no cabe uno"),
        "thread::sleep(DESCANSO);",
        "return;",
        &["descriptores_agotados"],
    ),
    en_el(
        SERVIDOR,
        ("06", "no descansa"),
        "thread::sleep(DESCANSO);",
        "",
        &["descriptores_agotados"],
    ),
    en_el(
        SERVIDOR,
        ("06", "se cae si no hay hilos"),
        "    let hilo = thread::Builder::new().spawn(move || {
        manejar_cliente(numero, conexion, direccion, &clientes_conectados)
    });",
        "    let hilo: io::Result<_> = Ok(thread::spawn(move || {
        manejar_cliente(numero, conexion, direccion, &clientes_conectados)
    }));",
        &["hilos_agotados"],
    ),
    en_el(
        CLIENTE,
        ("07", "Ctrl-C no avisa a nadie"),
        "let _ = eventos.send(Evento::CtrlC);",
        "let _ = &eventos;",
        &["ctrl_c_cliente"],
    ),
    en_el(
        CLIENTE,
        ("07", "se va sin esperar al servidor"),
        "Ok(Evento::FinDeEntrada) => saliendo = true,",
        "Ok(Evento::FinDeEntrada) => return,",
        &["salir", "fin_de_entrada", "salir_con_pantalla_lenta"],
    ),
    en_el(
        CLIENTE,
        ("07", "se va con algo por mostrar"),
        "if saliendo && !mostrando {",
        "if saliendo {",
        &["salir_con_pantalla_lenta"],
    ),
    en_el(
        MENSAJES,
        ("08", "olvida los que dan la vuelta al texto"),
        r"        | '\u{2028}'..='\u{202e}'
",
        "",
        &["caracteres_de_control"],
    ),
    en_el(
        LECTOR,
        ("08", "solo quiere UTF-8"),
        "        matches!(leidos, Ok(1..))",
        "        matches!(leidos, Ok(1..)) && std::str::from_utf8(&self.linea).is_ok()",
        &["bytes_que_no_son_utf8"],
    ),
    en_el(
        MENSAJES,
        ("08", "no entiende SALIR"),
        r#"texto.eq_ignore_ascii_case("salir")"#,
        r#"texto == "salir""#,
        &["salir", "salir_desconecta"],
    ),
    en_el(
        MENSAJES,
        ("09", "parte una letra"),
        "datos.split_at(corte_seguro(ventana))",
        "datos.split_at(ventana.len())",
        &["mensaje_larguisimo"],
    ),
    en_el(
        MENSAJES,
        ("09", "tira lo que sobra"),
        "                datos = resto;",
        "                datos = &resto[resto.len()..];",
        &["mensaje_larguisimo"],
    ),
    en_el(
        MENSAJES,
        ("09", "olvida lo que estaba a medias"),
        "            unidos.extend_from_slice(bytes);
            datos = &unidos;
",
        "            unidos.clear();
",
        &["mega_sin_fin_de_linea", "mensaje_larguisimo", "letra_partida", "bytes_sueltos"],
    ),
    en_el(
        LECTOR,
        ("10", "espera demasiado"),
        "Duration::from_millis(50)",
        "Duration::from_millis(1000)",
        &["silencio", "sin_salto_de_linea"],
    ),
    en_el(
        LECTOR,
        ("10", "toma un silencio por un fallo"),
        "matches!(clase, ErrorKind::WouldBlock | ErrorKind::TimedOut)",
        "matches!(clase, ErrorKind::NotFound)",
        &["sin_salto_de_linea", "silencio", "servidor_sin_fines_de_linea"],
    ),
    en_el(
        MENSAJES,
        ("10", "olvida lo que estaba a medias"),
        "            unidos.extend_from_slice(bytes);
            datos = &unidos;
",
        "            unidos.clear();\n",
        &["mega_sin_fin_de_linea", "mensaje_larguisimo", "letra_partida", "bytes_sueltos"],
    ),
    en_el(
        SALA,
        ("11", "no da la bienvenida"),
        "        cliente.recibir(BIENVENIDA);
",
        "",
        &["bienvenida"],
    ),
    en_el(
        SALA,
        ("11", "no olvida a quien se va"),
        "self.clientes.remove(&numero)",
        "self.clientes.get(&numero)",
        &["media_conexion", "olvida_al_que_se_va"],
    ),
    en_el(
        SALA,
        ("11", "se cae si uno se ha ido"),
        "let _ = (&*self.conexion).write_all(linea.as_bytes());",
        "(&*self.conexion).write_all(linea.as_bytes()).unwrap();",
        &["caida_de_un_cliente", "lector_lento", "ultimas_palabras", "puerto_repetido"],
    ),
    en_el(
        SALA,
        ("12", "no vacía el lote"),
        "            self.lote.clear();
",
        "",
        &["difusion", "mismo_orden_para_todos"],
    ),
    en_el(
        SALA,
        ("12", "un solo mensaje por lectura"),
        r"mensajes.split_inclusive('\n')",
        r"mensajes.split_inclusive('\n').take(1)",
        &["bytes_sueltos", "lector_lento", "mismo_orden_para_todos"],
    ),
    en_el(
        SALA,
        ("12", "no firma"),
        "            self.lote.extend_from_slice(autor.prefijo.as_bytes());\n",
        "",
        &["difusion"],
    ),
    en_el(
        SALA,
        ("13", "no apunta que sale"),
        "            cliente.sale = true;\n",
        "",
        &["media_conexion", "olvida_al_que_se_va"],
    ),
    en_el(
        BUZON,
        ("13", "no expulsa a nadie"),
        "!self.guardado.is_empty() && self.ultima_toma.elapsed() >= PACIENCIA",
        "false",
        &["cliente_que_no_lee"],
    ),
    en_el(
        SALA,
        ("13", "no firma"),
        "            self.lote.extend_from_slice(autor.prefijo.as_bytes());\n",
        "",
        &["difusion"],
    ),
    en_el(
        BUZON,
        ("14", "no expulsa a nadie"),
        "!self.guardado.is_empty() && self.ultima_toma.elapsed() >= PACIENCIA",
        "false",
        &["cliente_que_no_lee"],
    ),
    en_el(
        SALA,
        ("14", "oye también lo suyo"),
        "        autor.omite.push(inicio..self.lote.len());\n",
        "",
        &["difusion"],
    ),
    en_el(
        SALA,
        ("14", "no apunta que sale"),
        "            cliente.sale = true;
",
        "",
        &["media_conexion", "olvida_al_que_se_va"],
    ),
    en_el(
        SERVIDOR,
        ("final", "no avisa a la sala de que cierre"),
        "    let _ = para_cerrar.send(Suceso::Cerrar);
",
        "",
        &["ctrl_c_servidor"],
    ),
    en_el(
        PANTALLA,
        ("final", "espera a la pantalla"),
        "let _ = self.timbre.try_send(());",
        "let _ = self.timbre.send(());",
        &["pantalla_congelada"],
    ),
];
