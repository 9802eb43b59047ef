//! `sandpit test`: runs written scenarios. `find` names the files, `script` evaluates those in JavaScript, `suite` runs what is in
//! them, `shown` tells people.

mod find;
mod script;
mod shown;
pub(in crate::cli) mod suite;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::Failure;
use super::output::{Format, FormatFlag};
use super::workbench::Workbench;

pub(in crate::cli) use find::files;
pub(in crate::cli) use shown::{exception, text};
pub(in crate::cli) use suite::{Case, Outcome, Stock, read};

/// Runs the scenarios of a folder, a file, or one that comes on standard input.
///
/// A scenario is a written test of a strategy: what happens step by step, and what is expected of it. The component, its limits
/// and its risk check are those of a host. A folder is searched for `*.scenario.json` and `*.scenario.js`, its own folders
/// included. Exit code 1 when a scenario failed, 2 when one could not be tried.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder, a file, or `-` for a document on standard input, whose paths are relative to the working folder.
    #[arg(value_name = "DIR|FILE|-", default_value = ".")]
    what: PathBuf,
    /// Only scenarios whose file or name contains this text.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Look selectors up in this directory instead of the built-in strategies.
    #[arg(long, value_name = "DIR")]
    strategies: Option<PathBuf>,
    /// Compile every strategy, also those that are known from before.
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    format: FormatFlag,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let threads = suite::threads();
    let bench = Workbench::cached(threads, !args.no_cache)?;
    let mut stock = Stock::new(bench, args.strategies.clone());
    let outcomes = if args.what == Path::new("-") {
        let cases =
            suite::of_text(&std::io::read_to_string(std::io::stdin()).map_err(Failure::usage)?).map_err(Failure::Usage)?;
        suite::run(&mut stock, &wanted(cases, args)?, threads)
    } else {
        let files = files(&args.what)?;
        let mut untried = Vec::new();
        let mut cases = Vec::new();
        for file in &files {
            match read(&mut stock, file) {
                Ok(found) => cases.extend(found),
                Err(outcome) => untried.push(*outcome),
            }
        }
        untried.extend(if cases.is_empty() { Vec::new() } else { suite::run(&mut stock, &wanted(cases, args)?, threads) });
        untried.sort_by(|a, b| a.file.cmp(&b.file));
        untried
    };
    // A caller that has only one document wants to hear why it is none as of any other command.
    if let [Outcome { verdict: suite::Verdict::Untried(why), file: None, .. }] = outcomes.as_slice() {
        return Err(Failure::Usage(why.clone()));
    }
    match output.format {
        Format::Text => output.text(text(&outcomes, output).trim_end()),
        Format::Json => output.json(&answer(&outcomes)),
    }
    let untried = outcomes.iter().filter(|outcome| matches!(outcome.verdict, suite::Verdict::Untried(_))).count();
    match (untried, outcomes.iter().all(Outcome::is_ok)) {
        (_, true) => Ok(()),
        (0, false) => Err(Failure::Answered),
        (count, false) => Err(Failure::Usage(format!("{count} of {} scenarios could not be tried", outcomes.len()))),
    }
}

fn wanted(mut cases: Vec<Case>, args: &Args) -> Result<Vec<Case>, Failure> {
    if let Some(filter) = &args.filter {
        let count = cases.len();
        cases.retain(|case| {
            case.title().contains(filter.as_str()) || case.file.as_ref().is_some_and(|file| file.contains(filter))
        });
        if cases.is_empty() {
            return Err(Failure::Usage(format!("none of the {count} scenarios has `{filter}` in its name or file")));
        }
    }
    Ok(cases)
}

fn answer(outcomes: &[Outcome]) -> Value {
    let scenarios: Vec<Value> = outcomes.iter().map(Outcome::to_json).collect();
    json!({ "ok": outcomes.iter().all(Outcome::is_ok), "scenarios": scenarios })
}
