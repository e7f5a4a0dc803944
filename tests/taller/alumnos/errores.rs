//! Errores de quien aprende, y qué escenario los cuenta.

/// Lo que alguien escribe mal en un paso.
pub(crate) struct Error {
    pub(crate) paso: &'static str,
    pub(crate) nombre: &'static str,
    pub(crate) fichero: &'static str,
    /// Lo que está bien, y solo está una vez en el fichero.
    pub(crate) bien: &'static str,
    pub(crate) mal: &'static str,
    /// Lo primero que ha de fallar: uno de estos.
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

pub(crate) const ERRORES: [Error; 20] = [
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
        &["uno_tras_otro"],
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
];
