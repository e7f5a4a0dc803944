//! Las tablas de lo medido, y si se cumplen los objetivos.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use anyhow::Context;

use crate::Fila;
use crate::carga::Medida;
use crate::dibujo::{self, Barra, Linea};
use crate::servidores::{FINAL, PASO_04, SUELO};

const CABECERA: [&str; 16] = [
    "carga",
    "servidor",
    "entregas",
    "entregas/s",
    "× final",
    "CPU µs",
    "× final",
    "× suelo",
    "p50 ms",
    "p99 ms",
    "máx ms",
    "perdidos",
    "desorden",
    "KiB/cliente",
    "hilos",
    "carga %",
];

impl Fila {
    /// La mediana de las rondas, si lo dicen todas.
    fn mediana(&self, valor: impl Fn(&Medida) -> Option<f64>) -> Option<f64> {
        let mut valores: Vec<f64> = self.rondas.iter().map(valor).collect::<Option<_>>()?;
        valores.sort_by(f64::total_cmp);
        valores.get(valores.len() / 2).copied()
    }

    /// Las entregas de una ronda.
    fn entregas(&self) -> Option<f64> {
        self.mediana(|medida| Some(medida.entregas as f64))
    }

    /// Entregas por segundo, si no las marca la carga. Si faltan entregas, no dice nada.
    fn ritmo(&self) -> Option<f64> {
        let sin_pausa = self.carga.pausa.is_zero() && self.carga.hablan > 0;
        self.mediana(|medida| {
            let todo = sin_pausa && medida.entregas > 0 && medida.perdidos == 0;
            todo.then(|| medida.entregas as f64 / medida.duracion.as_secs_f64())
        })
    }

    /// Microsegundos de procesador por entrega. Si faltan entregas, no dice nada.
    fn cpu(&self) -> Option<f64> {
        self.mediana(|medida| {
            let todo = medida.entregas > 0 && medida.perdidos == 0;
            todo.then_some(medida.cpu?.as_secs_f64() * 1e6 / medida.entregas as f64)
        })
    }

    /// Milisegundos que tarda una entrega: de cada 100, `cuantas` tardan menos.
    fn latencia(&self, cuantas: usize) -> Option<f64> {
        self.mediana(|medida| {
            let ultima = medida.latencias.len().checked_sub(1)?;
            Some(milisegundos(medida.latencias[ultima * cuantas / 100]))
        })
    }

    /// Lo peor de todas las rondas: lo que más tarda una entrega o, con atascados, lo que más espera
    /// quien no tiene culpa de que otros no lean.
    fn maximo(&self) -> String {
        let peor = if self.carga.atascados > 0 {
            self.rondas.iter().map(|medida| medida.espera).max()
        } else {
            self.rondas.iter().filter_map(|medida| medida.latencias.last().copied()).max()
        };
        // Si se ha perdido algo, es que se dejó de esperar.
        let signo = if self.peor(|medida| medida.perdidos) > 0 { "> " } else { "" };
        peor.map(|peor| format!("{signo}{}", cifra(milisegundos(peor)))).unwrap_or_default()
    }

    fn memoria(&self) -> Option<f64> {
        self.mediana(|medida| (self.carga.hablan == 0).then_some(medida.kib_por_cliente).flatten())
    }

    fn hilos(&self) -> Option<f64> {
        self.mediana(|medida| Some(medida.hilos.filter(|_| self.carga.hablan == 0)? as f64))
    }

    /// Lo ocupado que ha estado el hilo que hace de todos los clientes: con 100, es él quien frena.
    fn carga(&self) -> Option<f64> {
        self.ritmo()?;
        self.mediana(|medida| {
            Some(100.0 * medida.cpu_carga?.as_secs_f64() / medida.duracion.as_secs_f64())
        })
    }

    /// Lo peor de todas las rondas.
    fn peor(&self, valor: impl Fn(&Medida) -> usize) -> usize {
        self.rondas.iter().map(valor).max().unwrap_or(0)
    }

    /// El nombre de la carga, con lo que la distingue de las de su familia.
    fn titulo(&self) -> String {
        let carga = &self.carga;
        match carga.nombre {
            "crecimiento" => format!("crecimiento, {}", carga.clientes),
            "atascados" => format!("atascados, {}", carga.atascados),
            nombre => nombre.to_owned(),
        }
    }
}

fn milisegundos(duracion: Duration) -> f64 {
    duracion.as_secs_f64() * 1e3
}

/// La fila de la misma carga con otro servidor.
fn otra<'a>(filas: &'a [Fila], fila: &Fila, servidor: &str) -> Option<&'a Fila> {
    filas.iter().find(|otra| otra.titulo() == fila.titulo() && otra.servidor == servidor)
}

fn buscar<'a>(filas: &'a [Fila], titulo: &str, servidor: &str) -> Option<&'a Fila> {
    filas.iter().find(|fila| fila.titulo() == titulo && fila.servidor == servidor)
}

/// Todo lo medido, en una tabla de Markdown que también se lee en un terminal.
pub fn tabla(filas: &[Fila]) -> String {
    let mut celdas = vec![CABECERA.map(str::to_owned)];
    for fila in filas {
        let razon = |valor: fn(&Fila) -> Option<f64>, servidor: &str| {
            let suyo = valor(otra(filas, fila, servidor).filter(|_| fila.servidor != servidor)?)?;
            Some(valor(fila)? / suyo)
        };
        let habla = fila.carga.hablan > 0 && !fila.rondas.is_empty();
        let si_habla = |cuantos: usize| if habla { entero(cuantos) } else { String::new() };
        celdas.push([
            fila.titulo(),
            fila.servidor.clone(),
            if habla { celda(fila.entregas()) } else { String::new() },
            celda(fila.ritmo()),
            celda(razon(Fila::ritmo, FINAL)),
            celda(fila.cpu()),
            celda(razon(Fila::cpu, FINAL)),
            celda(razon(Fila::cpu, SUELO)),
            celda(fila.latencia(50)),
            celda(fila.latencia(99)),
            fila.maximo(),
            si_habla(fila.peor(|medida| medida.perdidos)),
            si_habla(fila.peor(|medida| medida.desordenados)),
            celda(fila.memoria()),
            fila.hilos().map(|hilos| entero(hilos as usize)).unwrap_or_default(),
            fila.carga().map(|carga| format!("{carga:.0}")).unwrap_or_default(),
        ]);
    }
    alinear(&celdas, 2)
}

/// Una tabla de Markdown con las columnas alineadas: las de `textos` a la izquierda.
pub fn alinear<const N: usize>(celdas: &[[String; N]], textos: usize) -> String {
    let ancho = |columna: usize| {
        celdas.iter().map(|fila| fila[columna].chars().count()).max().unwrap_or(0).max(2)
    };
    let anchos: [usize; N] = std::array::from_fn(ancho);
    let mut texto = String::new();
    for (numero, fila) in celdas.iter().enumerate() {
        for (columna, celda) in fila.iter().enumerate() {
            let ancho = anchos[columna];
            let _ = if columna < textos {
                write!(texto, "| {celda:<ancho$} ")
            } else {
                write!(texto, "| {celda:>ancho$} ")
            };
        }
        texto.push_str("|\n");
        if numero == 0 {
            for (columna, ancho) in anchos.iter().enumerate() {
                let fin = if columna < textos { '-' } else { ':' };
                let _ = write!(texto, "|-{}{fin}", "-".repeat(*ancho));
            }
            texto.push_str("|\n");
        }
    }
    texto
}

fn celda(valor: Option<f64>) -> String {
    valor.map(cifra).unwrap_or_default()
}

/// Un número exacto, con las cifras de tres en tres.
pub fn entero(numero: usize) -> String {
    let cifras = numero.to_string();
    let grupos: Vec<&str> = cifras
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|grupo| std::str::from_utf8(grupo).unwrap_or_default())
        .collect();
    grupos.join(" ")
}

/// Un número con tres cifras que digan algo: `31 200 000`, `1,25`, `0,031`.
pub fn cifra(valor: f64) -> String {
    if valor >= 1000.0 {
        let exacto = valor.round() as u64;
        let redondo = 10_u64.pow(exacto.ilog10().saturating_sub(2));
        return entero(((exacto + redondo / 2) / redondo * redondo) as usize);
    }
    let decimales = match valor {
        v if v >= 100.0 || v == 0.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 0.995 => 2,
        _ => 3,
    };
    format!("{valor:.decimales$}").replace('.', ",")
}

/// La tabla de los objetivos, y si al final no se le ha perdido ni desordenado nada.
pub fn objetivos(filas: &[Fila]) -> (String, bool) {
    let cociente = |titulo: &str, valor: fn(&Fila) -> Option<f64>, uno: &str, otro: &str| {
        let (uno, otro) = (buscar(filas, titulo, uno)?, buscar(filas, titulo, otro)?);
        Some(valor(uno)? / valor(otro)?)
    };
    let del_final = || filas.iter().filter(|fila| fila.servidor == FINAL);
    let sueltos: usize =
        del_final().map(|fila| fila.peor(|medida| medida.perdidos + medida.desordenados)).sum();
    let cuenta = del_final().any(|fila| fila.carga.hablan > 0);
    let medidas = del_final().count() > 0 && del_final().all(|fila| !fila.rondas.is_empty());
    let crece: Vec<f64> = del_final()
        .filter(|fila| fila.carga.nombre == "crecimiento")
        .filter_map(Fila::cpu)
        .collect();
    let crecimiento =
        crece.first().map(|primero| crece.iter().fold(0.0, |m: f64, c| m.max(c / primero)));
    let p99 = |fila: &Fila| fila.latencia(99);

    let objetivos = [
        (
            "`final`, en todas las cargas: perdidos y fuera de orden",
            '≤',
            0.0,
            cuenta.then_some(sueltos as f64),
        ),
        (
            "todos: entregas/s, veces las del paso 04",
            '≥',
            10.0,
            cociente("todos", Fila::ritmo, FINAL, PASO_04),
        ),
        (
            "ráfaga: entregas/s, veces las del paso 04",
            '≥',
            10.0,
            cociente("ráfaga", Fila::ritmo, FINAL, PASO_04),
        ),
        (
            "aula: CPU de una entrega, veces la del suelo",
            '≤',
            1.3,
            cociente("aula", Fila::cpu, FINAL, SUELO),
        ),
        ("aula: p99, veces el del paso 04", '≤', 1.0, cociente("aula", p99, FINAL, PASO_04)),
        (
            "quietos: KiB residentes por cliente",
            '≤',
            14.0,
            buscar(filas, "quietos", FINAL).and_then(Fila::memoria),
        ),
        ("crecimiento: CPU de una entrega, veces la de 10 clientes", '≤', 2.0, crecimiento),
    ];
    let mut celdas = vec![["objetivo", "límite", "medido", "se cumple"].map(str::to_owned)];
    for (objetivo, signo, limite, medido) in objetivos {
        let Some(medido) = medido else { continue };
        let cumple = if signo == '≤' { medido <= limite } else { medido >= limite };
        celdas.push([
            objetivo.to_owned(),
            format!("{signo} {}", limite.to_string().replace('.', ",")),
            cifra(medido),
            if cumple { "sí" } else { "NO" }.to_owned(),
        ]);
    }
    (alinear(&celdas, 1), sueltos == 0 && medidas)
}

/// Renueva la parte medida de `docs/rendimiento.md`, y los dos gráficos.
pub fn escribir(
    filas: &[Fila],
    tabla: &str,
    objetivos: &str,
    llamadas: &str,
) -> anyhow::Result<()> {
    const INICIO: &str = "<!-- medido: lo escribe cargo bench -p final -- --escribir -->\n";
    const FIN: &str = "<!-- fin de lo medido -->";
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let ruta = docs.join("rendimiento.md");
    let pagina = fs::read_to_string(&ruta)?.replace("\r\n", "\n");
    let (antes, resto) = pagina.split_once(INICIO).context("falta el inicio de lo medido")?;
    let (_, despues) = resto.split_once(FIN).context("falta el fin de lo medido")?;
    let maquina = maquina();
    let medido =
        format!("{maquina}\n\n{tabla}\n{objetivos}\nLas llamadas al sistema:\n\n{llamadas}");
    fs::write(&ruta, format!("{antes}{INICIO}\n{medido}\n{FIN}{despues}"))?;

    let mut servidores: Vec<&str> = Vec::new();
    for fila in filas {
        if !servidores.contains(&fila.servidor.as_str()) {
            servidores.push(&fila.servidor);
        }
    }
    let lineas = servidores.iter().map(|servidor| {
        let suyas = filas
            .iter()
            .filter(|fila| fila.carga.nombre == "crecimiento" && fila.servidor == **servidor);
        let puntos = suyas.filter_map(|fila| Some((fila.carga.clientes as f64, fila.cpu()?)));
        Linea { nombre: (*servidor).to_owned(), puntos: puntos.collect() }
    });
    let lineas: Vec<Linea> = lineas.filter(|linea| !linea.puntos.is_empty()).collect();
    fs::write(docs.join("coste-por-clientes.svg"), dibujo::lineas(&lineas))?;

    let barras = filas.iter().filter(|fila| fila.carga.nombre == "aula").filter_map(|fila| {
        let peor = fila.rondas.iter().filter_map(|medida| medida.latencias.last()).max()?;
        let valores = [fila.latencia(50)?, fila.latencia(99)?, milisegundos(*peor)];
        Some(Barra { nombre: fila.servidor.clone(), valores })
    });
    fs::write(docs.join("latencia-en-el-aula.svg"), dibujo::barras(&barras.collect::<Vec<_>>()))?;
    Ok(())
}

/// En qué ordenador se ha medido, y cuándo.
fn maquina() -> String {
    let fecha = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let fecha = fecha.split('T').next().unwrap_or_default();
    let nucleos = available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let modelo = cpu.lines().find_map(|linea| linea.strip_prefix("model name")?.split_once(": "));
    let modelo = modelo.map_or("procesador desconocido", |(_, modelo)| modelo);
    let nucleo = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let nucleo = nucleo.split('-').next().unwrap_or_default().trim();
    let sistema = format!("{} {nucleo}", std::env::consts::OS);
    format!("Medido el {fecha}: {nucleos} núcleos ({modelo}), {}.", sistema.trim())
}
