//! Las llamadas al sistema de un servidor, contadas por `strace -c -f`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::iter::once;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::carga::{Carga, Clase};
use crate::informe::{alinear, cifra, entero};
use crate::servidores::{FINAL, PASO_04, Servidor};

/// Las que hacen menos que estas no se enseñan.
const POCAS: usize = 1000;

type Cuenta = BTreeMap<String, usize>;

/// Una tabla con las llamadas de los dos servidores que se comparan, con prisa y sin ella.
pub fn contar(servidores: &[Servidor]) -> anyhow::Result<String> {
    let pausa = Duration::from_millis(100);
    let aula = Carga { pausa, ..Carga::sin_pausa("aula", 30, 30) };
    let mut cuentas = Vec::new();
    for (carga, mensajes) in [(Carga::sin_pausa("prisa", 50, 10), 200), (aula, 50)] {
        for nombre in [PASO_04, FINAL] {
            let servidor = servidores.iter().find(|servidor| servidor.nombre == nombre);
            let cuenta = contar_uno(servidor.context("falta un servidor")?, &carga, mensajes)?;
            cuentas.push((cuenta, carga.entregas(mensajes) as f64));
        }
    }
    let mut celdas = Vec::new();
    let mut fila = |titulo: String, valor: &dyn Fn(&(Cuenta, f64)) -> String| {
        celdas.push(once(titulo).chain(cuentas.iter().map(valor)).collect());
    };
    let nombres: BTreeSet<&String> = cuentas.iter().flat_map(|(cuenta, _)| cuenta.keys()).collect();
    for nombre in nombres {
        let veces = |(cuenta, _): &(Cuenta, f64)| cuenta.get(nombre).copied().unwrap_or(0);
        if cuentas.iter().any(|cuenta| veces(cuenta) >= POCAS) {
            fila(format!("`{nombre}`"), &|cuenta| entero(veces(cuenta)));
        }
    }
    fila("todas, por entrega".to_owned(), &|(cuenta, entregas)| {
        cifra(cuenta.values().sum::<usize>() as f64 / entregas)
    });
    let titulos = ["llamada", "paso 04, prisa", "final, prisa", "paso 04, aula", "final, aula"];
    Ok(format!(
        "Las llamadas al sistema. Con prisa, 50 clientes, y 10 dicen 200 mensajes cada uno sin pausa; \
         en el aula, 30 clientes dicen 50 mensajes cada uno, 10 por segundo.\n\n{}",
        alinear(titulos, 1, celdas)
    ))
}

fn contar_uno(servidor: &Servidor, carga: &Carga, mensajes: usize) -> anyhow::Result<Cuenta> {
    let fichero = std::env::temp_dir().join(format!("llamadas-{}.txt", std::process::id()));
    let vigilado =
        servidor.detras_de(&["strace", "-fcUname,calls", "-o", &fichero.to_string_lossy()]);
    let mut en_marcha = vigilado.arrancar()?;
    let hablado = Clase::entrar(&vigilado, &mut en_marcha, carga)
        .and_then(|mut clase| clase.hablar(mensajes));
    // strace cuenta cuando acaba aquel a quien vigila.
    let strace = en_marcha.hijo.id();
    let hijos = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children"))?;
    let vigilado = hijos.split_whitespace().next().context("strace no vigila a nadie")?;
    Command::new("kill").args(["-TERM", vigilado]).status()?;
    en_marcha.hijo.wait()?;
    let texto = fs::read_to_string(&fichero)?;
    fs::remove_file(&fichero)?;
    ensure!(hablado?.perdidos == 0, "con strace se han perdido mensajes");
    let lineas = texto.lines().filter_map(|linea| linea.trim().split_once(' '));
    let cuenta =
        lineas.filter_map(|(nombre, veces)| Some((nombre.to_owned(), veces.trim().parse().ok()?)));
    Ok(cuenta.filter(|(nombre, _)| nombre != "total").collect())
}
