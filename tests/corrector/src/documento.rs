//! Lo que se entrega además de los programas: el documento, sus capturas y los ficheros fuente.
//!
//! Lo que cuesta cada falta se propone; no se resta de nada.

use std::fs::File;
use std::path::Path;

use deunicode::deunicode;
use similar::TextDiff;
use zip::ZipArchive;

use crate::clase::{CODIGO, Entrega, MOODLE, extension};

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
    /// A quién se parece demasiado, y cuánto.
    pub iguales: Vec<String>,
}

impl Documento {
    /// El de una entrega. A quién se parece lo dice [`parecidas`].
    #[must_use]
    pub fn de(entrega: &Entrega) -> Self {
        let es = |ruta: &&std::path::PathBuf, extensiones: &[&str]| {
            extensiones.contains(&extension(ruta).to_lowercase().as_str())
        };
        let documentos: Vec<_> = entrega
            .ficheros
            .iter()
            .filter(|ruta| es(ruta, &["docx", "odt", "doc", "pdf", "rtf"]))
            .collect();
        let bueno = documentos.iter().find(|ruta| bien_llamado(&como_se_llama(ruta)));
        let nombre = match (bueno, documentos.first()) {
            (Some(_), _) => "bien".into(),
            (None, Some(otro)) => format!("«{}» no es {NOMBRE}", como_se_llama(otro)),
            (None, None) => "falta".into(),
        };
        let capturas = bueno.or(documentos.first()).map_or(Some(0), |ruta| imagenes(ruta));
        let fuentes = entrega.ficheros.iter().filter(|ruta| es(ruta, &CODIGO)).count();
        Self { nombre, capturas, fuentes, iguales: Vec::new() }
    }

    /// Lo que dicen las normas que cuesta.
    #[must_use]
    pub fn propuesta(&self) -> String {
        let mut faltas = Vec::new();
        if self.fuentes == 0 {
            faltas.push("sin ficheros fuente: 0".to_owned());
        }
        if self.nombre == "falta" {
            faltas.push("sin documento".into());
        } else if self.nombre != "bien" {
            faltas.push("nombre del documento: −0,5".into());
        }
        match self.capturas {
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

/// El nombre de un fichero, sin lo que le pone delante el aula virtual.
fn como_se_llama(ruta: &Path) -> String {
    let nombre = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let sin_moodle = nombre.split_once(MOODLE).and_then(|(_, resto)| resto.split_once('_'));
    sin_moodle.map_or(nombre.clone(), |(_, resto)| resto.to_owned())
}

fn bien_llamado(nombre: &str) -> bool {
    let (tronco, extension) = nombre.rsplit_once('.').unwrap_or((nombre, ""));
    let partes: Vec<_> = tronco.split('_').collect();
    let parte = |una: &&str| {
        !una.is_empty() && una.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
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

/// De cada entrega, a quiénes se parece demasiado: se comparan sus fuentes, sin comentarios ni espacios.
#[must_use]
pub fn parecidas(entregas: &[Entrega]) -> Vec<Vec<String>> {
    let codigos: Vec<String> = entregas.iter().map(codigo).collect();
    let mut parecidas = vec![Vec::new(); entregas.len()];
    for una in 0..entregas.len() {
        for otra in una + 1..entregas.len() {
            let largos = (codigos[una].len(), codigos[otra].len());
            // Ni las vacías, ni las que no pueden parecerse.
            if largos.0.min(largos.1) == 0 || largos.0.max(largos.1) > 2 * largos.0.min(largos.1) {
                continue;
            }
            let parecido = TextDiff::from_lines(&codigos[una], &codigos[otra]).ratio();
            if parecido >= CASI_IGUALES {
                let cuanto = (parecido * 100.0).floor();
                parecidas[una].push(format!("{} ({cuanto} %)", entregas[otra].nombre));
                parecidas[otra].push(format!("{} ({cuanto} %)", entregas[una].nombre));
            }
        }
    }
    parecidas
}

/// Las líneas de todos los ficheros fuente, sin comentarios, espacios, acentos ni mayúsculas.
fn codigo(entrega: &Entrega) -> String {
    let mut codigo = String::new();
    for ruta in &entrega.ficheros {
        if !CODIGO.contains(&extension(ruta).to_lowercase().as_str()) {
            continue;
        }
        let texto = std::fs::read(ruta).unwrap_or_default();
        for linea in deunicode(&String::from_utf8_lossy(&texto)).to_lowercase().lines() {
            let sin_comentario = linea.split("//").next().unwrap_or_default();
            let sin_comentario = sin_comentario.split('#').next().unwrap_or_default();
            let junta: String = sin_comentario.split_whitespace().collect();
            if !junta.is_empty() && !junta.starts_with('*') && !junta.starts_with("/*") {
                codigo += &(junta + "\n");
            }
        }
    }
    codigo
}
