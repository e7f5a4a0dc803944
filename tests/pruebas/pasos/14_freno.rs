//! La etapa 14, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("14", env!("CARGO_BIN_EXE_servidor-14"), env!("CARGO_BIN_EXE_cliente-14"))
}
