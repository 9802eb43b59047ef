//! One strategy on one tape, five ways: `sandpit play`, `sandpit backtest`, `sandpit test`, the npm harness, and a live instance on
//! a paper provider at full speed. Same orders, same fills, same fuel.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::node::{self, VERSIONS};
use crate::support::app::{PROVIDER, TAPE};
use crate::support::cli::Cli;
use crate::support::{TestApp, eventually, root};

/// The instance has the same name in all five: it is the beginning of client order ids, whose length costs fuel.
const ID: &str = "play";

/// What a run did, in words that all five ways have.
#[derive(Debug, PartialEq)]
struct Deeds {
    /// As they were sent.
    orders: Vec<String>,
    /// As they came.
    fills: Vec<String>,
    /// Events that a handler ran for, events that none was there for, and events that were left out.
    events: [u64; 3],
    /// Of all calls together, `create` and `onStop` included.
    fuel: u64,
}

fn number(value: &Value) -> Decimal {
    value.as_str().map_or(Decimal::ZERO, |text| text.parse().unwrap()).normalize()
}

/// An order by its id, what was asked, and what became of it.
fn order(row: &Value) -> String {
    let word = |key: &str| row[key].as_str().unwrap().to_uppercase();
    let figures = ["quantity", "price", "filledQuantity", "averagePrice"].map(|key| number(&row[key]).to_string());
    format!("{} {} {} {} {}", row["clientOrderId"], word("side"), word("type"), figures.join(" "), word("state"))
}

/// A fill by the id of its order, which `key` names.
fn fill(key: &str, row: &Value) -> String {
    let figures = ["price", "quantity", "fee"].map(|key| number(&row[key]).to_string());
    let word = |key: &str| row[key].as_str().unwrap().to_uppercase();
    format!("{} {} {} {}", row[key], figures.join(" "), word("feeAsset"), word("liquidity"))
}

/// Delivered (a report has them by kind, with timers), skipped, dropped.
fn counted(events: &Value) -> [u64; 3] {
    let count = |counts: &Value| match counts.as_object() {
        Some(by_kind) => by_kind.values().map(|count| count.as_u64().unwrap()).sum(),
        None => counts.as_u64().unwrap(),
    };
    ["delivered", "skipped", "dropped"].map(|key| count(&events[key]))
}

/// Of a report of `play`, `backtest`, `test` or the harness.
fn reported(report: &Value) -> Deeds {
    let rows = |key: &str| report[key].as_array().unwrap_or_else(|| panic!("no {key}: {report:#}")).clone();
    let fuel = report["fuel"].as_object().unwrap().values().map(|handler| handler["total"].as_u64().unwrap()).sum();
    Deeds {
        orders: rows("orders").iter().map(order).collect(),
        fills: rows("fills").iter().map(|row| fill("clientOrderId", row)).collect(),
        events: counted(&report["events"]),
        fuel,
    }
}

/// Of an instance that was started before the tape's first event and stopped after its last.
async fn lived(strategy: &str, config: &Value) -> Deeds {
    let app = TestApp::builder().in_step().once().start().await;
    app.create_on(PROVIDER, ID, strategy, config.clone()).await;
    app.client.start(ID).await;
    app.play_out(PROVIDER).await;
    app.client.stop(ID).await;
    let view = eventually("the instance stops", async || {
        let view = app.client.get(&format!("/strategy/instances/{ID}")).await.expect(200);
        (view["status"] == "stopped").then_some(view)
    })
    .await;
    let mut pages = Vec::new();
    for what in ["orders", "executions"] {
        let listing = app.client.get(&format!("/strategy/instances/{ID}/{what}?limit=500")).await.expect(200);
        let mut rows = listing[what].as_array().unwrap().clone();
        assert!(rows.len() < 500, "more than a page of {what}");
        rows.reverse(); // newest first
        pages.push(rows);
    }
    Deeds {
        orders: pages[0].iter().map(order).collect(),
        fills: pages[1].iter().map(|row| fill("orderId", row)).collect(),
        events: counted(&view["events"]),
        fuel: view["fuel"]["total"].as_u64().unwrap(),
    }
}

/// The harness of the npm package, as a test of an author would use it.
fn harnessed(scenario: &Value) -> Value {
    let script = format!(
        "import {{ run }} from {:?};\nconst result = await run(JSON.parse(process.argv[1]));\nprocess.stdout.write(JSON.stringify(result));",
        root().join("guest-sdk/npm/src/test.js").to_str().unwrap()
    );
    let words = ["node", "--input-type=module", "-e", &script, &scenario.to_string()];
    serde_json::from_str(&node::run(VERSIONS[1], &root(), &words).well()).unwrap()
}

/// Holds the four ways without a host against each other.
async fn offline(strategy: &str, config: &Value, least: usize) -> Deeds {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(([127, 0, 0, 1], 1).into(), "", folder.path());
    let pairs: Vec<String> = config
        .as_object()
        .unwrap()
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
        .collect();
    let flags: Vec<&str> = pairs.iter().flat_map(|pair| ["--config", pair]).collect();

    let words = [&["play", strategy, "--tape", TAPE, "--format", "json"], flags.as_slice()].concat();
    let played = reported(&serde_json::from_str(&cli.run(&words).await.well()).unwrap());
    assert!(played.orders.len() >= least && !played.fills.is_empty(), "too little to compare: {played:#?}");

    let words = [&["backtest", strategy, "--data", TAPE, "--no-cache", "--format", "json"], flags.as_slice()].concat();
    let tested = reported(&serde_json::from_str(&cli.run(&words).await.well()).unwrap());
    assert_eq!(tested, played, "backtest and play");

    let scenario = json!({ "name": "the tape", "strategy": strategy, "instance": ID, "config": config, "tape": [TAPE] });
    let said = cli.run_with(&["test", "-", "--format", "json"], &scenario.to_string()).await.well();
    let answer: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(reported(&answer["scenarios"][0]), played, "test and play");

    assert_eq!(reported(&harnessed(&scenario)), played, "harness and play");
    played
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
async fn a_taker_does_the_same_five_ways() {
    let config = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    let played = offline("momentum", &config, 10).await;
    assert_eq!(lived("momentum", &config).await, played, "live at full speed and play");
}

/// Its orders rest until the venue's session ends, and some of its reports come together: what it answers to the first is checked
/// before the desk hears of the second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs node and npm: `cargo xtask test` runs it where they are"]
async fn a_maker_does_the_same_five_ways() {
    let config = json!({ "dry_run": false, "spread_bps": 0.5, "order_size": "0.001" });
    let played = offline("marketmaking", &config, 10).await;
    assert_eq!(lived("marketmaking", &config).await, played, "live at full speed and play");
}
