//! El paso 02, en su sitio de la tabla de escenarios.

use std::process::ExitCode;

fn main() -> ExitCode {
    pruebas::comprobar("02", env!("CARGO_BIN_EXE_servidor-02"), env!("CARGO_BIN_EXE_cliente-02"))
}
