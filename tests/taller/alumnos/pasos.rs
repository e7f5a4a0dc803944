//! El código de cada paso cumple lo suyo y no lo del siguiente; cada error de quien lo escribe lo cuenta el
//! escenario que trata de él; y sus ejercicios, que sin hacer nada no se cumplen, se cumplen con su
//! solución, que no estropea nada más que lo que dice.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use pruebas::escena::Fallo;
use pruebas::tabla::{Escenario, PASOS, TABLA};
use taller::Paso;
use taller::comprobar::{Falta, Programas};
use taller::ejercicio::Ejercicio;
use taller::ejercicio::comprobaciones::COMPROBACIONES;
use taller::empezar::empezar;

use crate::errores::{ERRORES, Error};
use crate::{Carpeta, examina, hay};

/// Lo que se espera a lo que no ha de llegar, y a lo que sí.
const POCO: Duration = Duration::from_secs(3);
const MUCHO: Duration = Duration::from_secs(20);

/// Los que inundan: gastan casi todo el procesador, y ninguna solución los toca. Se miran con el código del
/// paso, y no otra vez con cada ejercicio.
const INUNDAN: [&str; 9] = [
    "bytes_al_azar",
    "lector_lento",
    "linea_sin_fin",
    "cliente_que_no_lee",
    "lector_lento_aparte",
    "sordos_que_vuelven",
    "pantalla_congelada",
    "cierre_con_pantalla_congelada",
    "ctrl_c_en_plena_avalancha",
];

/// Los pasos en los que basta un momento para verlo todo.
const POCOS: usize = 4;

/// Los escenarios que se ven a la vez.
const A_LA_VEZ: usize = 4;

/// Una por paso.
pub(crate) fn pruebas() -> Vec<Trial> {
    let mut pruebas = vec![Trial::test("cada_ejercicio_con_lo_suyo", cada_ejercicio_con_lo_suyo)];
    let hay_git = hay("git");
    if !hay_git {
        eprintln!("aviso: las soluciones se aplican con git, y no lo hay: no se prueban");
    }
    pruebas.extend(PASOS.iter().enumerate().map(|(columna, paso)| {
        let prueba = move || paso_a_paso(&Paso::en(columna), hay_git);
        Trial::test(format!("pasos::{paso}"), prueba).with_ignored_flag(true)
    }));
    pruebas
}

/// Cada comprobación es de un ejercicio, y tiene solución; los demás son abiertos, y son pocos.
fn cada_ejercicio_con_lo_suyo() -> Result<(), Failed> {
    let ejercicios: Vec<_> =
        (0..PASOS.len()).flat_map(|uno| Ejercicio::de(&Paso::en(uno))).collect();
    for ejercicio in &ejercicios {
        let con_solucion = ejercicio.solucion.is_some();
        if ejercicio.comprobacion().is_some() != con_solucion {
            return Err(
                format!("{}: solución sin comprobación, o al revés", ejercicio.nombre).into()
            );
        }
    }
    let abiertos = ejercicios.iter().filter(|uno| uno.solucion.is_none()).count();
    assert_eq!(COMPROBACIONES.len(), ejercicios.len() - abiertos, "sobra alguna comprobación");
    assert!(abiertos * 5 <= ejercicios.len(), "{abiertos} abiertos de {}", ejercicios.len());
    Ok(())
}

/// Todo lo de un paso, en la misma carpeta: construir es lo que más tarda.
fn paso_a_paso(paso: &Paso, con_soluciones: bool) -> Result<(), Failed> {
    let carpeta = Carpeta::new(&format!("paso-{}", paso.nombre()));
    let siguiente = (paso.columna + 1 < PASOS.len()).then(|| Paso::en(paso.columna + 1));
    let mut ejercicios = Ejercicio::de(paso);
    match &siguiente {
        Some(siguiente) => empezar(siguiente, &carpeta.0).map(drop)?,
        None => ejercicios[0].empezar(&carpeta.0).map(drop)?,
    }
    let programas = Programas::construidos(&carpeta.0)?;
    examina(&programas, paso, &[])?;
    if let Some(siguiente) = &siguiente {
        let faltan: Vec<_> = siguiente.gana().map(|uno| uno.nombre).collect();
        // Donde no se gana nada, se pide lo mismo, y ya se ha mirado.
        if siguiente.gana().chain(siguiente.pierde()).next().is_some() {
            examina(&programas, siguiente, &faltan)?;
        }
    }
    for error in ERRORES.iter().filter(|uno| uno.paso == paso.nombre()) {
        cuenta_el_error(error, paso, &carpeta.0).map_err(|fallo| {
            format!("{}: {}", error.nombre, fallo.message().unwrap_or_default())
        })?;
    }
    ejercicios.retain(|uno| con_soluciones && uno.solucion.is_some());
    for ejercicio in &ejercicios {
        if hecho(&programas, ejercicio, POCO).is_ok() {
            return Err(format!("{}: está hecho sin hacer nada", ejercicio.nombre).into());
        }
    }
    let mut fallos = String::new();
    for ejercicio in &ejercicios {
        aplicar(ejercicio, &carpeta.0, &[])?;
        if let Err(fallo) = con_su_solucion(ejercicio, paso, &carpeta.0) {
            let _ = writeln!(fallos, "{}: {fallo}", ejercicio.nombre);
        }
        aplicar(ejercicio, &carpeta.0, &["--reverse"])?;
    }
    if fallos.is_empty() { Ok(()) } else { Err(fallos.into()) }
}

fn escenario(nombre: &&str) -> &'static Escenario {
    TABLA.iter().find(|uno| uno.nombre == *nombre).expect("un escenario de la tabla")
}

/// Comete el error, mira si lo cuenta quien debe, y lo arregla.
fn cuenta_el_error(error: &Error, paso: &Paso, carpeta: &Path) -> Result<(), Failed> {
    if error.lo_cuenta.iter().all(|nombre| escenario(nombre).necesita.modos().is_empty()) {
        return Ok(());
    }
    let fichero = carpeta.join(error.fichero);
    let texto = fs::read_to_string(&fichero)?;
    assert_eq!(texto.matches(error.bien).count(), 1, "{}: {}", error.nombre, error.bien);
    fs::write(&fichero, texto.replace(error.bien, error.mal))?;
    let programas = Programas::construidos(carpeta)?;
    if paso.columna < POCOS {
        examina(&programas, paso, error.lo_cuenta)?;
    } else if los_que_fallan(&programas, error.lo_cuenta.iter().map(escenario), |_| true).is_empty()
    {
        return Err("no lo cuenta nadie".into());
    }
    Ok(fs::write(&fichero, texto)?)
}

fn con_su_solucion(ejercicio: &Ejercicio, paso: &Paso, carpeta: &Path) -> Result<(), String> {
    let programas = Programas::construidos(carpeta)?;
    hecho(&programas, ejercicio, MUCHO)?;
    let esta = |lista: &[String], nombre: &str| lista.iter().any(|uno| uno == nombre);
    let previsto =
        |nombre: &str| esta(&ejercicio.cambia, nombre) || esta(&ejercicio.puede_cambiar, nombre);
    let tranquilos = paso.pide().filter(|uno| !INUNDAN.contains(&uno.nombre));
    let mut fallan = los_que_fallan(&programas, tranquilos, previsto);
    fallan.retain(|nombre, _| !esta(&ejercicio.puede_cambiar, nombre));
    let mut previstos: BTreeSet<_> = ejercicio.cambia.iter().map(String::as_str).collect();
    previstos.retain(|nombre| !INUNDAN.contains(nombre));
    if fallan.keys().eq(&previstos) {
        return Ok(());
    }
    Err(format!("debían fallar {previstos:?}, y fallan {fallan:#?}"))
}

fn hecho(programas: &Programas, ejercicio: &Ejercicio, paciencia: Duration) -> Result<(), String> {
    let comprobacion = ejercicio.comprobacion().ok_or("no tiene comprobación")?;
    let visto = programas.ver(comprobacion.necesita, comprobacion.prueba, paciencia);
    visto.map_err(|falta| format!("{:?}", falta.fallo))
}

/// Aplica la solución, o la quita.
fn aplicar(ejercicio: &Ejercicio, carpeta: &Path, opciones: &[&str]) -> Result<(), Failed> {
    let solucion = ejercicio.solucion.as_deref().unwrap_or_default();
    let mut git = Command::new("git")
        .arg("apply")
        .args(opciones)
        .current_dir(carpeta)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    git.stdin.take().ok_or("sin tubería")?.write_all(solucion.as_bytes())?;
    let salida = git.wait_with_output()?;
    if salida.status.success() {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&salida.stderr).into_owned();
    Err(format!("{}: la solución no se puede aplicar: {error}", ejercicio.nombre).into())
}

/// De estos escenarios, los que no se cumplen, y por qué. A lo que se prevé que falle no se le espera mucho.
fn los_que_fallan(
    programas: &Programas,
    escenarios: impl Iterator<Item = &'static Escenario>,
    previsto: impl Fn(&str) -> bool + Sync,
) -> BTreeMap<&'static str, Fallo> {
    let por_ver: Mutex<Vec<&'static Escenario>> = Mutex::new(escenarios.collect());
    let fallan = Mutex::new(BTreeMap::new());
    let siguiente = || por_ver.lock().expect("nadie entra en pánico").pop();
    thread::scope(|hilos| {
        for _ in 0..A_LA_VEZ {
            hilos.spawn(|| {
                while let Some(escenario) = siguiente() {
                    let paciencia = if previsto(escenario.nombre) { POCO } else { MUCHO };
                    let visto = programas.ver(escenario.necesita, escenario.prueba, paciencia);
                    if let Err(Falta { fallo, .. }) = visto {
                        let mut fallan = fallan.lock().expect("nadie entra en pánico");
                        fallan.insert(escenario.nombre, fallo);
                    }
                }
            });
        }
    });
    let mut fallan = fallan.into_inner().expect("nadie entra en pánico");
    // Algunos cuentan con un ordenador que no esté haciendo lo de los demás: se miran otra vez, a solas.
    fallan.retain(|nombre, _| {
        let Escenario { necesita, prueba, .. } = escenario(nombre);
        previsto(nombre) || programas.ver(*necesita, *prueba, MUCHO).is_err()
    });
    fallan
}
