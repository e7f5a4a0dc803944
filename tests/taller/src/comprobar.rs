//! En qué paso está una versión propia, y qué le falta para el siguiente.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use pruebas::construir::construir;
use pruebas::escena::{Donde, Escena, Fallo};
use pruebas::modos;
use pruebas::programa::Orden;
use pruebas::tabla::{Escenario, PASOS, TABLA};

use crate::{Paso, lo_ensena};

/// Lo que se espera a lo que no llega: a quien prueba una y otra vez no se le hace esperar.
const PACIENCIA: Duration = Duration::from_secs(5);

/// Lo mismo, para decidir por dónde se empieza.
const UN_MOMENTO: Duration = Duration::from_secs(1);

/// Cuando falta tanto, ya hay bastante en que pensar: lo demás no se mira.
const BASTANTE: usize = 2;

/// La dirección que usan los programas a los que no se les puede decir otra.
const LA_DE_SIEMPRE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 12345);

/// Un servidor y un cliente que se comprueban.
#[derive(Debug, Clone)]
pub struct Programas {
    servidor: Orden,
    cliente: Orden,
}

impl Programas {
    /// Los de una carpeta de Rust, recién construidos; o lo que dice el compilador.
    pub fn construidos(carpeta: &Path) -> Result<Self, String> {
        if !carpeta.join("Cargo.toml").is_file() {
            return Err(format!(
                "en {} no hay ningún Cargo.toml: una versión propia se empieza con\n    \
                 cargo run --bin taller -- empezar 01 {0}",
                carpeta.display()
            ));
        }
        let programas = construir(carpeta, &[])?;
        let cual = |nombre: &str| {
            let suyo =
                programas.iter().find(|ruta| ruta.file_stem().is_some_and(|uno| uno == nombre));
            let suyo = suyo.ok_or_else(|| {
                format!("{} no tiene ningún programa «{nombre}»", carpeta.display())
            });
            suyo.map(|ruta| Orden::new(ruta))
        };
        Ok(Self { servidor: cual("servidor")?, cliente: cual("cliente")? })
    }

    /// Unos programas en cualquier lenguaje.
    #[must_use]
    pub fn ajenos(servidor: Orden, cliente: Orden) -> Self {
        Self { servidor, cliente }
    }

    /// Dónde puede escuchar el servidor: si a alguno de los dos no se le puede decir, donde siempre.
    fn donde(&self) -> Donde {
        if self.servidor.admite_direccion() && self.cliente.admite_direccion() {
            Donde::Elegido
        } else {
            Donde::Fijo(LA_DE_SIEMPRE)
        }
    }
}

/// Lo que no se cumple de un escenario, con todo lo que ayuda a entenderlo.
#[derive(Debug, Clone)]
pub struct Falta {
    /// Qué ha fallado, y qué se esperaba.
    pub fallo: Fallo,
    hecho: Vec<String>,
    pantallas: String,
}

/// Unos programas, y lo que ya se sabe de ellos.
pub struct Examen<'a> {
    programas: &'a Programas,
    salida: &'a mut dyn Write,
    vistos: BTreeMap<&'static str, Option<Falta>>,
}

impl<'a> Examen<'a> {
    /// Uno por empezar, que cuenta lo que ve en `salida`.
    pub fn new(programas: &'a Programas, salida: &'a mut dyn Write) -> Self {
        Self { programas, salida, vistos: BTreeMap::new() }
    }

    /// Comprueba lo que pide un paso; devuelve si se cumple todo.
    pub fn paso(&mut self, paso: &Paso) -> io::Result<bool> {
        let (nombre, idea) = (paso.nombre(), paso.idea());
        writeln!(self.salida, "\nPaso {nombre}: {idea}")?;
        let mut faltan = Vec::new();
        for escenario in paso.pide() {
            if let Some(falta) = self.mira(escenario)? {
                faltan.push((escenario, falta));
            }
            if faltan.len() == BASTANTE {
                break;
            }
        }
        let sin_mirar = paso.pide().filter(|uno| !self.vistos.contains_key(uno.nombre)).count();
        if sin_mirar > 0 {
            writeln!(self.salida, "     …  y {sin_mirar} más, cuando esto se cumpla")?;
        }
        let Some((escenario, falta)) = faltan.first() else {
            writeln!(self.salida, "El paso {nombre} se cumple.")?;
            return Ok(true);
        };
        writeln!(self.salida, "\nLo primero que falta para el paso {nombre}:\n")?;
        self.explica(escenario, falta)?;
        Ok(false)
    }

    /// De lo que ya se ha mirado y pide este paso, lo primero que falta.
    #[must_use]
    pub fn lo_primero(&self, paso: &Paso) -> Option<(&'static str, &Falta)> {
        paso.pide().find_map(|uno| Some((uno.nombre, self.vistos.get(uno.nombre)?.as_ref()?)))
    }

    /// Busca en qué paso están los programas; devuelve si están en alguno.
    pub fn paso_a_paso(&mut self) -> io::Result<bool> {
        // Desde el 03, quien habla ya no se oye a sí mismo: lo que pedían los dos primeros ya no se cumple.
        if let Donde::Fijo(direccion) = self.programas.donde() {
            writeln!(
                self.salida,
                "(Si las órdenes no dicen DIRECCION, los programas usan siempre {direccion}, y a veces hay \
                 que esperar\na que el sistema la suelte: tarda.)"
            )?;
        }
        let difunde = TABLA.iter().find(|uno| uno.nombre == "difusion");
        let difunde = difunde.is_some_and(|uno| self.ver(uno, UN_MOMENTO).is_ok());
        let mut esta = false;
        for columna in if difunde { 2 } else { 0 }..PASOS.len() {
            if !self.paso(&Paso::en(columna))? {
                break;
            }
            esta = true;
        }
        Ok(esta)
    }

    /// Mira si un escenario se cumple, si no se ha mirado ya, y lo dice en una línea.
    fn mira(&mut self, escenario: &'static Escenario) -> io::Result<Option<Falta>> {
        if let Some(visto) = self.vistos.get(escenario.nombre) {
            return Ok(visto.clone());
        }
        let falta = self.ver(escenario, PACIENCIA).err();
        let cumple = if falta.is_none() { "sí" } else { "NO" };
        writeln!(self.salida, "    {cumple}  {} ({})", escenario.frase, escenario.nombre)?;
        self.salida.flush()?;
        self.vistos.insert(escenario.nombre, falta.clone());
        Ok(falta)
    }

    /// Donde no se puede ver, se da por cumplido.
    fn ver(&self, escenario: &Escenario, paciencia: Duration) -> Result<(), Falta> {
        let Some(&modo) = modos(escenario).first() else { return Ok(()) };
        let Programas { servidor, cliente } = self.programas.clone();
        let donde = self.programas.donde();
        let escena = Escena::de_quien_aprende(modo, (servidor, cliente), donde, paciencia);
        (escenario.prueba)(&escena).map_err(|fallo| {
            let contexto = escena.contexto();
            Falta { fallo, hecho: contexto.hecho(), pantallas: contexto.informe() }
        })
    }

    fn explica(&mut self, escenario: &Escenario, falta: &Falta) -> io::Result<()> {
        let Falta { fallo: Fallo { razon, detalle }, hecho, pantallas } = falta;
        let salida = &mut self.salida;
        writeln!(salida, "  {} ({})\n", escenario.frase, escenario.nombre)?;
        writeln!(salida, "  se hizo:")?;
        for cosa in hecho {
            writeln!(salida, "    {cosa}")?;
        }
        writeln!(salida, "  se vio:")?;
        for linea in pantallas.lines() {
            writeln!(salida, "    {linea}")?;
        }
        writeln!(salida, "  y no va bien: {detalle}\n  quizá porque {razon}")?;
        writeln!(salida, "  lo cuenta {}", lo_ensena(escenario).capitulo.pagina)
    }
}
