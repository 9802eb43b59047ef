//! Bars from trades.

use std::time::Duration;

use crate::base::Timestamp;
use crate::market::{Grid, Kline};

/// Bars of one instrument, aligned to whole intervals since the epoch. An interval without a trade has no bar.
#[derive(Clone, Debug)]
pub(super) struct Bars {
    interval_nanos: u64,
    open: Option<Bar>,
}

#[derive(Clone, Copy, Debug)]
struct Bar {
    open_nanos: u64,
    open: i64,
    high: i64,
    low: i64,
    close: i64,
    volume: i64,
}

impl Bars {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval_nanos: u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX).max(1), open: None }
    }

    /// Takes in a trade. One that belongs to the interval before is counted in the present one.
    pub(super) fn trade(&mut self, price: i64, quantity: i64, matched_at: Timestamp) {
        let nanos = matched_at.as_nanos();
        let fresh = Bar {
            open_nanos: nanos - nanos % self.interval_nanos,
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
        };
        let bar = self.open.get_or_insert(fresh);
        bar.high = bar.high.max(price);
        bar.low = bar.low.min(price);
        bar.close = price;
        bar.volume = bar.volume.saturating_add(quantity);
    }

    /// The bar whose interval is over at `now`, once.
    pub(super) fn ended(&mut self, now: Timestamp, grid: Grid) -> Option<Kline> {
        let close_nanos = |bar: &Bar| bar.open_nanos.saturating_add(self.interval_nanos);
        let close_time = self.open.as_ref().map(close_nanos).filter(|close| now.as_nanos() >= *close)?;
        let bar = self.open.take()?;
        Some(Kline {
            open_price: grid.tick.text(bar.open),
            close_price: grid.tick.text(bar.close),
            high_price: grid.tick.text(bar.high),
            low_price: grid.tick.text(bar.low),
            volume: grid.lot.text(bar.volume),
            open_time: Timestamp::from_nanos(bar.open_nanos),
            close_time: Timestamp::from_nanos(close_time),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Step;

    #[test]
    fn a_bar_ends_with_its_interval() {
        let grid = Grid { tick: Step::new("0.01".parse().unwrap()).unwrap(), lot: Step::new("0.1".parse().unwrap()).unwrap() };
        let mut bars = Bars::new(Duration::from_secs(60));
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        assert!(bars.ended(at(500), grid).is_none(), "no trade, no bar");
        for (price, seconds) in [(100, 61), (130, 70), (90, 119)] {
            assert!(bars.ended(at(seconds), grid).is_none());
            bars.trade(price, 2, at(seconds));
        }
        let bar = bars.ended(at(120), grid).unwrap();
        let texts = [&bar.open_price, &bar.high_price, &bar.low_price, &bar.close_price, &bar.volume].map(ToString::to_string);
        assert_eq!(texts, ["1", "1.3", "0.9", "0.9", "0.6"]);
        assert_eq!((bar.open_time, bar.close_time), (at(60), at(120)));
        assert!(bars.ended(at(121), grid).is_none());
    }
}
