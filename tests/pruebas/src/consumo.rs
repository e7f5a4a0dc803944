//! Lo que gasta un proceso.

use std::fs;
use std::time::Duration;

/// Lo que gasta un proceso, según Linux.
#[derive(Debug, Clone, Copy)]
pub struct Consumo {
    /// Hilos en marcha.
    pub hilos: usize,
    /// Descriptores abiertos.
    pub descriptores: usize,
    /// Memoria residente, en KiB.
    pub memoria_kib: usize,
    /// Tiempo de procesador de los hilos que siguen en marcha: no cuenta los que acabaron, ni otros
    /// procesos. Nada si el núcleo no lo dice.
    pub cpu: Option<Duration>,
}

impl Consumo {
    /// Lo que gasta ahora el proceso `pid`. Nada si ya no está, o si el sistema no es Linux.
    #[must_use]
    pub fn de(pid: u32) -> Option<Self> {
        let estado = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let campo = |nombre: &str| {
            let linea = estado.lines().find_map(|linea| linea.strip_prefix(nombre));
            linea.and_then(|valor| valor.trim_end_matches("kB").trim().parse().ok())
        };
        let descriptores = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
        let mut cpu = Some(Duration::ZERO);
        for hilo in fs::read_dir(format!("/proc/{pid}/task")).ok()? {
            // Un hilo puede acabar entre que se le nombra y se le pregunta.
            let hilo = hilo.ok()?.path();
            let Ok(gasto) = fs::read_to_string(hilo.join("schedstat")) else {
                cpu = cpu.filter(|_| !hilo.exists());
                continue;
            };
            let nanosegundos = gasto.split(' ').next().and_then(|n| n.parse().ok());
            cpu = cpu.zip(nanosegundos).map(|(cpu, n)| cpu + Duration::from_nanos(n));
        }
        Some(Self { hilos: campo("Threads:")?, descriptores, memoria_kib: campo("VmRSS:")?, cpu })
    }
}
