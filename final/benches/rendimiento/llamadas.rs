//! Las llamadas al sistema de un servidor, contadas por `strace -c -f`.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::carga::{Carga, Clase};
use crate::informe::{alinear, cifra};
use crate::servidores::{FINAL, PASO_04, Servidor};

/// La carga: bastante gente para que se note quién escribe a cada uno cada vez.
const CARGA: Carga =
    Carga { nombre: "llamadas", clientes: 50, hablan: 10, atascados: 0, pausa: Duration::ZERO };
const MENSAJES: usize = 200;

/// Las que hacen menos que estas no se enseñan.
const POCAS: usize = 100;

/// Una tabla con las llamadas de los dos servidores que se comparan.
pub fn contar(servidores: &[Servidor]) -> anyhow::Result<String> {
    let cuenta = |nombre| {
        let servidor = servidores.iter().find(|servidor| servidor.es(nombre));
        contar_uno(servidor.context("falta un servidor")?)
    };
    let (final_, paso_04) = (cuenta(FINAL)?, cuenta(PASO_04)?);
    let mut nombres: Vec<&String> = final_.keys().chain(paso_04.keys()).collect();
    let veces =
        |cuenta: &BTreeMap<String, usize>, nombre: &str| cuenta.get(nombre).copied().unwrap_or(0);
    nombres.sort_by_key(|nombre| {
        (usize::MAX - veces(&paso_04, nombre).max(veces(&final_, nombre)), nombre.as_str())
    });
    nombres.dedup();
    let mut celdas = vec![["llamada", PASO_04, FINAL].map(str::to_owned)];
    let mut fila = |titulo: &str, del_04: f64, del_final: f64| {
        celdas.push([titulo.to_owned(), cifra(del_04), cifra(del_final)]);
    };
    for nombre in nombres {
        let (del_04, del_final) = (veces(&paso_04, nombre), veces(&final_, nombre));
        if del_04.max(del_final) >= POCAS {
            fila(&format!("`{nombre}`"), del_04 as f64, del_final as f64);
        }
    }
    let (total_04, total_final) = (paso_04.values().sum::<usize>(), final_.values().sum::<usize>());
    fila("todas", total_04 as f64, total_final as f64);
    let entregas = CARGA.entregas(MENSAJES) as f64;
    fila("todas, por entrega", total_04 as f64 / entregas, total_final as f64 / entregas);
    let titulo = format!(
        "{} clientes; {} dicen {MENSAJES} mensajes cada uno: {} entregas.",
        CARGA.clientes,
        CARGA.hablan,
        cifra(entregas)
    );
    Ok(format!("{titulo}\n\n{}", alinear(&celdas, 1)))
}

fn contar_uno(servidor: &Servidor) -> anyhow::Result<BTreeMap<String, usize>> {
    let fichero = std::env::temp_dir().join(format!("llamadas-{}.txt", std::process::id()));
    let vigilado = servidor.detras_de(&["strace", "-f", "-c", "-o", &fichero.to_string_lossy()]);
    let mut en_marcha = vigilado.arrancar(&CARGA, MENSAJES)?;
    let mut clase =
        Clase::entrar(&vigilado, &mut en_marcha, &CARGA).context("¿está instalado strace?")?;
    let medida = clase.hablar(MENSAJES)?;
    ensure!(medida.perdidos == 0, "con strace se han perdido mensajes");
    // strace cuenta cuando acaba aquel a quien vigila.
    let strace = en_marcha.pid();
    let hijos = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children"))?;
    let vigilado = hijos.split_whitespace().next().context("strace no vigila a nadie")?;
    Command::new("kill").args(["-TERM", vigilado]).status()?;
    en_marcha.esperar()?;
    let texto = fs::read_to_string(&fichero)?;
    fs::remove_file(&fichero)?;
    // % time, seconds, usecs/call, calls, errors (a veces), syscall
    let lineas = texto.lines().filter_map(|linea| {
        let campos: Vec<&str> = linea.split_whitespace().collect();
        let veces = campos.get(3)?.parse().ok()?;
        let nombre = campos.last().filter(|nombre| **nombre != "total")?;
        Some(((*nombre).to_owned(), veces))
    });
    Ok(lineas.collect())
}
