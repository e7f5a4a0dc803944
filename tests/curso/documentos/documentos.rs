//! El README y los demás documentos, sujetos al código.

#[cfg(unix)]
mod captura;
mod enlaces;
#[cfg(unix)]
mod generado;
#[cfg(unix)]
mod guiones;
mod ordenes;

use std::fmt::Write;

use curso::ficheros::{documentos, leer, raiz};
use curso::pagina::{self, Pagina, turno};
use pruebas::tabla::{Casilla, Escenario, Necesita, PASOS, TABLA};

const INICIO: &str = "<!-- tabla: la escribe ACTUALIZAR=1 cargo test -p curso -->\n";
const FIN: &str = "<!-- fin de la tabla -->";

/// Los escenarios de los que ningún paso queda a deber nada: uno deja de cumplirse a propósito, y los
/// otros se cumplen siempre.
const SIN_DEUDA: [&str; 4] = ["eco", "uno_tras_otro", "envia_y_muestra", "direccion_de_siempre"];

const GANA: &str = "<!-- gana: lo escribe ACTUALIZAR=1 cargo test -p curso -->\n";
const FIN_GANA: &str = "<!-- fin de lo que gana -->";

/// La tabla de escenarios.
fn tabla() -> String {
    let mut texto =
        format!("| Escenario | {} |\n|---{}|\n", PASOS.join(" | "), "|:-:".repeat(PASOS.len()));
    for escenario in TABLA {
        let _ = write!(texto, "| {} (`{}`) |", escenario.frase, escenario.nombre);
        for casilla in (0..PASOS.len()).map(|columna| escenario.casilla(columna)) {
            texto.push_str(if casilla == Casilla::Cumple { " ✓ |" } else { " · |" });
        }
        texto.push('\n');
    }
    texto
}

#[test]
fn la_tabla_es_la_de_las_pruebas() {
    let _turno = turno();
    Pagina::leer("docs/escenarios.md").generado(INICIO, FIN, &tabla());
}

#[test]
fn las_ordenes_que_se_mandan_dar_existen() {
    ordenes::comprobar();
}

#[test]
fn los_nombres_que_se_citan_existen() {
    ordenes::comprobar_nombres();
}

#[test]
fn la_rubrica_prueba_cada_clausula_con_escenarios_que_final_cumple() {
    let rubrica = leer(&raiz().join("docs/rubrica.md"));
    for clausula in ["S1", "S2", "S3", "S4", "S5", "S6", "C1", "C2", "C3", "C4"] {
        let inicio = format!("| **{clausula}** ");
        let fila = rubrica.lines().find(|linea| linea.starts_with(&inicio));
        let fila = fila.unwrap_or_else(|| panic!("docs/rubrica.md no trata {clausula}"));
        assert!(
            fila.contains("../final/src/"),
            "docs/rubrica.md no dice dónde se cumple {clausula}"
        );
        let prueban =
            pagina::nombres(fila.trim_end_matches(" |").rsplit(" | ").next().unwrap_or(""));
        assert!(!prueban.is_empty(), "docs/rubrica.md no dice qué prueba {clausula}");
        for nombre in prueban {
            let escenario = TABLA.iter().find(|escenario| escenario.nombre == nombre);
            let cumple =
                escenario.is_some_and(|uno| uno.casilla(PASOS.len() - 1) == Casilla::Cumple);
            assert!(cumple, "docs/rubrica.md: final no cumple ningún «{nombre}»");
        }
    }
}

#[test]
fn se_dice_que_pruebas_no_se_hacen_en_todas_partes() {
    let pagina = leer(&raiz().join("docs/escenarios.md"));
    let (_, resto) = pagina.split_once("Lo que cambia:").expect("la página dice lo que cambia");
    let (cambia, _) = resto.split_once("\nY de los programas").expect("después va lo demás");
    for escenario in TABLA {
        let en_todas = matches!(escenario.necesita, Necesita::Nada | Necesita::Tuberias);
        let nombre = format!("`{}`", escenario.nombre);
        assert_eq!(
            !en_todas,
            cambia.contains(&nombre),
            "«Lo que cambia», en docs/escenarios.md: {nombre}"
        );
    }
    let largos = TABLA.iter().rev().take_while(|escenario| escenario.largo).count();
    assert!(
        pagina.contains("Las cuatro últimas tardan más") && largos == 4,
        "los largos son {largos}"
    );
}

#[test]
fn el_laboratorio_de_fallos_nombra_escenarios_que_existen() {
    let fallos = leer(&raiz().join("docs/fallos.md"));
    let mut nombrados = 0;
    for linea in fallos.lines().filter(|linea| linea.starts_with("| ")) {
        let linea = linea.replace("\\|", "");
        let columnas: Vec<&str> = linea.split(" | ").collect();
        let [_, _, _, escenarios, _] = columnas[..] else {
            panic!("esta fila de docs/fallos.md no tiene cinco columnas: {linea}");
        };
        for nombre in escenarios.split('`').skip(1).step_by(2) {
            let escenario = TABLA.iter().find(|escenario| escenario.nombre == nombre);
            let escenario = escenario.unwrap_or_else(|| panic!("no hay ningún «{nombre}»"));
            let asterisco = escenarios.contains(&format!("`{nombre}`*"));
            assert_eq!(asterisco, escenario.largo, "el asterisco de «{nombre}», en docs/fallos.md");
            nombrados += 1;
        }
    }
    assert!(nombrados > 30, "docs/fallos.md ya no nombra los escenarios: {nombrados}");
    for escenario in TABLA.iter().filter(|escenario| !SIN_DEUDA.contains(&escenario.nombre)) {
        let nombre = format!("`{}`", escenario.nombre);
        assert!(fallos.contains(&nombre), "docs/fallos.md no cuenta {nombre}");
    }
}

#[test]
fn los_enlaces_llevan_a_alguna_parte() {
    let _turno = turno();
    for documento in documentos() {
        enlaces::comprobar(&documento);
    }
}

/// Lo que sigue construye programas y los maneja con terminales. Los documentos son los mismos en
/// todas partes: basta con comprobarlos donde hay terminales.
#[cfg(unix)]
mod del_curso {
    use super::*;
    use curso::cambios::{Capitulo, capitulos};
    use curso::experimentos::{self, Experimento};
    use curso::preguntas::{Pregunta, Prueba, preguntas};
    use pagina::Clase;

    /// Los pasos, con la idea que dice su título y los escenarios que se cumplen desde él.
    #[test]
    fn el_readme_dice_que_gana_cada_paso() {
        let _turno = turno();
        let mut texto = String::from("| Paso | La idea | Lo que gana |\n|---|---|---|\n");
        for (columna, capitulo) in capitulos().iter().enumerate() {
            let titulo = leer(&raiz().join(&capitulo.pagina));
            let titulo = titulo.lines().next().unwrap_or_default().trim_start_matches("# ");
            let (_, idea) = titulo.split_once(": ").expect("un título dice el paso y la idea");
            let desde = |columna| {
                let cumple = |escenario: &&Escenario| {
                    (columna..PASOS.len()).all(|paso| escenario.casilla(paso) == Casilla::Cumple)
                };
                TABLA.iter().filter(cumple).map(|uno| uno.nombre).collect::<Vec<_>>()
            };
            let antes = if columna == 0 { Vec::new() } else { desde(columna - 1) };
            let gana = desde(columna).into_iter().filter(|nombre| !antes.contains(nombre));
            let gana: Vec<String> = gana.map(|nombre| format!("`{nombre}`")).collect();
            let gana = if gana.is_empty() { "ninguno se pierde".into() } else { gana.join(", ") };
            let (paso, pagina) = (PASOS[columna], &capitulo.pagina);
            let _ = writeln!(texto, "| [{paso}]({pagina}) | {idea} | {gana} |");
        }
        Pagina::leer("README.md").generado(GANA, FIN_GANA, &texto);
    }

    #[test]
    fn los_capitulos_cuentan_el_cambio_entero() {
        let _turno = turno();
        generado::comprobar();
    }

    /// `cargo test -p curso --test documentos tamano -- --nocapture` enseña cuánto cambia cada uno.
    #[test]
    fn el_tamano_de_cada_paso_cabe_en_una_clase() {
        let _turno = turno();
        for capitulo in capitulos() {
            if let Some(lineas) = capitulo.tamano() {
                println!("{lineas:>4} {}", capitulo.paquete);
                assert!(lineas <= 150, "{} cambia {lineas} líneas de código", capitulo.paquete);
            }
        }
    }

    #[test]
    fn las_pantallas_son_las_que_salen() {
        let _turno = turno();
        let mut apariciones = Vec::new();
        for capitulo in capitulos() {
            apariciones = guiones::comprobar(&capitulo.pagina);
        }
        let titulos = ["servidor", "cliente A, puerto 50001", "cliente B, puerto 50002"];
        let dibujo = captura::dibujar(&titulos, &apariciones);
        let nombre = "docs/captura.svg";
        if pagina::actualizar() {
            pagina::escribir(nombre, &dibujo);
        }
        let actual = leer(&raiz().join(nombre));
        assert!(actual == dibujo, "{nombre} ha cambiado; la reescribe: {}", pagina::ORDEN);
    }

    #[test]
    fn lo_que_se_ve_en_el_readme_es_lo_del_ultimo_capitulo() {
        let _turno = turno();
        let readme = Pagina::leer("README.md");
        let capitulo = Pagina::leer("docs/final.md");
        let se_ve = readme.seccion("Qué se ve").expect("el README enseña qué se ve");
        let pantallas: Vec<_> =
            se_ve.iter().filter(|bloque| bloque.clase == Clase::Codigo("text".into())).collect();
        assert_eq!(pantallas.len(), 2, "la del servidor y la de un cliente");
        for pantalla in pantallas {
            let lugar = readme.lugar(pantalla);
            assert!(capitulo.texto.contains(&pantalla.texto), "{lugar}: ya no es lo que sale");
        }
    }

    /// Los conceptos son, como mucho, la tercera parte; y lo que prueba otro cambio está donde se dice.
    #[test]
    fn cada_respuesta_se_prueba() {
        let (mut todas, mut conceptos) = (0, 0);
        for capitulo in capitulos() {
            let cambios = experimentos::experimentos(&Pagina::leer(&capitulo.pagina)).len();
            for pregunta in preguntas(&capitulo).unwrap_or_else(|fallo| panic!("\n{fallo}")) {
                todas += 1;
                match pregunta.prueba {
                    Prueba::Concepto => conceptos += 1,
                    Prueba::QuitaUnaLinea(numero) => {
                        assert!((1..=cambios).contains(&numero), "{}: {numero}", capitulo.pagina);
                    }
                    Prueba::Cambio(_) => {}
                }
            }
        }
        println!("{todas} preguntas, {conceptos} de concepto");
        assert!(3 * conceptos <= todas, "{conceptos} conceptos de {todas}");
    }

    /// Lo que se ve sin tardar: dos cambios de cada capítulo, de los que no compilan o cuentan poco.
    #[test]
    fn dos_respuestas_de_cada_capitulo() {
        let fallos = experimentos::comprobar(capitulos().iter().flat_map(rapidas).collect());
        assert!(fallos.is_empty(), "\n{fallos}");
    }

    fn rapidas(capitulo: &Capitulo) -> Vec<Experimento> {
        let mut suyas = cambios_de(capitulo);
        // Las pruebas de cada pieza hay que construirlas también, y alguna solo lo nota porque no acaba.
        suyas.retain(|uno| !uno.notan.iter().any(|(nombre, _)| nombre.contains("::")));
        suyas.sort_by_key(|uno| (uno.no_compila.is_none(), uno.notan.len() + uno.cumplen.len()));
        suyas.truncate(2);
        suyas
    }

    fn cambios_de(capitulo: &Capitulo) -> Vec<Experimento> {
        let preguntas = preguntas(capitulo).unwrap_or_else(|fallo| panic!("\n{fallo}"));
        let cambio = |pregunta: Pregunta| match pregunta.prueba {
            Prueba::Cambio(cambio) => Some(*cambio),
            _ => None,
        };
        preguntas.into_iter().filter_map(cambio).collect()
    }

    /// `CAPITULO=03 cargo test -p curso -- --ignored cambios` hace solo los de ese.
    #[test]
    #[ignore = "hace unos cien cambios en copias: cargo test -p curso -- --ignored"]
    fn todos_los_cambios() {
        let solo = std::env::var("CAPITULO").unwrap_or_default();
        let capitulos = capitulos().into_iter();
        let cambios = capitulos.filter(|uno| uno.pagina.contains(&solo)).flat_map(|capitulo| {
            let mut suyos = experimentos::experimentos(&Pagina::leer(&capitulo.pagina));
            suyos.extend(cambios_de(&capitulo));
            suyos
        });
        let fallos = experimentos::comprobar(cambios.collect());
        assert!(fallos.is_empty(), "\n{fallos}");
    }
}
