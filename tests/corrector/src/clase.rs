//! Una clase entera: lo que hay en la carpeta que se descarga del aula virtual, y qué es cada cosa.
//!
//! Nada de lo que hay se queda sin su entrega: si en ella no se encuentra un programa, es lo que dice.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use deunicode::deunicode;
use pruebas::escena::{Fallo, Resultado};
use zip::ZipArchive;

/// Lo más que puede ocupar lo que hay en un zip, en bytes: quien entrega más no entrega un chat.
const CABE: u64 = 200 * 1024 * 1024;

/// Los zips que puede haber dentro de otro.
const HONDO: usize = 3;

/// Lo que añade Moodle detrás del nombre de quien entrega, y delante del de cada fichero.
pub(crate) const MOODLE: &str = "_assignsubmission_";

/// Una entrega, y los ficheros que hay en ella.
#[derive(Debug)]
pub struct Entrega {
    /// Quién la hace, o cómo se llama lo que hay.
    pub nombre: String,
    /// Todos, también los que venían en un zip.
    pub ficheros: Vec<PathBuf>,
    /// Lo que no se ha podido abrir, y por qué.
    pub avisos: Vec<String>,
}

/// Qué papel tiene un programa en el chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Papel {
    /// El que escucha.
    Servidor,
    /// El que se conecta.
    Cliente,
}

impl Papel {
    /// Cómo se llama.
    #[must_use]
    pub fn nombre(self) -> &'static str {
        self.nombres()[0]
    }

    fn nombres(self) -> [&'static str; 2] {
        match self {
            Self::Servidor => ["servidor", "server"],
            Self::Cliente => ["cliente", "client"],
        }
    }

    fn otro(self) -> Self {
        if self == Self::Servidor { Self::Cliente } else { Self::Servidor }
    }

    /// Lo que solo hace un programa así, en los lenguajes que sabemos poner en marcha.
    fn marcas(self) -> &'static [&'static str] {
        match self {
            Self::Servidor => &[
                "listen(",
                "serversocket(",
                "tcplistener",
                "createserver",
                "create_server",
                "start_server",
                "socketserver",
            ],
            Self::Cliente => &[
                ".connect(",
                " connect(",
                "(connect(",
                "net.dial",
                "new socket(",
                "tcpstream::connect",
                "create_connection",
                "createconnection",
                "open_connection",
                "tcpclient(",
            ],
        }
    }
}

/// Lo que se ha encontrado para un papel.
#[derive(Debug, Default)]
pub struct Hallazgo {
    /// El programa.
    pub programa: Option<PathBuf>,
    /// Por qué ese, si no está claro.
    pub aviso: Option<String>,
}

/// La carpeta de una clase; si es un zip, se abre en `taller`.
///
/// # Errors
///
/// Si no se puede abrir.
pub fn raiz(clase: &Path, taller: &Path) -> Resultado<PathBuf> {
    if !clase.is_file() {
        return Ok(clase.to_owned());
    }
    let raiz = taller.join("clase");
    abrir(clase, &raiz).map_err(|detalle| Fallo {
        razon: format!("no se puede abrir {}", clase.display()).into(),
        detalle,
    })?;
    Ok(raiz)
}

/// Las entregas que hay en la carpeta de una clase. Los zips que haya en ellas se abren en `taller`.
///
/// # Errors
///
/// Si la carpeta no se puede leer.
pub fn entregas(raiz: &Path, taller: &Path) -> Resultado<Vec<Entrega>> {
    let mut juntas: BTreeMap<String, Entrega> = BTreeMap::new();
    let rutas = dentro(raiz).map_err(|fallo| Fallo {
        razon: format!("no se puede leer {}", raiz.display()).into(),
        ..fallo
    })?;
    for ruta in rutas {
        let como = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let quien = quien_entrega(&como, ruta.is_dir());
        let nueva = || Entrega { nombre: quien.clone(), ficheros: Vec::new(), avisos: Vec::new() };
        let entrega = juntas.entry(quien.clone()).or_insert_with(nueva);
        entrega.recoger(&ruta, taller, HONDO);
    }
    Ok(juntas.into_values().collect())
}

/// `PEREZ ANGEL_1234_assignsubmission_file_servidor.py` es de «PEREZ ANGEL»; lo demás, de quien dice.
fn quien_entrega(como: &str, es_carpeta: bool) -> String {
    if let Some((quien, _)) = como.split_once(MOODLE) {
        let (nombre, numero) = quien.rsplit_once('_').unwrap_or((quien, ""));
        let es_numero = !numero.is_empty() && numero.chars().all(|c| c.is_ascii_digit());
        return if es_numero { nombre } else { quien }.to_owned();
    }
    let zip = como.to_lowercase().ends_with(".zip");
    if zip && !es_carpeta { como[..como.len() - 4].to_owned() } else { como.to_owned() }
}

/// Lo que hay en una carpeta, menos lo que dejan los sistemas y las herramientas.
fn dentro(carpeta: &Path) -> Resultado<Vec<PathBuf>> {
    const SOBRA: [&str; 5] = ["__MACOSX", "node_modules", "target", "__pycache__", "venv"];
    let mut rutas = Vec::new();
    for entrada in fs::read_dir(carpeta)? {
        let ruta = entrada?.path();
        let nombre = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !nombre.starts_with('.') && !SOBRA.contains(&nombre.as_str()) {
            rutas.push(ruta);
        }
    }
    rutas.sort();
    Ok(rutas)
}

impl Entrega {
    fn recoger(&mut self, ruta: &Path, taller: &Path, hondo: usize) {
        if ruta.is_dir() {
            match dentro(ruta) {
                Ok(rutas) => rutas.iter().for_each(|una| self.recoger(una, taller, hondo)),
                Err(fallo) => self.avisos.push(format!("{}: {}", ruta.display(), fallo.detalle)),
            }
            return;
        }
        if !extension(ruta).eq_ignore_ascii_case("zip") {
            self.ficheros.push(ruta.to_owned());
            return;
        }
        let nombre = ruta.file_name().unwrap_or_default().to_string_lossy();
        if hondo == 0 {
            self.avisos.push(format!("{nombre}: demasiados zips, uno dentro de otro"));
            return;
        }
        let destino =
            taller.join(format!("{}-{}", self.nombre, self.ficheros.len())).join(&*nombre);
        match abrir(ruta, &destino) {
            Ok(()) => self.recoger(&destino, taller, hondo - 1),
            Err(error) => self.avisos.push(format!("{nombre}: no se puede abrir ({error})")),
        }
    }

    /// El programa de esta entrega que tiene ese papel: por su nombre, o por lo que hace.
    #[must_use]
    pub fn busca(&self, papel: Papel) -> Hallazgo {
        let mut candidatos: Vec<(u32, &PathBuf)> = self
            .ficheros
            .iter()
            .map(|ruta| (parecido(ruta, papel), ruta))
            .filter(|(parecido, _)| *parecido > 0)
            .collect();
        // Los que más se parecen, delante; si no, el que está más a la vista.
        candidatos.sort_by_key(|(parecido, ruta)| {
            (u32::MAX - parecido, ruta.components().count(), (*ruta).clone())
        });
        let Some(&(como, elegido)) = candidatos.first() else { return Hallazgo::default() };
        let nombre =
            |ruta: &Path| ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let otros: Vec<_> = candidatos[1..]
            .iter()
            .filter(|(otro, _)| *otro == como || *otro > POR_LO_QUE_HACE)
            .map(|(_, ruta)| nombre(ruta))
            .collect();
        let mut aviso = None;
        if !otros.is_empty() {
            aviso = Some(format!("se juzga {}, y no {}", nombre(elegido), otros.join(" ni ")));
        } else if como == POR_LO_QUE_HACE {
            aviso = Some(format!("por lo que hace, el {} es {}", papel.nombre(), nombre(elegido)));
        }
        Hallazgo { programa: Some(elegido.clone()), aviso }
    }
}

/// El parecido de quien no dice lo que es, pero lo hace.
const POR_LO_QUE_HACE: u32 = 1;

/// Las extensiones de lo que se puede poner en marcha, o de lo que hay que preguntar cómo.
pub const CODIGO: [&str; 16] = [
    "py", "jar", "java", "js", "mjs", "exe", "rs", "go", "c", "cpp", "cs", "kt", "rb", "php", "ts",
    "cobol",
];

/// Cuánto se parece un fichero al programa con ese papel: nada, si es 0.
fn parecido(ruta: &Path, papel: Papel) -> u32 {
    let extension = extension(ruta).to_lowercase();
    if !CODIGO.contains(&extension.as_str()) {
        return 0;
    }
    let codigo = fs::read(ruta).unwrap_or_default();
    let codigo = String::from_utf8_lossy(&codigo).to_lowercase();
    // Una clase de Java que no se puede poner en marcha es de otra.
    if extension == "java" && !codigo.contains("void main") {
        return 0;
    }
    let hace = |papel: Papel| papel.marcas().iter().any(|marca| codigo.contains(marca));
    if hace(papel.otro()) && !hace(papel) {
        return 0;
    }
    let texto = |parte: Option<&std::ffi::OsStr>| {
        deunicode(&parte.unwrap_or_default().to_string_lossy()).to_lowercase()
    };
    let (tronco, carpeta) =
        (texto(ruta.file_stem()), texto(ruta.parent().and_then(Path::file_name)));
    let es = |nombres: [&str; 2], texto: &str| nombres.iter().any(|nombre| texto.contains(nombre));
    let del_otro = es(papel.otro().nombres(), &tronco);
    if papel.nombres().contains(&tronco.as_str()) {
        4
    } else if es(papel.nombres(), &tronco) && !del_otro {
        3
    } else if es(papel.nombres(), &carpeta) && !del_otro {
        2
    } else if hace(papel) && !hace(papel.otro()) {
        POR_LO_QUE_HACE
    } else {
        0
    }
}

pub(crate) fn extension(ruta: &Path) -> String {
    ruta.extension().unwrap_or_default().to_string_lossy().into_owned()
}

/// Abre un zip. Lo que en él querría salir de `destino` no sale.
fn abrir(fichero: &Path, destino: &Path) -> Result<(), String> {
    let a_texto = |error: std::io::Error| error.to_string();
    let mut zip = ZipArchive::new(File::open(fichero).map_err(a_texto)?)
        .map_err(|_| "no es un zip que se entienda".to_owned())?;
    let mut ocupa = 0;
    for numero in 0..zip.len() {
        let dentro = zip.by_index_raw(numero).map_err(|error| error.to_string())?;
        ocupa += dentro.size();
    }
    if ocupa > CABE {
        return Err(format!("ocuparía {} MB", ocupa / 1024 / 1024));
    }
    fs::create_dir_all(destino).map_err(a_texto)?;
    zip.extract(destino).map_err(|error| error.to_string())
}
