//! `sandpit verify`: runs what a receipt says again, and says whether it comes out the same.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Failure;
use super::backtest::{open_with, played};
use super::output::{FormatFlag, Output};
use super::source;
use super::workbench::Workbench;
use crate::backtest::receipt::{Difference, Receipt, edited};
use crate::base::Digest;
use crate::compile::{Places, Source};

/// Runs what a receipt says again, and says whether it comes out the same: every order, every fill, the fuel of every handler.
///
/// Inputs that differ (source, engine, data, versions) are named before anything runs. Exit codes: 0 identical, 1 it differs,
/// 2 it cannot be tried.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What `sandpit backtest --receipt` wrote.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The source of the strategy, where it is not where the receipt found it.
    #[arg(long, value_name = "FILE.js", conflicts_with = "strategies")]
    source: Option<PathBuf>,
    /// A directory of strategies that has the revision.
    #[arg(long, value_name = "DIR")]
    strategies: Option<PathBuf>,
    /// The data, in the order of the receipt, where it is not where the receipt found it; may be repeated.
    #[arg(long, value_name = "[PROVIDER:][SYMBOL=]FILE|TAPE", num_args = 1..)]
    data: Vec<String>,
    /// Run it even if inputs differ, and compare what comes out.
    #[arg(long)]
    anyway: bool,
    #[command(flatten)]
    format: FormatFlag,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// `identical`, `inputsDiffer`, `resultsDiffer`, `edited`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    inputs: Vec<Difference>,
    results: Vec<Difference>,
    inputs_hash: Digest,
    results_hash: Digest,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let receipt = read(&args.receipt)?;
    let mut answer = Answer {
        outcome: "identical",
        message: None,
        inputs: Vec::new(),
        results: Vec::new(),
        inputs_hash: receipt.inputs_hash,
        results_hash: receipt.results_hash,
    };
    if let Some(why) = edited(&receipt) {
        (answer.outcome, answer.message) = ("edited", Some(why));
        return say(&answer, output);
    }
    let found = find(&receipt, args, output)?;
    let venues = open_with(if args.data.is_empty() { &receipt.found.data } else { &args.data }, &receipt.inputs.increments())?;
    let bench = Workbench::deterministic(Workbench::GUESTS)?;
    let program = bench.program(&found, output)?;
    let request = receipt.inputs.request(program, venues).map_err(Failure::usage)?;
    answer.inputs = receipt.inputs_that_differ(&request.inputs());
    if !answer.inputs.is_empty() {
        answer.outcome = "inputsDiffer";
        if !args.anyway {
            return say(&answer, output);
        }
    }
    answer.results = receipt.results_that_differ(&played(request, &found)?);
    if !answer.results.is_empty() {
        answer.outcome = "resultsDiffer";
    }
    say(&answer, output)
}

fn read(path: &Path) -> Result<Receipt, Failure> {
    let text = std::fs::read(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    serde_json::from_slice(&text).map_err(|error| Failure::Usage(format!("{} is no receipt: {error}", path.display())))
}

/// What the command line names; else the revision by its hash, where the receipt found it and among the built-in ones; else the
/// file that the receipt names, whatever is in it now.
fn find(receipt: &Receipt, args: &Args, output: Output) -> Result<Places, Failure> {
    if let Some(path) = &args.source {
        return read_as(path, Path::new(&receipt.found.strategy)).map(Places::of);
    }
    let revision = receipt.inputs.revision.to_string();
    if let Some(dir) = &args.strategies {
        return source::resolve(&revision, Some(dir), output);
    }
    let found = &receipt.found;
    let by_hash = |dir: Option<&PathBuf>| source::find(&revision, dir).ok();
    let dir = found.strategies.as_ref().map(PathBuf::from);
    let named = Path::new(&found.strategy);
    let there = dir.as_ref().and_then(|dir| by_hash(Some(dir))).or_else(|| by_hash(None));
    match there {
        Some(found) => Ok(found),
        None if named.is_file() => source::file(named).map_err(|error| error.told(output)),
        None => Err(Failure::Usage(format!(
            "the revision {revision} (`{}` then) is not here: name it with --source FILE.js or --strategies DIR",
            found.strategy
        ))),
    }
}

/// A source under the name of the file of then: the name is in the compiled code, and the fuel of a call that collects garbage
/// depends on how much memory it takes.
fn read_as(path: &Path, then: &Path) -> Result<Source, Failure> {
    match then.file_name().filter(|_| then.extension().is_some_and(|extension| extension == "js")) {
        Some(name) => {
            let bytes = std::fs::read(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
            Source::single(&name.to_string_lossy(), bytes).map_err(Failure::failed)
        }
        None => source::plain(path).map(|found| found.source().clone()),
    }
}

fn say(answer: &Answer, output: Output) -> Result<(), Failure> {
    output.answer(answer, text);
    if answer.outcome == "identical" { Ok(()) } else { Err(Failure::Answered) }
}

fn text(answer: &Answer) -> String {
    let hashes = format!("inputs  {}\nresults {}", answer.inputs_hash, answer.results_hash);
    let listed = |differences: &[Difference]| {
        let lines = differences.iter().map(|difference| match &difference.now {
            now if now.is_object() => format!("  {}: {}; now {now}\n", difference.at, difference.message),
            _ => format!("  {}: {}\n", difference.at, difference.message),
        });
        lines.collect::<String>()
    };
    match answer.outcome {
        "identical" => format!("identical\n{hashes}"),
        "edited" => format!("differs: {}", answer.message.as_deref().unwrap_or_default()),
        "inputsDiffer" if answer.results.is_empty() => {
            format!("differs in what goes in; --anyway runs it all the same\n{}", listed(&answer.inputs))
        }
        _ => format!("differs\n{}{}", listed(&answer.inputs), listed(&answer.results)),
    }
}
