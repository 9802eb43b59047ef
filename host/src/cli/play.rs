//! `sandpit play`: `sandpit backtest` over tapes, in the fewest words.

use super::Failure;
use super::backtest::{StrategyFlags, answer, open, played};
use super::output::FormatFlag;
use super::source;
use super::workbench::Workbench;
use crate::backtest::PlayRequest;
use crate::market::Symbol;

/// Plays a strategy over a tape and reports orders, fills, fees, profit, fuel and memory. The same input gives the same bytes.
///
/// Orders are really sent to the paper venue, also by strategies whose `dry_run` is true by default: say
/// `--config dry_run=true` to have them only logged. Exit code 1 when the guest faulted. `sandpit backtest` does the same with
/// other data, other venues, sweeps and receipts.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    strategy: StrategyFlags,
    /// `btcusdt-20240808`, `ethusdt-20240808`, or the path of a tape; more than one are played side by side.
    #[arg(long, value_name = "TAPE", required = true)]
    tape: Vec<String>,
    /// Follow and trade only these symbols of the tapes.
    #[arg(long, value_name = "SYMBOL")]
    symbol: Vec<Symbol>,
    #[command(flatten)]
    format: FormatFlag,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let output = args.format.output();
    let venues = open(&args.tape)?;
    let found = source::resolve(&args.strategy.strategy, args.strategy.strategies.as_ref(), output)?;
    let bench = Workbench::deterministic(Workbench::GUESTS)?;
    let program = bench.program(&found, output)?;
    let config = args.strategy.configuration(program.metadata())?;
    let request = PlayRequest { venues, symbols: args.symbol.clone(), config, ..PlayRequest::new(program) };
    let mut report = played(request, &found)?;
    source::translate(&found, &mut report);
    answer(&report, output)
}
