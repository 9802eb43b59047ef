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
    /// After fees, by quote currency; what is still held is valued at the last reference price.
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
    /// Profit after fees, in the quote currency that comes first.
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

impl Rank {
    /// The figure that counts; more is better. None where there is none.
    pub fn figure(self, point: &SweepPoint) -> Option<Decimal> {
        let figures = point.figures.as_ref()?;
        match self {
            Self::Net => Some(figures.net.values().next().copied().unwrap_or_default()),
            Self::Trades => Some(figures.fills.into()),
            Self::Return => Decimal::try_from(*figures.ratio.values().next()?).ok(),
            Self::Sharpe => Decimal::try_from(*figures.sharpe.values().next()?).ok(),
            Self::MaxDrawdown => figures.max_drawdown.values().next().map(|fall| -*fall),
        }
    }
}

/// The points, best first; those that are equal stay in the order of the grid, those without a figure come last.
pub fn ranked(points: &[SweepPoint], rank: Rank) -> Vec<&SweepPoint> {
    let mut ranked: Vec<_> = points.iter().collect();
    ranked.sort_by_key(|point| std::cmp::Reverse(rank.figure(point)));
    ranked
}
