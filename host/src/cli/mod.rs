//! The command line: one file per subcommand. Each builds the floors it needs, asks them one thing and prints the answer;
//! no rule of the product lives here.

pub mod output;
pub mod tape;

mod ask;
mod backtest;
mod bench;
mod bootstrap;
mod bundle;
mod check;
mod client;
mod compile;
mod dev;
mod diagnostics;
mod instances;
mod modules;
mod new;
mod play;
mod progress;
mod refresh;
mod registry;
mod report;
#[cfg(test)]
mod samples;
mod serve;
mod shown;
mod source;
mod tags;
mod test;
mod verify;
mod workbench;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use output::Output;

const EXIT_CODES: &str = "Exit codes:
  0  the thing asked was done
  1  it was tried and failed: diagnostics, faults, a refusal of the host, a question answered with no
  2  it could not be tried: wrong usage, a file that is not there, a configuration that does not hold, no host to ask";

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
    New(new::Args),
    Dev(dev::Args),
    Play(play::Args),
    Test(test::Args),
    Backtest(backtest::Args),
    Verify(verify::Args),
    Bench(bench::Args),
    Bootstrap(bootstrap::Args),
    /// Makes a tape of a recording, or looks into one.
    Tape(tape::TapeArgs),
    /// Strategies and their revisions on a running host.
    #[command(subcommand)]
    Modules(Modules),
    /// The tags of a strategy on a running host.
    #[command(subcommand)]
    Tags(Tags),
    Refresh(refresh::Args),
    /// Instances on a running host.
    #[command(subcommand)]
    Instances(Instances),
    /// The registry of a running host or of a directory.
    #[command(subcommand)]
    Registry(Registry),
}

#[derive(Debug, Subcommand)]
enum Modules {
    Ls(modules::ls::Args),
    Show(modules::show::Args),
    Push(modules::push::Args),
    Source(modules::source::Args),
    Rm(modules::rm::Args),
    Usage(modules::usage::Args),
}

#[derive(Debug, Subcommand)]
enum Tags {
    Ls(tags::ls::Args),
    Assign(tags::assign::Args),
    Rm(tags::rm::Args),
    History(tags::history::Args),
}

#[derive(Debug, Subcommand)]
enum Instances {
    Ls(instances::ls::Args),
    Show(instances::show::Args),
    Start(instances::start::Args),
    Stop(instances::stop::Args),
    Rm(instances::rm::Args),
    Logs(instances::logs::Args),
    Events(instances::events::Args),
}

#[derive(Debug, Subcommand)]
enum Registry {
    Export(registry::export::Args),
    Verify(registry::verify::Args),
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
    let result = run(Cli::parse().command);
    let (code, message) = match result {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Answered) => return ExitCode::from(1),
        Err(Failure::Failed(message)) => (1, message),
        Err(Failure::Usage(message)) => (2, message),
    };
    Output::default().note(&format!("sandpit: {message}"));
    ExitCode::from(code)
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(args) => serve::run(args),
        Command::Check(args) => check::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::New(args) => new::run(&args),
        Command::Dev(args) => dev::run(&args),
        Command::Play(args) => play::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Backtest(args) => backtest::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Bootstrap(args) => bootstrap::run(&args),
        Command::Tape(args) => {
            tape::run(args, &mut std::io::stdout().lock()).map_err(|error| Failure::Failed(format!("{error:#}")))
        }
        Command::Modules(Modules::Ls(args)) => modules::ls::run(&args),
        Command::Modules(Modules::Show(args)) => modules::show::run(&args),
        Command::Modules(Modules::Push(args)) => modules::push::run(&args),
        Command::Modules(Modules::Source(args)) => modules::source::run(&args),
        Command::Modules(Modules::Rm(args)) => modules::rm::run(&args),
        Command::Modules(Modules::Usage(args)) => modules::usage::run(&args),
        Command::Tags(Tags::Ls(args)) => tags::ls::run(&args),
        Command::Tags(Tags::Assign(args)) => tags::assign::run(&args),
        Command::Tags(Tags::Rm(args)) => tags::rm::run(&args),
        Command::Tags(Tags::History(args)) => tags::history::run(&args),
        Command::Refresh(args) => refresh::run(&args),
        Command::Instances(Instances::Ls(args)) => instances::ls::run(&args),
        Command::Instances(Instances::Show(args)) => instances::show::run(&args),
        Command::Instances(Instances::Start(args)) => instances::start::run(&args),
        Command::Instances(Instances::Stop(args)) => instances::stop::run(&args),
        Command::Instances(Instances::Rm(args)) => instances::rm::run(&args),
        Command::Instances(Instances::Logs(args)) => instances::logs::run(&args),
        Command::Instances(Instances::Events(args)) => instances::events::run(&args),
        Command::Registry(Registry::Export(args)) => registry::export::run(&args),
        Command::Registry(Registry::Verify(args)) => registry::verify::run(&args),
    }
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
            "sandpit backtest momentum --data btcusdt-20240808 --latency 5ms --balance USDT=1 --venue paper:depth=5 --limit fuelPerEvent=1",
            "sandpit backtest f.js --data a.tape b.tape --sweep a=1..5:1 --sweep b=x,y --jobs 2 --rank trades --no-cache",
            "sandpit verify r --source f.js --data a --anyway --format json",
            "sandpit test scenarios --filter rise --strategies d --no-cache --format json",
            "sandpit test -",
            "sandpit new demo --ts",
            "sandpit dev",
            "sandpit dev demo --data btcusdt-20240808 --data a.tape --config a=1 --push demo:dev --api http://h --once",
            "sandpit bench --format json",
            "sandpit modules ls --strategy a --hash h --running --limit 1 --offset 2 --no-trunc --api http://h",
            "sandpit modules show a:prod --at 2026-11-20T14:00:00Z --format json --token-file f",
            "sandpit modules push a.js b.js --tag v1 --alias x --reassign prod --promote --name a --reason r --replace a:v0",
            "sandpit modules source a -o a.js",
            "sandpit modules rm a@h --yes --actor me",
            "sandpit modules usage a --all --data-dir d",
            "sandpit tags ls a",
            "sandpit tags assign a prod :v1 --yes --no-refresh --reason r",
            "sandpit tags rm a prod --allow-orphan",
            "sandpit tags history a prod --limit 1 --before 2",
            "sandpit refresh a:prod sha256:00 --timeout 5m",
            "sandpit refresh",
            "sandpit instances ls --no-trunc",
            "sandpit instances show i1 --format json",
            "sandpit instances start i1",
            "sandpit instances stop i1 --orders cancel",
            "sandpit instances rm i1 --yes --orders keep",
            "sandpit instances logs i1 --limit 5 --level warn --source host --follow",
            "sandpit instances events i1 --kinds order,log --after 1-2 --format json",
            "sandpit registry export -o f --no-usage",
            "sandpit registry verify d --format json",
        ];
        for line in lines {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "sandpit modules push",
            "sandpit modules show",
            "sandpit tags assign a prod",
            "sandpit modules ls -q --format json",
            "sandpit dev --push demo",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }
}
