//! La etapa 13, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("13", env!("CARGO_BIN_EXE_servidor-13"), env!("CARGO_BIN_EXE_cliente-13"))
}
