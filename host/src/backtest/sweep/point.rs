//! One point of a sweep: what was set, and the figures of its run that are worth a row.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

use crate::backtest::receipt::Results;
use crate::backtest::report::PlayReport;
use crate::base::Digest;

/// A point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepPoint {
    /// The values of the fields that the sweep varies, in the order of its axes.
    pub config: Map<String, Value>,
    /// What came out; absent when nothing could be played.
    pub figures: Option<Figures>,
    /// Why nothing could be played, or the first fault of the guest.
    pub error: Option<String>,
}

/// The figures of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// After fees, by quote currency that was traded in; what is still held is valued at the last reference price.
    pub net: BTreeMap<SmolStr, Decimal>,
    /// `return`, by quote currency, where there is one.
    #[serde(default, rename = "return")]
    pub ratio: BTreeMap<SmolStr, f64>,
    /// By quote currency, where there is one.
    #[serde(default)]
    pub sharpe: BTreeMap<SmolStr, f64>,
    /// Amount, by quote currency.
    #[serde(default)]
    pub max_drawdown: BTreeMap<SmolStr, Decimal>,
    /// Orders, denied ones among them.
    pub orders: u64,
    /// Matches.
    pub fills: u64,
    /// Guests that were thrown away.
    pub faults: u64,
    /// Uncaught JavaScript exceptions.
    pub exceptions: u64,
    /// Of all calls.
    pub fuel: u64,
    /// The results hash that a receipt of the run would have.
    pub results_hash: Digest,
}

impl Figures {
    /// Of a report.
    pub fn of(report: &PlayReport) -> Self {
        let numbers = || report.measured.numbers.iter();
        let known = |(currency, value): (&SmolStr, Option<f64>)| Some((currency.clone(), value?));
        Self {
            ratio: numbers().map(|(currency, numbers)| (currency, numbers.ratio)).filter_map(known).collect(),
            sharpe: numbers().map(|(currency, numbers)| (currency, numbers.sharpe)).filter_map(known).collect(),
            max_drawdown: numbers().map(|(currency, numbers)| (currency.clone(), numbers.max_drawdown)).collect(),
            net: report.profit.iter().map(|(currency, line)| (currency.clone(), line.net)).collect(),
            orders: report.orders.len() as u64,
            fills: report.fills.len() as u64,
            faults: report.faults.len() as u64,
            exceptions: report.exception_count,
            fuel: report.fuel.values().map(|fuel| fuel.total).sum(),
            results_hash: Results::of(report).digest(),
        }
    }
}

/// What the best point has most of (of a drawdown: least).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rank {
    /// Profit after fees.
    #[default]
    Net,
    /// Matches.
    Trades,
    /// Profit after fees over capital.
    Return,
    /// The Sharpe ratio.
    Sharpe,
    /// The amount of the deepest drawdown, below 0: the smallest is the best.
    MaxDrawdown,
}

/// How the points of one sweep are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// By what.
    pub rank: Rank,
    /// The quote currency of all money and ratios, the same for every point: the first by name in which any of them traded, else
    /// the first of the data. Of zero length where nothing could be played.
    pub currency: SmolStr,
}

impl Ranking {
    /// Of these points, which are all of the sweep.
    pub fn of(points: &[SweepPoint], rank: Rank) -> Self {
        let figures = || points.iter().filter_map(|point| point.figures.as_ref());
        let traded = figures().flat_map(|figures| figures.net.keys()).min();
        let currency = traded.or_else(|| figures().flat_map(|figures| figures.max_drawdown.keys()).min());
        Self { rank, currency: currency.cloned().unwrap_or_default() }
    }

    /// The figure that counts; more is better. None where there is none.
    pub fn figure(&self, point: &SweepPoint) -> Option<Decimal> {
        let figures = point.figures.as_ref()?;
        match self.rank {
            Rank::Net => Some(self.net(figures)),
            Rank::Trades => Some(figures.fills.into()),
            Rank::Return => Decimal::try_from(*figures.ratio.get(&self.currency)?).ok(),
            Rank::Sharpe => Decimal::try_from(*figures.sharpe.get(&self.currency)?).ok(),
            Rank::MaxDrawdown => figures.max_drawdown.get(&self.currency).map(|fall| -*fall),
        }
    }

    /// Profit after fees; a run that did not trade has made none.
    pub fn net(&self, figures: &Figures) -> Decimal {
        figures.net.get(&self.currency).copied().unwrap_or_default()
    }

    /// The points, best first; those that are equal stay in the order of the grid, those without a figure come last.
    pub fn sorted<'a>(&self, points: &'a [SweepPoint]) -> Vec<&'a SweepPoint> {
        let mut sorted: Vec<_> = points.iter().collect();
        sorted.sort_by_key(|point| std::cmp::Reverse(self.figure(point)));
        sorted
    }
}
