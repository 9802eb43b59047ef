//! `sandpit backtest`: a strategy over recorded market data, at venues that are set up by flags. One run here; many in `sweep`.

mod strategy;
mod venues;
mod watched;

use std::sync::Arc;

use super::Failure;
use super::output::{FormatFlag, Output};
use super::progress::Progress;
use super::report;
use super::source;
use super::workbench::Workbench;
use crate::backtest::{self, PlayError, PlayReport, PlayRequest, Watch};
use crate::market::Symbol;

pub(in crate::cli) use strategy::StrategyFlags;
pub(in crate::cli) use venues::open;

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
    #[command(flatten)]
    format: FormatFlag,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let limits = strategy::limits(&args.limit)?;
    let venues = args.venues.open()?;
    let source = source::resolve(&args.strategy.strategy, args.strategy.strategies.as_ref())?;
    let bench = Workbench::deterministic(Workbench::GUESTS)?;
    let program = bench.program(&source, output)?;
    let config = args.strategy.configuration(program.metadata())?;
    let (symbols, seed) = (args.symbol.clone(), args.seed);
    let request = PlayRequest { venues, symbols, config, limits, seed, ..PlayRequest::new(program) };
    let report = played(request)?;
    answer(&report, output)
}

/// Plays it, with a bar and with Ctrl-C.
pub(in crate::cli) fn played(request: PlayRequest) -> Result<PlayReport, Failure> {
    let watch = Arc::clone(&request.watch);
    let interrupted: Arc<Watch> = Arc::clone(&watch);
    watched::on_interrupt(move || interrupted.cancel())?;
    let records: u64 = request.venues.iter().flat_map(|venue| venue.market.origins()).map(|origin| origin.records).sum();
    let progress = Progress::counting("records", usize::try_from(records).unwrap_or(usize::MAX));
    let played = watched::watched(&progress, || watch.records(), || backtest::play(request));
    played.map_err(|error| match error {
        PlayError::Cancelled => Failure::Failed(format!("the run was cancelled after {} of {records} records", watch.records())),
        other => Failure::failed(other),
    })
}

/// Says what came out. A fault makes it a failure.
pub(in crate::cli) fn answer(report: &PlayReport, output: Output) -> Result<(), Failure> {
    output.answer(&report, |report| report::text(report, output));
    if report.faults.is_empty() { Ok(()) } else { Err(Failure::Answered) }
}
