//! La etapa 12, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("12", env!("CARGO_BIN_EXE_servidor-12"), env!("CARGO_BIN_EXE_cliente-12"))
}
