//! Una clase entera: lo que hay en la carpeta que se descarga del aula virtual, y qué es cada cosa.
//!
//! Nada de lo que hay se queda sin su entrega: si en ella no se encuentra un programa, es lo que dice.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use pruebas::escena::{Fallo, Resultado};
use zip::ZipArchive;

use crate::sin_acentos;

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
    pub ficheros: Vec<Fichero>,
    /// Lo que no se ha podido abrir, y por qué.
    pub avisos: Vec<String>,
}

/// Un fichero de una entrega.
#[derive(Debug, Clone)]
pub struct Fichero {
    /// Dónde está.
    pub ruta: PathBuf,
    /// Cómo se llama en la entrega: sin lo que le pone delante el aula virtual.
    pub dentro: PathBuf,
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
    /// Los programas que pueden ser, el que más lo parece delante.
    pub candidatos: Vec<Fichero>,
    /// Por qué el primero, si no está claro; o por qué ninguno.
    pub aviso: Option<String>,
}

/// La carpeta de una clase; si es un zip, se abre en `taller`. Si dentro solo hay otra carpeta, es esa.
///
/// # Errors
///
/// Si no se puede abrir.
pub fn raiz(clase: &Path, taller: &Path) -> Resultado<PathBuf> {
    let mut raiz = clase.to_owned();
    if clase.is_file() {
        raiz = taller.join("clase");
        // Cada entrega tiene su límite; la clase, el del disco.
        abrir(clase, &raiz, u64::MAX).map_err(|detalle| Fallo {
            razon: format!("no se puede abrir {}", clase.display()).into(),
            detalle,
        })?;
    }
    let sin_abrir = |fallo: Fallo| Fallo {
        razon: format!("no se puede leer {}", raiz.display()).into(),
        ..fallo
    };
    let rutas = dentro(&raiz).map_err(sin_abrir)?;
    let [unica] = &rutas[..] else { return Ok(raiz) };
    let es_entrega = unica.to_string_lossy().contains(MOODLE);
    let con_carpetas =
        dentro(unica).is_ok_and(|hijas| hijas.iter().filter(|una| una.is_dir()).count() > 1);
    Ok(if con_carpetas && !es_entrega { unica.clone() } else { raiz })
}

/// Las entregas que hay en la carpeta de una clase, o solo las que se llaman así. Los zips que haya en ellas se
/// abren en `taller`.
///
/// # Errors
///
/// Si la carpeta no se puede leer.
pub fn entregas(
    raiz: &Path,
    taller: &Path,
    solo: impl Fn(&str) -> bool,
) -> Resultado<Vec<Entrega>> {
    let mut juntas: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for ruta in dentro(raiz)? {
        juntas.entry(quien_entrega(&ruta)).or_default().push(ruta);
    }
    // Sin el número que les pone el aula virtual, salvo si hay dos que se llaman igual.
    let quienes: Vec<String> = juntas.keys().cloned().collect();
    let nombre = |quien: &str| {
        let sin_numero = sin_numero(quien);
        let repetido =
            quienes.iter().filter(|otro| self::sin_numero(otro) == sin_numero).count() > 1;
        let entero = quien.trim_end_matches(MOODLE);
        if repetido { entero.to_owned() } else { sin_numero.to_owned() }
    };
    let mut entregas = Vec::new();
    for (quien, rutas) in &juntas {
        let nombre = nombre(quien);
        if solo(&nombre) {
            let mut entrega = Entrega { nombre, ficheros: Vec::new(), avisos: Vec::new() };
            for ruta in rutas {
                let como = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let suyo = como.split_once(MOODLE).and_then(|(_, resto)| resto.split_once('_'));
                let dentro = suyo.map_or(como.clone(), |(_, resto)| resto.to_owned());
                let dentro = if ruta.is_dir() { PathBuf::new() } else { dentro.into() };
                entrega.recoger(ruta, &dentro, taller, HONDO);
            }
            entregas.push(entrega);
        }
    }
    Ok(entregas)
}

/// `PEREZ ANGEL_1234_assignsubmission_file_servidor.py` es de `PEREZ ANGEL`, con su número; una carpeta, de quien dice; y
/// los ficheros sueltos que se llaman igual, del mismo.
fn quien_entrega(ruta: &Path) -> String {
    let como = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match como.split_once(MOODLE) {
        Some((quien, _)) => format!("{quien}{MOODLE}"),
        None if ruta.is_dir() => como,
        None => ruta.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

fn sin_numero(quien: &str) -> &str {
    let es_numero = |texto: &str| !texto.is_empty() && texto.chars().all(|c| c.is_ascii_digit());
    let Some(quien) = quien.strip_suffix(MOODLE) else { return quien };
    quien
        .rsplit_once('_')
        .filter(|(_, numero)| es_numero(numero))
        .map_or(quien, |(nombre, _)| nombre)
}

/// Lo que hay en una carpeta, menos lo que dejan los sistemas y las herramientas.
fn dentro(carpeta: &Path) -> Resultado<Vec<PathBuf>> {
    const SOBRA: [&str; 9] = [
        "__MACOSX",
        "node_modules",
        "target",
        "__pycache__",
        "venv",
        "env",
        "site-packages",
        "desktop.ini",
        "Thumbs.db",
    ];
    let mut rutas = Vec::new();
    for entrada in fs::read_dir(carpeta)? {
        let ruta = entrada?.path();
        let nombre = ruta.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let oculto = nombre.starts_with('.') || nombre.starts_with("~$");
        if !oculto && !SOBRA.contains(&nombre.as_str()) && !ruta.join("pyvenv.cfg").is_file() {
            rutas.push(ruta);
        }
    }
    rutas.sort();
    Ok(rutas)
}

impl Entrega {
    fn recoger(&mut self, ruta: &Path, dentro_de: &Path, taller: &Path, hondo: usize) {
        let nombre = ruta.file_name().unwrap_or_default().to_string_lossy();
        let Ok(clase) = fs::symlink_metadata(ruta).map(|datos| datos.file_type()) else { return };
        if clase.is_dir() {
            match dentro(ruta) {
                Ok(rutas) => {
                    for una in rutas {
                        let suyo = dentro_de.join(una.file_name().unwrap_or_default());
                        self.recoger(&una, &suyo, taller, hondo);
                    }
                }
                Err(fallo) => self.avisos.push(format!("{nombre}: {}", fallo.detalle)),
            }
            return;
        }
        if !clase.is_file() {
            // Un enlace puede llevar a cualquier parte, y de una tubería no se acaba nunca de leer.
            self.avisos.push(format!("{nombre}: no es un fichero, y no se mira"));
            return;
        }
        if !extension(ruta).eq_ignore_ascii_case("zip") {
            if let Err(error) = File::open(ruta) {
                self.avisos.push(format!("{nombre}: no se puede leer ({error})"));
            } else if CERRADOS.contains(&extension(ruta).to_lowercase().as_str()) {
                self.avisos.push(format!("{nombre}: hay que abrirlo a mano"));
            }
            self.ficheros.push(Fichero { ruta: ruta.to_owned(), dentro: dentro_de.to_owned() });
            return;
        }
        if hondo == 0 {
            self.avisos.push(format!("{nombre}: demasiados zips, uno dentro de otro"));
            return;
        }
        let destino =
            taller.join(format!("{}-{}", self.nombre, self.ficheros.len())).join(&*nombre);
        match abrir(ruta, &destino, CABE) {
            Ok(()) => self.recoger(&destino, &dentro_de.with_extension(""), taller, hondo - 1),
            Err(error) => self.avisos.push(format!("{nombre}: no se puede abrir ({error})")),
        }
    }

    /// ¿Hay algo que no se ha podido abrir?
    #[must_use]
    pub fn queda_sin_abrir(&self) -> bool {
        !self.avisos.is_empty()
    }

    /// La misma entrega, copiada en una carpeta: un programa puede cambiar o borrar lo que hay en la suya.
    ///
    /// # Errors
    ///
    /// Si no se puede copiar.
    pub fn copiada(&self, destino: &Path) -> Resultado<Vec<Fichero>> {
        let mut copia = Vec::new();
        for Fichero { ruta, dentro } in &self.ficheros {
            let nueva = destino.join(dentro);
            fs::create_dir_all(nueva.parent().unwrap_or(destino))?;
            // De lo que no se puede leer ya se ha avisado.
            let _ = fs::copy(ruta, &nueva);
            copia.push(Fichero { ruta: nueva, dentro: dentro.clone() });
        }
        Ok(copia)
    }
}

/// El programa que tiene ese papel entre estos ficheros: por su nombre, y por lo que hace.
#[must_use]
pub fn busca(ficheros: &[Fichero], papel: Papel) -> Hallazgo {
    let hacen = |papel: Papel| -> Vec<&Fichero> {
        ficheros.iter().filter(|uno| hace(uno, papel)).collect()
    };
    let (suyos, del_otro) = (hacen(papel), hacen(papel.otro()));
    // Lo que hace quien está en otro fichero lo hace también quien lo usa.
    let usa = |uno: &Fichero, cuales: &[&Fichero]| {
        let codigo = codigo(uno);
        cuales.iter().any(|otro| {
            let tronco = otro.dentro.file_stem().unwrap_or_default().to_string_lossy();
            otro.ruta == uno.ruta || importa(&codigo, &tronco.to_lowercase())
        })
    };
    let cuanto = |uno: &Fichero| parecido(uno, papel, usa(uno, &suyos), usa(uno, &del_otro));
    let mut candidatos: Vec<(Parecido, &Fichero)> =
        ficheros.iter().filter_map(|uno| Some((cuanto(uno)?, uno))).collect();
    // Los que más se parecen, delante; si no, el que está más a la vista.
    candidatos.sort_by_key(|(parecido, uno)| {
        (Reverse(*parecido), uno.dentro.components().count(), uno.dentro.clone())
    });
    // Si hay alguno que lo hace, los que ni lo hacen ni lo deshacen son otra cosa.
    let hay_quien = candidatos.iter().any(|(parecido, _)| parecido.lo_hace);
    candidatos.retain(|(parecido, _)| parecido.lo_hace || !hay_quien);
    let nombre =
        |uno: &Fichero| uno.dentro.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let Some(&(como, elegido)) = candidatos.first() else {
        let de_los_dos = ficheros.iter().find(|uno| hace(uno, papel) && hace(uno, papel.otro()));
        let aviso = de_los_dos.map(|uno| {
            format!(
                "{} parece el servidor y el cliente: hay que decir cómo se pone en marcha",
                nombre(uno)
            )
        });
        return Hallazgo { candidatos: Vec::new(), aviso };
    };
    let otros: Vec<_> = candidatos[1..]
        .iter()
        .filter(|(otro, _)| otro.por_su_nombre > 0 || *otro == como)
        .map(|(_, uno)| nombre(uno))
        .collect();
    let mut aviso = None;
    if !otros.is_empty() {
        aviso = Some(format!("se juzga {}, y no {}", nombre(elegido), otros.join(" ni ")));
    } else if como.por_su_nombre == 0 {
        aviso = Some(format!("por lo que hace, el {} es {}", papel.nombre(), nombre(elegido)));
    }
    let candidatos = candidatos.iter().map(|(_, uno)| (*uno).clone()).collect();
    Hallazgo { candidatos, aviso }
}

/// Lo que se puede poner en marcha, o hay que preguntar cómo.
pub const CODIGO: [&str; 16] = [
    "py", "jar", "java", "js", "mjs", "exe", "rs", "go", "c", "cpp", "cs", "kt", "rb", "php", "ts",
    "cobol",
];

/// Lo que se sabe poner en marcha.
const EN_MARCHA: [&str; 13] =
    ["py", "jar", "java", "js", "mjs", "exe", "rs", "go", "c", "cpp", "cs", "rb", "php"];

/// Lo que puede tener dentro un programa, y no se abre aquí.
const CERRADOS: [&str; 6] = ["rar", "7z", "gz", "tar", "tgz", "ipynb"];

/// Cuánto se parece un fichero al programa que se busca; lo que más pesa, delante.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Parecido {
    se_sabe: bool,
    lo_hace: bool,
    por_su_nombre: u32,
    principal: bool,
}

fn codigo(fichero: &Fichero) -> String {
    let codigo = fs::read(&fichero.ruta).unwrap_or_default();
    String::from_utf8_lossy(&codigo).to_lowercase()
}

/// ¿Usa el código de un fichero otro que se llama así?
fn importa(codigo: &str, tronco: &str) -> bool {
    let usa = |linea: &&str| {
        ["import ", "from "].iter().any(|inicio| linea.starts_with(inicio))
            || linea.contains("require(")
    };
    let palabra = |linea: &str| {
        linea.split(|c: char| !c.is_alphanumeric() && !"_-".contains(c)).any(|una| una == tronco)
    };
    codigo.lines().map(str::trim_start).filter(usa).any(palabra)
}

fn hace(fichero: &Fichero, papel: Papel) -> bool {
    let es_codigo = CODIGO.contains(&extension(&fichero.ruta).to_lowercase().as_str());
    let codigo = codigo(fichero);
    es_codigo && papel.marcas().iter().any(|marca| codigo.contains(marca))
}

/// Cuánto, si hace lo suyo y si hace lo del otro. Nada, si no se parece.
fn parecido(fichero: &Fichero, papel: Papel, suyo: bool, del_otro: bool) -> Option<Parecido> {
    /// Lo que se llama así no es lo que se entrega.
    const VIEJO: [&str; 7] = ["prueba", "test", "viejo", "old", "copia", "antiguo", "backup"];
    let extension = extension(&fichero.ruta).to_lowercase();
    if !CODIGO.contains(&extension.as_str()) {
        return None;
    }
    let codigo = codigo(fichero);
    // Una clase que no se puede poner en marcha es de otra.
    let junto: String = codigo.split_whitespace().collect();
    let es_parte = match extension.as_str() {
        "java" => !junto.contains("voidmain("),
        // El programa puede ser todo el fichero.
        "cs" => !junto.contains("main(") && junto.contains("class"),
        _ => false,
    };
    if es_parte {
        return None;
    }
    if del_otro && !suyo {
        return None;
    }
    let texto = |parte: Option<&std::ffi::OsStr>| {
        sin_acentos(&parte.unwrap_or_default().to_string_lossy()).to_lowercase()
    };
    let dentro = &fichero.dentro;
    let (tronco, carpeta) =
        (texto(dentro.file_stem()), texto(dentro.parent().and_then(Path::file_name)));
    let es =
        |papel: Papel, texto: &str| papel.nombres().iter().any(|nombre| texto.contains(nombre));
    // Lo que lleva los dos nombres no dice nada.
    let lo_dice = |texto: &str| es(papel, texto) && !es(papel.otro(), texto);
    let por_su_nombre = if papel.nombres().contains(&tronco.as_str()) {
        4
    } else if lo_dice(&tronco) && !VIEJO.iter().any(|uno| tronco.contains(uno)) {
        3
    } else if lo_dice(&tronco) {
        2
    } else {
        u32::from(lo_dice(&carpeta))
    };
    // Quien hace lo de los dos puede ser los dos: hay que decir cómo.
    if por_su_nombre == 0 && (del_otro || !suyo) {
        return None;
    }
    let principal =
        ["__main__", "voidmain(", "fnmain(", "funcmain("].iter().any(|marca| junto.contains(marca));
    let se_sabe = EN_MARCHA.contains(&extension.as_str());
    Some(Parecido { se_sabe, lo_hace: suyo, por_su_nombre, principal })
}

pub(crate) fn extension(ruta: &Path) -> String {
    ruta.extension().unwrap_or_default().to_string_lossy().into_owned()
}

/// Abre un zip. Lo que en él querría salir de `destino` no sale.
fn abrir(fichero: &Path, destino: &Path, cabe: u64) -> Result<(), String> {
    let a_texto = |error: std::io::Error| error.to_string();
    let mut zip = ZipArchive::new(File::open(fichero).map_err(a_texto)?)
        .map_err(|_| "no es un zip que se entienda".to_owned())?;
    let mut ocupa = 0;
    for numero in 0..zip.len() {
        let dentro = zip.by_index_raw(numero).map_err(|error| error.to_string())?;
        ocupa += dentro.size();
    }
    if ocupa > cabe {
        return Err(format!("ocuparía {} MB", ocupa / 1024 / 1024));
    }
    fs::create_dir_all(destino).map_err(a_texto)?;
    zip.extract(destino).map_err(|error| error.to_string())
}
