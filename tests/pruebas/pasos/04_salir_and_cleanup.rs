//! El paso 04, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("04", env!("CARGO_BIN_EXE_servidor-04"), env!("CARGO_BIN_EXE_cliente-04"))
}
