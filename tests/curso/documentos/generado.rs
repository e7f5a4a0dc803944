//! Lo que en el curso sale del código: el cambio de cada paso, lo que aún falla y las preguntas.

use std::fmt::Write;

use pruebas::tabla::{Casilla, Escenario, PASOS, TABLA};

use crate::SIN_DEUDA;
use crate::enlaces::ancla;
use curso::cambios::{Lugar, capitulos};
use curso::experimentos::experimentos;
use curso::pagina::{Pagina, nombres};
use curso::preguntas::{Prueba, preguntas};

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
    let mut indice = String::from(
        "\n\n| Número | Para | La pregunta | Dónde | Cómo se ve |\n|---|---|---|---|---|\n",
    );
    let mut predicciones =
        String::from("\n\n| Número | Qué se cambia | Cómo se ve |\n|---|---|---|\n");
    for (columna, capitulo) in capitulos.iter().enumerate() {
        let pagina = Pagina::leer(&capitulo.pagina);
        comprobar_apartados(&pagina, PASOS[columna]);
        let (paso, fichero) = (PASOS[columna], capitulo.pagina.trim_start_matches("docs/"));
        let preguntas = preguntas(capitulo).unwrap_or_else(|fallo| panic!("\n{fallo}"));
        for (i, una) in preguntas.iter().enumerate() {
            let numero = format!("{paso}.{}", i + 1);
            let (nivel, pregunta, titulo) = (una.nivel, &una.pregunta, ancla(&una.titulo));
            let (donde, como) = (donde(una.lugar.as_ref()), como_se_ve(&numero, &una.prueba));
            let enlace = format!("[{pregunta}]({fichero}#{titulo})");
            let _ = writeln!(indice, "| {numero} | {nivel} | {enlace} | {donde} | {como} |");
        }
        for (i, uno) in experimentos(&pagina).iter().enumerate() {
            let numero = format!("{paso}.{}", i + 1);
            let que = uno.enunciado.trim_end_matches(':').replace('\n', " ");
            let enlace = format!("[{que}]({fichero}#quita-una-línea)");
            let orden = format!("`cargo run --bin taller -- experimento {numero}`");
            let _ = writeln!(predicciones, "| {numero} | {enlace} | {orden} |");
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
    for (que, texto) in
        [("preguntas", indice), ("predicciones", predicciones), ("fallos", fallos_a_mano())]
    {
        let (inicio, fin) = (format!("<!-- {que} -->"), format!("<!-- fin: {que} -->"));
        Pagina::leer("docs/revision-oral.md").generado(&inicio, &fin, &format!("{texto}\n"));
    }
}

/// El fichero y las líneas de las que trata una pregunta, en una celda.
fn donde(lugar: Option<&Lugar>) -> String {
    let Some(Lugar { fichero, lineas }) = lugar else { return "lo que se quita".into() };
    let fichero = fichero.rsplit('/').next().unwrap_or_default();
    format!("`{fichero}` {}–{}", lineas.start, lineas.end - 1)
}

/// Con qué orden se ve que una respuesta es verdad, y quién nota que deja de serlo, en una celda.
fn como_se_ve(numero: &str, prueba: &Prueba) -> String {
    let quien = match prueba {
        Prueba::Concepto => return "concepto".into(),
        Prueba::QuitaUnaLinea(numero) => format!("«Quita una línea», {numero}"),
        Prueba::Cambio(cambio) => match (&cambio.no_compila, &cambio.notan[..]) {
            (Some(codigo), _) => format!("`{codigo}`"),
            (None, [(nombre, _), ..]) => format!("`{nombre}`"),
            (None, []) => format!("`{}`", cambio.cumplen[0]),
        },
    };
    format!("`cargo run --bin taller -- pregunta {numero}`: {quien}")
}

/// Los fallos que se pueden provocar delante de la clase, y qué hace con ellos cada paso.
fn fallos_a_mano() -> String {
    let mut texto =
        String::from("\n\n| El fallo | Cómo provocarlo | Qué hace cada paso |\n|---|---|---|\n");
    let fallos = Pagina::leer("docs/fallos.md");
    for fila in fallos.texto.lines().filter(|linea| linea.starts_with("| ")) {
        let columnas: Vec<&str> = fila.trim_end_matches(" |").split(" | ").collect();
        let [fallo, _, _, escenarios, manos] = columnas[..] else { continue };
        let escenario = nombres(escenarios).first().copied();
        let Some(escenario) = TABLA.iter().find(|uno| Some(uno.nombre) == escenario) else {
            continue;
        };
        if ["Solo con la prueba", "Con la clase", "Desde otro ordenador", "["]
            .iter()
            .any(|otro| manos.starts_with(otro))
        {
            continue;
        }
        let _ = writeln!(texto, "{fallo} | {manos} | {} |", por_pasos(escenario));
    }
    texto
}

/// `01–03: «…»; desde el 04, bien`.
fn por_pasos(escenario: &Escenario) -> String {
    let mut tramos: Vec<(usize, String)> = Vec::new();
    for columna in 0..PASOS.len() {
        let hace = match escenario.casilla(columna) {
            Casilla::Cumple => "bien".into(),
            Casilla::Falla(razon) => format!("«{razon}»"),
        };
        if tramos.last().is_none_or(|(_, ultimo)| *ultimo != hace) {
            tramos.push((columna, hace));
        }
    }
    let fines = tramos.iter().skip(1).map(|(desde, _)| *desde).chain([PASOS.len()]);
    let tramo = |((desde, hace), fin): (&(usize, String), usize)| match (*desde, fin) {
        (0, fin) if fin == PASOS.len() => format!("todos: {hace}"),
        (desde, fin) if fin == PASOS.len() => format!("desde {}: {hace}", PASOS[desde]),
        (desde, fin) if fin == desde + 1 => format!("{}: {hace}", PASOS[desde]),
        (desde, fin) => format!("{}–{}: {hace}", PASOS[desde], PASOS[fin - 1]),
    };
    tramos.iter().zip(fines).map(tramo).collect::<Vec<_>>().join("; ")
}

fn comprobar_apartados(pagina: &Pagina, paso: &str) {
    // Lo que se puede hacer con el taller es lo de este paso.
    for orden in ["empezar", "demo"] {
        let suya = format!("taller -- {orden} {paso}");
        assert!(pagina.texto.contains(&suya), "{}: falta «{suya}»", pagina.nombre);
    }
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
