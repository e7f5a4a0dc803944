//! De bytes a mensajes: dónde acaba cada uno, y qué se enseña de él.
//!
//! TCP entrega un chorro de bytes, cortado donde quiera la red. El
//! [`Cortador`] lo convierte en mensajes que no dependen de esos cortes. Lo
//! usan los dos programas: tampoco el cliente se fía de lo que le llega.

use std::borrow::Cow;
use std::mem;
use std::str;

/// Un mensaje, ya listo para una pantalla.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mensaje<'a> {
    /// El texto, sin fin de línea y con los caracteres de control a la vista
    /// (ver [`visible`]).
    pub texto: Cow<'a, str>,
    /// Es la orden de desconectar (ver [`es_salir`]). Un trozo de una línea
    /// más larga nunca lo es.
    pub salir: bool,
}

/// Reconoce la orden `salir`: en mayúsculas o minúsculas y con espacios
/// alrededor.
#[must_use]
pub fn es_salir(linea: &[u8]) -> bool {
    sin_espacios(linea)
        .is_some_and(|texto| texto.eq_ignore_ascii_case("salir"))
}

/// Una línea sin los espacios de alrededor, si es UTF-8.
fn sin_espacios(linea: &[u8]) -> Option<&str> {
    str::from_utf8(linea).ok().map(str::trim)
}

/// Cuándo termina un silencio lo que está a medias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silencios {
    /// Siempre: de la otra parte no se sabe si terminará sus líneas, aunque
    /// haya terminado alguna.
    Terminan,
    /// Hasta que la otra parte termina una línea: desde entonces se le cree, y
    /// una red lenta no parte las siguientes.
    TerminanHastaUnaLinea,
}

/// Corta en mensajes los bytes de una conexión.
///
/// Un mensaje acaba con `\n` o `\r\n`; al llegar a su máximo de bytes; tras un
/// [silencio], según lo que digan de él los [`Silencios`]; y con el [fin] de
/// la conexión. Las líneas en blanco no son mensajes.
///
/// [silencio]: Cortador::silencio
/// [fin]: Cortador::fin
#[derive(Debug)]
pub struct Cortador {
    maximo: usize,
    silencios: Silencios,
    /// Lo recibido que aún no es un mensaje: menos de `maximo` bytes.
    pendiente: Vec<u8>,
    /// Ya ha llegado un fin de línea.
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
    pub fn new(maximo: usize, silencios: Silencios) -> Self {
        assert!(maximo >= 4, "en {maximo} bytes no cabe cualquier letra");
        Self {
            maximo,
            silencios,
            pendiente: Vec::new(),
            usa_lineas: false,
            a_medias: false,
        }
    }

    /// Toma los bytes de una lectura y pasa a `entrega` los mensajes que
    /// completan.
    pub fn recibir(
        &mut self,
        bytes: &[u8],
        mut entrega: impl FnMut(Mensaje<'_>),
    ) {
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
                let linea = linea.strip_suffix(b"\r").unwrap_or(linea);
                self.usa_lineas = true;
                self.terminar(linea, &mut entrega);
                datos = &datos[fin + 1..];
            } else if ventana.len() == self.maximo {
                let (trozo, resto) = datos.split_at(corte_seguro(ventana));
                self.a_medias = true;
                entrega(Mensaje { texto: visible(trozo), salir: false });
                datos = resto;
            } else {
                break;
            }
        }
        self.pendiente = datos.to_vec();
    }

    /// ¿Terminaría un silencio algo que está a medias?
    #[must_use]
    pub fn espera_silencio(&self) -> bool {
        let se_le_cree = self.usa_lineas
            && self.silencios == Silencios::TerminanHastaUnaLinea;
        !se_le_cree && (self.a_medias || corte_seguro(&self.pendiente) > 0)
    }

    /// La otra parte calla: si [se esperaba](Self::espera_silencio), lo
    /// pendiente es un mensaje.
    ///
    /// Los primeros bytes de una letra que aún no está entera se quedan
    /// esperando al resto.
    pub fn silencio(&mut self, mut entrega: impl FnMut(Mensaje<'_>)) {
        if self.espera_silencio() {
            let resto =
                self.pendiente.split_off(corte_seguro(&self.pendiente));
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
    fn terminar(
        &mut self,
        linea: &[u8],
        entrega: &mut impl FnMut(Mensaje<'_>),
    ) {
        let entero = !mem::take(&mut self.a_medias);
        // De una línea ya empezada no sobran ni los espacios.
        let sobra = entero && sin_espacios(linea) == Some("");
        if !sobra && !linea.is_empty() {
            let salir = entero && es_salir(linea);
            entrega(Mensaje { texto: visible(linea), salir });
        }
    }
}

/// Hasta dónde se puede cortar sin partir una letra ni un `\r\n`.
fn corte_seguro(bytes: &[u8]) -> usize {
    if bytes.ends_with(b"\r") {
        return bytes.len() - 1;
    }
    // Una letra tiene 4 bytes como mucho: si está sin terminar, empieza en los
    // 3 últimos.
    let letra_a_medias = |inicio: &usize| {
        str::from_utf8(&bytes[*inicio..]).is_err_and(|error| {
            error.valid_up_to() == 0 && error.error_len().is_none()
        })
    };
    (bytes.len().saturating_sub(3)..bytes.len())
        .find(letra_a_medias)
        .unwrap_or(bytes.len())
}

/// El texto de unos bytes, sin nada que pueda dar órdenes a un terminal.
///
/// Lo que no es UTF-8 se convierte en `�` (U+FFFD). Los caracteres que mueven
/// el cursor, cambian colores, dan la vuelta al texto o parten la línea se
/// enseñan, como `\u{1b}`: así nadie borra la pantalla de otro ni se hace
/// pasar por él. Son los de control (salvo el tabulador), los que Unicode
/// llama `Bidi_Control` y los separadores de línea y de párrafo.
#[must_use]
pub fn visible(bytes: &[u8]) -> Cow<'_, str> {
    let texto = String::from_utf8_lossy(bytes);
    if !texto.contains(manda) {
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
        // Bidi_Control y, del tercer grupo, los dos primeros: separadores de
        // línea y de párrafo.
        '\u{61c}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => true,
        otro => otro.is_control(),
    }
}
