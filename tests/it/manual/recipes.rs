//! The recipes do what they say, by an independent look at the same tape.

use std::collections::BTreeMap;

use sandpit::providers::tape::{Body, Record, Tape};
use serde_json::Value;

use super::{blocks, page, write_files};
use crate::support::app::TAPE;
use crate::support::cli::Cli;

/// What came of a recipe on the tape.
async fn played(name: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    write_files(&blocks(&page()), folder.path());
    let cli = Cli::new("127.0.0.1:1".parse().unwrap(), "", folder.path());
    let file = format!("{name}.js");
    serde_json::from_str(&cli.run(&["play", &file, "--tape", TAPE, "--format", "json"]).await.well()).unwrap()
}

/// The prices of all trades of the tape, in ticks of 0.01.
fn prices() -> Vec<i64> {
    let (mut prices, mut record) = (Vec::new(), Record::default());
    let mut reader = Tape::open(TAPE).unwrap().reader().unwrap();
    while reader.read(&mut record).unwrap() {
        if let Body::Trade { price, .. } = record.body {
            prices.push(price);
        }
    }
    assert!(prices.len() > 9_000);
    prices
}

fn lines(report: &Value) -> Vec<&str> {
    report["log"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect()
}

fn texts<'a>(report: &'a Value, list: &str, field: &str) -> Vec<&'a str> {
    report[list].as_array().unwrap().iter().map(|entry| entry[field].as_str().unwrap()).collect()
}

/// Milliseconds into the hour of a time on the tape.
fn millis(time: &str) -> i64 {
    let number = |range: std::ops::Range<usize>| time[range].parse::<i64>().unwrap();
    (number(14..16) * 60 + number(17..19)) * 1_000 + number(20..23)
}

#[tokio::test]
async fn first_buys_after_large_trades_and_holds_still_between() {
    let report = played("first").await;
    let at: Vec<i64> = texts(&report, "orders", "placedAt").into_iter().map(millis).collect();
    assert!(at.len() > 10 && at.windows(2).all(|pair| pair[1] - pair[0] >= 1_000), "{at:?}");
    let sent: Vec<&str> = lines(&report).into_iter().filter(|line| line.contains(": sent ")).collect();
    assert_eq!(sent.len(), at.len());
    assert!(sent.iter().all(|line| line.split(' ').next().unwrap().parse::<f64>().unwrap() >= 0.3), "{sent:?}");
    assert!(lines(&report).iter().any(|line| line.starts_with("bought 0.001 at 61")));
}

/// Of an order that rests, one at a time, none for longer than its patience (and the way to the venue).
#[tokio::test]
async fn patient_bid_takes_back_what_has_not_filled() {
    let report = played("patient-bid").await;
    let mut states = BTreeMap::new();
    texts(&report, "orders", "state").into_iter().for_each(|state| *states.entry(state).or_insert(0) += 1);
    assert!(states["CANCELLED"] > 10 && states["FILLED"] > 0, "{states:?}");
    let at: Vec<i64> = texts(&report, "orders", "placedAt").into_iter().map(millis).collect();
    let cancelled = |n: usize| report["orders"][n]["state"] == "CANCELLED";
    let gaps: Vec<i64> = (1..at.len()).filter(|n| cancelled(n - 1)).map(|n| at[n] - at[n - 1]).collect();
    assert!(gaps.iter().all(|gap| *gap >= 5_000), "a bid was sent while one rested: {gaps:?}");
}

#[tokio::test]
async fn high_water_knows_the_highest_price() {
    let highest = prices().into_iter().max().unwrap();
    let expected = format!("highest so far: {}", highest as f64 / 100.0);
    assert_eq!(lines(&played("high-water").await), [expected]);
}

#[tokio::test]
async fn averages_are_those_of_the_last_fifty_trades() {
    let prices = prices();
    let report = played("averages").await;
    let said = lines(&report);
    assert_eq!(said.len(), prices.len() / 100);
    for (n, line) in said.iter().enumerate() {
        let window = &prices[(n + 1) * 100 - 50..(n + 1) * 100];
        let mean = window.iter().sum::<i64>() as f64 / 50.0 / 100.0;
        let told: f64 = line.strip_prefix("paper BTC-USDT ").unwrap().parse().unwrap();
        assert!((told - mean).abs() < 0.006, "{told}, not {mean}");
    }
}

#[tokio::test]
async fn tick_aware_rounds_to_the_venue_s_tick() {
    let report = played("tick-aware").await;
    let said = lines(&report);
    assert!(said.len() > 100);
    for line in said {
        let (_, fraction) = line.strip_prefix("BTC-USDT mid ").unwrap().split_once('.').unwrap();
        assert_eq!(fraction.len(), 2, "{line}");
    }
}

/// A second after a trade that jumped, in the time of the tape.
#[tokio::test]
async fn second_look_waits_a_second() {
    let prices = prices();
    let report = played("second-look").await;
    let jumps = prices.windows(2).filter(|pair| (pair[1] as f64 / pair[0] as f64 - 1.0).abs() * 10_000.0 > 1.0).count();
    let looked = lines(&report);
    assert!((1..=jumps).contains(&looked.len()), "{jumps} jumps: {looked:?}");
    let at: Vec<i64> = texts(&report, "log", "time").into_iter().map(millis).collect();
    assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 1_000), "two looks within a second: {at:?}");
    assert_eq!(report["events"]["delivered"]["Timer"], looked.len());
    assert_eq!(report["events"]["delivered"]["Trade"], prices.len(), "it heard every trade meanwhile");
}
