//! Los ejercicios de los capítulos: qué piden, con qué código se empieza, y si están hechos.

use std::path::Path;

use curso::pagina::{Pagina, nombres};

use crate::Paso;
use crate::empezar::{citada, nueva};
use comprobaciones::{COMPROBACIONES, Comprobacion};

pub mod comprobaciones;

/// Con lo que un capítulo dice qué escenarios deja de cumplir quien hace un ejercicio.
const CAMBIA: &str = "Deja de cumplirse:";

/// Lo mismo, de los que lo dejan según la suerte.
const PUEDE_CAMBIAR: &str = "Puede dejar de cumplirse:";

/// Lo que se dice de un ejercicio abierto.
pub const ABIERTO: &str = "Es de los que nadie puede comprobar por ti.";

/// Un ejercicio de un capítulo.
pub struct Ejercicio {
    /// El paso con cuyo código se empieza.
    pub paso: Paso,
    /// Cómo se llama: `01.2`.
    pub nombre: String,
    /// Lo que pide, en Markdown.
    pub enunciado: String,
    /// La diferencia que lo resuelve, en una carpeta como las del taller.
    pub solucion: Option<String>,
    /// Lo que el paso cumple y la solución no.
    pub cambia: Vec<String>,
    /// Lo que el paso cumple, y la solución unas veces sí y otras no.
    pub puede_cambiar: Vec<String>,
}

impl Ejercicio {
    /// El que se llama así.
    pub fn leer(nombre: &str) -> Result<Self, String> {
        let (paso, numero) = nombre.split_once('.').unwrap_or((nombre, ""));
        let mut suyos = Self::de(&Paso::leer(paso)?);
        let cual = numero.parse().ok().filter(|numero| (1..=suyos.len()).contains(numero));
        let cual: usize = cual.ok_or_else(|| {
            let paso = suyos.first().map_or(paso, |uno| uno.paso.nombre());
            format!("los ejercicios de este paso van de {paso}.1 a {paso}.{}", suyos.len())
        })?;
        Ok(suyos.swap_remove(cual - 1))
    }

    /// Los de un capítulo, en su orden.
    #[must_use]
    pub fn de(paso: &Paso) -> Vec<Self> {
        let pagina = Pagina::leer(&paso.capitulo.pagina);
        let (_, texto) = pagina.texto.split_once("\n## Ejercicios\n").unwrap_or_default();
        let texto = texto.split("\n## ").next().unwrap_or_default();
        let mut ejercicios = Vec::new();
        let mut resto = texto;
        while let Some((_, desde)) = resto.split_once(&format!("\n{}. **(", ejercicios.len() + 1)) {
            resto = desde;
            let siguiente = format!("\n{}. **(", ejercicios.len() + 2);
            let suyo = desde.split(&siguiente).next().unwrap_or_default();
            let columna = paso.columna;
            let nombre = format!("{}.{}", paso.nombre(), ejercicios.len() + 1);
            ejercicios.push(Self::partir(Paso::en(columna), nombre, suyo));
        }
        ejercicios
    }

    /// El que dice este texto: `Fácil)** Que el servidor…`, con sus pistas y su solución.
    fn partir(paso: Paso, nombre: String, texto: &str) -> Self {
        let enunciado = texto.split("<details>").next().unwrap_or_default();
        let enunciado = enunciado.split_whitespace().collect::<Vec<_>>().join(" ");
        let (_, enunciado) = enunciado.split_once(")** ").unwrap_or_default();
        let (enunciado, puede) = enunciado.split_once(PUEDE_CAMBIAR).unwrap_or((enunciado, ""));
        let (enunciado, cambia) = enunciado.split_once(CAMBIA).unwrap_or((enunciado, ""));
        let escenarios = |texto| nombres(texto).into_iter().map(String::from).collect();
        let solucion = texto.split_once("```diff\n").and_then(|(_, resto)| resto.split_once("```"));
        // Va sangrada, como todo lo de la lista.
        let solucion = solucion.map(|(lineas, _)| {
            lineas
                .lines()
                .map(|linea| linea.get(3..).unwrap_or_default().to_owned() + "\n")
                .collect()
        });
        Self {
            paso,
            nombre,
            enunciado: enunciado.trim().to_owned(),
            solucion,
            cambia: escenarios(cambia),
            puede_cambiar: escenarios(puede),
        }
    }

    /// Cómo se ve si está hecho; ninguna, si es abierto.
    #[must_use]
    pub fn comprobacion(&self) -> Option<&'static Comprobacion> {
        COMPROBACIONES.iter().find(|una| una.ejercicio == self.nombre)
    }

    /// Crea en `carpeta`, que no ha de tener nada, el código con el que se empieza. Devuelve lo que hay que
    /// hacer ahora.
    pub fn empezar(&self, carpeta: &Path) -> Result<String, String> {
        let Self { paso, nombre, enunciado, .. } = self;
        let pagina = &paso.capitulo.pagina;
        let que_es = format!(
            "# Ejercicio {nombre}\n\n{enunciado}\n\nEste es el código del paso {}: cámbialo. Si te atascas, hay \
             pistas en {pagina}.\n",
            paso.nombre()
        );
        let y_despues = match self.comprobacion() {
            None => format!("\n{ABIERTO}\n"),
            Some(_) => format!(
                "\nCuando lo tengas, desde la carpeta del curso:\n\n    \
                 cargo run --bin taller -- ejercicio {nombre} {}\n",
                citada(carpeta)
            ),
        };
        let texto = que_es + &y_despues;
        nueva(Some(&paso.capitulo.carpeta), carpeta, &texto)?;
        Ok(format!("{texto}\nTodo está en {}, y esto, en su LEEME.md.", carpeta.display()))
    }
}
