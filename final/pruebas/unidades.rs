//! Las piezas de la biblioteca, cada una a solas.

mod buzon;
mod errores;
mod freno;
mod mensajes;
mod pantalla;
mod sala;
