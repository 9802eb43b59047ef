//! Round trips: from flat to flat. A fill that goes through zero closes one and opens the next. Must not know of equity.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::ratios::ratio;
use crate::base::{ProviderName, Timestamp};
use crate::market::{Side, Symbol};

/// Decimals that a price made by division is rounded to.
const DECIMALS: u32 = 12;

/// One round trip. Money is in the quote currency of the symbol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoundTrip {
    /// At which venue.
    pub provider: ProviderName,
    /// What was traded.
    pub symbol: Symbol,
    /// `BUY` for a long one, `SELL` for a short one.
    pub side: Side,
    /// Venue time of the first fill.
    pub opened_at: String,
    /// Venue time of the last fill; absent while it is open.
    pub closed_at: Option<String>,
    /// The most that was held, base currency.
    pub quantity: Decimal,
    /// Mean price of the fills that opened it, rounded to 12 decimals.
    pub entry_price: Decimal,
    /// Mean price of the fills that closed it, rounded to 12 decimals; of an open one the price that it is valued at, if there is one.
    pub exit_price: Option<Decimal>,
    /// What it earned before fees; of an open one with what is held valued at `exitPrice`.
    pub gross: Decimal,
    /// Paid for its fills; those in base currency at the price of their fill.
    pub fees: Decimal,
    /// `gross - fees`.
    pub net: Decimal,
    /// `net` over what the opening fills cost; 12 significant digits. Absent when they cost nothing.
    #[serde(rename = "return")]
    pub ratio: Option<f64>,
    /// From the first fill to the last; of an open one to the end of the run. Milliseconds, rounded down.
    pub duration_ms: u64,
}

impl RoundTrip {
    /// Whether it was still open at the end.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }
}

/// A round trip under way.
#[derive(Clone, Debug)]
pub(super) struct Trip {
    side: Side,
    opened_at: Timestamp,
    held: Decimal,
    most: Decimal,
    opened: Leg,
    closed: Leg,
    fees: Decimal,
}

/// All fills of one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Leg {
    quantity: Decimal,
    /// Price times quantity.
    notional: Decimal,
}

impl Leg {
    fn add(&mut self, quantity: Decimal, price: Decimal) {
        self.quantity = self.quantity.saturating_add(quantity);
        self.notional = self.notional.saturating_add(quantity.saturating_mul(price));
    }

    fn mean(&self) -> Option<Decimal> {
        self.notional.checked_div(self.quantity).map(|mean| mean.round_dp(DECIMALS).normalize())
    }
}

/// A match as round trips see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    pub(super) side: Side,
    pub(super) quantity: Decimal,
    pub(super) price: Decimal,
    /// In quote currency.
    pub(super) fee: Decimal,
    /// Venue time.
    pub(super) at: Timestamp,
}

/// Takes in a match; gives the round trip that it closed.
pub(super) fn take(trip: &mut Option<Trip>, fill: Match, provider: &ProviderName, symbol: &Symbol) -> Option<RoundTrip> {
    let Some(open) = trip else {
        *trip = (!fill.quantity.is_zero()).then(|| Trip::new(fill));
        return None;
    };
    if open.side == fill.side {
        open.add(fill);
        return None;
    }
    let closing = fill.quantity.min(open.held);
    // The fee is shared by quantity; the second share is what the first left, so that nothing is lost.
    let fee = if closing == fill.quantity { fill.fee } else { share(fill.fee, closing, fill.quantity) };
    open.reduce(Match { quantity: closing, fee, ..fill });
    if !open.held.is_zero() {
        return None;
    }
    let rest = Match { quantity: fill.quantity - closing, fee: fill.fee - fee, ..fill };
    let next = (!rest.quantity.is_zero()).then(|| Trip::new(rest));
    let ended = std::mem::replace(trip, next)?;
    Some(ended.report(provider, symbol, None, fill.at))
}

fn share(fee: Decimal, part: Decimal, whole: Decimal) -> Decimal {
    fee.checked_mul(part).and_then(|product| product.checked_div(whole)).unwrap_or(fee).round_dp(DECIMALS)
}

impl Trip {
    fn new(fill: Match) -> Self {
        let (held, most, opened) = Default::default();
        let mut trip =
            Self { side: fill.side, opened_at: fill.at, held, most, opened, closed: Leg::default(), fees: Decimal::ZERO };
        trip.add(fill);
        trip
    }

    fn add(&mut self, fill: Match) {
        self.held = self.held.saturating_add(fill.quantity);
        self.most = self.most.max(self.held);
        self.opened.add(fill.quantity, fill.price);
        self.fees = self.fees.saturating_add(fill.fee);
    }

    fn reduce(&mut self, fill: Match) {
        self.held = self.held.saturating_sub(fill.quantity);
        self.closed.add(fill.quantity, fill.price);
        self.fees = self.fees.saturating_add(fill.fee);
    }

    /// When it was opened.
    pub(super) fn opened_at(&self) -> Timestamp {
        self.opened_at
    }

    /// What became of it. What is still held is valued at `mark`; without one it is worth what it cost.
    pub(super) fn report(&self, provider: &ProviderName, symbol: &Symbol, mark: Option<Decimal>, until: Timestamp) -> RoundTrip {
        let mut closed = self.closed;
        let is_open = !self.held.is_zero();
        if is_open {
            closed.add(self.held, mark.or(self.opened.mean()).unwrap_or_default());
        }
        let earned = closed.notional.saturating_sub(self.opened.notional);
        let gross = if self.side == Side::Buy { earned } else { -earned };
        let net = gross.saturating_sub(self.fees);
        RoundTrip {
            provider: provider.clone(),
            symbol: symbol.clone(),
            side: self.side,
            opened_at: self.opened_at.to_rfc3339(),
            closed_at: (!is_open).then(|| until.to_rfc3339()),
            quantity: self.most.normalize(),
            entry_price: self.opened.mean().unwrap_or_default(),
            exit_price: if is_open { mark.map(|mark| mark.normalize()) } else { closed.mean() },
            gross: gross.normalize(),
            fees: self.fees.normalize(),
            net: net.normalize(),
            ratio: ratio(net, self.opened.notional),
            duration_ms: u64::try_from(until.since(self.opened_at).as_millis()).unwrap_or(u64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(side: Side, quantity: i64, price: i64, fee: i64, second: u64) -> Match {
        let at = Timestamp::from_millis(second * 1_000);
        // Quantities are tenths, fees hundredths.
        Match { side, quantity: Decimal::new(quantity, 1), price: Decimal::from(price), fee: Decimal::new(fee, 2), at }
    }

    fn trips(fills: &[Match]) -> (Vec<RoundTrip>, Option<Trip>) {
        let (provider, symbol) = (ProviderName::new("paper").unwrap(), Symbol::new("BTC-USDT").unwrap());
        let mut open = None;
        (fills.iter().filter_map(|fill| take(&mut open, *fill, &provider, &symbol)).collect(), open)
    }

    #[test]
    fn a_flip_closes_one_and_opens_the_next() {
        // Buys 1 at 100 and 1 at 110 (mean 105), sells 3 at 120: closes 2 with 30, opens 1 short; closed at 115 with 5.
        let fills = [
            fill(Side::Buy, 10, 100, 10, 1),
            fill(Side::Buy, 10, 110, 11, 2),
            fill(Side::Sell, 30, 120, 36, 4),
            fill(Side::Buy, 10, 115, 10, 9),
        ];
        let (trips, open) = trips(&fills);
        assert!(open.is_none());
        let text = |value: &Decimal| value.to_string();
        let [long, short] = &trips[..] else { panic!("{trips:?}") };
        assert_eq!((long.side, text(&long.quantity), text(&long.entry_price)), (Side::Buy, "2".into(), "105".into()));
        assert_eq!(long.exit_price, Some(Decimal::from(120)));
        // Fees: 0.10 + 0.11 + two thirds of 0.36.
        assert_eq!([long.gross, long.fees, long.net].map(|value| text(&value)), ["30", "0.45", "29.55"]);
        assert_eq!((long.ratio, long.duration_ms), (Some(0.140_714_285_714), 3_000));
        assert_eq!(long.opened_at, "1970-01-01T00:00:01.000000000Z");
        assert_eq!(long.closed_at.as_deref(), Some("1970-01-01T00:00:04.000000000Z"));
        assert_eq!((short.side, text(&short.entry_price)), (Side::Sell, "120".into()));
        assert_eq!([short.gross, short.fees, short.net].map(|value| text(&value)), ["5", "0.22", "4.78"]);
        assert_eq!(short.duration_ms, 5_000);
    }

    #[test]
    fn an_open_one_is_valued() {
        let (trips, open) = trips(&[fill(Side::Sell, 20, 100, 20, 1), fill(Side::Buy, 10, 90, 9, 2)]);
        assert!(trips.is_empty());
        let (provider, symbol) = (ProviderName::new("paper").unwrap(), Symbol::new("BTC-USDT").unwrap());
        let open = open.unwrap();
        let report = open.report(&provider, &symbol, Some(Decimal::from(95)), Timestamp::from_millis(5_000));
        // 10 on the closed half, 5 on the open one.
        assert_eq!((report.gross, report.fees), (Decimal::from(15), Decimal::new(29, 2)));
        assert!(report.is_open() && report.exit_price == Some(Decimal::from(95)) && report.duration_ms == 4_000);
        let unpriced = open.report(&provider, &symbol, None, Timestamp::from_millis(5_000));
        assert_eq!((unpriced.gross, unpriced.exit_price), (Decimal::from(10), None));
    }
}
