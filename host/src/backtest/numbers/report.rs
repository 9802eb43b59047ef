//! The answer: what the numbers are called and what they mean. Their formulas are in `docs/backtest.md`.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::ratios::{RiskAdjusted, ratio};
use super::round_trips::RoundTrip;
use crate::base::{ProviderName, Timestamp};
use crate::market::Symbol;

/// The numbers of a run in one quote currency. Money is in that currency; ratios have 12 significant digits. A number that cannot be
/// given is null, and `remarks` says why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Numbers {
    /// What the accounts had of it at the start, or what was given instead.
    pub capital: Decimal,
    /// Earned before fees: realised and unrealised.
    pub gross: Decimal,
    /// Paid; those in base currency at the price of their fill, those in a third currency not at all.
    pub fees: Decimal,
    /// `gross - fees`; the `net` of `profit`.
    pub net: Decimal,
    /// `net` over capital.
    #[serde(rename = "return")]
    pub ratio: Option<f64>,
    /// The deepest fall of equity below its peak so far; the first peak is the capital.
    pub max_drawdown: Decimal,
    /// When the peak before it was reached; null when equity never fell.
    pub max_drawdown_from: Option<String>,
    /// When it was deepest, the first time.
    pub max_drawdown_to: Option<String>,
    /// The deepest fall as a part of its peak: not always the same fall.
    pub max_drawdown_fraction: Option<f64>,
    /// Of the returns on the grid, annualised, risk-free rate 0.
    pub sharpe: Option<f64>,
    /// The same over the downside deviation from 0.
    pub sortino: Option<f64>,
    /// Share of the time with a position.
    pub exposure: Option<f64>,
    /// `traded` over capital.
    pub turnover: Option<f64>,
    /// Price times quantity of all fills.
    pub traded: Decimal,
    /// Orders, denied ones among them.
    pub orders: u64,
    /// Matches.
    pub fills: u64,
    /// Round trips that were closed.
    pub trades: u64,
    /// Round trips that were open at the end: not in the figures below.
    pub open_trades: u64,
    /// Share of the closed round trips with `net` above 0.
    pub win_rate: Option<f64>,
    /// What they won over what the others lost, after fees.
    pub profit_factor: Option<f64>,
    /// Mean `net` of those above 0, rounded to 12 decimals.
    pub average_win: Option<Decimal>,
    /// Mean `net` of those below 0, rounded to 12 decimals.
    pub average_loss: Option<Decimal>,
    /// The highest `net` of one.
    pub best_trade: Option<Decimal>,
    /// The lowest `net` of one.
    pub worst_trade: Option<Decimal>,
    /// By the name of a number: why it is null, what is not in it, or why it says little.
    pub remarks: BTreeMap<SmolStr, String>,
}

/// The course of equity in one quote currency: at most 2,000 points, the extremes of equity and drawdown among them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EquityCurve {
    /// When.
    pub time: Vec<String>,
    /// Capital and profit at that time.
    pub equity: Vec<Decimal>,
    /// How far below the peak so far.
    pub drawdown: Vec<Decimal>,
    /// What the returns are made of.
    pub grid: EquityGrid,
}

/// Equity at equal distances of time, from the start on: at most 10,000 points unless they lie a day apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EquityGrid {
    /// Between two points.
    pub step_seconds: u64,
    /// After everything that happened up to the point.
    pub equity: Vec<Decimal>,
}

/// The course of the reference price of a symbol: at most 2,000 points, the extremes among them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceCurve {
    /// At which venue.
    pub provider: ProviderName,
    /// Of what.
    pub symbol: Symbol,
    /// When it was heard.
    pub time: Vec<String>,
    /// The newest of: last trade, last price of a ticker, middle of a book.
    pub price: Vec<Decimal>,
}

/// Everything that was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    /// By quote currency.
    pub numbers: BTreeMap<SmolStr, Numbers>,
    /// By quote currency.
    pub equity: BTreeMap<SmolStr, EquityCurve>,
    /// By venue and symbol, in the order of the venues.
    pub prices: Vec<PriceCurve>,
    /// In the order they were closed; then the open ones.
    pub round_trips: Vec<RoundTrip>,
}

/// Annualised ratios of a shorter run come with a remark: 30 days.
const TELLING_SECONDS: u64 = 30 * 86_400;

/// What the numbers of a currency are made of.
pub(super) struct Sums<'a> {
    pub(super) capital: Decimal,
    pub(super) gross: Decimal,
    pub(super) fees: Decimal,
    pub(super) traded: Decimal,
    pub(super) drawdown: Decimal,
    /// From its peak to its trough.
    pub(super) drawdown_span: Option<(Timestamp, Timestamp)>,
    pub(super) drawdown_fraction: Option<f64>,
    pub(super) grid: &'a EquityGrid,
    pub(super) exposure: Option<f64>,
    pub(super) orders: u64,
    pub(super) fills: u64,
    /// Fees in a currency that is neither base nor quote of what was traded.
    pub(super) foreign_fees: u64,
}

impl Sums<'_> {
    /// With the round trips of this currency.
    pub(super) fn numbers<'a>(&self, trips: impl Iterator<Item = &'a RoundTrip>) -> Numbers {
        let (open, closed): (Vec<_>, Vec<_>) = trips.partition(|trip| trip.is_open());
        let nets = || closed.iter().map(|trip| trip.net);
        let wins: Vec<_> = nets().filter(|net| *net > Decimal::ZERO).collect();
        let losses: Vec<_> = nets().filter(|net| *net < Decimal::ZERO).collect();
        let adjusted = RiskAdjusted::of(&self.grid.equity, self.grid.step_seconds);
        let net = self.gross.saturating_sub(self.fees);
        let numbers = Numbers {
            capital: self.capital.normalize(),
            gross: self.gross.normalize(),
            fees: self.fees.normalize(),
            net: net.normalize(),
            ratio: ratio(net, self.capital),
            max_drawdown: self.drawdown.normalize(),
            max_drawdown_from: self.drawdown_span.map(|(from, _)| from.to_rfc3339()),
            max_drawdown_to: self.drawdown_span.map(|(_, to)| to.to_rfc3339()),
            max_drawdown_fraction: self.drawdown_fraction,
            sharpe: adjusted.sharpe.ok(),
            sortino: adjusted.sortino.ok(),
            exposure: self.exposure,
            turnover: ratio(self.traded, self.capital),
            traded: self.traded.normalize(),
            orders: self.orders,
            fills: self.fills,
            trades: closed.len() as u64,
            open_trades: open.len() as u64,
            win_rate: ratio(wins.len().into(), closed.len().into()),
            profit_factor: ratio(total(&wins), -total(&losses)),
            average_win: mean(&wins),
            average_loss: mean(&losses),
            best_trade: nets().max(),
            worst_trade: nets().min(),
            remarks: BTreeMap::new(),
        };
        Numbers { remarks: self.remarks(&numbers, adjusted), ..numbers }
    }

    fn remarks(&self, numbers: &Numbers, adjusted: RiskAdjusted) -> BTreeMap<SmolStr, String> {
        let no_capital = "there is no capital in this currency: give the account a balance of it";
        let no_trip = "no round trip was closed";
        let mut remarks = BTreeMap::new();
        let mut say = |name: &'static str, missing: bool, why: &str| {
            if missing {
                remarks.insert(SmolStr::new_static(name), why.to_owned());
            }
        };
        say("return", numbers.ratio.is_none(), no_capital);
        say("turnover", numbers.turnover.is_none(), no_capital);
        say("maxDrawdownFraction", numbers.max_drawdown_fraction.is_none(), "equity was never above 0");
        let never = "equity never fell below a peak";
        say("maxDrawdownFrom", numbers.max_drawdown_from.is_none(), never);
        say("maxDrawdownTo", numbers.max_drawdown_to.is_none(), never);
        say("exposure", numbers.exposure.is_none(), "the run has no length in time");
        let seconds = self.grid.step_seconds * (self.grid.equity.len() as u64).saturating_sub(1);
        let short = format!("annualised from {}: says little of a year", in_words(seconds));
        for (name, adjusted) in [("sharpe", adjusted.sharpe), ("sortino", adjusted.sortino)] {
            say(name, adjusted.is_err() || seconds < TELLING_SECONDS, adjusted.err().unwrap_or(&short));
        }
        for (name, missing) in [
            ("winRate", numbers.win_rate.is_none()),
            ("bestTrade", numbers.best_trade.is_none()),
            ("worstTrade", numbers.worst_trade.is_none()),
        ] {
            say(name, missing, no_trip);
        }
        let (no_win, no_loss) = ("no closed round trip won", "no closed round trip lost");
        say("profitFactor", numbers.profit_factor.is_none(), if numbers.trades == 0 { no_trip } else { no_loss });
        say("averageWin", numbers.average_win.is_none(), if numbers.trades == 0 { no_trip } else { no_win });
        say("averageLoss", numbers.average_loss.is_none(), if numbers.trades == 0 { no_trip } else { no_loss });
        let foreign = format!(
            "{} fees were paid in currencies without a price here and are in none of these numbers; `fees` of the report has them",
            self.foreign_fees
        );
        say("fees", self.foreign_fees > 0, &foreign);
        remarks
    }
}

/// In the largest unit of which there are two at least.
fn in_words(seconds: u64) -> String {
    let (unit, name) = match seconds {
        0..120 => (1, "seconds"),
        120..7_200 => (60, "minutes"),
        7_200..172_800 => (3_600, "hours"),
        _ => (86_400, "days"),
    };
    format!("{} {name}", seconds / unit)
}

fn total(values: &[Decimal]) -> Decimal {
    values.iter().fold(Decimal::ZERO, |sum, value| sum.saturating_add(*value))
}

fn mean(values: &[Decimal]) -> Option<Decimal> {
    total(values).checked_div(values.len().into()).map(|mean| mean.round_dp(12).normalize())
}
