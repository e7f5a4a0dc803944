//! El taller, como lo usa quien aprende: cada paso se cumple con su código y no con el anterior, y cada
//! error lo cuenta el escenario que trata de él.

mod en_python;
mod errores;
mod pasos;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use pruebas::tabla::PASOS;
use taller::Paso;
use taller::comprobar::{Examen, Programas};
use taller::empezar::{TEXTOS, empezar};

/// Los que son de una carpeta: construir ocupa el procesador, y comprobar espera.
const A_LA_VEZ: usize = 8;

fn main() -> ExitCode {
    let mut argumentos = Arguments::from_args();
    argumentos.test_threads.get_or_insert(A_LA_VEZ);
    let mut pruebas = vec![
        Trial::test("empezar_no_toca_lo_escrito", empezar_no_toca_lo_escrito),
        Trial::test("lo_que_no_se_entiende_se_dice", lo_que_no_se_entiende_se_dice),
        Trial::test(
            "lo_que_se_pide_decir_lo_dicen_los_pasos",
            lo_que_se_pide_decir_lo_dicen_los_pasos,
        ),
        Trial::test(
            "un_ejercicio_se_empieza_y_se_comprueba",
            un_ejercicio_se_empieza_y_se_comprueba,
        ),
        Trial::test("un_experimento_no_toca_nada", un_experimento_no_toca_nada),
        Trial::test("vigilar_vuelve_a_mirar", vigilar_vuelve_a_mirar),
        Trial::test("lo_que_ensena_una_demo", || ensenan(&DEMOS[..3])),
        // Algunas inundan: mejor sola que con lo que mide cuánto se espera.
        Trial::test("lo_que_ensenan_las_demos", || ensenan(&DEMOS)).with_ignored_flag(true),
    ];
    pruebas.extend(pasos::pruebas());
    pruebas.extend(en_python::pruebas());
    libtest_mimic::run(&argumentos, pruebas).exit_code()
}

/// Una carpeta fuera del repositorio, como la de cualquiera. Al soltarla, se borra.
pub(crate) struct Carpeta(PathBuf);

impl Carpeta {
    pub(crate) fn new(nombre: &str) -> Self {
        let nombre = nombre.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        Self(std::env::temp_dir().join(format!("taller-{}-{nombre}", std::process::id())))
    }
}

impl Drop for Carpeta {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// ¿Se puede usar aquí este programa?
pub(crate) fn hay(programa: &str) -> bool {
    let mut prueba = Command::new(programa);
    prueba.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    prueba.status().is_ok_and(|estado| estado.success())
}

/// Comprueba un paso, y que lo primero que falta sea una de estas cosas; si no son ninguna, que se cumpla.
/// Algunos escenarios cuentan con un ordenador que no esté haciendo lo de los demás: si no es así, se mira otra vez.
pub(crate) fn examina(programas: &Programas, paso: &Paso, faltan: &[&str]) -> Result<(), Failed> {
    examina_una_vez(programas, paso, faltan).or_else(|_| examina_una_vez(programas, paso, faltan))
}

fn examina_una_vez(programas: &Programas, paso: &Paso, faltan: &[&str]) -> Result<(), Failed> {
    let mut dicho = Vec::new();
    let mut examen = Examen::new(programas, &mut dicho);
    let cumple = examen.paso(paso)?;
    let primero = examen.lo_primero(paso).map(|(nombre, _)| nombre);
    if cumple == faltan.is_empty() && primero.is_none_or(|nombre| faltan.contains(&nombre)) {
        return Ok(());
    }
    let dicho = String::from_utf8_lossy(&dicho).into_owned();
    Err(format!("paso {}: debía faltar {faltan:?}, y falta {primero:?}\n{dicho}", paso.nombre())
        .into())
}

/// Lo que dice el taller con estos argumentos, y cómo termina.
fn taller(argumentos: &[&str]) -> Result<(String, Option<i32>), Failed> {
    let salida = Command::new(env!("CARGO_BIN_EXE_taller"))
        .args(argumentos)
        .stdin(Stdio::null())
        .output()?;
    let texto = [salida.stdout, salida.stderr].concat();
    Ok((String::from_utf8_lossy(&texto).into_owned(), salida.status.code()))
}

fn dice(argumentos: &[&str], esperado: &str, codigo: i32) -> Result<(), Failed> {
    let (texto, visto) = taller(argumentos)?;
    if texto.contains(esperado) && visto == Some(codigo) {
        return Ok(());
    }
    Err(format!("{argumentos:?}: {visto:?}, y no dice «{esperado}»:\n{texto}").into())
}

fn empezar_no_toca_lo_escrito() -> Result<(), Failed> {
    let carpeta = Carpeta::new("no-toca");
    let ruta = carpeta.0.to_string_lossy();
    dice(&["empezar", "01", &ruta], "escríbelos tú", 0)?;
    // No hacer nada se nota, y dice qué capítulo lo cuenta.
    dice(&["comprobar", &ruta], "lo cuenta docs/01-echo.md", 1)?;
    let servidor = carpeta.0.join("src/servidor.rs");
    fs::write(&servidor, "fn main() { esto es mío }")?;
    dice(&["empezar", "4", &ruta], "no se toca", 0)?;
    assert_eq!(fs::read_to_string(&servidor)?, "fn main() { esto es mío }");
    // Lo que no compila se dice como lo dice el compilador.
    dice(&["comprobar", "01", &ruta], "src/servidor.rs:1:", 2)?;
    // En una carpeta con otras cosas, nada.
    let otra = Carpeta::new("con-fotos");
    fs::create_dir_all(&otra.0)?;
    fs::write(otra.0.join("foto.txt"), "")?;
    dice(&["empezar", "02", &otra.0.to_string_lossy()], "no está vacía", 2)
}

fn lo_que_no_se_entiende_se_dice() -> Result<(), Failed> {
    let dentro = Path::new(env!("CARGO_MANIFEST_DIR")).join("mi-chat");
    dice(&["--help"], "uso: taller", 0)?;
    dice(&["hola"], "esto no se entiende: «hola»", 2)?;
    dice(&["comprobar", "99", "x"], "no hay ningún", 2)?;
    dice(&["empezar", "15", "x"], "no hay ningún paso «15»", 2)?;
    dice(&["comprobar", "no-existe"], "no hay ningún Cargo.toml", 2)?;
    dice(&["empezar", "02", &dentro.to_string_lossy()], "dentro de este repositorio", 2)?;
    dice(&["comprobar", "--servidor", "x"], "hacen falta los dos", 2)?;
    dice(&["demo"], "falta de qué paso", 2)?;
    dice(&["experimento", "01.9"], "van de 01.1 a 01.3", 2)?;
    dice(&["ejercicio", "1.9", "x"], "van de 01.1 a 01.4", 2)?;
    dice(&["ejercicio", "02.3"], "falta la carpeta", 2)
}

fn lo_que_se_pide_decir_lo_dicen_los_pasos() -> Result<(), Failed> {
    let pasos = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../steps/04-salir-and-cleanup/src");
    let codigo = fs::read_to_string(pasos.join("servidor.rs"))?
        + &fs::read_to_string(pasos.join("cliente.rs"))?;
    for (_, _, texto) in TEXTOS {
        let escrito = [
            ("127.0.0.1:12345", "{}"),
            ("127.0.0.1", "{ip}"),
            ("50001", "{puerto}"),
            ("hola", "{mensaje}"),
        ];
        let escrito =
            escrito.iter().fold(texto.to_owned(), |texto, (uno, otro)| texto.replace(uno, otro));
        assert!(codigo.contains(&escrito), "el paso 04 no dice «{escrito}»");
    }
    Ok(())
}

fn un_ejercicio_se_empieza_y_se_comprueba() -> Result<(), Failed> {
    let carpeta = Carpeta::new("ejercicio");
    let ruta = carpeta.0.to_string_lossy();
    dice(&["ejercicio", "1.2", &ruta], "Este es el código del paso 01", 0)?;
    dice(&["ejercicio", "01.2", &ruta], "quizá porque el servidor no dice quién se va", 1)?;
    let servidor = carpeta.0.join("src/servidor.rs");
    let texto = fs::read_to_string(&servidor)?;
    let despedida = "    println!(\"cliente ('{ip}', {puerto}) desconectado\");\n    Ok(())\n}";
    fs::write(&servidor, texto.replace("    Ok(())\n}", despedida))?;
    dice(&["ejercicio", "01.2", &ruta], "Hecho.", 0)?;
    dice(&["ejercicio", "02.3", &ruta], "nadie puede comprobar por ti", 0)
}

fn un_experimento_no_toca_nada() -> Result<(), Failed> {
    let fichero = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../steps/01-echo/src/servidor.rs");
    let antes = fs::read_to_string(&fichero)?;
    dice(&["experimento", "01.3", "--sin-preguntar"], "error[E0382]", 0)?;
    dice(&["experimento", "01.2", "--sin-preguntar"], "(eco): el autor no recibe su línea", 0)?;
    assert_eq!(fs::read_to_string(&fichero)?, antes);
    Ok(())
}

/// Lo que se ve en cada demo con el paso anterior y con el suyo: cada cosa, solo en un lado.
const DEMOS: [(&str, &str, &str); PASOS.len()] = [
    ("01", "", "): hola\n"),
    ("02", "¿Y a B? no.", "¿Y a B? sí. ¿Se oyen uno a otro? no."),
    ("03", "¿Y a B? sí. ¿Se oyen uno a otro? no.", "¿Se oyen uno a otro? sí."),
    ("04", ": salir\n", "A ha terminado."),
    ("05", "AddrInUse", "¿hay otro servidor en marcha?"),
    ("06", "error: ", "aviso: por ahora no caben más clientes"),
    ("07", "Siguen esperando al teclado", "el servidor ha cerrado la conexión"),
    ("08", "su terminal se habría borrado", "se lee, y no borra nada"),
    ("09", "llegan a B: 1; el mayor tiene 3000", "llegan a B: 3; el mayor tiene 1024"),
    ("10", "", ": hola\n--- B"),
    ("11", "El servidor tiene 3 hilos.", "El servidor tiene 4 hilos."),
    ("12", "", ""),
    ("13", "C no lo ha leído", "C lo ha leído."),
    ("14", "", ""),
    ("final", "B no lo ha leído.", "B lo ha leído."),
];

fn ensenan(demos: &[(&str, &str, &str)]) -> Result<(), Failed> {
    for (paso, antes, despues) in demos {
        let (texto, codigo) = taller(&["demo", paso])?;
        let (uno, otro) = texto.split_once("===== Después: ").ok_or("no hay después")?;
        let dice = |lado: &str, que: &str| que.is_empty() || lado.contains(que);
        let solo_uno = antes.is_empty() || !otro.contains(antes);
        let solo_otro = despues.is_empty() || !uno.contains(despues);
        let bien = dice(uno, antes) && dice(otro, despues) && solo_uno && solo_otro;
        // Lo que se mide tiene que notarse de lejos.
        let medido = |lado: &str| {
            let (_, cifra) = lado.split_once("trabajado ").or(lado.split_once("a ocupar "))?;
            let fin = cifra.find(|c: char| !c.is_ascii_digit() && c != '.')?;
            let milesimas = cifra[fin..].starts_with("ms");
            let cifra: f64 = cifra[..fin].parse().ok()?;
            Some(if milesimas { cifra / 1000.0 } else { cifra })
        };
        let menos = match (medido(uno), medido(otro)) {
            (Some(uno), Some(otro)) => otro < uno / 2.0,
            _ => !cfg!(target_os = "linux") || !antes.is_empty() || !despues.is_empty(),
        };
        if !(bien && menos && codigo == Some(0)) {
            return Err(format!("la demo del {paso} no enseña lo suyo:\n{texto}").into());
        }
    }
    Ok(())
}

/// Cada vez que se guarda, se vuelve a mirar.
fn vigilar_vuelve_a_mirar() -> Result<(), Failed> {
    let carpeta = Carpeta::new("vigilada");
    empezar(&Paso::en(0), &carpeta.0)?;
    let mut hijo = Command::new(env!("CARGO_BIN_EXE_taller"))
        .args(["comprobar", "01", &carpeta.0.to_string_lossy(), "--vigilar"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lineas = BufReader::new(hijo.stdout.take().ok_or("sin tubería")?).lines();
    let mut hasta = |esperada: &str| {
        lineas.by_ref().map_while(Result::ok).any(|linea| linea.contains(esperada))
    };
    let visto = hasta("Se volverá a mirar") && {
        fs::write(carpeta.0.join("src/servidor.rs"), "fn main() { nada }")?;
        hasta("cannot find value `nada`")
    };
    hijo.kill()?;
    hijo.wait()?;
    if visto { Ok(()) } else { Err("no vuelve a mirar".into()) }
}
