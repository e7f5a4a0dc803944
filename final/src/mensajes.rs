//! De bytes a mensajes: dónde acaba cada uno, y qué se enseña de él.
//!
//! TCP entrega un chorro de bytes, cortado donde quiera la red. El [`Cortador`] lo convierte en
//! mensajes que no dependen de esos cortes. Lo usan los dos programas: tampoco el cliente se fía
//! de lo que le llega.

use std::borrow::Cow;
use std::mem;
use std::str;

/// Un mensaje, ya listo para una pantalla.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mensaje<'a> {
    /// El texto, sin fin de línea y con los caracteres de control a la vista (ver [`visible`]).
    pub texto: Cow<'a, str>,
    /// `false` si es un trozo de una línea que no cabía en un mensaje.
    pub entero: bool,
    /// Es la orden de desconectar (ver [`es_salir`]). Un trozo de una línea más larga nunca lo es.
    pub salir: bool,
}

/// Reconoce la orden `salir`: en mayúsculas o minúsculas y con espacios alrededor.
#[must_use]
pub fn es_salir(linea: &[u8]) -> bool {
    str::from_utf8(linea).is_ok_and(|texto| texto.trim().eq_ignore_ascii_case("salir"))
}

/// Corta en mensajes los bytes de una conexión.
///
/// Un mensaje acaba con `\n` o `\r\n`; al llegar a su máximo de bytes; tras un [silencio] de quien
/// aún no ha terminado ninguna línea; y con el [fin] de la conexión. Las líneas en blanco no son
/// mensajes.
///
/// [silencio]: Cortador::silencio
/// [fin]: Cortador::fin
#[derive(Debug)]
pub struct Cortador {
    maximo: usize,
    /// Lo recibido que aún no es un mensaje: menos de `maximo` bytes.
    pendiente: Vec<u8>,
    /// Ya ha llegado un fin de línea: desde entonces, un silencio no termina nada.
    usa_lineas: bool,
    /// Lo que falta es el resto de una línea de la que ya salió un trozo.
    a_medias: bool,
}

impl Cortador {
    /// Un cortador cuyos mensajes tienen como mucho `maximo` bytes de entrada.
    ///
    /// # Panics
    ///
    /// Si `maximo` es menor que 4: no cabría ni una letra.
    #[must_use]
    pub fn new(maximo: usize) -> Self {
        assert!(maximo >= 4, "en {maximo} bytes no cabe cualquier letra");
        Self { maximo, pendiente: Vec::new(), usa_lineas: false, a_medias: false }
    }

    /// Toma los bytes de una lectura y pasa a `entrega` los mensajes que completan.
    pub fn recibir(&mut self, bytes: &[u8], mut entrega: impl FnMut(Mensaje<'_>)) {
        let mut unidos = mem::take(&mut self.pendiente);
        let mut datos = bytes;
        if !unidos.is_empty() {
            unidos.extend_from_slice(bytes);
            datos = &unidos;
        }
        loop {
            let ventana = &datos[..datos.len().min(self.maximo)];
            if let Some(fin) = ventana.iter().position(|&byte| byte == b'\n') {
                let linea = &datos[..fin];
                self.usa_lineas = true;
                self.terminar(linea.strip_suffix(b"\r").unwrap_or(linea), &mut entrega);
                datos = &datos[fin + 1..];
            } else if ventana.len() == self.maximo {
                let (trozo, resto) = datos.split_at(corte_seguro(ventana));
                self.a_medias = true;
                entrega(Mensaje { texto: visible(trozo), entero: false, salir: false });
                datos = resto;
            } else {
                break;
            }
        }
        self.pendiente = datos.to_vec();
    }

    /// ¿Terminaría un silencio algo que está a medias?
    ///
    /// Solo si la otra parte no ha enviado aún ningún fin de línea (hay clientes que no los usan).
    #[must_use]
    pub fn espera_silencio(&self) -> bool {
        !self.usa_lineas && (self.a_medias || corte_seguro(&self.pendiente) > 0)
    }

    /// La otra parte calla: si [se esperaba](Self::espera_silencio), lo pendiente es un mensaje.
    ///
    /// Los primeros bytes de una letra que aún no está entera se quedan esperando al resto.
    pub fn silencio(&mut self, mut entrega: impl FnMut(Mensaje<'_>)) {
        if self.espera_silencio() {
            let resto = self.pendiente.split_off(corte_seguro(&self.pendiente));
            let linea = mem::replace(&mut self.pendiente, resto);
            self.terminar(&linea, &mut entrega);
        }
    }

    /// La conexión ha terminado: lo pendiente es el último mensaje.
    pub fn fin(&mut self, mut entrega: impl FnMut(Mensaje<'_>)) {
        let linea = mem::take(&mut self.pendiente);
        self.terminar(&linea, &mut entrega);
    }

    /// Entrega una línea, o lo que quedaba de ella.
    fn terminar(&mut self, linea: &[u8], entrega: &mut impl FnMut(Mensaje<'_>)) {
        let entero = !mem::take(&mut self.a_medias);
        let sobra = if entero { en_blanco(linea) } else { linea.is_empty() };
        if !sobra {
            entrega(Mensaje { texto: visible(linea), entero, salir: entero && es_salir(linea) });
        }
    }
}

fn en_blanco(linea: &[u8]) -> bool {
    str::from_utf8(linea).is_ok_and(|texto| texto.trim().is_empty())
}

/// Hasta dónde se puede cortar sin partir una letra ni un `\r\n`.
fn corte_seguro(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return bytes.len() - 1;
    }
    // Una letra tiene 4 bytes como mucho: si está sin terminar, empieza en los 3 últimos.
    let letra_a_medias = |inicio: &usize| {
        str::from_utf8(&bytes[*inicio..])
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (bytes.len().saturating_sub(3)..bytes.len()).find(letra_a_medias).unwrap_or(bytes.len())
}

/// El texto de unos bytes, sin nada que pueda dar órdenes a un terminal.
///
/// Lo que no es UTF-8 se convierte en `�` (U+FFFD). Los caracteres que mueven el cursor, cambian
/// colores, dan la vuelta al texto o parten la línea se enseñan, como `\u{1b}`: así nadie borra la
/// pantalla de otro ni se hace pasar por él. Son los de control (salvo el tabulador), los que
/// Unicode llama `Bidi_Control` y los separadores de línea y de párrafo.
#[must_use]
pub fn visible(bytes: &[u8]) -> Cow<'_, str> {
    let texto = String::from_utf8_lossy(bytes);
    if texto.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t')) || !texto.contains(manda) {
        return texto;
    }
    let mut limpio = String::with_capacity(2 * texto.len());
    for caracter in texto.chars() {
        if manda(caracter) {
            limpio.extend(caracter.escape_unicode());
        } else {
            limpio.push(caracter);
        }
    }
    Cow::Owned(limpio)
}

/// ¿Obedecería un terminal a este carácter, en vez de dibujarlo?
fn manda(caracter: char) -> bool {
    match caracter {
        '\t' => false,
        // Bidi_Control, salvo los dos últimos: separadores de línea y de párrafo.
        '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{2028}'
        | '\u{2029}' => true,
        otro => otro.is_control(),
    }
}

#[cfg(test)]
mod pruebas {
    use proptest::prelude::*;

    use super::*;

    /// Los mensajes que salen de estas lecturas y del fin de la conexión.
    fn mensajes<'a>(maximo: usize, lecturas: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut cortador = Cortador::new(maximo);
        let mut salida = Vec::new();
        let mut anota = |mensaje: Mensaje<'_>| salida.push(como_texto(&mensaje));
        for lectura in lecturas {
            cortador.recibir(lectura, &mut anota);
        }
        cortador.fin(&mut anota);
        salida
    }

    /// El texto del mensaje, con `…` si es un trozo.
    fn como_texto(mensaje: &Mensaje<'_>) -> String {
        format!("{}{}", mensaje.texto, if mensaje.entero { "" } else { "…" })
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
            assert_eq!(mensajes(64, [entrada.as_bytes()]), esperados, "con {entrada:?}");
        }
    }

    #[test]
    fn una_linea_larga_sale_en_trozos_que_no_rompen_ni_pierden_nada() {
        for (entrada, esperados) in [
            // Justo el máximo: sale como trozo en cuanto se sabe que no hay sitio para más.
            ("12345678\n", vec!["12345678…"]),
            ("1234567\r\n", vec!["1234567…"]),
            ("1234567\n", vec!["1234567"]),
            ("123456789\nx\n", vec!["12345678…", "9…", "x"]),
            ("1234567ñ9\n", vec!["1234567…", "ñ9…"]),
            ("12345🦀90\n", vec!["12345…", "🦀90…"]),
            ("        9       \n", vec!["        …", "9       …"]),
            ("12345678   \n", vec!["12345678…", "   …"]),
            ("12345678salir\nsalir\n", vec!["12345678…", "salir…", "salir"]),
        ] {
            assert_eq!(mensajes(8, [entrada.as_bytes()]), esperados, "con {entrada:?}");
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
                assert_eq!(mensajes(8, lecturas.clone()), enteros, "con {lecturas:?}");
            }
        }
    }

    /// Una entrada hecha sobre todo de lo que es difícil de cortar, y dónde se corta.
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
        let entrada = prop::collection::vec(pieza, 0..60).prop_map(|piezas| piezas.concat());
        entrada.prop_flat_map(|entrada| {
            let cortes = prop::collection::vec(0..=entrada.len(), 0..20);
            (Just(entrada), cortes)
        })
    }

    /// Lo que debe salir, junto, de una entrada: todas sus líneas menos las que están en blanco.
    fn todo_lo_que_sale(maximo: usize, entrada: &[u8]) -> String {
        let mut todo = String::new();
        for linea in entrada.split_inclusive(|&byte| byte == b'\n') {
            let (linea, cabe) = match linea.strip_suffix(b"\n") {
                Some(sin_fin) => {
                    (sin_fin.strip_suffix(b"\r").unwrap_or(sin_fin), sin_fin.len() < maximo)
                }
                None => (linea, linea.len() < maximo),
            };
            if !(cabe && en_blanco(linea)) {
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
            let sin_marcas: String = salida.iter().map(|texto| texto.trim_end_matches('…')).collect();
            prop_assert_eq!(sin_marcas, todo_lo_que_sale(16, &entrada));
        }

        #[test]
        fn ningun_mensaje_pasa_del_maximo(texto in "[a-zñ€🦀 \n]{0,200}", maximo in 4_usize..40) {
            for mensaje in mensajes(maximo, [texto.as_bytes()]) {
                prop_assert!(mensaje.trim_end_matches('…').len() <= maximo, "{mensaje:?}");
            }
        }
    }

    #[test]
    fn los_trozos_juntos_son_la_linea() {
        let linea = "año 🦀 \u{202e} ".repeat(700);
        let trozos = mensajes(1024, [linea.as_bytes()]);
        assert!(trozos.iter().all(|trozo| trozo.ends_with('…')));
        assert_eq!(trozos.concat().replace('…', ""), visible(linea.as_bytes()));
    }

    #[test]
    fn un_silencio_termina_el_mensaje_de_quien_no_usa_lineas() {
        let mut cortador = Cortador::new(64);
        let mut salida = Vec::new();
        let mut anota = |mensaje: Mensaje<'_>| salida.push(como_texto(&mensaje));
        assert!(!cortador.espera_silencio(), "no hay nada que terminar");
        cortador.recibir("sí, 🦀".as_bytes().split_at(7).0, &mut anota);
        assert!(cortador.espera_silencio());
        cortador.silencio(&mut anota);
        assert!(!cortador.espera_silencio(), "media letra no es un mensaje");
        cortador.silencio(&mut anota);
        cortador.recibir("🦀".as_bytes().split_at(2).1, &mut anota);
        cortador.silencio(&mut anota);
        cortador.recibir(b"\nuna ", &mut anota);
        assert!(!cortador.espera_silencio(), "ya ha terminado una línea");
        cortador.silencio(&mut anota);
        cortador.recibir(b"salir\n", &mut anota);
        assert_eq!(salida, ["sí, ", "🦀", "una salir"]);
    }

    #[test]
    fn tras_un_silencio_empieza_un_mensaje_entero() {
        let mut cortador = Cortador::new(8);
        let mut salida = Vec::new();
        let mut anota = |mensaje: Mensaje<'_>| salida.push(mensaje.salir);
        for lectura in ["12345678", "salir", "salir"] {
            cortador.recibir(lectura.as_bytes(), &mut anota);
            cortador.silencio(&mut anota);
        }
        assert_eq!(salida, [false, true, true], "el silencio tras el trozo termina la línea larga");
    }

    #[test]
    fn salir_vale_con_espacios_y_en_mayusculas() {
        for orden in ["salir", " salir\t", "SALIR\r", "\u{b}SaLiR\u{c}", "\u{2028}salir\u{85}"] {
            let mut es_la_orden = false;
            Cortador::new(64)
                .recibir(format!("{orden}\n").as_bytes(), |mensaje| es_la_orden = mensaje.salir);
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
        let mandan = "\0\u{1b}\r\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{202e}\u{2028}\u{2029}\u{2066}";
        assert!(mandan.chars().all(manda));
        assert!(!"\t ñ€🦀\u{200b}\u{301}".contains(manda));
    }

    #[test]
    fn lo_que_no_es_utf8_se_ve() {
        assert_eq!(visible(b"ca\xf1a"), "ca\u{fffd}a");
        assert_eq!(visible(b"\xf0\x9f\xa6"), "\u{fffd}");
    }
}
