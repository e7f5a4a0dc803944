//! En qué paso está una versión propia, y qué le falta para el siguiente.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use pruebas::construir::construir;
use pruebas::escena::{Donde, Escena, Fallo, Resultado};
use pruebas::programa::Orden;
use pruebas::tabla::{Escenario, Necesita, PASOS, TABLA};

use crate::ejercicio::comprobaciones::Comprobacion;
use crate::ejercicio::{ABIERTO, Ejercicio};
use crate::{Paso, lo_ensena};

/// Lo que se mira de unos programas.
type Prueba = fn(&Escena) -> Resultado;

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
        let programas = construir(carpeta, &[])
            .map_err(|error| format!("{} no compila:\n\n{error}", carpeta.display()))?;
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

    /// Mira si cumplen algo, esperando esto a lo que no llega. Donde no se puede ver, se da por cumplido.
    pub fn ver(
        &self,
        necesita: Necesita,
        prueba: Prueba,
        paciencia: Duration,
    ) -> Result<(), Falta> {
        let Some(&modo) = necesita.modos().first() else { return Ok(()) };
        let programas = (self.servidor.clone(), self.cliente.clone());
        let escena = Escena::de_quien_aprende(modo, programas, self.donde(), paciencia);
        prueba(&escena).map_err(|fallo| {
            let contexto = escena.contexto();
            Falta { fallo, hecho: contexto.hecho(), pantallas: contexto.informe() }
        })
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
        let mut lo_cuenta = lo_ensena(escenario).capitulo.pagina;
        if lo_cuenta != paso.capitulo.pagina {
            lo_cuenta = format!("{lo_cuenta}; el paso {nombre}, {}", paso.capitulo.pagina);
        }
        self.explica((escenario.frase, escenario.nombre), falta, &lo_cuenta)?;
        Ok(false)
    }

    /// Comprueba un ejercicio; devuelve si está hecho.
    pub fn ejercicio(&mut self, ejercicio: &Ejercicio) -> io::Result<bool> {
        let Ejercicio { nombre, enunciado, .. } = ejercicio;
        writeln!(self.salida, "\nEjercicio {nombre}: {enunciado}\n")?;
        let Some(Comprobacion { necesita, prueba, .. }) = ejercicio.comprobacion() else {
            writeln!(self.salida, "{ABIERTO}")?;
            return Ok(true);
        };
        if necesita.modos().is_empty() {
            writeln!(self.salida, "En este sistema no se puede comprobar.")?;
            return Ok(true);
        }
        let Err(falta) = self.programas.ver(*necesita, *prueba, PACIENCIA) else {
            writeln!(self.salida, "Hecho. La solución del capítulo puede ser otra: compárala.")?;
            return Ok(true);
        };
        writeln!(self.salida, "Aún no:\n")?;
        let pagina = &ejercicio.paso.capitulo.pagina;
        self.explica((enunciado, nombre), &falta, pagina)?;
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
        let difunde = difunde
            .is_some_and(|uno| self.programas.ver(uno.necesita, uno.prueba, UN_MOMENTO).is_ok());
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
        let falta = self.programas.ver(escenario.necesita, escenario.prueba, PACIENCIA).err();
        let cumple = if falta.is_none() { "sí" } else { "NO" };
        writeln!(self.salida, "    {cumple}  {} ({})", escenario.frase, escenario.nombre)?;
        self.salida.flush()?;
        self.vistos.insert(escenario.nombre, falta.clone());
        Ok(falta)
    }

    fn explica(
        &mut self,
        (frase, nombre): (&str, &str),
        falta: &Falta,
        lo_cuenta: &str,
    ) -> io::Result<()> {
        let Falta { fallo: Fallo { razon, detalle }, hecho, pantallas } = falta;
        let salida = &mut self.salida;
        writeln!(salida, "  {frase} ({nombre})\n")?;
        writeln!(salida, "  se hizo:")?;
        for cosa in hecho {
            writeln!(salida, "    {cosa}")?;
        }
        writeln!(salida, "  se vio:")?;
        for linea in pantallas.lines() {
            writeln!(salida, "    {linea}")?;
        }
        writeln!(salida, "  y no va bien: {detalle}\n  quizá porque {razon}")?;
        writeln!(salida, "  lo cuenta {lo_cuenta}")
    }
}
