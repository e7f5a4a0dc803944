//! Lo que se contesta a un programa que pregunta: un nombre, si no se entiende otra cosa.

use std::net::SocketAddr;

use crate::clase::Papel;
use crate::sin_acentos;

/// El que se da a quien pregunta.
pub const NOMBRE: &str = "Ana";

/// Cómo se pide una dirección.
const IP: [&str; 7] = ["ip", "host", "hote", "address", "direccion", "indirizzo", "adresse"];

/// Las líneas del final de una pantalla entre las que está la pregunta.
const ULTIMAS: usize = 8;

/// Quien contesta a un programa, y a qué ha contestado ya.
pub struct Respuestas {
    papel: Papel,
    direccion: SocketAddr,
    nombre: &'static str,
    contestadas: Vec<String>,
}

impl Respuestas {
    /// Quien contesta a un programa con ese papel, que usa esa dirección, y se presenta con ese nombre.
    #[must_use]
    pub fn new(papel: Papel, direccion: SocketAddr, nombre: &'static str) -> Self {
        Self { papel, direccion, nombre, contestadas: Vec::new() }
    }

    /// Lo que se contesta a lo último que hay en esta pantalla.
    pub fn a(&mut self, pantalla: &str) -> String {
        let llano = sin_acentos(pantalla).to_lowercase();
        let lineas: Vec<&str> = llano.lines().map(str::trim).collect();
        let lineas = &lineas[lineas.len().saturating_sub(ULTIMAS)..];
        let con_letras = |linea: &&&str| linea.contains(|c: char| c.is_alphabetic());
        let pregunta = lineas.iter().rfind(con_letras).copied().unwrap_or_default();
        let veces = self.contestadas.iter().filter(|otra| *otra == pregunta).count();
        self.contestadas.push(pregunta.into());
        match veces {
            0 | 1 => self.opcion(lineas).unwrap_or_else(|| self.dato(pregunta)),
            // No era eso.
            2 => String::new(),
            _ => "1".into(),
        }
    }

    /// El número de la opción de un menú que más se parece a lo que se quiere hacer.
    fn opcion(&self, lineas: &[&str]) -> Option<String> {
        let opciones: Vec<(&str, &str)> = lineas
            .iter()
            .filter_map(|linea| {
                let linea = linea.trim_start_matches(['[', '(']);
                let numero = linea.find(|c: char| !c.is_ascii_digit()).filter(|fin| *fin > 0)?;
                let (numero, resto) = linea.split_at(numero);
                resto.starts_with(['.', ')', ']', '-', ':', ' ']).then_some((numero, resto))
            })
            .collect();
        let se_busca: &[&str] = match self.papel {
            Papel::Servidor => {
                &["servidor", "server", "inici", "arranc", "escuch", "crear", "start"]
            }
            Papel::Cliente => &["cliente", "client", "conect", "connect", "unir", "entrar", "join"],
        };
        let buena = opciones.iter().find(|(_, dice)| se_busca.iter().any(|una| dice.contains(una)));
        let (numero, _) = buena.or(opciones.first()).filter(|_| opciones.len() > 1)?;
        Some((*numero).to_owned())
    }

    fn dato(&self, pregunta: &str) -> String {
        let palabras: Vec<_> = pregunta.split(|c: char| !c.is_alphanumeric()).collect();
        let pide = |cuales: &[&str]| cuales.iter().any(|una| palabras.contains(una));
        let es_ip = |una: &&str| IP.contains(una);
        // En otros idiomas empieza igual.
        let es_puerto = |una: &&str| una.starts_with("puert") || una.starts_with("port");
        let (donde_ip, donde_puerto) =
            (palabras.iter().position(es_ip), palabras.iter().position(es_puerto));
        let juntos: String = pregunta.split_whitespace().collect();
        let los_dos = donde_ip.is_some()
            && donde_puerto.is_some()
            && (pide(&["y", "and", "e"]) || juntos.contains(":puert") || juntos.contains(":port"));
        // De «puerto del servidor» o «`host port`», el puerto; de «dirección (puerto 12345)», la dirección.
        let (ip, puerto) = match (donde_ip, donde_puerto) {
            (Some(ip), Some(puerto)) => (puerto > ip + 1, puerto <= ip + 1),
            (ip, puerto) => (ip.is_some(), puerto.is_some()),
        };
        if pide(&["n"]) && pide(&["s", "si"]) {
            "s".into()
        } else if pide(&["n"]) && pide(&["y"]) {
            "y".into()
        } else if los_dos {
            self.direccion.to_string()
        } else if puerto {
            self.direccion.port().to_string()
        } else if pide_un_nombre(pregunta) {
            self.nombre.into()
        } else if pide(&["intro", "pulsa", "pulse", "presiona", "press"])
            || pide(&["enter"]) && pide(&["para", "to"])
        {
            String::new()
        } else if pide(&["maximo", "cuantos", "numero", "max", "limite", "many"]) {
            "10".into()
        } else if ip || pide(&["servidor", "server"]) {
            self.direccion.ip().to_string()
        } else if pide(&["sala", "room", "grupo", "canal", "channel"]) {
            "general".into()
        } else {
            self.nombre.into()
        }
    }
}

/// ¿Habla esta pantalla de un nombre?
#[must_use]
pub fn pide_un_nombre(pantalla: &str) -> bool {
    let llano = sin_acentos(pantalla).to_lowercase();
    ["nombre", "nick", "name", "alias", "llamas", "apodo"].iter().any(|una| llano.contains(una))
}

/// ¿Parece que lo último que hay en esta pantalla espera una respuesta?
#[must_use]
pub fn es_pregunta(pantalla: &str) -> bool {
    let ultima = pantalla.lines().rfind(|linea| !linea.trim().is_empty()).unwrap_or_default();
    let sin_terminar = !pantalla.is_empty() && !pantalla.ends_with(['\n', '\r']);
    sin_terminar || ultima.trim_end().ends_with([':', '?', '>'])
}
