//! Lo que se entrega además de los programas: el documento, sus capturas y los ficheros fuente.
//!
//! Lo que cuesta cada falta se propone; no se resta de nada.

use std::fs::File;
use std::path::Path;

use similar::TextDiff;
use zip::ZipArchive;

use crate::clase::{CODIGO, Entrega, Fichero, extension};
use crate::sin_acentos;

/// Cómo se llama el documento, según las normas.
const NOMBRE: &str = "GRUPO_APELLIDO1_NOMBRE, en mayúsculas y sin acentos";

/// Lo que se parecen dos entregas que hay que mirar, de 0 a 1.
const CASI_IGUALES: f32 = 0.9;

/// Las capturas que se esperan, como poco: una, con algunos mensajes.
const CAPTURAS: usize = 1;

/// Lo que se ha visto de lo que no son programas.
#[derive(Debug, Default, Clone)]
pub struct Documento {
    /// El nombre del documento: «bien», o qué tiene mal.
    pub nombre: String,
    /// Cuántas imágenes tiene, si se puede saber.
    pub capturas: Option<usize>,
    /// Cuántos ficheros fuente hay.
    pub fuentes: usize,
    /// Hay algo que no se ha podido abrir, y puede estar ahí.
    pub sin_abrir: bool,
    /// A quién se parece demasiado, y cuánto.
    pub iguales: Vec<String>,
}

impl Documento {
    /// El de una entrega. A quién se parece lo dice [`parecidas`].
    #[must_use]
    pub fn de(entrega: &Entrega) -> Self {
        let de = |extensiones: &[&str]| {
            let es = |uno: &&Fichero| {
                extensiones.contains(&extension(&uno.ruta).to_lowercase().as_str())
            };
            entrega.ficheros.iter().filter(es).collect::<Vec<_>>()
        };
        let documentos = de(&["docx", "odt", "doc", "pdf", "rtf"]);
        // El bien llamado; si no, el que puede ser suyo: el enunciado suele ir en PDF.
        let bueno = documentos.iter().find(|uno| bien_llamado(&como_se_llama(uno)));
        let de_texto = documentos.iter().find(|uno| extension(&uno.ruta) != "pdf");
        let suyo = bueno.or(de_texto).or(documentos.first());
        let nombre = match (bueno, suyo) {
            (Some(_), _) => "bien".into(),
            (None, Some(otro)) => format!("«{}» no es {NOMBRE}", como_se_llama(otro)),
            (None, None) => "falta".into(),
        };
        // También valen las que van al lado.
        let sueltas = de(&["png", "jpg", "jpeg"]).len();
        let dentro = suyo.map_or(Some(0), |uno| imagenes(&uno.ruta));
        let capturas = dentro.map(|dentro| dentro + sueltas).or((sueltas > 0).then_some(sueltas));
        let fuentes = de(&CODIGO).len() - de(&["exe", "jar"]).len();
        let sin_abrir = entrega.queda_sin_abrir();
        Self { nombre, capturas, fuentes, sin_abrir, iguales: Vec::new() }
    }

    /// Lo que dicen las normas que cuesta.
    #[must_use]
    pub fn propuesta(&self) -> String {
        let mut faltas = Vec::new();
        if self.sin_abrir && (self.fuentes == 0 || self.nombre == "falta") {
            return "hay algo que no se ha podido abrir: míralo tú".into();
        }
        if self.fuentes == 0 {
            faltas.push("sin ficheros fuente: 0".to_owned());
        }
        if self.nombre == "falta" {
            faltas.push("sin documento ni capturas".into());
        } else if self.nombre != "bien" {
            faltas.push("nombre del documento: −0,5".into());
        }
        match self.capturas {
            Some(_) | None if self.nombre == "falta" => {}
            Some(hay) if hay < CAPTURAS => faltas.push("sin capturas: −0,5 por cada una".into()),
            None => faltas.push("capturas: míralas tú".into()),
            Some(_) => {}
        }
        if !self.iguales.is_empty() {
            faltas.push(format!("casi igual que {}: míralo tú", self.iguales.join(", ")));
        }
        faltas.join("; ")
    }
}

fn como_se_llama(fichero: &Fichero) -> String {
    fichero.dentro.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// La ñ no es una letra con acento; un apellido puede tener espacios o guiones; y el navegador añade un
/// número a lo que se descarga dos veces.
fn bien_llamado(nombre: &str) -> bool {
    let (tronco, extension) = nombre.rsplit_once('.').unwrap_or((nombre, ""));
    let tronco = tronco.split(" (").next().unwrap_or_default();
    let partes: Vec<_> = tronco.split('_').collect();
    let parte = |una: &&str| {
        let vale = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "Ñ -".contains(c);
        !una.is_empty() && una.chars().all(vale)
    };
    partes.len() == 3 && partes.iter().all(parte) && extension == extension.to_lowercase()
}

/// Las imágenes de un documento: los de los procesadores de textos son un zip.
fn imagenes(ruta: &Path) -> Option<usize> {
    if !["docx", "odt"].contains(&extension(ruta).to_lowercase().as_str()) {
        return None;
    }
    let zip = ZipArchive::new(File::open(ruta).ok()?).ok()?;
    let es_imagen = |nombre: &&str| {
        ["word/media/", "Pictures/"].iter().any(|donde| nombre.starts_with(donde))
            && !nombre.ends_with('/')
    };
    Some(zip.file_names().filter(es_imagen).count())
}

/// De cada entrega, a quiénes se parece demasiado: se compara cada fichero fuente con los de las demás, sin
/// comentarios ni espacios, y cuenta el que más.
#[must_use]
pub fn parecidas(entregas: &[Entrega]) -> Vec<Vec<String>> {
    /// Los que se nombran: si son más, es que todos han partido del mismo sitio.
    const NOMBRADAS: usize = 4;
    let codigos: Vec<Vec<String>> = entregas.iter().map(codigos).collect();
    let mut parecidas = vec![Vec::new(); entregas.len()];
    for una in 0..entregas.len() {
        for otra in una + 1..entregas.len() {
            let pares = codigos[una]
                .iter()
                .flat_map(|uno| codigos[otra].iter().map(move |otro| (uno, otro)));
            let parecido =
                pares.map(|(uno, otro)| cuanto_se_parecen(uno, otro)).fold(0.0, f32::max);
            if parecido >= CASI_IGUALES {
                let cuanto = (parecido * 100.0).floor();
                parecidas[una].push(format!("{} ({cuanto} %)", entregas[otra].nombre));
                parecidas[otra].push(format!("{} ({cuanto} %)", entregas[una].nombre));
            }
        }
    }
    for suyas in &mut parecidas {
        if suyas.len() > NOMBRADAS {
            let mas = suyas.len() - NOMBRADAS;
            suyas.truncate(NOMBRADAS);
            suyas.push(format!("y {mas} más"));
        }
    }
    parecidas
}

fn cuanto_se_parecen(uno: &str, otro: &str) -> f32 {
    let (corto, largo) = (uno.len().min(otro.len()), uno.len().max(otro.len()));
    // Ni lo que no puede parecerse, ni lo que es tan poco que no dice nada.
    if corto < 200 || largo > 2 * corto { 0.0 } else { TextDiff::from_lines(uno, otro).ratio() }
}

/// Las líneas de cada fichero fuente, sin comentarios, espacios, acentos ni mayúsculas.
fn codigos(entrega: &Entrega) -> Vec<String> {
    let fuentes = entrega.ficheros.iter().filter(|uno| {
        let extension = extension(&uno.ruta).to_lowercase();
        CODIGO.contains(&extension.as_str()) && !["exe", "jar"].contains(&extension.as_str())
    });
    fuentes.map(|uno| sin_comentarios(&std::fs::read(&uno.ruta).unwrap_or_default())).collect()
}

fn sin_comentarios(bytes: &[u8]) -> String {
    let mut texto = sin_acentos(&String::from_utf8_lossy(bytes)).to_lowercase();
    for (abre, cierra) in [("/*", "*/"), ("\"\"\"", "\"\"\""), ("'''", "'''")] {
        while let Some(inicio) = texto.find(abre) {
            let fin = texto[inicio + abre.len()..].find(cierra);
            let fin = fin.map_or(texto.len(), |fin| inicio + abre.len() + fin + cierra.len());
            texto.replace_range(inicio..fin, "");
        }
    }
    let mut codigo = String::new();
    for linea in texto.lines() {
        let sin_comentario = linea.split("//").next().unwrap_or_default();
        let sin_comentario = sin_comentario.split('#').next().unwrap_or_default();
        let junta: String = sin_comentario.split_whitespace().collect();
        if !junta.is_empty() {
            codigo += &(junta + "\n");
        }
    }
    codigo
}
