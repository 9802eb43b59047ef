//! `sandpit backtest`: a strategy over recorded market data, at venues that are set up by flags. One run here; many in `sweep`.

mod heat;
mod kept;
mod strategy;
mod sweep;
mod venues;
mod watched;

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use super::Failure;
use super::output::{FormatFlag, Output};
use super::progress::Progress;
use super::report;
use super::source;
use super::workbench::Workbench;
use crate::backtest::numbers::trades_csv;
use crate::backtest::page;
use crate::backtest::receipt::{Found, Receipt};
use crate::backtest::report::PlayedData;
use crate::backtest::sweep::Axis;
use crate::backtest::{self, Chaos, PlayError, PlayReport, PlayRequest, Watch};
use crate::compile::Places;
use crate::market::Symbol;

pub(in crate::cli) use kept::folder as cache_folder;
pub(in crate::cli) use strategy::{StrategyFlags, configuration, key_value};
pub(in crate::cli) use venues::{open, open_in, open_with};
pub(in crate::cli) use watched::on_interrupt;

/// Runs a strategy over recorded market data, as fast as possible, and reports orders, fills, fees, profit, fuel and memory.
///
/// The component, its limits, the risk check and the paper venue are those of a host; the same input gives the same bytes.
/// Orders are really sent to the paper venue, also by strategies whose `dry_run` is true by default: say
/// `--config dry_run=true` to have them only logged. Exit code 1 when the guest faulted or the run was cancelled.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    strategy: StrategyFlags,
    #[command(flatten)]
    venues: venues::VenueFlags,
    /// Follow and trade only these symbols of the data.
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<Symbol>,
    /// Of `Math.random`; without it the one that follows from instance and configuration, as live.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// A limit that differs from a host's default, such as `fuelPerEvent=20000000`; may be repeated.
    #[arg(long = "limit", value_name = "NAME=N", value_parser = strategy::key_value)]
    limit: Vec<(String, String)>,
    /// Trouble drawn from a seed: `seed=7,rejectPpm=1000,outageEvery=60s,outageFor=5s,restartAt=1000;5000`.
    #[arg(long, value_name = "KEY=VALUE,...")]
    chaos: Option<Chaos>,
    /// Varies a field, `lookback_period=10..100:10` or `side=a,b`; several make a grid.
    #[arg(long = "sweep", value_name = "KEY=FROM..TO:STEP|A,B,C", value_parser = strategy::key_value)]
    sweep: Vec<(String, String)>,
    /// Runs of a sweep at the same time; as many as there are cores when left out.
    #[arg(long, value_name = "N", requires = "sweep")]
    jobs: Option<NonZeroUsize>,
    /// What the best run of a sweep has most of.
    #[arg(long, value_enum, default_value_t, requires = "sweep")]
    rank: sweep::RankFlag,
    /// Write a receipt, which `sandpit verify` runs again.
    #[arg(long, value_name = "FILE", conflicts_with = "sweep")]
    receipt: Option<PathBuf>,
    /// Write a page with charts, numbers, round trips and inputs: one file that needs no other.
    #[arg(long, value_name = "FILE.html", conflicts_with = "sweep")]
    report: Option<PathBuf>,
    /// Write the round trips as CSV, one row each.
    #[arg(long, value_name = "FILE.csv", conflicts_with = "sweep")]
    trades: Option<PathBuf>,
    /// Run it even if the same input was run before.
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    format: FormatFlag,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let limits = strategy::limits(&args.limit)?;
    let found = source::resolve(&args.strategy.strategy, args.strategy.strategies.as_ref(), output)?;
    let jobs = sweep::jobs(args.jobs);
    let bench = Workbench::cached(jobs.get().saturating_add(1), true)?;
    // Files of data are surveyed while the strategy is compiled.
    let (venues, program) = thread::scope(|scope| {
        let venues = scope.spawn(|| args.venues.open());
        let program = bench.program(&found, output);
        (venues.join().unwrap_or_else(|panic| resume_unwind(panic)), program)
    });
    let (venues, program) = (venues?, program?);
    let axes = args.sweep.iter().map(|(field, text)| Axis::parse(program.metadata(), field, text));
    let axes = axes.collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
    let config = args.strategy.common(program.metadata(), &axes)?;
    let (symbols, seed, chaos) = (args.symbol.clone(), args.seed, args.chaos.clone().unwrap_or_default());
    let request = PlayRequest { venues, symbols, config, limits, seed, chaos, ..PlayRequest::new(Arc::clone(&program)) };
    if !axes.is_empty() {
        return sweep::run(request, axes, jobs, args.rank.into(), output);
    }
    one(args, request, &found, output)
}

/// One run: its report, and its receipt.
fn one(args: &Args, request: PlayRequest, places: &Places, output: Output) -> Result<(), Failure> {
    let inputs = request.inputs();
    let key = inputs.digest();
    let cache = if args.no_cache { None } else { kept::reports() };
    let mut report = match cache.as_ref().and_then(|cache| cache.get(&key)) {
        Some(mut report) => {
            // Files of the same content may have had other names.
            report.data = request.venues.iter().flat_map(PlayedData::of).collect();
            output.note("answered from the cache; --no-cache runs it again");
            report
        }
        None => {
            let report = played(request, places)?;
            if let Some(Err(error)) = cache.map(|cache| cache.put(&key, &report)) {
                output.note(&format!("the report could not be kept for the next time: {error}"));
            }
            report
        }
    };
    let receipt = Receipt::new(inputs, found(args), &report);
    if let Some(path) = &args.receipt {
        let text = serde_json::to_string_pretty(&receipt).map_err(Failure::failed)?;
        write(path, (text + "\n").as_bytes())?;
    }
    source::translate(places, &mut report);
    if let Some(path) = &args.report {
        write(path, page::html(&report, &receipt).as_bytes())?;
    }
    if let Some(path) = &args.trades {
        write(path, &trades_csv(&report.measured.round_trips).map_err(Failure::failed)?)?;
    }
    output.answer(&report, |report| {
        let hashes = format!("inputs {}\nresults {}", receipt.inputs_hash, receipt.results_hash);
        format!("{}\n\n{}\n{hashes}", report::text(report, output).trim_end(), output.bold("Receipt"))
    });
    if report.faults.is_empty() { Ok(()) } else { Err(Failure::Answered) }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// The names as they were given.
fn found(args: &Args) -> Found {
    let strategies = args.strategy.strategies.as_ref().map(|dir| dir.to_string_lossy().into_owned());
    Found { strategy: args.strategy.strategy.clone(), strategies, data: args.venues.data.clone() }
}

/// Plays it, with a bar and with Ctrl-C.
pub(in crate::cli) fn played(request: PlayRequest, places: &Places) -> Result<PlayReport, Failure> {
    let watch = Arc::clone(&request.watch);
    let interrupted: Arc<Watch> = Arc::clone(&watch);
    on_interrupt(move || interrupted.cancel())?;
    let records: u64 = request.venues.iter().flat_map(|venue| venue.market.origins()).map(|origin| origin.records).sum();
    let progress = Progress::counting("records", usize::try_from(records).unwrap_or(usize::MAX));
    let played = watched::watched(&progress, || watch.records(), || backtest::play(request));
    played.map_err(|error| match error {
        PlayError::Cancelled => Failure::Failed(format!("the run was cancelled after {} of {records} records", watch.records())),
        PlayError::Create(mut thrown) => {
            places.translate(&mut thrown);
            Failure::failed(PlayError::Create(thrown))
        }
        other => Failure::failed(other),
    })
}

/// Says what came out. A fault makes it a failure.
pub(in crate::cli) fn answer(report: &PlayReport, output: Output) -> Result<(), Failure> {
    output.answer(&report, |report| report::text(report, output));
    if report.faults.is_empty() { Ok(()) } else { Err(Failure::Answered) }
}
