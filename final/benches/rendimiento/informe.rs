//! Las tablas de lo medido, y si se cumplen los objetivos.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};

use crate::Fila;
use crate::carga::{Medida, Molesta};
use crate::dibujo;
use crate::servidores::{FINAL, PASO_04, SIN_SALA};

impl Fila {
    /// La mediana de las rondas, si lo dicen todas.
    fn mediana(&self, valor: impl Fn(&Medida) -> Option<f64>) -> Option<f64> {
        let mut valores: Vec<f64> = self.rondas.iter().map(valor).collect::<Option<_>>()?;
        valores.sort_by(f64::total_cmp);
        valores.get(valores.len() / 2).copied()
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
            let todo = medida.entregas > 0 && medida.perdidos == 0 && !self.carga.avalancha;
            todo.then_some(medida.cpu?.as_secs_f64() * 1e6 / medida.entregas as f64)
        })
    }

    /// Milisegundos que tarda una entrega: de cada 100, `cuantas` tardan menos. Con 100, lo peor de
    /// todas las rondas: lo que más tarda una o, sin pausas y con quien molesta, lo que más espera
    /// quien no tiene culpa.
    fn latencia(&self, cuantas: usize) -> Option<f64> {
        if cuantas < 100 {
            return self.mediana(|medida| {
                let ultima = medida.latencias.len().checked_sub(1)?;
                Some(milisegundos(medida.latencias[ultima * cuantas / 100]))
            });
        }
        let esperan = self.carga.pausa.is_zero() && self.carga.molesta != Molesta::Nadie;
        let peor = |medida: &Medida| {
            if esperan { Some(medida.espera) } else { medida.latencias.last().copied() }
        };
        self.rondas.iter().filter_map(peor).max().map(milisegundos)
    }

    fn memoria(&self) -> Option<f64> {
        self.mediana(|medida| (self.carga.hablan == 0).then_some(medida.kib_por_cliente).flatten())
    }

    /// Lo ocupado que ha estado el hilo que hace de todos los clientes: con 100, es él quien frena.
    fn ocupacion(&self) -> Option<f64> {
        self.ritmo()?;
        self.mediana(|medida| {
            Some(100.0 * medida.cpu_carga?.as_secs_f64() / medida.duracion.as_secs_f64())
        })
    }

    /// Lo peor de todas las rondas.
    fn peor(&self, valor: impl Fn(&Medida) -> usize) -> usize {
        self.rondas.iter().map(valor).max().unwrap_or(0)
    }
}

fn milisegundos(duracion: Duration) -> f64 {
    duracion.as_secs_f64() * 1e3
}

fn buscar<'a>(filas: &'a [Fila], titulo: &str, servidor: &str) -> Option<&'a Fila> {
    filas.iter().find(|fila| fila.carga.nombre == titulo && fila.servidor == servidor)
}

/// Cuántas veces lo de un servidor es lo de otro, en la misma carga.
fn veces(
    filas: &[Fila],
    titulo: &str,
    valor: fn(&Fila) -> Option<f64>,
    [uno, otro]: [&str; 2],
) -> Option<f64> {
    Some(valor(buscar(filas, titulo, uno)?)? / valor(buscar(filas, titulo, otro)?)?)
}

/// Todo lo medido, en una tabla de Markdown que también se lee en un terminal.
pub fn tabla(filas: &[Fila]) -> String {
    let cabecera = "carga|servidor|entregas/s|CPU µs|× sin sala|p50 ms|p95 ms|p99 ms|máx ms|\
                    perdidos|desorden|KiB/cliente|hilos|carga %";
    let mut celdas = vec![cabecera.split('|').map(str::to_owned).collect()];
    for fila in filas {
        let titulo = &fila.carga.nombre;
        let perdidos = fila.peor(|medida| medida.perdidos);
        let hilos =
            fila.mediana(|medida| Some(medida.hilos? as f64).filter(|_| fila.carga.hablan == 0));
        let sin_sala = veces(filas, titulo, Fila::cpu, [&fila.servidor, SIN_SALA]);
        let numero = |valor: Option<f64>| valor.map(cifra).unwrap_or_default();
        // Si se ha perdido algo, es que se dejó de esperar.
        let signo = if perdidos > 0 && fila.latencia(100).is_some() { "> " } else { "" };
        celdas.push(vec![
            titulo.clone(),
            fila.servidor.clone(),
            numero(fila.ritmo()),
            numero(fila.cpu()),
            numero(sin_sala.filter(|_| fila.servidor != SIN_SALA)),
            numero(fila.latencia(50)),
            numero(fila.latencia(95)),
            numero(fila.latencia(99)),
            format!("{signo}{}", numero(fila.latencia(100))),
            entero(perdidos),
            entero(fila.peor(|medida| medida.desordenados)),
            numero(fila.memoria()),
            numero(hilos),
            fila.ocupacion().map(|ocupacion| format!("{ocupacion:.0}")).unwrap_or_default(),
        ]);
    }
    alinear(&celdas, 2)
}

/// Una tabla de Markdown con las columnas alineadas: las de `textos` a la izquierda.
pub fn alinear(celdas: &[Vec<String>], textos: usize) -> String {
    let ancho = |columna: usize| {
        celdas.iter().map(|fila| fila[columna].chars().count()).max().unwrap_or(0).max(2)
    };
    let anchos: Vec<usize> = (0..celdas[0].len()).map(ancho).collect();
    let mut texto = String::new();
    for (numero, fila) in celdas.iter().enumerate() {
        for (columna, (celda, ancho)) in fila.iter().zip(&anchos).enumerate() {
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

/// Un número exacto, con las cifras de tres en tres.
pub fn entero(numero: usize) -> String {
    let cifras = numero.to_string();
    let mut texto = String::new();
    for (lugar, cifra) in cifras.chars().enumerate() {
        if lugar > 0 && (cifras.len() - lugar) % 3 == 0 {
            texto.push(' ');
        }
        texto.push(cifra);
    }
    texto
}

/// Un número con tres cifras que digan algo: `31 200 000`, `1,25`, `0,031`.
pub fn cifra(valor: f64) -> String {
    if valor >= 1000.0 {
        let redondo = 10_f64.powi(valor.log10() as i32 - 2);
        return entero(((valor / redondo).round() * redondo) as usize);
    }
    let decimales = match valor {
        v if v >= 100.0 || v == 0.0 => 0,
        v if v >= 10.0 => 1,
        v if v >= 0.995 => 2,
        _ => 3,
    };
    format!("{valor:.decimales$}").replace('.', ",")
}

/// La tabla de los objetivos, y si a `final` no se le ha perdido ni desordenado nada.
pub fn objetivos(filas: &[Fila]) -> (String, bool) {
    let del_final: Vec<&Fila> = filas.iter().filter(|fila| fila.servidor == FINAL).collect();
    let sueltos: usize = del_final
        .iter()
        .map(|fila| fila.peor(|medida| medida.perdidos + medida.desordenados))
        .sum();
    let hablado = del_final.iter().any(|fila| fila.carga.hablan > 0);
    let del_tipo = |tipo: &'static str| {
        del_final.iter().filter(move |fila| fila.carga.nombre.starts_with(tipo)).copied()
    };
    let mayor = |valores: &mut dyn Iterator<Item = f64>| valores.reduce(f64::max);
    let p95 = |fila: &Fila| fila.latencia(95);
    let a_solas = buscar(filas, "aparte, nadie", FINAL).and_then(p95);
    let aparte = mayor(&mut del_tipo("aparte").filter_map(p95));
    let crece: Vec<f64> = del_tipo("crecimiento").filter_map(Fila::cpu).collect();
    let con_el_04 = |titulo| veces(filas, titulo, Fila::ritmo, [FINAL, PASO_04]);
    let objetivos = [
        (
            "todas las cargas: perdidos y fuera de orden",
            '≤',
            0.0,
            hablado.then_some(sueltos as f64),
        ),
        ("todos: entregas/s, veces las del paso 04", '≥', 10.0, con_el_04("todos")),
        ("ráfaga: entregas/s, veces las del paso 04", '≥', 10.0, con_el_04("ráfaga")),
        ("aparte: el mayor p95, en ms", '≤', 30.0, aparte),
        (
            "aparte: el mayor p95, veces el de sin nadie que moleste",
            '≤',
            2.0,
            aparte.zip(a_solas).map(|(uno, otro)| uno / otro),
        ),
        (
            "atascados: lo que más espera quien lee, en ms",
            '≤',
            50.0,
            mayor(&mut del_tipo("atascados").filter_map(|fila| fila.latencia(100))),
        ),
        (
            "aula: p99, en ms",
            '≤',
            1.0,
            buscar(filas, "aula", FINAL).and_then(|fila| fila.latencia(99)),
        ),
        (
            "aula: CPU de una entrega, veces la de sin sala",
            '≤',
            1.25,
            veces(filas, "aula", Fila::cpu, [FINAL, SIN_SALA]),
        ),
        (
            "quietos: KiB residentes por cliente",
            '≤',
            14.0,
            buscar(filas, "quietos", FINAL).and_then(Fila::memoria),
        ),
        (
            "crecimiento: CPU de una entrega, veces la de 10 clientes",
            '≤',
            2.0,
            mayor(&mut crece.iter().map(|cpu| cpu / crece[0])),
        ),
    ];
    let mut celdas =
        vec!["`final`|límite|medido|se cumple".split('|').map(str::to_owned).collect()];
    for (objetivo, signo, limite, medido) in objetivos {
        let Some(medido) = medido else { continue };
        let cumple = if signo == '≤' { medido <= limite } else { medido >= limite };
        celdas.push(vec![
            objetivo.to_owned(),
            format!("{signo} {}", limite.to_string().replace('.', ",")),
            cifra(medido),
            if cumple { "sí" } else { "NO" }.to_owned(),
        ]);
    }
    let medidas = !del_final.is_empty() && del_final.iter().all(|fila| !fila.rondas.is_empty());
    (alinear(&celdas, 1), sueltos == 0 && medidas)
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

    let mut lineas: Vec<dibujo::Serie<(f64, f64)>> = Vec::new();
    for fila in filas.iter().filter(|fila| fila.carga.nombre.starts_with("crecimiento")) {
        let Some(cpu) = fila.cpu() else { continue };
        if lineas.iter().all(|(nombre, _)| *nombre != fila.servidor) {
            lineas.push((fila.servidor.clone(), Vec::new()));
        }
        let suya = lineas.iter_mut().find(|(nombre, _)| *nombre == fila.servidor);
        suya.context("acaba de ponerse")?.1.push((fila.carga.clientes as f64, cpu));
    }
    let aula = filas.iter().filter(|fila| fila.carga.nombre == "aula");
    let barras: Vec<_> = aula
        .filter_map(|fila| {
            let valores: Option<Vec<f64>> =
                [50, 99, 100].into_iter().map(|cuantas| fila.latencia(cuantas)).collect();
            Some((fila.servidor.clone(), valores?))
        })
        .collect();
    dibujo::lineas(&docs.join("coste-por-clientes.svg"), &lineas)
        .and_then(|()| dibujo::barras(&docs.join("latencia-en-el-aula.svg"), &barras))
        .map_err(|error| anyhow!("no se pueden dibujar los gráficos: {error}"))
}

/// En qué ordenador se ha medido, y cuándo.
fn maquina() -> String {
    let fecha = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let fecha = fecha.split('T').next().unwrap_or_default();
    let nucleos = available_parallelism().map_or(1, usize::from);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let modelo = cpu.lines().find_map(|linea| linea.strip_prefix("model name")?.split_once(": "));
    let modelo = modelo.map_or("procesador desconocido", |(_, modelo)| modelo);
    format!("Medido el {fecha}: {nucleos} núcleos ({modelo}), {}.", std::env::consts::OS)
}
