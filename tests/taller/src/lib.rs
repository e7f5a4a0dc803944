//! El taller: una versión propia del chat se empieza, se comprueba paso a paso, y se rompe para ver qué
//! pasa.
//!
//! Todo sale de otro sitio: qué pide cada paso, de la [tabla](pruebas::tabla::TABLA); su código, de sus
//! carpetas; lo que se rompe, de los capítulos.

// Lo que aquí falla se cuenta a quien usa el taller, tal cual.
#![allow(clippy::missing_errors_doc)]

pub mod comprobar;
pub mod demo;
pub mod ejercicio;
pub mod empezar;
pub mod experimento;
pub mod vigilar;

use curso::cambios::{Capitulo, capitulos};
use curso::ficheros::{leer, raiz};
use pruebas::tabla::{Casilla, Escenario, PASOS, TABLA};

/// Un paso del curso.
pub struct Paso {
    /// Su columna en la tabla.
    pub columna: usize,
    /// Su capítulo.
    pub capitulo: Capitulo,
}

impl Paso {
    /// El que se llama así: `3`, `03`, `final`.
    pub fn leer(nombre: &str) -> Result<Self, String> {
        let nombre = format!("{nombre:0>2}");
        let columna = PASOS.iter().position(|paso| *paso == nombre);
        let columna = columna.ok_or_else(|| {
            format!("no hay ningún paso «{nombre}»: van del 01 al {}, y «final»", PASOS.len() - 1)
        })?;
        Ok(Self::en(columna))
    }

    /// El de esta columna.
    ///
    /// # Panics
    ///
    /// Si no hay tantas.
    #[must_use]
    pub fn en(columna: usize) -> Self {
        Self { columna, capitulo: capitulos().swap_remove(columna) }
    }

    /// El que va después, si no es el último.
    #[must_use]
    pub fn siguiente(&self) -> Option<Self> {
        (self.columna + 1 < PASOS.len()).then(|| Self::en(self.columna + 1))
    }

    /// Cómo se llama: `03`.
    #[must_use]
    pub fn nombre(&self) -> &'static str {
        PASOS[self.columna]
    }

    /// La idea que dice el título de su capítulo.
    #[must_use]
    pub fn idea(&self) -> String {
        let pagina = leer(&raiz().join(&self.capitulo.pagina));
        let titulo = pagina.lines().next().unwrap_or_default();
        titulo.split_once(": ").unwrap_or_default().1.to_owned()
    }

    /// Lo que ha de cumplir una versión de este paso, y no tarda minutos en verse.
    pub fn pide(&self) -> impl Iterator<Item = &'static Escenario> {
        let columna = self.columna;
        TABLA.iter().filter(move |uno| !uno.largo && uno.casilla(columna) == Casilla::Cumple)
    }

    /// Lo que pide y no pedía el anterior.
    pub fn gana(&self) -> impl Iterator<Item = &'static Escenario> {
        let antes = self.columna.checked_sub(1);
        self.pide()
            .filter(move |uno| antes.is_none_or(|antes| uno.casilla(antes) != Casilla::Cumple))
    }

    /// Lo que pedía el anterior y este no.
    pub fn pierde(&self) -> impl Iterator<Item = &'static Escenario> {
        let anterior = self.columna.checked_sub(1).map(Self::en);
        let antes: Vec<_> = anterior.iter().flat_map(Self::pide).collect();
        let columna = self.columna;
        antes.into_iter().filter(move |uno| uno.casilla(columna) != Casilla::Cumple)
    }
}

/// El primer paso que cumple un escenario.
#[must_use]
pub fn lo_ensena(escenario: &Escenario) -> Paso {
    let cumple = |columna: &usize| escenario.casilla(*columna) == Casilla::Cumple;
    Paso::en((0..PASOS.len()).find(cumple).unwrap_or_default())
}
