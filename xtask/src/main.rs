//! `cargo xtask <command>`: everything that is done to this repository, in plain Rust.
//!
//! `up` serves, `test` tests, `engine` rebuilds the JavaScript engine, `fuzz` fuzzes the control plane, `soak` lets hundreds
//! of strategies trade for minutes and audits the books, `bless` accepts changed golden files.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command line tool talks to its caller")]

mod bless;
mod engine;
mod fuzz;
#[cfg(test)]
mod house;
mod process;
#[cfg(test)]
mod sdk;
mod soak;
mod test;
mod up;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  up [--release] [flags of `sandpit serve`]   build what is missing and serve the demo on 127.0.0.1:8880
  test [--all]                                run every test; --all makes a skipped part a failure
  engine [--check | --sources-only]           rebuild guest-sdk/engine.wasm (needs clang and the wasm32-wasip1 target),
                                              or compare a fresh build (or only the sources) with what is committed
  fuzz [--seed N] [--max-examples N]          ask a running host all that docs/openapi.json allows and much that it does not
  soak [--for 3m] [--instances 200] [--speed 20x] [--release]
                                              many strategies at two venues, one of which drops out all the time; afterwards
                                              every record is held against every other, and the figures are printed
  bless                                       write the golden files and the generated pages anew; read the diff before you commit

Exit codes: 0 done, 1 something failed, 2 not a command of ours.
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = args.split_first().map_or(("", &[][..]), |(command, rest)| (command.as_str(), rest));
    let outcome = match command {
        "up" => up::run(rest),
        "test" => test::run(rest),
        "engine" => engine::run(rest),
        "fuzz" => fuzz::run(rest),
        "soak" => soak::run(rest),
        "bless" => bless::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
