//! Los documentos: dónde están, y cómo se parten para mirarlos.

// Es solo para las pruebas de `documentos`: lo que falla, entra en pánico.
#![allow(clippy::missing_panics_doc, clippy::must_use_candidate)]

pub mod ficheros;
pub mod pagina;
