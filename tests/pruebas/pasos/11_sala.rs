//! La etapa 11, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("11", env!("CARGO_BIN_EXE_servidor-11"), env!("CARGO_BIN_EXE_cliente-11"))
}
