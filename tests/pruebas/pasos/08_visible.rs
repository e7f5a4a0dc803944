//! La etapa 08, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("08", env!("CARGO_BIN_EXE_servidor-08"), env!("CARGO_BIN_EXE_cliente-08"))
}
