//! A market written by hand, as a tape that a real paper venue plays: every price and every moment is the test's own.

use std::path::Path;

use rust_decimal::Decimal;
use sandpit::base::{Digest, Timestamp};
use sandpit::market::{LevelChange, Side, Symbol};
use sandpit::providers::tape::header::{BodyDigest, FORMAT};
use sandpit::providers::tape::{Body, ImportOptions, Record, RecordCounts, TapeHeader, TapeWriter};

/// 2023-11-14T22:13:20Z.
const BEGIN_MS: u64 = 1_700_000_000_000;

/// Lots in one BTC.
const ONE: i64 = 100_000;

/// What happens on BTC-USDT, one thing after the other. Written as it happens.
pub(crate) struct Script {
    millis: u64,
    pace_ms: u64,
    records: Vec<Record>,
}

impl Script {
    /// One thing happens per second.
    pub(crate) fn new() -> Self {
        Self { millis: BEGIN_MS, pace_ms: 1_000, records: Vec::new() }
    }

    /// From here on one thing happens in so many milliseconds.
    pub(crate) fn every_ms(mut self, pace_ms: u64) -> Self {
        self.pace_ms = pace_ms;
        self
    }

    /// The book becomes 1000 BTC at this bid and 1000 at this ask; a side without a price is empty.
    pub(crate) fn book(self, bid: &str, ask: &str) -> Self {
        let side = |price: &str| -> Vec<LevelChange> {
            let level = |price| LevelChange { price: ticks(price), quantity: 1_000 * ONE };
            Some(price).filter(|price| !price.is_empty()).map(level).into_iter().collect()
        };
        let (bids, asks) = (side(bid), side(ask));
        self.record(|id, _| Body::Snapshot { update_id: id }, bids, asks)
    }

    /// Somebody buys 1 BTC at this price.
    pub(crate) fn bought(self, price: &str) -> Self {
        self.trade(Side::Buy, price)
    }

    /// Somebody sells 1 BTC at this price.
    pub(crate) fn sold(self, price: &str) -> Self {
        self.trade(Side::Sell, price)
    }

    /// The tape, in a file. It ends a while after the last thing happened, so that everything that follows of it arrives.
    pub(crate) fn write(mut self, path: &Path) {
        self.pace_ms = 10_000;
        let last = self.records.iter().rfind(|record| matches!(record.body, Body::Snapshot { .. })).expect("a book comes first");
        let (bids, asks) = (last.bids.clone(), last.asks.clone());
        let script = self.record(|id, _| Body::Snapshot { update_id: id }, bids, asks);
        let header = TapeHeader {
            format: FORMAT,
            name: "script".into(),
            venue: "TEST".into(),
            source: "written by a test".into(),
            instrument: ImportOptions::binance_spot(Symbol::new("BTC-USDT").unwrap()),
            start: script.records[0].received_at,
            end: script.records[script.records.len() - 1].received_at,
            time_step_nanos: 1_000_000,
            clock_correction_nanos: 0,
            thinned: None,
            records: RecordCounts::default(),
            body: BodyDigest { bytes: 0, digest: Digest::of(&[]) },
        };
        let mut writer = TapeWriter::new(header).unwrap();
        script.records.iter().for_each(|record| writer.push(record).unwrap());
        writer.finish(&mut std::fs::File::create(path).unwrap()).unwrap();
    }

    fn trade(self, aggressor: Side, price: &str) -> Self {
        let price = ticks(price);
        let body = |trade_id, matched_at| Body::Trade { trade_id, matched_at, price, quantity: ONE, aggressor };
        self.record(body, Vec::new(), Vec::new())
    }

    /// Adds what `body` makes of a number and a time.
    fn record(mut self, body: impl FnOnce(u64, Timestamp) -> Body, bids: Vec<LevelChange>, asks: Vec<LevelChange>) -> Self {
        self.millis += if self.records.is_empty() { 0 } else { self.pace_ms };
        let now = Timestamp::from_millis(self.millis);
        let body = body(self.records.len() as u64 + 1, now);
        self.records.push(Record { received_at: now, venue_at: now, body, bids, asks });
        self
    }
}

fn ticks(price: &str) -> i64 {
    let ticks = price.parse::<Decimal>().unwrap() * Decimal::ONE_HUNDRED;
    assert!(ticks.fract().is_zero(), "{price} is off the tick");
    i64::try_from(ticks.trunc()).unwrap()
}
