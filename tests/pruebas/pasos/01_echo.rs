//! El paso 01, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("01", env!("CARGO_BIN_EXE_servidor-01"), env!("CARGO_BIN_EXE_cliente-01"))
}
