//! Las tablas de lo medido, y si se cumplen los objetivos.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use comfy_table::{CellAlignment, Table, presets};

use crate::Fila;
use crate::carga::Medida;
use crate::dibujo;
use crate::servidores::{FINAL, PASO_04, PASO_06, Servidor};

/// Algo de lo medido en una fila, si lo hay.
type Valor = fn(&Fila) -> Option<f64>;

/// Lo que se enseña de cada carga.
const VALORES: [(&str, Valor); 8] = [
    (RITMO, Fila::ritmo),
    ("CPU µs", Fila::cpu),
    ("p50 ms", |fila| fila.latencia(50)),
    ("p95 ms", |fila| fila.latencia(95)),
    ("p99 ms", |fila| fila.latencia(99)),
    (MAXIMO, Fila::maximo),
    ("KiB/cliente", Fila::memoria),
    ("perdidos", |fila| Some(fila.perdidos() as f64).filter(|&perdidos| perdidos > 0.0)),
];
const RITMO: &str = "entregas/s";
const MAXIMO: &str = "máx ms";

/// De cada 100, lo que ha de estar ocupado el lado que carga para que sea él quien frena.
const LLENO: f64 = 90.0;

impl Fila {
    /// La mediana de las rondas, si lo dicen todas.
    fn mediana(&self, valor: impl Fn(&Medida) -> Option<f64>) -> Option<f64> {
        let mut valores: Vec<f64> = self.rondas.iter().map(valor).collect::<Option<_>>()?;
        valores.sort_by(f64::total_cmp);
        valores.get(valores.len() / 2).copied()
    }

    /// La mediana de algo que solo dice la verdad si no faltan entregas.
    fn si_llega_todo(&self, valor: impl Fn(&Medida) -> Option<f64>) -> Option<f64> {
        self.mediana(|medida| valor(medida).filter(|_| medida.entregas > 0 && medida.perdidos == 0))
    }

    /// Entregas por segundo, si no las marca la carga.
    fn ritmo(&self) -> Option<f64> {
        let ritmo = self.si_llega_todo(|m| Some(m.entregas as f64 / m.duracion.as_secs_f64()));
        ritmo.filter(|_| self.carga.pausa.is_zero())
    }

    /// Microsegundos de procesador por entrega.
    fn cpu(&self) -> Option<f64> {
        let cpu = self.si_llega_todo(|m| Some(m.cpu?.as_secs_f64() * 1e6 / m.entregas as f64));
        cpu.filter(|_| !self.carga.avalancha)
    }

    /// Lo ocupado que ha estado el hilo que hace de todos los clientes: con 100, es él quien frena.
    fn ocupacion(&self) -> Option<f64> {
        self.ritmo()?;
        self.mediana(|m| Some(100.0 * m.cpu_carga?.as_secs_f64() / m.duracion.as_secs_f64()))
    }

    /// Milisegundos en que llegan tantas de cada 100 entregas.
    fn latencia(&self, cuantas: usize) -> Option<f64> {
        self.mediana(|medida| {
            let ultima = medida.latencias.len().checked_sub(1)?;
            Some(milisegundos(medida.latencias[ultima * cuantas / 100]))
        })
    }

    /// Milisegundos, en la peor de las rondas: lo que más tarda una entrega o, sin pausas y con quien
    /// molesta, lo que más espera quien no tiene culpa.
    fn maximo(&self) -> Option<f64> {
        let esperan = self.carga.pausa.is_zero() && self.carga.molestos > 0;
        let peor = |m: &Medida| if esperan { Some(m.espera) } else { m.latencias.last().copied() };
        self.rondas.iter().filter_map(peor).max().map(milisegundos)
    }

    /// Los KiB residentes del servidor por cada cliente que no dice nada.
    fn memoria(&self) -> Option<f64> {
        let crece = |m: &Medida| Some(m.lleno?.memoria_kib.saturating_sub(m.vacio?.memoria_kib));
        let memoria = self.mediana(|m| Some(crece(m)? as f64 / (self.carga.clientes - 1) as f64));
        memoria.filter(|_| self.carga.hablan == 0)
    }

    /// ¿Es más de lo que aquí se pudo medir? Frenaba el lado que carga, o se dejó de esperar.
    fn se_queda_corto(&self, medida: &str) -> bool {
        medida == RITMO && self.ocupacion() >= Some(LLENO)
            || medida == MAXIMO && self.perdidos() > 0
    }

    /// Lo perdido y lo llegado fuera de orden, en la peor de las rondas.
    #[must_use]
    pub fn perdidos(&self) -> usize {
        self.rondas.iter().map(|m| m.perdidos + m.desordenados).max().unwrap_or(0)
    }
}

fn milisegundos(duracion: Duration) -> f64 {
    duracion.as_secs_f64() * 1e3
}

/// Todo lo medido, un servidor al lado de otro, en una tabla de Markdown que también se lee en un
/// terminal.
pub fn tabla(filas: &[Fila], servidores: &[Servidor]) -> String {
    let mut celdas = Vec::new();
    for carga in filas.chunk_by(|una, otra| una.carga.nombre == otra.carga.nombre) {
        for (medida, valor) in VALORES {
            let celda = |servidor: &Servidor| {
                let fila = carga.iter().find(|fila| fila.servidor.nombre == servidor.nombre)?;
                let signo = if fila.se_queda_corto(medida) { "≥ " } else { "" };
                Some(format!("{signo}{}", cifra(valor(fila)?)))
            };
            let suyas: Vec<_> = servidores.iter().map(celda).collect();
            if suyas.iter().any(Option::is_some) {
                let suyas = suyas.into_iter().map(Option::unwrap_or_default);
                let titulos = [carga[0].carga.nombre.clone(), medida.to_owned()];
                celdas.push(titulos.into_iter().chain(suyas).collect());
            }
        }
    }
    let nombres = servidores.iter().map(|servidor| &*servidor.nombre);
    alinear(["carga", "medida"].into_iter().chain(nombres), 2, celdas)
}

fn buscar<'a>(filas: &'a [Fila], carga: &str, servidor: &str) -> Option<&'a Fila> {
    filas.iter().find(|fila| fila.carga.nombre == carga && fila.servidor.nombre == servidor)
}

/// Una tabla de Markdown: las primeras columnas son textos, y las demás cifras.
pub fn alinear<'a>(
    titulos: impl IntoIterator<Item = &'a str>,
    textos: usize,
    celdas: Vec<Vec<String>>,
) -> String {
    let mut tabla = Table::new();
    tabla.load_preset(presets::ASCII_MARKDOWN).set_header(titulos).add_rows(celdas);
    for columna in tabla.column_iter_mut().skip(textos) {
        columna.set_cell_alignment(CellAlignment::Right);
    }
    format!("{tabla}\n")
}

/// Un número exacto, con las cifras de tres en tres.
pub fn entero(numero: usize) -> String {
    let (miles, resto) = (numero / 1000, numero % 1000);
    if miles == 0 { resto.to_string() } else { format!("{} {resto:03}", entero(miles)) }
}

/// Un número con tres cifras que digan algo: `31 200 000`, `1,25`, `0,031`.
pub fn cifra(valor: f64) -> String {
    let lugar = valor.max(0.01).log10().floor() as i32 - 2;
    let redondo = (valor / 10_f64.powi(lugar)).round() * 10_f64.powi(lugar);
    if redondo >= 1000.0 || redondo.fract() == 0.0 {
        return entero(redondo.round() as usize);
    }
    format!("{redondo:.*}", (-lugar).clamp(0, 3) as usize).replace('.', ",")
}

/// La tabla de los objetivos: si los cumple el servidor de `final`.
pub fn objetivos(filas: &[Fila]) -> String {
    let uno = |carga, servidor, valor: Valor| buscar(filas, carga, servidor).and_then(valor);
    let contra = |otro, carga, valor| Some(uno(carga, FINAL, valor)? / uno(carga, otro, valor)?);
    let mayor = |familia, valor: Valor| {
        let suyas = |fila: &&Fila| fila.servidor.nombre == FINAL && fila.carga.es(familia);
        filas.iter().filter(suyas).filter_map(valor).reduce(f64::max)
    };
    let veces = |familia, carga, valor| Some(mayor(familia, valor)? / uno(carga, FINAL, valor)?);
    let p95: Valor = |fila| fila.latencia(95);
    let perdidos = |fila: &Fila| Some(fila.perdidos() as f64);
    let objetivos = [
        ("todas: perdidos y fuera de orden", "≤ 0", mayor("", perdidos)),
        ("todos: entregas/s, × paso 04", "≥ 10", contra(PASO_04, "todos", Fila::ritmo)),
        ("ráfaga: entregas/s, × paso 04", "≥ 10", contra(PASO_04, "ráfaga", Fila::ritmo)),
        ("aparte: el mayor p95, en ms", "≤ 30", mayor("aparte", p95)),
        ("aparte: el mayor p95, × el de sin nadie", "≤ 2", veces("aparte", "aparte, nadie", p95)),
        ("atascados: la mayor espera, en ms", "≤ 50", mayor("atascados", Fila::maximo)),
        ("aula: p99, en ms", "≤ 1", uno("aula", FINAL, |fila| fila.latencia(99))),
        ("aula: CPU µs, × paso 06", "≤ 1.25", contra(PASO_06, "aula", Fila::cpu)),
        ("quietos: KiB residentes por cliente", "≤ 14", uno("quietos", FINAL, Fila::memoria)),
        (
            "crecimiento: CPU µs, × la de 10 clientes",
            "≤ 2",
            veces("crecimiento", "crecimiento, 10", Fila::cpu),
        ),
    ];
    let fila = |(objetivo, limite, medido): (&str, &str, Option<f64>)| {
        let (signo, valor) = limite.split_once(' ')?;
        let (medido, valor) = (medido?, valor.parse().ok()?);
        let cumple = if signo == "≤" { medido <= valor } else { medido >= valor };
        let cumple = if cumple { "sí" } else { "NO" };
        Some(
            [objetivo, &limite.replace('.', ","), &cifra(medido), cumple].map(str::to_owned).into(),
        )
    };
    let celdas = objetivos.into_iter().filter_map(fila).collect();
    alinear(["`final`", "límite", "medido", "se cumple"], 1, celdas)
}

/// Renueva la parte medida de `docs/rendimiento.md`, y los dos gráficos.
pub fn escribir(filas: &[Fila], tablas: &str) -> anyhow::Result<()> {
    const INICIO: &str = "<!-- medido: lo escribe cargo bench -p final -- --escribir -->\n";
    const FIN: &str = "<!-- fin de lo medido -->";
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let ruta = docs.join("rendimiento.md");
    let pagina = fs::read_to_string(&ruta)?.replace("\r\n", "\n");
    let (antes, resto) = pagina.split_once(INICIO).context("falta el inicio de lo medido")?;
    let (_, despues) = resto.split_once(FIN).context("falta el fin de lo medido")?;
    fs::write(&ruta, format!("{antes}{INICIO}\n{}\n\n{tablas}\n{FIN}{despues}", maquina()))?;

    let de = |carga: &'static str| filas.iter().filter(move |fila| fila.carga.es(carga));
    let barras: Vec<_> = de("aula")
        .map(|fila| {
            let alturas = [fila.latencia(50), fila.latencia(99), fila.maximo()];
            (&*fila.servidor.nombre, alturas.map(Option::unwrap_or_default))
        })
        .collect();
    let lineas: Vec<_> = barras
        .iter()
        .map(|(servidor, _)| {
            let suyas = de("crecimiento").filter(|fila| fila.servidor.nombre == *servidor);
            let punto = |fila: &Fila| Some((fila.carga.clientes as f64, fila.cpu()?));
            (*servidor, suyas.filter_map(punto).collect())
        })
        .collect();
    dibujo::lineas(&docs.join("coste-por-clientes.svg"), &lineas)
        .and_then(|()| dibujo::barras(&docs.join("latencia-en-el-aula.svg"), &barras))
        .map_err(|error| anyhow!("no se pueden dibujar los gráficos: {error}"))
}

/// En qué ordenador se ha medido, y cuándo.
fn maquina() -> String {
    let fecha = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let nucleos = available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let modelo = cpu.lines().find_map(|linea| linea.strip_prefix("model name")?.split_once(": "));
    let modelo = modelo.map_or("procesador desconocido", |(_, modelo)| modelo);
    format!("Medido el {}: {nucleos} núcleos ({modelo}), {}.", &fecha[..10], std::env::consts::OS)
}
