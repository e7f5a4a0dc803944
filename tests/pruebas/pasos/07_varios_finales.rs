//! La etapa 07, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("07", env!("CARGO_BIN_EXE_servidor-07"), env!("CARGO_BIN_EXE_cliente-07"))
}
