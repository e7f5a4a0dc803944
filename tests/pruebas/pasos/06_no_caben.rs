//! La etapa 06, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("06", env!("CARGO_BIN_EXE_servidor-06"), env!("CARGO_BIN_EXE_cliente-06"))
}
