//! La etapa 05, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("05", env!("CARGO_BIN_EXE_servidor-05"), env!("CARGO_BIN_EXE_cliente-05"))
}
