//! The command line: one file per subcommand. Each builds the floors it needs, asks them one thing and prints the answer;
//! no rule of the product lives here.

pub mod output;
pub mod tape;

mod bench;
mod bootstrap;
mod check;
mod compile;
mod diagnostics;
mod play;
mod report;
mod serve;
mod source;
mod workbench;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Output;

const EXIT_CODES: &str = "Exit codes:
  0  the thing asked was done
  1  it was tried and failed: diagnostics, faults, a demo without orders
  2  it could not be tried: wrong usage, a file that is not there, a configuration that does not hold";

/// Runs untrusted JavaScript trading strategies as WebAssembly components.
#[derive(Debug, Parser)]
#[command(name = "sandpit", version, after_help = EXIT_CODES, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Args),
    Check(check::Args),
    Compile(compile::Args),
    Play(play::Args),
    Bench(bench::Args),
    Bootstrap(bootstrap::Args),
    /// Makes a tape of a recording, or looks into one.
    Tape(tape::TapeArgs),
}

/// Why a command did not do what was asked.
#[derive(Debug)]
enum Failure {
    /// It could not be tried. Exit code 2.
    Usage(String),
    /// It was tried. Exit code 1; the message is for people.
    Failed(String),
    /// It was tried, and the answer on standard output says what went wrong. Exit code 1.
    Answered,
}

impl Failure {
    fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Reads the command line and runs it.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Play(args) => play::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Bootstrap(args) => bootstrap::run(&args),
        Command::Tape(args) => {
            tape::run(args, &mut std::io::stdout().lock()).map_err(|error| Failure::Failed(format!("{error:#}")))
        }
    };
    let (code, message) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Answered) => return ExitCode::from(1),
        Err(Failure::Failed(message)) => (1, message),
        Err(Failure::Usage(message)) => (2, message),
    };
    Output::default().note(&format!("sandpit: {message}"));
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_commands_of_the_readme_parse() {
        let lines = [
            "sandpit serve --config f --listen 127.0.0.1:1 --data-dir d --strategies s --demo --exit-after 60s",
            "sandpit check f.js --format json",
            "sandpit compile f.js -o out.wasm",
            "sandpit play momentum --tape btcusdt-20240808 --config a=1 --config b=x --format json",
            "sandpit bench --format json",
        ];
        for line in lines {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
    }
}
