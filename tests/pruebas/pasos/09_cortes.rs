//! La etapa 09, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("09", env!("CARGO_BIN_EXE_servidor-09"), env!("CARGO_BIN_EXE_cliente-09"))
}
