//! Los documentos: dónde están, y cómo se parten para mirarlos.

// Los documentos son de este repositorio: si les falta algo, no hay más que hacer que decirlo.
#![allow(clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::must_use_candidate)]

pub mod cambios;
pub mod copia;
pub mod experimentos;
pub mod ficheros;
pub mod pagina;
pub mod preguntas;
