//! Lo que se ve desde fuera de un chat, una conducta por función.
//!
//! Cada comprobación nombra el fallo que sería no cumplirla; la [tabla](crate::tabla) dice cuál es
//! el de cada paso que aún no cumple el escenario.

pub mod aparte;
pub mod clase;
pub mod cliente;
pub mod fallos;
pub mod limites;
pub mod pareja;
pub mod servidor;
