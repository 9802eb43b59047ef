//! `sandpit backtest --sweep`: many configurations over the same data, as a table and as a map of two fields.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rust_decimal::Decimal;
use serde::Serialize;

use super::heat;
use super::watched::{on_interrupt, watched};
use crate::backtest::PlayError;
use crate::backtest::PlayRequest;
use crate::backtest::sweep::{Axis, Rank, Ranking, Sweep, SweepPoint, points, sweep};
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
    let ranking = Ranking::of(&answer.points, rank);
    let ranked = column(rank);
    let fields = axes.iter().map(|axis| axis.field.as_str());
    let head: Vec<&str> = fields.chain(ranked).chain(["net", "", "orders", "fills", "fuel", "note"]).collect();
    let figures = axes.len() + ranked.iter().count();
    let right: Vec<usize> = (0..=figures).chain(figures + 2..=figures + 4).collect();
    let mut rows = table(&head, &right);
    for point in ranking.sorted(&answer.points).into_iter().take(ROWS) {
        rows.add_row(row(point, &ranking));
    }
    let revision = answer.base.revision.short();
    let mut text = format!("{} ({revision}), {} runs\n\n{rows}\n", output.bold(&answer.base.strategy), answer.points.len());
    if answer.points.len() > ROWS {
        text.push_str(&format!("  and {} more (--format json has them all)\n", answer.points.len() - ROWS));
    }
    if let [down, across] = axes {
        text.push_str(&format!("\n{}", heat::map(&answer.points, down, across, &ranking, output)));
    }
    text
}

/// The column of the figure that rows are ordered by, where no other column has it.
fn column(rank: Rank) -> Option<&'static str> {
    match rank {
        Rank::Net | Rank::Trades => None,
        Rank::Return => Some("return"),
        Rank::Sharpe => Some("sharpe"),
        Rank::MaxDrawdown => Some("maxDrawdown"),
    }
}

fn row(point: &SweepPoint, ranking: &Ranking) -> Vec<String> {
    let mut cells: Vec<String> = point.config.values().map(heat::shown).collect();
    if column(ranking.rank).is_some() {
        cells.push(ranking.figure(point).map_or_else(String::new, digits));
    }
    let (net, currency, counts) = match &point.figures {
        Some(figures) => {
            let net = ranking.net(figures).round_dp(4).normalize().to_string();
            (net, ranking.currency.to_string(), [figures.orders, figures.fills, figures.fuel].map(grouped))
        }
        None => Default::default(),
    };
    cells.extend([net, currency]);
    cells.extend(counts);
    cells.push(point.error.clone().unwrap_or_default());
    cells
}

/// As many digits of a ratio as tell two runs apart.
fn digits(figure: Decimal) -> String {
    figure.round_sf(6).unwrap_or(figure).normalize().to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backtest::sweep::Figures;

    /// Of a run over data in BTC and USDT; the figures are those in USDT, where there are some.
    fn point(n: i32, net: Option<i64>, sharpe: Option<f64>) -> SweepPoint {
        let figures = Figures {
            net: net.map(|net| ("USDT".into(), Decimal::from(net))).into_iter().collect(),
            ratio: [("BTC".into(), 0.0), ("USDT".into(), 0.000_012_345_678)].into(),
            sharpe: sharpe.map(|sharpe| ("USDT".into(), sharpe)).into_iter().collect(),
            max_drawdown: [("BTC".into(), Decimal::ZERO), ("USDT".into(), Decimal::from(3))].into(),
            orders: 0,
            fills: 1,
            faults: 0,
            exceptions: 0,
            fuel: 0,
            results_hash: Digest::of(b""),
        };
        SweepPoint { config: [("n".to_owned(), json!(n))].into_iter().collect(), figures: Some(figures), error: None }
    }

    #[test]
    fn rows_show_the_figure_that_they_are_ordered_by() {
        let points = vec![
            point(1, Some(9), Some(0.5)),
            point(2, None, None),
            point(3, Some(-4), Some(1.25)),
            SweepPoint { figures: None, error: Some("no".into()), ..point(4, None, None) },
        ];
        let base = Base { strategy: "s".into(), revision: Digest::of(b""), inputs_hash: Digest::of(b"") };
        let answer = Answer { base, points };
        let axes = [Axis { field: "n".into(), values: vec![json!(1), json!(2), json!(3), json!(4)] }];
        let shown = |rank| {
            let text = text(&answer, &axes, rank, Output::default());
            let lines = text.lines().skip(2).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
            lines.collect::<Vec<_>>()
        };
        let sharpe =
            ["n sharpe net orders fills fuel note", "3 1.25 -4 USDT 0 1 0", "1 0.5 9 USDT 0 1 0", "2 0 USDT 0 1 0", "4 no"];
        assert_eq!(shown(Rank::Sharpe), sharpe);
        let net = ["n net orders fills fuel note", "1 9 USDT 0 1 0", "2 0 USDT 0 1 0", "3 -4 USDT 0 1 0", "4 no"];
        assert_eq!(shown(Rank::Net), net);
        assert_eq!(shown(Rank::Return)[1], "1 0.0000123457 9 USDT 0 1 0");
        assert_eq!(shown(Rank::MaxDrawdown)[1], "1 -3 9 USDT 0 1 0");
    }
}
