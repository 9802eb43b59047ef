//! The paper venue as others see it: records and orders in, events and reports out.

mod crash;
mod ledger;
mod log;
mod models;
mod provider;
mod rules;
mod tape;

use std::collections::BTreeMap;
use std::time::Duration;

use rust_decimal::Decimal;

use super::{Output, PaperVenue, QueuePlace, VenueSetup};
use crate::base::{Digest, ProviderName, Timestamp};
use crate::bus::KindSet;
use crate::market::{
    ClientOrderId, ExecutionReport, LevelChange, OrderRequest, OrderType, ReportState, Side, Symbol, TimeInForce,
};
use crate::providers::tape::header::{BodyDigest, FORMAT};
use crate::providers::tape::{Body, ImportOptions, Record, RecordCounts, TapeHeader};

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn setup(kinds: KindSet) -> VenueSetup {
    VenueSetup {
        provider: ProviderName::new("paper").unwrap(),
        session: "s1".into(),
        latency: Duration::from_millis(20),
        maker_fee_bps: 10,
        taker_fee_bps: 20,
        slippage_bps: 0,
        queue: QueuePlace::Back,
        depth: 2,
        kline_interval: Duration::from_secs(60),
        balances: BTreeMap::from([("USDT".into(), dec("1000000")), ("BTC".into(), dec("10"))]),
        kinds,
    }
}

/// Of a tape of BTC-USDT whose clock is the venue's.
fn header() -> TapeHeader {
    TapeHeader {
        format: FORMAT,
        name: "test".into(),
        venue: "BINANCE".into(),
        source: String::new(),
        instrument: ImportOptions::binance_spot(Symbol::new("BTC-USDT").unwrap()),
        start: Timestamp::from_millis(1000),
        end: Timestamp::from_millis(1_000_000),
        time_step_nanos: 1,
        clock_correction_nanos: 0,
        thinned: None,
        records: RecordCounts::default(),
        body: BodyDigest { bytes: 0, digest: Digest::of(&[]) },
    }
}

/// A venue with one instrument, its market written by hand. Prices are given in ticks of 0.01 and quantities in lots of
/// 0.00001; orders in decimals.
struct Desk {
    venue: PaperVenue,
    millis: u64,
    update_id: u64,
    orders: u32,
    out: Vec<Output>,
}

impl Desk {
    /// The book is 100.00 x 1, 99.00 x 2 against 101.00 x 1, 102.00 x 2.
    fn new() -> Self {
        Self::with(setup(KindSet::EMPTY))
    }

    fn with(setup: VenueSetup) -> Self {
        let venue = PaperVenue::new(setup, [&header().instrument]).unwrap();
        let mut desk = Self { venue, millis: 1000, update_id: 1, orders: 0, out: Vec::new() };
        let (bids, asks) = (vec![(10_000, 100_000), (9900, 200_000)], vec![(10_100, 100_000), (10_200, 200_000)]);
        desk.record(Body::Snapshot { update_id: 1 }, &bids, &asks);
        desk
    }

    fn record(&mut self, body: Body, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let levels = |levels: &[(i64, i64)]| levels.iter().map(|(price, quantity)| level(*price, *quantity)).collect();
        let now = Timestamp::from_millis(self.millis);
        let record = Record { received_at: now, venue_at: now, body, bids: levels(bids), asks: levels(asks) };
        self.venue.feed(0, &record, 0, &mut self.out);
    }

    fn depth(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        self.update_id += 1;
        self.record(Body::Depth { first_id: self.update_id, last_id: self.update_id }, bids, asks);
    }

    fn trade(&mut self, aggressor: Side, price: i64, quantity: i64) {
        let matched_at = Timestamp::from_millis(self.millis);
        self.record(Body::Trade { trade_id: self.millis, matched_at, price, quantity, aggressor }, &[], &[]);
    }

    fn order(&mut self, side: Side, price: Option<&str>, quantity: &str, time_in_force: TimeInForce) -> ClientOrderId {
        self.orders += 1;
        let order = OrderRequest {
            client_order_id: ClientOrderId::made(format!("o{}", self.orders)),
            instance: "test".parse().unwrap(),
            provider: "paper".parse().unwrap(),
            symbol: Symbol::new("BTC-USDT").unwrap(),
            side,
            order_type: if price.is_some() { OrderType::Limit } else { OrderType::Market },
            quantity: dec(quantity),
            price: price.map(dec),
            time_in_force,
            requested_at: Timestamp::from_millis(self.millis),
        };
        let id = order.client_order_id.clone();
        self.venue.submit(order);
        id
    }

    /// Sends an order and waits until it has arrived; what was reported.
    fn send(&mut self, side: Side, price: Option<&str>, quantity: &str, time_in_force: TimeInForce) -> Vec<ExecutionReport> {
        self.order(side, price, quantity, time_in_force);
        self.wait(20);
        self.reports()
    }

    /// Lets time pass.
    fn wait(&mut self, millis: u64) {
        self.millis += millis;
        while self.venue.next_arrival().is_some_and(|at| at <= Timestamp::from_millis(self.millis)) {
            self.venue.arrive(&mut self.out);
        }
    }

    /// What was reported since the last call.
    fn reports(&mut self) -> Vec<ExecutionReport> {
        let report = |output| match output {
            Output::Report(report) => Some(*report),
            Output::Event(_) => None,
        };
        self.out.drain(..).filter_map(report).collect()
    }

    fn balance(&self, currency: &str) -> (Decimal, Decimal) {
        let balance = self.venue.balances().into_iter().find(|balance| balance.currency == currency).unwrap();
        (balance.total, balance.available)
    }
}

fn level(price: i64, quantity: i64) -> LevelChange {
    LevelChange { price, quantity }
}

/// `state id price x quantity liquidity, leaves` of each report.
fn told(reports: &[ExecutionReport]) -> Vec<String> {
    let line = |report: &ExecutionReport| {
        let id = &report.client_order_id;
        match (&report.fill, &report.reason) {
            (Some(fill), _) => format!(
                "{} {id} {} x {} {}, {} left",
                report.state.as_str(),
                fill.price,
                fill.quantity,
                fill.liquidity.as_str(),
                report.leaves_quantity
            ),
            (None, Some(reason)) => format!("{} {id} {reason}", report.state.as_str()),
            (None, None) => format!("{} {id}", report.state.as_str()),
        }
    };
    reports.iter().map(line).collect()
}

fn states(reports: &[ExecutionReport]) -> Vec<ReportState> {
    reports.iter().map(|report| report.state).collect()
}
