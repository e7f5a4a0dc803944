//! Las tablas de lo medido, y si se cumplen los objetivos.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};

use crate::Fila;
use crate::carga::Medida;
use crate::dibujo;
use crate::servidores::{FINAL, PASO_04, SIN_SALA};

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

    /// Lo perdido y lo llegado fuera de orden, en la peor de las rondas.
    #[must_use]
    pub fn perdidos(&self) -> usize {
        self.rondas.iter().map(|m| m.perdidos + m.desordenados).max().unwrap_or(0)
    }
}

fn milisegundos(duracion: Duration) -> f64 {
    duracion.as_secs_f64() * 1e3
}

fn buscar<'a>(filas: &'a [Fila], carga: &str, servidor: &str) -> Option<&'a Fila> {
    filas.iter().find(|fila| fila.carga.nombre == carga && fila.servidor == servidor)
}

/// Todo lo medido, en una tabla de Markdown que también se lee en un terminal.
pub fn tabla(filas: &[Fila]) -> String {
    let mut celdas = vec![titulos(
        "carga|servidor|entregas/s|CPU µs|p50 ms|p95 ms|p99 ms|máx ms|perdidos|KiB/cliente|carga %",
    )];
    for fila in filas {
        let numero = |valor: Option<f64>| valor.map(cifra).unwrap_or_default();
        // Si se ha perdido algo, es que se dejó de esperar.
        let signo = if fila.perdidos() > 0 && fila.maximo().is_some() { "> " } else { "" };
        celdas.push(vec![
            fila.carga.nombre.clone(),
            fila.servidor.clone(),
            numero(fila.ritmo()),
            numero(fila.cpu()),
            numero(fila.latencia(50)),
            numero(fila.latencia(95)),
            numero(fila.latencia(99)),
            format!("{signo}{}", numero(fila.maximo())),
            entero(fila.perdidos()),
            numero(fila.memoria()),
            numero(fila.ocupacion().map(f64::round)),
        ]);
    }
    alinear(&celdas, 2)
}

/// Los títulos de una tabla, separados por barras.
pub fn titulos(texto: &str) -> Vec<String> {
    texto.split('|').map(str::to_owned).collect()
}

/// Una tabla de Markdown con las columnas alineadas: las de `textos` a la izquierda.
pub fn alinear(celdas: &[Vec<String>], textos: usize) -> String {
    let ancho = |columna: usize| celdas.iter().map(|fila| fila[columna].chars().count()).max();
    let anchos: Vec<usize> = (0..celdas[0].len()).filter_map(ancho).collect();
    let mut texto = String::new();
    for (numero, fila) in celdas.iter().enumerate() {
        for (columna, (celda, &ancho)) in fila.iter().zip(&anchos).enumerate() {
            let izquierda = columna < textos;
            let relleno = " ".repeat(ancho - celda.chars().count());
            let (antes, despues) = if izquierda { ("", &*relleno) } else { (&*relleno, "") };
            let _ = write!(texto, "| {antes}{celda}{despues} ");
        }
        texto.push_str("|\n");
        if numero == 0 {
            for (columna, ancho) in anchos.iter().enumerate() {
                let fin = if columna < textos { '-' } else { ':' };
                let _ = write!(texto, "|{}{fin}", "-".repeat(ancho + 1));
            }
            texto.push_str("|\n");
        }
    }
    texto
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
    type Valor = fn(&Fila) -> Option<f64>;
    let uno = |carga, valor: Valor| buscar(filas, carga, FINAL).and_then(valor);
    let del_final = || filas.iter().filter(|fila| fila.servidor == FINAL);
    let mayor = |familia, valor: Valor| {
        del_final().filter(|fila| fila.carga.es(familia)).filter_map(valor).reduce(f64::max)
    };
    let veces = |uno: Option<f64>, otro: Option<f64>| Some(uno? / otro?);
    let contra = |otro, carga, valor: Valor| {
        veces(uno(carga, valor), buscar(filas, carga, otro).and_then(valor))
    };
    let perdidos: usize = del_final().map(Fila::perdidos).sum();
    let p95: Valor = |fila| fila.latencia(95);
    let (aparte, a_solas) = (mayor("aparte", p95), uno("aparte, nadie", p95));
    let crece = veces(mayor("crecimiento", Fila::cpu), uno("crecimiento, 10", Fila::cpu));
    let objetivos = [
        ("todas: perdidos y fuera de orden", '≤', 0.0, Some(perdidos as f64)),
        ("todos: entregas/s, × paso 04", '≥', 10.0, contra(PASO_04, "todos", Fila::ritmo)),
        ("ráfaga: entregas/s, × paso 04", '≥', 10.0, contra(PASO_04, "ráfaga", Fila::ritmo)),
        ("aparte: el mayor p95, en ms", '≤', 30.0, aparte),
        ("aparte: el mayor p95, × el de sin nadie", '≤', 2.0, veces(aparte, a_solas)),
        ("atascados: la mayor espera, en ms", '≤', 50.0, mayor("atascados", Fila::maximo)),
        ("aula: p99, en ms", '≤', 1.0, uno("aula", |fila| fila.latencia(99))),
        ("aula: CPU µs, × sin sala", '≤', 1.25, contra(SIN_SALA, "aula", Fila::cpu)),
        ("quietos: KiB residentes por cliente", '≤', 14.0, uno("quietos", Fila::memoria)),
        ("crecimiento: CPU µs, × la de 10 clientes", '≤', 2.0, crece),
    ];
    let mut celdas = vec![titulos("`final`|límite|medido|se cumple")];
    for (objetivo, signo, limite, medido) in objetivos {
        let Some(medido) = medido else { continue };
        let cumple = if signo == '≤' { medido <= limite } else { medido >= limite };
        let limite = format!("{signo} {limite}").replace('.', ",");
        let cumple = if cumple { "sí" } else { "NO" };
        celdas.push(vec![objetivo.to_owned(), limite, cifra(medido), cumple.to_owned()]);
    }
    alinear(&celdas, 1)
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

    let servidores = filas.iter().filter(|fila| fila.carga.nombre == "aula");
    let lineas: Vec<_> = servidores
        .clone()
        .map(|Fila { servidor, .. }| {
            let suyas = filas
                .iter()
                .filter(|fila| fila.servidor == *servidor && fila.carga.es("crecimiento"));
            let puntos = suyas.filter_map(|fila| Some((fila.carga.clientes as f64, fila.cpu()?)));
            (servidor.as_str(), puntos.collect())
        })
        .collect();
    let barras: Vec<_> = servidores
        .map(|fila| {
            let alturas = [fila.latencia(50), fila.latencia(99), fila.maximo()];
            (fila.servidor.as_str(), alturas.map(Option::unwrap_or_default))
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
