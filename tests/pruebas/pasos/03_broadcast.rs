//! El paso 03, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("03", env!("CARGO_BIN_EXE_servidor-03"), env!("CARGO_BIN_EXE_cliente-03"))
}
