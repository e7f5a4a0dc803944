//! El chat completo, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("final", env!("CARGO_BIN_EXE_servidor"), env!("CARGO_BIN_EXE_cliente"))
}
