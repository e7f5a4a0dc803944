//! Lo que un documento manda escribir se escribe, y las pantallas que enseña son las que salen.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use pruebas::conexion::direccion_propia;
use pruebas::escena::{Escena, Fallo, Resultado};
use pruebas::programa::{Modo, Orden, Programa};

use curso::cambios::{Capitulo, capitulos};
use curso::copia;
use curso::pagina::{Bloque, Clase, ORDEN, Pagina, actualizar, nombres};

/// El puerto que enseñan los documentos, y el del primer cliente.
const PUERTO: u16 = 12345;
const PRIMERO: u16 = 50001;

const NO_SALE: &str = "la pantalla no es la del documento";

/// Una tabla de «Terminal · Escribe · Y se ve», y las pantallas que van detrás.
struct Guion<'a> {
    lugar: String,
    filas: &'a [Vec<String>],
    pantallas: Vec<&'a Bloque>,
}

/// Una línea que apareció en un terminal.
#[derive(Debug, Clone)]
pub struct Aparicion {
    /// En qué terminal, desde 1.
    pub terminal: usize,
    pub linea: String,
    /// La ha escrito quien lo usa.
    pub tecleada: bool,
}

/// Ejecuta todos los guiones de una página, y comprueba o reescribe sus pantallas.
///
/// Devuelve lo que apareció en el primero, en orden.
pub fn comprobar(nombre: &str) -> Vec<Aparicion> {
    let pagina = Pagina::leer(nombre);
    let mut cambios = Vec::new();
    let mut apariciones = Vec::new();
    for guion in guiones(&pagina) {
        let ensayo = representar(&guion).unwrap_or_else(|fallo| {
            panic!("{}: {}\n{}", guion.lugar, fallo.razon, fallo.detalle);
        });
        // O se enseñan todas, o ninguna.
        let cuantas = guion.pantallas.len();
        let todas = cuantas == 0 || cuantas == ensayo.pantallas.len();
        assert!(todas, "{}: enseña {cuantas} pantallas, y no son todas", guion.lugar);
        for (bloque, pantalla) in guion.pantallas.iter().zip(ensayo.pantallas) {
            if bloque.texto != pantalla {
                let lugar = pagina.lugar(bloque);
                let queja =
                    format!("{lugar}: no es lo que sale; la reescribe: {ORDEN}\n{pantalla}");
                assert!(actualizar(), "{queja}");
                cambios.push((bloque.rango.clone(), pantalla));
            }
        }
        if apariciones.is_empty() {
            apariciones = ensayo.apariciones;
        }
    }
    assert!(!apariciones.is_empty(), "{nombre} ya no dice qué hay que escribir");
    if !cambios.is_empty() {
        pagina.reescribir(cambios);
    }
    apariciones
}

fn guiones(pagina: &Pagina) -> Vec<Guion<'_>> {
    let mut guiones: Vec<Guion<'_>> = Vec::new();
    let mut abierto = false;
    for bloque in &pagina.bloques {
        match &bloque.clase {
            Clase::Tabla(filas) if filas[0] == ["Terminal", "Escribe", "Y se ve"] => {
                let lugar = pagina.lugar(bloque);
                guiones.push(Guion { lugar, filas: &filas[1..], pantallas: Vec::new() });
                abierto = true;
            }
            Clase::Codigo(lenguaje) if abierto && lenguaje == "text" => {
                guiones.last_mut().expect("hay un guion abierto").pantallas.push(bloque);
            }
            Clase::Titulo(_) => abierto = false,
            _ => {}
        }
    }
    guiones
}

struct Ensayo {
    pantallas: Vec<String>,
    apariciones: Vec<Aparicion>,
}

/// Un terminal del guion.
#[derive(Default)]
struct Terminal {
    /// Lo que quedó de los programas anteriores, con sus órdenes.
    anterior: String,
    programa: Option<Programa>,
    /// Las líneas del programa que ya se han visto.
    vistas: usize,
}

fn representar(guion: &Guion<'_>) -> Resultado<Ensayo> {
    let mut reparto = Reparto::new()?;
    let ensayo = reparto.representar(guion);
    ensayo.map_err(|fallo| Fallo { detalle: fallo.detalle + "\n" + &reparto.informe(), ..fallo })
}

/// Los terminales de un guion, y cómo se llaman en el documento los puertos que tocan.
struct Reparto {
    escena: Escena,
    terminales: Vec<Terminal>,
    servidor: Option<usize>,
    puerto: u16,
    apariciones: Vec<Aparicion>,
    programas: HashMap<String, PathBuf>,
}

impl Reparto {
    fn new() -> Resultado<Self> {
        let escena = Escena::new(Modo::Terminal, Path::new(""), Path::new(""), None);
        let puerto = direccion_propia()?.port();
        Ok(Self {
            escena,
            terminales: Vec::new(),
            servidor: None,
            puerto,
            apariciones: Vec::new(),
            programas: HashMap::new(),
        })
    }

    fn informe(&self) -> String {
        self.escena.contexto().informe()
    }

    fn representar(&mut self, guion: &Guion<'_>) -> Resultado<Ensayo> {
        for fila in guion.filas {
            let [terminal, escribe, se_ve] = &fila[..] else {
                return Err(Fallo::prueba(&format!("esta fila no tiene tres celdas: {fila:?}")));
            };
            let cual: usize = terminal.parse().map_err(|error| Fallo::prueba(&error))?;
            let [escribe] = nombres(escribe)[..] else {
                return Err(Fallo::prueba(&format!(
                    "qué se escribe, entre acentos graves: {escribe}"
                )));
            };
            self.escribir(cual, escribe)?;
            for (donde, linea) in esperadas(se_ve)? {
                self.esperar(donde, linea, false)?;
            }
        }
        let pantallas = (1..=self.terminales.len()).map(|cual| self.pantalla(cual)).collect();
        let apariciones = std::mem::take(&mut self.apariciones);
        Ok(Ensayo { pantallas, apariciones })
    }

    fn escribir(&mut self, cual: usize, escribe: &str) -> Resultado {
        if self.terminales.len() < cual {
            self.terminales.resize_with(cual, Terminal::default);
        }
        if escribe.starts_with("cargo run ") {
            return self.poner_en_marcha(cual, escribe);
        }
        let programa = self.terminales[cual - 1].programa.as_mut();
        let programa =
            programa.ok_or_else(|| Fallo::prueba(&format!("en el terminal {cual} no hay nada")))?;
        match escribe {
            "Ctrl-C" => programa.ctrl_c(),
            "Ctrl-D" => programa.fin_de_entrada(),
            linea => {
                programa.escribe(linea)?;
                self.esperar(cual, linea, true)
            }
        }
    }

    fn poner_en_marcha(&mut self, cual: usize, orden: &str) -> Resultado {
        let palabras: Vec<&str> = orden.split_whitespace().collect();
        let bin = palabras.iter().skip_while(|palabra| **palabra != "--bin").nth(1);
        let bin = *bin.ok_or_else(|| Fallo::prueba(&format!("sin --bin: {orden}")))?;
        let ruta = self.construido(bin)?;
        let es_servidor = bin.starts_with("servidor");
        let direccion = format!("127.0.0.1:{}", self.puerto);
        self.apariciones.push(Aparicion {
            terminal: cual,
            linea: format!("$ {orden}"),
            tecleada: true,
        });
        let antes = self.pantalla(cual);
        let terminal = &mut self.terminales[cual - 1];
        terminal.anterior = format!("{antes}$ {orden}\n");
        terminal.vistas = 0;
        // Antes se suelta el que hubiera: dos servidores no caben en el mismo puerto.
        terminal.programa = None;
        let nombre = format!("terminal {cual}");
        terminal.programa = Some(self.escena.arranca(&nombre, &Orden::new(&ruta).con(direccion))?);
        if es_servidor && self.servidor.is_none() {
            self.servidor = Some(cual);
        }
        Ok(())
    }

    /// Dónde está un programa, ya construido.
    fn construido(&mut self, bin: &str) -> Resultado<PathBuf> {
        if let Some(ruta) = self.programas.get(bin) {
            return Ok(ruta.clone());
        }
        let suyo =
            |capitulo: &Capitulo| copia::programas_de(&capitulo.paquete).contains(&bin.into());
        let capitulo = capitulos().into_iter().find(suyo);
        let paquete =
            &capitulo.ok_or_else(|| Fallo::prueba(&format!("no hay ningún «{bin}»")))?.paquete;
        let carpeta =
            copia::construir("tal-cual", paquete, None).map_err(|error| Fallo::prueba(&error))?;
        let ruta = carpeta.join(bin);
        self.programas.insert(bin.into(), ruta.clone());
        Ok(ruta)
    }

    /// Espera a que en un terminal aparezca esta línea, detrás de lo que ya se ha visto.
    fn esperar(&mut self, cual: usize, linea: &str, tecleada: bool) -> Resultado {
        let puertos = self.puertos();
        let es_servidor = self.servidor == Some(cual);
        let terminal = self.terminales.get(cual - 1);
        let programa = terminal.and_then(|terminal| terminal.programa.as_ref());
        let programa =
            programa.ok_or_else(|| Fallo::prueba(&format!("en el terminal {cual} no hay nada")))?;
        let vistas = self.terminales[cual - 1].vistas;
        let real = self.puerto;
        let nuevas = programa.extrae(NO_SALE, |texto| {
            let puertos = if es_servidor { anunciados(texto) } else { puertos.clone() };
            let texto = como_en_el_documento(texto, real, &puertos);
            let lineas: Vec<&str> = lineas_enteras(&texto).skip(vistas).collect();
            let cuantas = lineas.iter().position(|otra| *otra == linea)? + 1;
            Some(lineas[..cuantas].iter().map(ToString::to_string).collect::<Vec<String>>())
        });
        let nuevas = nuevas
            .map_err(|fallo| Fallo {
                detalle: format!("«{linea}» {}", fallo.detalle), ..fallo
            })?;
        self.terminales[cual - 1].vistas += nuevas.len();
        for nueva in nuevas {
            let tecleada = tecleada && nueva == linea;
            self.apariciones.push(Aparicion { terminal: cual, linea: nueva, tecleada });
        }
        Ok(())
    }

    /// Los puertos de los clientes, en el orden en que llegaron.
    fn puertos(&self) -> Vec<u16> {
        let terminal = self.servidor.and_then(|cual| self.terminales.get(cual - 1));
        let programa = terminal.and_then(|terminal| terminal.programa.as_ref());
        programa.map(|programa| anunciados(&programa.pantalla.texto())).unwrap_or_default()
    }

    fn pantalla(&self, cual: usize) -> String {
        let terminal = &self.terminales[cual - 1];
        let texto = terminal
            .programa
            .as_ref()
            .map(|programa| programa.pantalla.texto())
            .unwrap_or_default();
        let mut pantalla = terminal.anterior.clone();
        let _ = write!(pantalla, "{}", como_en_el_documento(&texto, self.puerto, &self.puertos()));
        pantalla
    }
}

/// Lo que dice la tercera columna: `1: ` y una línea entre acentos graves, las veces que haga falta.
fn esperadas(celda: &str) -> Resultado<Vec<(usize, &str)>> {
    let trozos: Vec<&str> = celda.split('`').collect();
    let mut esperadas = Vec::new();
    for par in trozos.chunks_exact(2) {
        let donde = par[0].trim_start_matches("<br>").trim_end_matches(": ").parse();
        esperadas.push((donde.map_err(|error| Fallo::prueba(&error))?, par[1]));
    }
    Ok(esperadas)
}

fn lineas_enteras(texto: &str) -> impl Iterator<Item = &str> {
    texto.split_inclusive('\n').filter_map(|linea| linea.strip_suffix('\n'))
}

fn anunciados(texto: &str) -> Vec<u16> {
    let puertos = lineas_enteras(texto).filter_map(|linea| {
        linea.strip_prefix("nuevo cliente conectado: ('127.0.0.1', ")?.strip_suffix(')')
    });
    puertos.filter_map(|puerto| puerto.parse().ok()).collect()
}

/// El mismo texto, con los puertos que enseñan los documentos.
fn como_en_el_documento(texto: &str, real: u16, puertos: &[u16]) -> String {
    let mut texto = texto.replace(&format!("127.0.0.1:{real}"), &format!("127.0.0.1:{PUERTO}"));
    // En dos vueltas: uno de verdad puede ser igual que uno fingido.
    for (puerto, letra) in puertos.iter().zip('a'..) {
        texto = texto
            .replace(&format!("('127.0.0.1', {puerto})"), &format!("('127.0.0.1', {letra}\0)"))
            .replace(&format!("usuario {puerto}: "), &format!("usuario {letra}\0: "));
    }
    for (letra, fingido) in ('a'..='z').zip(PRIMERO..) {
        texto = texto.replace(&format!("{letra}\0"), &fingido.to_string());
    }
    texto
}
