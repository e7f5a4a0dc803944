//! La etapa 10, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("10", env!("CARGO_BIN_EXE_servidor-10"), env!("CARGO_BIN_EXE_cliente-10"))
}
