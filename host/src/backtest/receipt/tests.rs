//! Receipts of runs over the real tape: the same run is identical, and whatever is changed is named.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Found, Receipt, edited};
use crate::backtest::tests::{Lab, MOMENTUM};
use crate::backtest::{PlayReport, PlayRequest, play};
use crate::base::Timestamp;
use crate::market::Instrument;
use crate::providers::paper::{Market, Origin, Recording, Source, Tapes};
use crate::providers::tape::{Tape, TapeError};

async fn run(source: &str, config: Value) -> (PlayRequest, PlayReport) {
    let request = Lab::new().request(source, config).await;
    let report = play(request.clone()).unwrap();
    (request, report)
}

fn trading() -> Value {
    json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" })
}

fn receipt(request: &PlayRequest, report: &PlayReport) -> Receipt {
    Receipt::new(request.inputs(), Found::default(), report)
}

#[tokio::test]
async fn a_second_run_is_identical_and_the_file_reads_back() {
    let (request, report) = run(MOMENTUM, trading()).await;
    let written = receipt(&request, &report);
    let read: Receipt = serde_json::from_str(&serde_json::to_string_pretty(&written).unwrap()).unwrap();
    assert_eq!(read, written);
    assert_eq!(edited(&read), None);
    let again = read.inputs.request(request.program, request.venues).unwrap();
    assert_eq!(read.inputs_that_differ(&again.inputs()), []);
    assert_eq!(again.inputs().digest(), read.inputs_hash);
    assert_eq!(read.results_that_differ(&play(again).unwrap()), []);
}

#[tokio::test]
async fn what_was_changed_in_the_file_is_seen() {
    let (request, report) = run(MOMENTUM, trading()).await;
    let mut tampered = receipt(&request, &report);
    tampered.inputs.config.insert("order_size".into(), json!("0.002"));
    assert!(edited(&tampered).unwrap().contains("inputs are not those"));
    let mut tampered = receipt(&request, &report);
    tampered.results.fuel.get_mut("onTrade").unwrap().total += 1;
    assert!(edited(&tampered).unwrap().contains("results are not those"));
    for every in [0, 2, usize::MAX] {
        let mut tampered = receipt(&request, &report);
        tampered.results.fills.every = every;
        assert!(edited(&tampered).unwrap().contains(&format!("digests, one for every {every}: ")), "{every}");
    }
    let mut tampered = receipt(&request, &report);
    tampered.results.orders.digests.pop();
    assert!(edited(&tampered).unwrap().starts_with("its orders are"));
    let mut older = receipt(&request, &report);
    older.format = 0;
    assert!(edited(&older).unwrap().contains("format is 0"));
}

/// The tape, of a venue that takes no small orders.
struct Dearer(Tapes);

impl Market for Dearer {
    fn instruments(&self) -> Vec<Instrument> {
        let mut instruments = self.0.instruments();
        instruments[0].min_notional = "10000".parse().unwrap();
        instruments
    }

    fn start(&self) -> Timestamp {
        self.0.start()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        self.0.open(begin)
    }
}

impl Recording for Dearer {
    fn origins(&self) -> Vec<Origin> {
        self.0.origins()
    }
}

#[tokio::test]
async fn the_instrument_of_a_recording_is_an_input() {
    let (request, report) = run(MOMENTUM, trading()).await;
    let first = receipt(&request, &report);
    let mut other = request;
    other.venues[0].market = Arc::new(Dearer(Tapes::once(vec![Tape::open("btcusdt-20240808").unwrap()])));
    let differences = first.inputs_that_differ(&other.inputs());
    let places: Vec<&str> = differences.iter().map(|difference| difference.at.as_str()).collect();
    assert_eq!(places, ["data[0].instrument"]);
    assert_ne!(other.inputs().digest(), first.inputs_hash);
}

#[tokio::test]
async fn another_input_is_named_and_another_result_found() {
    let (request, report) = run(MOMENTUM, trading()).await;
    let first = receipt(&request, &report);
    let mut other = request;
    other.config.insert("order_size".into(), json!("0.002"));
    other.venues[0].paper.latency_ms = 7;
    let differences = first.inputs_that_differ(&other.inputs());
    let places: Vec<&str> = differences.iter().map(|difference| difference.at.as_str()).collect();
    assert_eq!(places, ["config.order_size", "venues.paper.latencyMs"]);
    assert_eq!(differences[0].message, r#"config.order_size is "0.002" now, the receipt says "0.001""#);

    // The third order of a run that otherwise went the same.
    let mut changed = report.clone();
    changed.orders[2].quantity += rust_decimal::Decimal::ONE;
    let differences = first.results_that_differ(&changed);
    assert_eq!(differences.len(), 1, "{differences:?}");
    assert_eq!(
        (differences[0].at.as_str(), differences[0].message.as_str()),
        ("orders[2]", "order 2 (counted from 0) is the first that differs")
    );
    assert_eq!(differences[0].now["quantity"], json!("1.001"));
    let mut shorter = report.clone();
    shorter.fills.truncate(3);
    assert!(first.results_that_differ(&shorter)[0].message.starts_with("the run ends after 3 fills, the receipt has "));
    let mut hungrier = report;
    hungrier.fuel.get_mut("onTrade").unwrap().max += 1;
    assert_eq!(first.results_that_differ(&hungrier)[0].at, "fuel.onTrade.max");
}

#[test]
fn a_long_trail_is_thinned_and_still_finds_the_place() {
    let mut items: Vec<u32> = (0..25_000).collect();
    let trail = super::Trail::of(&items);
    assert_eq!((trail.every, trail.digests.len(), trail.count), (3, 8_333, 25_000));
    items[20_000] = 7;
    assert_eq!(trail.first_difference(&trail.again(&items)), Some((19_998, false)));
    items[20_000] = 20_000;
    assert_eq!(trail.first_difference(&trail.again(&items)), None);
    items.push(1);
    assert_eq!(trail.first_difference(&trail.again(&items)), Some((24_999, false)));
}
