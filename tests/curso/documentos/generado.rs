//! Lo que en el curso sale del código: el cambio de cada paso, lo que aún falla y las preguntas.

use std::fmt::Write;

use pruebas::tabla::{Casilla, Escenario, PASOS, TABLA};

use crate::SIN_DEUDA;
use crate::enlaces::ancla;
use curso::cambios::capitulos;
use curso::pagina::{Pagina, nombres};
use curso::preguntas::{Pregunta, Prueba, preguntas};

/// Los apartados de un capítulo, y su orden. El cambio se llama de otra manera en el primero y en
/// el último.
const APARTADOS: [&str; 8] = [
    "En una frase",
    "El mapa",
    "Pruébalo",
    "Lo que aún falla",
    "Quita una línea",
    "Ejercicios",
    "Para quien da la clase",
    "Los ficheros, enteros",
];

pub fn comprobar() {
    let mut fallos = String::new();
    let capitulos = capitulos();
    for capitulo in &capitulos {
        if let Err(fallo) = capitulo.comprobar_bloques() {
            let _ = writeln!(fallos, "{fallo}");
        }
    }
    assert!(fallos.is_empty(), "\n{fallos}");
    let mut indice =
        String::from("\n| | La pregunta | Qué cambia | Lo prueba |\n|---|---|---|---|\n");
    for (columna, capitulo) in capitulos.iter().enumerate() {
        comprobar_apartados(&Pagina::leer(&capitulo.pagina));
        let preguntas = preguntas(capitulo).unwrap_or_else(|fallo| panic!("\n{fallo}"));
        for (i, Pregunta { lugar, titulo, pregunta, prueba }) in preguntas.iter().enumerate() {
            let fichero = capitulo.pagina.trim_start_matches("docs/");
            let (numero, prueba) = (format!("{}.{}", PASOS[columna], i + 1), lo_prueba(prueba));
            let destino = format!("{fichero}#{}", ancla(titulo));
            let _ = writeln!(indice, "| {numero} | [{pregunta}]({destino}) | {lugar} | {prueba} |");
        }
        let marca = format!("<!-- pendientes: {} -->", PASOS[columna]);
        Pagina::leer(&capitulo.pagina).generado(
            &marca,
            "<!-- fin de los pendientes -->",
            &pendientes(columna),
        );
        Pagina::leer(&capitulo.pagina).generado(
            "<!-- ficheros -->\n",
            "<!-- fin de los ficheros -->",
            &capitulo.enteros(),
        );
    }
    Pagina::leer("docs/final.md").generado(
        "<!-- cifras -->",
        "<!-- fin de las cifras -->",
        &cifras(),
    );
    Pagina::leer("docs/revision-oral.md").generado(
        "<!-- preguntas -->",
        "<!-- fin de las preguntas -->",
        &format!("\n{indice}\n"),
    );
}

/// Quién nota que una respuesta deja de ser verdad, en una celda.
fn lo_prueba(prueba: &Prueba) -> String {
    match prueba {
        Prueba::Concepto => "concepto".into(),
        Prueba::QuitaUnaLinea(numero) => format!("«Quita una línea», {numero}"),
        Prueba::Cambio(cambio) => match (&cambio.no_compila, &cambio.notan[..]) {
            (Some(codigo), _) => format!("`{codigo}`"),
            (None, [(nombre, _), ..]) => format!("`{nombre}`"),
            (None, []) => format!("`{}`", cambio.cumplen[0]),
        },
    }
}

fn comprobar_apartados(pagina: &Pagina) {
    let mut anterior = 0;
    for apartado in APARTADOS {
        let sitio = pagina.texto.find(&format!("\n## {apartado}\n"));
        let sitio = sitio.unwrap_or_else(|| panic!("{}: falta «{apartado}»", pagina.nombre));
        assert!(sitio > anterior, "{}: «{apartado}» no está en su sitio", pagina.nombre);
        anterior = sitio;
    }
}

/// Lo que un paso aún no hace: por qué, qué paso lo arregla y cómo verlo.
fn pendientes(columna: usize) -> String {
    let fallos = Pagina::leer("docs/fallos.md");
    let con_deuda = TABLA.iter().filter(|escenario| !SIN_DEUDA.contains(&escenario.nombre));
    let arregla = |escenario: &Escenario| {
        let cumple = |paso: &usize| escenario.casilla(*paso) == Casilla::Cumple;
        (columna..PASOS.len()).find(cumple).expect("alguien lo arregla")
    };
    let deudas: Vec<_> = con_deuda
        .filter_map(|escenario| match escenario.casilla(columna) {
            Casilla::Falla(razon) => Some((escenario, razon)),
            Casilla::Cumple => None,
        })
        .collect();
    if deudas.is_empty() {
        return "\n\nDe la tabla de escenarios, nada: este paso los cumple todos.\n\n".into();
    }
    let cercanas: Vec<_> =
        deudas.iter().filter(|(escenario, _)| arregla(escenario) <= columna + 3).collect();
    let todos = format!("[de {} en total](escenarios.md)", deudas.len());
    if cercanas.is_empty() {
        return format!(
            "\n\nNinguno de los tres pasos siguientes arregla un escenario más, {todos}.\n\n"
        );
    }
    let mut texto = format!(
        "\n\n<details>\n<summary>Lo que arreglan los tres pasos siguientes, y cómo verlo ({} \
         escenarios)</summary>\n\nSon {} {todos}. Las órdenes son las del [laboratorio de \
         fallos](fallos.md), con los programas de este paso. «Qué pasa aquí» es lo que ve la prueba, que usa \
         varios clientes a la vez: con uno solo, algunas salen bien.\n\n| Escenario | Qué pasa aquí | Lo \
         arregla | A mano |\n|---|---|---|---|\n",
        cercanas.len(),
        cercanas.len(),
    );
    for (escenario, razon) in cercanas {
        let manos = a_mano(&fallos.texto, escenario.nombre);
        let (frase, nombre, paso) = (escenario.frase, escenario.nombre, PASOS[arregla(escenario)]);
        let _ = writeln!(texto, "| {frase} (`{nombre}`) | {razon} | {paso} | {manos} |");
    }
    texto + "\n</details>\n\n"
}

/// Cómo se provoca, según el laboratorio de fallos.
fn a_mano<'a>(fallos: &'a str, nombre: &str) -> &'a str {
    let filas = fallos.lines().filter(|linea| linea.starts_with("| "));
    for fila in filas {
        let columnas: Vec<&str> = fila.trim_end_matches(" |").split(" | ").collect();
        match columnas[..] {
            [.., escenarios, manos] if nombres(escenarios).contains(&nombre) => return manos,
            _ => {}
        }
    }
    panic!("docs/fallos.md no cuenta «{nombre}»")
}

/// Lo que cuesta crecer, según lo medido en `docs/rendimiento.md`.
fn cifras() -> String {
    let medido = Pagina::leer("docs/rendimiento.md");
    let filas = medido.texto.lines().filter(|linea| linea.starts_with("| "));
    let filas =
        filas.map(|linea| linea.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let mut texto = String::from(
        "\n\nLo [medido](rendimiento.md#lo-medido) con `final`: diez clientes hablan y los demás callan (con `≥`, quien \
         no daba más de sí era el programa que hace de todos ellos):\n\n| Clientes | Entregas por segundo | Procesador por entrega \
         |\n|---:|---:|---:|\n",
    );
    let mut kib = None;
    for fila in filas {
        match fila[..] {
            [carga, "entregas/s", ritmo, ..] if carga.starts_with("crecimiento") => {
                let clientes = carga.trim_start_matches("crecimiento, ");
                let _ = write!(texto, "| {clientes} | {ritmo} ");
            }
            [carga, "CPU µs", procesador, ..] if carga.starts_with("crecimiento") => {
                let _ = writeln!(texto, "| {procesador} µs |");
            }
            ["quietos", "KiB/cliente", medido, ..] => kib = Some(medido),
            _ => {}
        }
    }
    let kib = kib.expect("docs/rendimiento.md mide a los quietos");
    let cada_uno: f64 = kib.replace(',', ".").parse().expect("la memoria es un número");
    let mib = (cada_uno * 10_000.0 / 1024.0).round();
    let _ = write!(
        texto,
        "\nUn cliente callado ocupa {kib} KiB en el proceso del servidor: diez mil, unos {mib} MiB, más lo \
         que el sistema guarda de cada hilo y de cada socket.\n\n"
    );
    texto
}
