//! The order book of a tape, rebuilt in the plainest way: an independent witness against the paper venue.

use std::collections::BTreeSet;
use std::time::Duration;

use rust_decimal::Decimal;
use sandpit::base::Timestamp;
use sandpit::market::LevelChange;
use sandpit::providers::tape::{Body, Record, Tape};

/// One side of one moment's book: the prices that had a quantity.
#[derive(Clone, Debug, Default)]
struct Sides {
    bids: BTreeSet<i64>,
    asks: BTreeSet<i64>,
}

/// A price that somebody says was traded.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    pub(crate) at: Timestamp,
    pub(crate) price: Decimal,
    /// The taker bought, so the price must have stood among the asks.
    pub(crate) of_asks: bool,
}

/// How far the time of a claim may lie from the book that justifies it: order latency and the clocks' distance.
const WINDOW: Duration = Duration::from_millis(2_500);

/// The claims whose price did not stand in the tape's book around their time.
pub(crate) fn unjustified(tape: &str, claims: &[Claim]) -> Vec<Claim> {
    let tape = Tape::open(tape).unwrap();
    let tick = tape.header().instrument.price_increment;
    let mut open: Vec<(Claim, bool)> = claims.iter().map(|claim| (claim.clone(), false)).collect();
    let (mut book, mut record) = (Sides::default(), Record::default());
    let mut reader = tape.reader().unwrap();
    while reader.read(&mut record).unwrap() {
        book.take(&record);
        for (claim, justified) in &mut open {
            let near = record.venue_at.plus(WINDOW) >= claim.at && claim.at.plus(WINDOW) >= record.venue_at;
            if near && !*justified {
                let ticks = claim.price / tick;
                assert!(ticks.fract().is_zero(), "{claim:?} is off the tick {tick}");
                let ticks = i64::try_from(ticks.trunc()).unwrap();
                *justified = if claim.of_asks { book.asks.contains(&ticks) } else { book.bids.contains(&ticks) };
            }
        }
    }
    open.into_iter().filter(|(_, justified)| !justified).map(|(claim, _)| claim).collect()
}

impl Sides {
    fn take(&mut self, record: &Record) {
        match record.body {
            Body::Snapshot { .. } => {
                *self = Self::default();
                self.change(record);
            }
            Body::Depth { .. } => self.change(record),
            Body::Best { bid, ask, .. } => {
                // What is better than the best is gone.
                self.bids.retain(|price| *price <= bid.price);
                self.asks.retain(|price| *price >= ask.price);
                set(&mut self.bids, bid);
                set(&mut self.asks, ask);
            }
            Body::Trade { .. } => {}
        }
    }

    fn change(&mut self, record: &Record) {
        record.bids.iter().for_each(|level| set(&mut self.bids, *level));
        record.asks.iter().for_each(|level| set(&mut self.asks, *level));
    }
}

fn set(side: &mut BTreeSet<i64>, level: LevelChange) {
    if level.quantity == 0 {
        side.remove(&level.price);
    } else {
        side.insert(level.price);
    }
}
