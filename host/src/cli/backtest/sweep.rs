//! `sandpit backtest --sweep`: many configurations over the same data, as a table and as a map of two fields.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

use super::heat;
use super::watched::{on_interrupt, watched};
use crate::backtest::PlayError;
use crate::backtest::PlayRequest;
use crate::backtest::sweep::{Axis, Rank, Sweep, SweepPoint, points, ranked, sweep};
use crate::base::Digest;
use crate::cli::Failure;
use crate::cli::output::{Output, grouped, table};
use crate::cli::progress::Progress;

/// Rows that are shown; the JSON answer has them all.
const ROWS: usize = 40;

/// What the best is.
#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
#[value(rename_all = "camelCase")]
pub(super) enum RankFlag {
    /// Profit after fees.
    #[default]
    Net,
    /// Matches.
    Trades,
    /// Profit after fees over capital.
    Return,
    /// The Sharpe ratio.
    Sharpe,
    /// The deepest drawdown: least is best.
    MaxDrawdown,
}

impl From<RankFlag> for Rank {
    fn from(flag: RankFlag) -> Self {
        match flag {
            RankFlag::Net => Self::Net,
            RankFlag::Trades => Self::Trades,
            RankFlag::Return => Self::Return,
            RankFlag::Sharpe => Self::Sharpe,
            RankFlag::MaxDrawdown => Self::MaxDrawdown,
        }
    }
}

/// The answer of a sweep.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// Of what all points have in common.
    base: Base,
    /// In the order of the grid.
    points: Vec<SweepPoint>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Base {
    strategy: String,
    revision: Digest,
    inputs_hash: Digest,
}

/// As many as there are cores, unless it is said otherwise.
pub(super) fn jobs(given: Option<NonZeroUsize>) -> NonZeroUsize {
    given.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN)
}

/// Runs it and answers.
pub(super) fn run(base: PlayRequest, axes: Vec<Axis>, jobs: NonZeroUsize, rank: Rank, output: Output) -> Result<(), Failure> {
    let count = points(&axes).map_err(Failure::usage)?;
    let interrupted = Arc::clone(&base.watch);
    on_interrupt(move || interrupted.cancel())?;
    let about = Base {
        strategy: base.program.metadata().name.to_string(),
        revision: base.program.source_hash(),
        inputs_hash: base.inputs().digest(),
    };
    let done = Arc::<AtomicUsize>::default();
    let work = Sweep { base, axes, jobs, done: Arc::clone(&done) };
    let progress = Progress::counting("runs", count);
    let played = watched(&progress, || done.load(Ordering::Relaxed) as u64, || sweep(&work));
    drop(progress);
    let points = played.map_err(|error| match error {
        PlayError::Cancelled => {
            Failure::Failed(format!("the sweep was cancelled after {} of {count} runs", done.load(Ordering::Relaxed)))
        }
        other => Failure::failed(other),
    })?;
    output.answer(&Answer { base: about, points }, |answer| text(answer, &work.axes, rank, output));
    Ok(())
}

fn text(answer: &Answer, axes: &[Axis], rank: Rank, output: Output) -> String {
    let fields = axes.iter().map(|axis| axis.field.as_str());
    let head: Vec<&str> = fields.chain(["net", "", "orders", "fills", "fuel", "note"]).collect();
    let right: Vec<usize> = (0..=axes.len()).chain(axes.len() + 2..=axes.len() + 4).collect();
    let mut rows = table(&head, &right);
    for point in ranked(&answer.points, rank).into_iter().take(ROWS) {
        rows.add_row(row(point));
    }
    let revision = answer.base.revision.short();
    let mut text = format!("{} ({revision}), {} runs\n\n{rows}\n", output.bold(&answer.base.strategy), answer.points.len());
    if answer.points.len() > ROWS {
        text.push_str(&format!("  and {} more (--format json has them all)\n", answer.points.len() - ROWS));
    }
    if let [down, across] = axes {
        text.push_str(&format!("\n{}", heat::map(&answer.points, down, across, rank, output)));
    }
    text
}

fn row(point: &SweepPoint) -> Vec<String> {
    let mut cells: Vec<String> = point.config.values().map(heat::shown).collect();
    let (net, currency, counts) = match &point.figures {
        Some(figures) => {
            let net = figures.net.iter().next();
            let (currency, net) = net.map(|(currency, net)| (currency.to_string(), *net)).unwrap_or_default();
            (net.round_dp(4).normalize().to_string(), currency, [figures.orders, figures.fills, figures.fuel].map(grouped))
        }
        None => Default::default(),
    };
    cells.extend([net, currency]);
    cells.extend(counts);
    cells.push(point.error.clone().unwrap_or_default());
    cells
}
