//! Las llamadas al sistema de un servidor, contadas por `strace -c -f`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::carga::{Carga, Clase};
use crate::informe::{alinear, cifra, entero};
use crate::servidores::{FINAL, PASO_04, Servidor};

/// Los mensajes de cada uno que habla: con prisa, todos de una vez; en el aula, 10 por segundo.
const MENSAJES_PRISA: usize = 200;
const MENSAJES_AULA: usize = 50;

/// Las que hacen menos que estas no se enseñan.
const POCAS: usize = 1000;

type Cuenta = BTreeMap<String, usize>;

/// Falla si aquí no se pueden contar.
pub fn comprobar() -> anyhow::Result<()> {
    let strace = Command::new("strace").arg("-V").stdout(Stdio::null()).status();
    ensure!(strace.is_ok_and(|estado| estado.success()), "hace falta strace, y con él Linux");
    Ok(())
}

/// Una tabla con las llamadas de los dos servidores que se comparan, con prisa y sin ella.
pub fn contar(servidores: &[Servidor]) -> anyhow::Result<String> {
    let prisa = Carga::sin_pausa("prisa", 50, 10);
    let pausa = Duration::from_millis(100);
    let aula = Carga { pausa, ..Carga::sin_pausa("aula", 30, 30) };
    let columna = |nombre: &str, carga, mensajes| {
        let servidor = servidores.iter().find(|servidor| servidor.nombre == nombre);
        contar_uno(servidor.context("falta un servidor")?, carga, mensajes)
    };
    let cuentas = [
        columna(PASO_04, &prisa, MENSAJES_PRISA)?,
        columna(FINAL, &prisa, MENSAJES_PRISA)?,
        columna(PASO_04, &aula, MENSAJES_AULA)?,
        columna(FINAL, &aula, MENSAJES_AULA)?,
    ];
    let entregas = [prisa.entregas(MENSAJES_PRISA), aula.entregas(MENSAJES_AULA)];
    let cabecera = "llamada|paso 04, prisa|final, prisa|paso 04, aula|final, aula";
    let mut celdas = vec![cabecera.split('|').map(str::to_owned).collect()];
    let nombres: BTreeSet<&String> = cuentas.iter().flat_map(Cuenta::keys).collect();
    for nombre in nombres {
        let veces = cuentas.each_ref().map(|cuenta| cuenta.get(nombre).copied().unwrap_or(0));
        if veces.iter().any(|veces| *veces >= POCAS) {
            celdas.push(fila(&format!("`{nombre}`"), veces.map(entero)));
        }
    }
    let todas = cuentas.each_ref().map(|cuenta| cuenta.values().sum::<usize>());
    celdas.push(fila("todas", todas.map(entero)));
    let medias = [0, 1, 2, 3].map(|i| cifra(todas[i] as f64 / entregas[i / 2] as f64));
    celdas.push(fila("todas, por entrega", medias));
    Ok(format!(
        "Con prisa, {} clientes, y {} envían de una vez {MENSAJES_PRISA} mensajes cada uno: {} \
         entregas. En el aula, {} clientes dicen {MENSAJES_AULA} mensajes cada uno, 10 por segundo: \
         {} entregas.\n\n{}",
        prisa.clientes,
        prisa.hablan,
        entero(entregas[0]),
        aula.clientes,
        entero(entregas[1]),
        alinear(&celdas, 1)
    ))
}

fn fila(titulo: &str, celdas: [String; 4]) -> Vec<String> {
    [titulo.to_owned()].into_iter().chain(celdas).collect()
}

fn contar_uno(servidor: &Servidor, carga: &Carga, mensajes: usize) -> anyhow::Result<Cuenta> {
    let fichero = std::env::temp_dir().join(format!("llamadas-{}.txt", std::process::id()));
    let vigilado = servidor.detras_de(&["strace", "-f", "-c", "-o", &fichero.to_string_lossy()]);
    let mut en_marcha = vigilado.arrancar()?;
    let hablado = Clase::entrar(&vigilado, &mut en_marcha, carga)
        .and_then(|mut clase| clase.hablar(mensajes));
    // strace cuenta cuando acaba aquel a quien vigila.
    let strace = en_marcha.pid();
    let hijos = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children"))?;
    let vigilado = hijos.split_whitespace().next().context("strace no vigila a nadie")?;
    Command::new("kill").args(["-TERM", vigilado]).status()?;
    en_marcha.esperar()?;
    let texto = fs::read_to_string(&fichero)?;
    fs::remove_file(&fichero)?;
    ensure!(hablado?.perdidos == 0, "con strace se han perdido mensajes");
    // % time, seconds, usecs/call, calls, errors (a veces), syscall
    let lineas = texto.lines().filter_map(|linea| {
        let campos: Vec<&str> = linea.split_whitespace().collect();
        let veces = campos.get(3)?.parse().ok()?;
        let nombre = campos.last().filter(|nombre| **nombre != "total")?;
        Some(((*nombre).to_owned(), veces))
    });
    Ok(lineas.collect())
}
