//! El corrector acierta: con cada programa que incumple una cláusula, nombra esa y ninguna otra.

mod clase;
mod pasos;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use std::time::{Duration, Instant};

use corrector::clase::Papel;
use corrector::preguntas::{NOMBRE, Respuestas};
use libtest_mimic::{Arguments, Failed, Trial};
use pruebas::conexion::direccion_propia;
use serde_json::Value;

const CORRECTOR: &str = env!("CARGO_BIN_EXE_corrector");
const ALUMNO: &str = env!("CARGO_BIN_EXE_alumno");

/// El fallo de un programa, la cláusula que incumple y la fila que le toca.
const SERVIDORES: &[(&str, Option<&str>, u32)] = &[
    ("nada", None, 100),
    ("inunda_su_pantalla", None, 100),
    ("nombre_en_accept", None, 100),
    ("nombre_en_su_hilo", None, 100),
    ("no_arranca", Some("S1"), 0),
    ("de_uno_en_uno", Some("S2"), 25),
    ("no_escucha_mas", Some("S2"), 25),
    ("solo_dos", Some("S2"), 50),
    ("calla", Some("S5"), 0),
    ("solo_eco", Some("S5"), 50),
    ("pierde_acentos", Some("S5"), 75),
    ("solo_ascii", Some("S5"), 75),
    ("tambien_al_autor", Some("S5"), 75),
    ("cae_con_el_cuarto", Some("S6"), 50),
    ("cae_con_un_corte", Some("S6"), 75),
    ("inunda_al_salir", Some("S6"), 50),
    ("se_para_al_salir", Some("S6"), 50),
    ("no_olvida", Some("S6"), 75),
];

const CLIENTES: &[(&str, Option<&str>, u32)] = &[
    ("nada", None, 100),
    ("guarda_su_salida", None, 100),
    ("nombre_antes", None, 100),
    ("nombre_despues", None, 100),
    #[cfg(unix)]
    ("necesita_un_terminal", None, 100),
    ("no_conecta", Some("C1"), 0),
    ("espera_al_teclado", Some("C2"), 25),
    ("no_muestra", Some("C2"), 50),
    ("no_envia", Some("C3"), 50),
    ("pierde_acentos", Some("C3"), 75),
    ("solo_ascii", Some("C2"), 75),
    ("no_cierra", Some("C4"), 75),
    ("espera_al_salir", Some("C4"), 75),
    ("otra_palabra", Some("C4"), 75),
];

fn main() -> ExitCode {
    let mut argumentos = Arguments::from_args();
    argumentos.test_threads.get_or_insert(8);
    let mut pruebas = Vec::new();
    for (programa, casos) in [("servidor", SERVIDORES), ("cliente", CLIENTES)] {
        for &(fallo, incumple, fila) in casos {
            // Saber que algo no pasa lleva su tiempo.
            let espera = fallo.starts_with("nombre") || fallo.starts_with("guarda");
            let largo = incumple.is_some() || espera;
            let prueba = Trial::test(format!("{programa}::{fallo}"), move || {
                let direccion = direccion_libre()?;
                let orden = format!("'{ALUMNO}' {programa} {fallo} {direccion}");
                acierta(programa, &orden, direccion, incumple, fila)
            });
            pruebas.push(prueba.with_ignored_flag(largo));
        }
    }
    for (paquete, columna) in pasos::JUZGADOS {
        let servidor =
            move || Ok(pasos::del_servidor(columna, &pasos::programa(paquete, "servidor")?)?);
        let cliente =
            move || Ok(pasos::del_cliente(columna, &pasos::programa(paquete, "cliente")?)?);
        for prueba in [
            Trial::test(format!("{paquete}::servidor"), servidor),
            Trial::test(format!("{paquete}::cliente"), cliente),
        ] {
            pruebas.push(prueba.with_ignored_flag(true));
        }
    }
    pruebas.push(Trial::test("preguntas", preguntas));
    pruebas.push(Trial::test("no_hay_tal_programa", no_hay_tal_programa));
    pruebas.push(Trial::test("puerto_de_otro", puerto_de_otro));
    pruebas.push(Trial::test("ordenes_mal_escritas", ordenes_mal_escritas));
    pruebas.push(Trial::test("documentos", clase::documentos));
    pruebas.push(Trial::test("nadie_se_pierde", clase::nadie_se_pierde));
    pruebas.push(Trial::test("una_clase_entera", una_clase_entera).with_ignored_flag(true));
    // Una tras otra, y en otros lenguajes que pueden no estar, solo donde se pueden juzgar a la vez.
    if cfg!(target_os = "linux") {
        let prueba = Trial::test("una_clase_de_treinta", clase::de_treinta);
        pruebas.push(prueba.with_ignored_flag(true));
    }
    #[cfg(unix)]
    for (nombre, guion) in [
        ("no_hace_caso_de_sigterm", "trap \"\" TERM; \"$0\" \"$@\""),
        ("pone_en_marcha_a_otro", "\"$0\" \"$@\" & wait"),
    ] {
        pruebas.push(Trial::test(nombre, move || {
            let direccion = direccion_libre()?;
            let orden = format!("sh -c '{guion}' '{ALUMNO}' servidor nada {direccion}");
            acierta("servidor", &orden, direccion, None, 100)
        }));
    }
    libtest_mimic::run(&argumentos, pruebas).exit_code()
}

fn direccion_libre() -> Result<SocketAddr, Failed> {
    direccion_propia().map_err(|fallo| fallo.detalle.into())
}

/// Lo que escribe el corrector, y cómo termina.
fn corregir(argumentos: &[&str]) -> Result<(String, Option<i32>), Failed> {
    let salida = Command::new(CORRECTOR).args(argumentos).stdin(Stdio::null()).output()?;
    let texto = [salida.stdout, salida.stderr].concat();
    Ok((String::from_utf8_lossy(&texto).into_owned(), salida.status.code()))
}

fn acierta(
    programa: &str,
    orden: &str,
    direccion: SocketAddr,
    incumple: Option<&str>,
    fila: u32,
) -> Result<(), Failed> {
    let fichero = std::env::temp_dir().join(format!("veredicto-{}.json", direccion.port()));
    let opcion = format!("--{programa}");
    let direccion_escrita = direccion.to_string();
    let json = fichero.to_string_lossy();
    let (texto, codigo) =
        corregir(&[&opcion, orden, "--direccion", &direccion_escrita, "--json", &json])?;
    let notas: Value = serde_json::from_str(&fs::read_to_string(&fichero)?)?;
    fs::remove_file(&fichero)?;
    let nota = &notas[programa];
    let clausulas = nota["clausulas"].as_object().ok_or("faltan las cláusulas")?;
    let fallan: Vec<&str> = clausulas
        .iter()
        .filter(|(_, cumple)| **cumple == Value::Bool(false))
        .map(|(nombre, _)| nombre.as_str())
        .collect();
    let puntos = f64::from(fila) * 5.0 / 100.0;
    let bien = fallan == incumple.as_slice()
        && nota["fila"] == fila
        && nota["puntos"].as_f64() == Some(puntos)
        && codigo == Some(i32::from(incumple.is_some()));
    if !bien {
        return Err(format!(
            "se esperaba que fallara {incumple:?}, fila {fila}; falla {fallan:?}, {nota}, código \
             {codigo:?}\n{texto}"
        )
        .into());
    }
    let raiz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let capitulos: Vec<&str> =
        texto.lines().filter_map(|linea| linea.trim().strip_prefix("lo trata:")).collect();
    let estan = capitulos.iter().all(|capitulo| raiz.join(capitulo.trim()).is_file());
    if capitulos.len() != clausulas.len() || !estan {
        return Err(format!("no están todos los capítulos: {capitulos:?}").into());
    }
    // El ejemplo de la página es lo que sale con ese servidor.
    let pagina = fs::read_to_string(raiz.join("docs/corrector.md"))?.replace("\r\n", "\n");
    let ejemplo = pagina.split("```text\n").nth(1).and_then(|resto| resto.split("```").next());
    let ejemplo = ejemplo.ok_or("docs/corrector.md ya no tiene un ejemplo")?;
    if orden.contains("tambien_al_autor") && !texto.contains(ejemplo) {
        return Err(format!("el ejemplo de docs/corrector.md no es lo que sale:\n{texto}").into());
    }
    // Lo que se ha matado tarda un instante en acabar.
    let fin = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(direccion).is_ok() {
        if Instant::now() >= fin {
            return Err("el programa sigue en marcha".into());
        }
    }
    Ok(())
}

/// Lo que se contesta a lo que pregunta un programa.
fn preguntas() -> Result<(), Failed> {
    for (pantalla, respuesta) in [
        ("Dirección del servidor: ", "127.0.0.1"),
        // Lo de antes, con acentos, no se junta con la pregunta.
        ("Dirección del servidor: 127.0.0.1\nPuerto: ", "12345"),
        ("Puerto del servidor: ", "12345"),
        ("Porta host: ", "12345"),
        ("Enter host port: ", "12345"),
        ("IP (puerto 12345): ", "127.0.0.1"),
        ("IP:puerto del servidor: ", "127.0.0.1:12345"),
        ("IP y puerto: ", "127.0.0.1:12345"),
        ("Enter your name: ", "Ana"),
        ("¿Cómo te llamas? ", "Ana"),
        ("Press enter to start: ", ""),
        ("¿Seguro? (s/n) ", "s"),
        ("1. Salir\n2. Conectar\nOpción: ", "2"),
        ("¿En qué sala? ", "general"),
    ] {
        let direccion = SocketAddr::from((Ipv4Addr::LOCALHOST, 12345));
        let dicho = Respuestas::new(Papel::Cliente, direccion, NOMBRE).a(pantalla);
        if dicho != respuesta {
            return Err(format!("a «{pantalla}» se contesta «{dicho}», y no «{respuesta}»").into());
        }
    }
    Ok(())
}

fn no_hay_tal_programa() -> Result<(), Failed> {
    let direccion = direccion_libre()?.to_string();
    let (texto, codigo) =
        corregir(&["--servidor", "no-hay-tal-programa", "--direccion", &direccion])?;
    if codigo != Some(2) || !texto.contains("no se puede poner en marcha no-hay-tal-programa") {
        return Err(format!("{codigo:?}\n{texto}").into());
    }
    Ok(())
}

fn puerto_de_otro() -> Result<(), Failed> {
    let otro = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let direccion = otro.local_addr()?.to_string();
    let (texto, codigo) = corregir(&["--servidor", ALUMNO, "--direccion", &direccion])?;
    if codigo != Some(2) || !texto.contains("está ocupado") {
        return Err(format!("{codigo:?}\n{texto}").into());
    }
    Ok(())
}

fn ordenes_mal_escritas() -> Result<(), Failed> {
    for (argumentos, esperado, codigo_esperado) in [
        (&["--help"][..], "uso: corrector", 0),
        (&[], "falta decir qué se juzga", 2),
        (&["--servidor"], "a --servidor le falta su valor", 2),
        (&["suelto"], "sobra «suelto»", 2),
        (&["--nada", "x"], "no hay ninguna opción --nada", 2),
        (&["--servidor", "x", "--direccion", "aquí"], "una dirección es como", 2),
        (&["--servidor", "x", "--carpeta", "."], "--carpeta ya dice qué se juzga", 2),
        (&["--servidor", " "], "la orden del servidor está vacía", 2),
        (&["--cliente", "sh no-existe.py"], "no hay ningún fichero no-existe.py", 2),
        (&["--carpeta", "no-existe"], "no-existe", 2),
    ] {
        let (texto, codigo) = corregir(argumentos)?;
        if codigo != Some(codigo_esperado) || !texto.contains(esperado) {
            return Err(format!("{argumentos:?}: {codigo:?}\n{texto}").into());
        }
    }
    Ok(())
}

/// Una entrega que está bien, otra que no se sabe cómo poner en marcha y otra que no compila.
fn una_clase_entera() -> Result<(), Failed> {
    let direccion = direccion_libre()?.to_string();
    let clase = std::env::temp_dir().join(format!("clase-{}", std::process::id()));
    let pasos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../steps/04-salir-and-cleanup/src");
    let programa = |nombre: &str| -> std::io::Result<String> {
        let texto = fs::read_to_string(pasos.join(nombre))?;
        Ok(texto.replace("127.0.0.1:12345", &direccion))
    };
    let entrega = |nombre: &str, ficheros: &[(&str, String)]| -> std::io::Result<()> {
        fs::create_dir_all(clase.join(nombre))?;
        ficheros
            .iter()
            .try_for_each(|(fichero, texto)| fs::write(clase.join(nombre).join(fichero), texto))
    };
    let (servidor, cliente) = (programa("servidor.rs")?, programa("cliente.rs")?);
    entrega("ana", &[("servidor.rs", servidor.clone()), ("cliente.rs", cliente.clone())])?;
    entrega("beto", &[("servidor.cobol", String::new()), ("cliente.rs", cliente)])?;
    entrega("carla", &[("servidor.rs", servidor), ("cliente.rs", "esto no compila".into())])?;
    entrega("sin_cliente", &[("servidor.cobol", String::new())])?;
    let (csv, json) = (clase.join("notas.csv"), clase.join("notas.json"));
    let (texto, codigo) = corregir(&[
        "--carpeta",
        &clase.to_string_lossy(),
        "--direccion",
        &direccion,
        "--csv",
        &csv.to_string_lossy(),
        "--json",
        &json.to_string_lossy(),
    ])?;
    let (csv, json) = (fs::read_to_string(csv)?, fs::read_to_string(json)?);
    fs::remove_dir_all(&clase)?;
    let notas: Value = serde_json::from_str(&json)?;
    let bien = codigo == Some(1)
        && csv.starts_with("\u{feff}entrega;")
        && csv.contains("\nana;100;5;100;5;10;;falta;0;2;beto (100 %), carla (100 %);")
        && csv.contains("\nbeto;--;--;100;5;--;no se sabe cómo")
        && csv.contains("\ncarla;100;5;--;--;--;cliente.rs no compila")
        && csv.contains("\nsin_cliente;--;--;--;--;--;no se sabe cómo poner en marcha servidor.cobol, no se encuentra el cliente")
        && csv.lines().count() == 5
        && texto.contains("[4/4] ")
        && notas["ana"]["servidor"]["fila"] == 100
        && notas["beto"]["servidor"].is_null();
    if bien { Ok(()) } else { Err(format!("{codigo:?}\n{texto}\n{csv}\n{json}").into()) }
}
