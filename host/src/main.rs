//! The binary `sandpit`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sandpit::cli::main()
}
