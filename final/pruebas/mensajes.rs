//! De bytes a mensajes: ejemplos, todas las lecturas posibles y entradas al
//! azar.

use proptest::prelude::*;

use chat::mensajes::Silencios::{Terminan, TerminanHastaUnaLinea};
use chat::mensajes::{Cortador, Mensaje, es_salir, visible};

/// ¿Obedecería un terminal a este carácter?
fn manda(caracter: char) -> bool {
    const BIDI_Y_SEPARADORES: &str = "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\
         \u{2066}\u{2067}\u{2068}\u{2069}\u{2028}\u{2029}";
    let control = caracter.is_control() && caracter != '\t';
    control || BIDI_Y_SEPARADORES.contains(caracter)
}

/// Los mensajes que salen de estas lecturas y del fin de la conexión.
fn mensajes<'a>(
    maximo: usize,
    lecturas: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<String> {
    let mut cortador = Cortador::new(maximo, TerminanHastaUnaLinea);
    let mut salida = Vec::new();
    let mut anota =
        |mensaje: Mensaje<'_>| salida.push(mensaje.texto.into_owned());
    for lectura in lecturas {
        cortador.recibir(lectura, &mut anota);
    }
    cortador.fin(&mut anota);
    salida
}

#[test]
fn cada_fin_de_linea_termina_un_mensaje() {
    for (entrada, esperados) in [
        ("hola\n", vec!["hola"]),
        ("hola\r\n", vec!["hola"]),
        ("hola", vec!["hola"]),
        ("a\nb\r\nc", vec!["a", "b", "c"]),
        (" dos  espacios \n", vec![" dos  espacios "]),
        ("\n \t\r\n\u{a0}\n", vec![]),
        ("a\rb\r\r\n", vec!["a\\u{d}b\\u{d}"]),
        ("", vec![]),
    ] {
        assert_eq!(
            mensajes(64, [entrada.as_bytes()]),
            esperados,
            "con {entrada:?}"
        );
    }
}

#[test]
fn una_linea_larga_sale_en_trozos_que_no_rompen_ni_pierden_nada() {
    for (entrada, esperados) in [
        // Justo el máximo: sale como trozo en cuanto se sabe que no hay sitio
        // para más.
        ("12345678\n", vec!["12345678"]),
        ("1234567\r\n", vec!["1234567"]),
        ("1234567\n", vec!["1234567"]),
        ("123456789\nx\n", vec!["12345678", "9", "x"]),
        ("1234567ñ9\n", vec!["1234567", "ñ9"]),
        ("12345🦀90\n", vec!["12345", "🦀90"]),
        ("        9       \n", vec!["        ", "9       "]),
        ("12345678   \n", vec!["12345678", "   "]),
        ("12345678salir\nsalir\n", vec!["12345678", "salir", "salir"]),
    ] {
        assert_eq!(
            mensajes(8, [entrada.as_bytes()]),
            esperados,
            "con {entrada:?}"
        );
    }
}

#[test]
fn cualquier_reparto_en_lecturas_da_los_mismos_mensajes() {
    let entradas: [&[u8]; 6] = [
        "ñ🦀\r\n\r\nsalir\n".as_bytes(),
        "1234567ñ\r\n9\n".as_bytes(),
        "12345🦀7\r\n\n\u{202e}\n".as_bytes(),
        b"\xf1\xff\xe2\x82\n\xf0\x9f\xa6 \xc3\x28\r\r\n",
        b"1234567\r\n1234567\r8\n",
        "€€€€€€".as_bytes(),
    ];
    for entrada in entradas {
        let enteros = mensajes(8, [entrada]);
        // Cada bit de `cortes` dice si una lectura acaba tras ese byte.
        for cortes in 0_u32..1 << (entrada.len() - 1) {
            let mut inicio = 0;
            let mut lecturas = Vec::new();
            for fin in 1..entrada.len() {
                if cortes >> (fin - 1) & 1 == 1 {
                    lecturas.push(&entrada[inicio..fin]);
                    inicio = fin;
                }
            }
            lecturas.push(&entrada[inicio..]);
            assert_eq!(
                mensajes(8, lecturas.clone()),
                enteros,
                "con {lecturas:?}"
            );
        }
    }
}

/// Una entrada hecha sobre todo de lo que es difícil de cortar, y dónde se
/// corta.
fn entrada_y_cortes() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    let dificil = prop::sample::select(vec![
        "\n".as_bytes(),
        b"\r\n",
        b"\r",
        b" ",
        b"salir",
        "ñ".as_bytes(),
        "€".as_bytes(),
        "🦀".as_bytes(),
        "\u{202e}".as_bytes(),
        b"\x1b[2J",
        b"\xff",
        b"\xf0\x9f\xa6",
    ]);
    let pieza = prop_oneof![
        4 => dificil.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    let entrada =
        prop::collection::vec(pieza, 0..60).prop_map(|piezas| piezas.concat());
    entrada.prop_flat_map(|entrada| {
        let cortes = prop::collection::vec(0..=entrada.len(), 0..20);
        (Just(entrada), cortes)
    })
}

/// Lo que debe salir, junto, de una entrada: todas sus líneas menos las que
/// están en blanco.
fn todo_lo_que_sale(maximo: usize, entrada: &[u8]) -> String {
    let mut todo = String::new();
    for linea in entrada.split_inclusive(|&byte| byte == b'\n') {
        let (linea, cabe) = match linea.strip_suffix(b"\n") {
            Some(sin_fin) => (
                sin_fin.strip_suffix(b"\r").unwrap_or(sin_fin),
                sin_fin.len() < maximo,
            ),
            None => (linea, linea.len() < maximo),
        };
        if !(cabe
            && std::str::from_utf8(linea)
                .is_ok_and(|linea| linea.trim().is_empty()))
        {
            todo.push_str(&visible(linea));
        }
    }
    todo
}

proptest! {
    #[test]
    fn los_cortes_de_la_red_no_se_notan((entrada, mut cortes) in entrada_y_cortes()) {
        cortes.sort_unstable();
        let mut inicio = 0;
        let mut lecturas = Vec::new();
        for corte in cortes {
            lecturas.push(&entrada[inicio..corte]);
            inicio = corte;
        }
        lecturas.push(&entrada[inicio..]);
        prop_assert_eq!(mensajes(16, lecturas), mensajes(16, [&entrada[..]]));
    }

    #[test]
    fn sale_lo_que_entra_y_nada_manda((entrada, _) in entrada_y_cortes()) {
        let salida = mensajes(16, [&entrada[..]]);
        prop_assert!(!salida.concat().contains(manda));
        prop_assert_eq!(salida.concat(), todo_lo_que_sale(16, &entrada));
    }

    #[test]
    fn ningun_mensaje_pasa_del_maximo(texto in "[a-zñ€🦀 \n]{0,200}",
        maximo in 4_usize..40) {
        for mensaje in mensajes(maximo, [texto.as_bytes()]) {
            prop_assert!(mensaje.len() <= maximo, "{mensaje:?}");
        }
    }
}

#[test]
fn los_trozos_juntos_son_la_linea() {
    let linea = "año 🦀 \u{202e} ".repeat(700);
    let trozos = mensajes(1024, [linea.as_bytes()]);
    assert!(trozos.len() > linea.len() / 1024);
    assert_eq!(trozos.concat(), visible(linea.as_bytes()));
}

#[test]
fn un_silencio_termina_el_mensaje_de_quien_no_usa_lineas() {
    let mut cortador = Cortador::new(64, TerminanHastaUnaLinea);
    let mut salida = Vec::new();
    let mut anota =
        |mensaje: Mensaje<'_>| salida.push(mensaje.texto.into_owned());
    assert!(!cortador.espera_silencio(), "no hay nada que terminar");
    cortador.recibir("sí, 🦀".as_bytes().split_at(7).0, &mut anota);
    assert!(cortador.espera_silencio());
    cortador.silencio(&mut anota);
    assert!(!cortador.espera_silencio(), "media letra no es un mensaje");
    cortador.silencio(&mut anota);
    cortador.recibir("🦀".as_bytes().split_at(2).1, &mut anota);
    cortador.silencio(&mut anota);
    cortador.recibir(b"\n", &mut anota);
    cortador.recibir(b"una ", &mut anota);
    assert!(!cortador.espera_silencio(), "ya ha terminado una línea");
    cortador.silencio(&mut anota);
    cortador.recibir(b"salir\n", &mut anota);
    assert_eq!(salida, ["sí, ", "🦀", "una salir"]);
}

#[test]
fn con_quien_no_se_sabe_si_terminara_sus_lineas_un_silencio_siempre_termina() {
    let mut cortador = Cortador::new(64, Terminan);
    let mut salida = Vec::new();
    let mut anota =
        |mensaje: Mensaje<'_>| salida.push(mensaje.texto.into_owned());
    for lectura in
        ["bienvenido\n", "usuario 1: hola", "usuario 2: adiós", "\n"]
    {
        cortador.recibir(lectura.as_bytes(), &mut anota);
        assert_eq!(
            cortador.espera_silencio(),
            !lectura.ends_with('\n'),
            "{lectura:?}"
        );
        cortador.silencio(&mut anota);
    }
    assert_eq!(salida, ["bienvenido", "usuario 1: hola", "usuario 2: adiós"]);
}

#[test]
fn tras_un_silencio_empieza_un_mensaje_entero() {
    let mut cortador = Cortador::new(8, TerminanHastaUnaLinea);
    let mut salida = Vec::new();
    let mut anota = |mensaje: Mensaje<'_>| salida.push(mensaje.salir);
    for lectura in ["12345678", "salir", "salir"] {
        cortador.recibir(lectura.as_bytes(), &mut anota);
        cortador.silencio(&mut anota);
    }
    assert_eq!(
        salida,
        [false, true, true],
        "el silencio tras el trozo termina la línea larga"
    );
}

#[test]
fn salir_vale_con_espacios_y_en_mayusculas() {
    for orden in [
        "salir",
        " salir\t",
        "SALIR\r",
        "\u{b}SaLiR\u{c}",
        "\u{2028}salir\u{85}",
    ] {
        let mut es_la_orden = false;
        Cortador::new(64, TerminanHastaUnaLinea).recibir(
            format!("{orden}\n").as_bytes(),
            |mensaje| {
                es_la_orden = mensaje.salir;
            },
        );
        assert!(es_la_orden, "{orden:?}");
    }
    for otra in ["", "salir ya", "salirr", "s a l i r"] {
        assert!(!es_salir(otra.as_bytes()), "{otra:?}");
    }
}

#[test]
fn ningun_caracter_manda_en_la_pantalla() {
    for caracter in '\0'..=char::MAX {
        let texto = caracter.to_string();
        let vista = visible(texto.as_bytes());
        assert!(!vista.contains(manda), "{caracter:?} llega a la pantalla");
        let esperada = if manda(caracter) {
            format!("\\u{{{:x}}}", u32::from(caracter))
        } else {
            texto.clone()
        };
        assert_eq!(vista, esperada);
    }
}

#[test]
fn lo_que_no_es_utf8_se_ve() {
    assert_eq!(visible(b"ca\xf1a"), "ca\u{fffd}a");
    assert_eq!(visible(b"\xf0\x9f\xa6"), "\u{fffd}");
}
