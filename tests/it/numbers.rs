//! The numbers of a backtest, computed once more by a program that shares no code with Sandpit (`tests/check/backtest_numbers.py`), from the
//! fills of a real run and the recorded trades it was played over.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use rust_decimal::Decimal;
use sandpit::market::Side;
use sandpit::providers::tape::{Body, Record, Tape};
use serde_json::{Value, json};

use crate::support::cli::Cli;

/// Adds to a position, goes through zero both ways, closes, pauses; the last position stays open.
const SOURCE: &str = r#"module.exports = {
  metadata: { name: "turns", tag: "v1", displayName: "Turns", events: ["Trade"] },
  create({ runtime }) {
    const steps = [["BUY", "0.02"], ["BUY", "0.013"], ["SELL", "0.051"], ["SELL", "0.007"], ["BUY", "0.04"], ["SELL", "0.015"], null];
    let trades = 0;
    return {
      onTrade(ctx, evt) {
        if (++trades % 23 !== 0) return;
        const step = steps[(trades / 23) % steps.length];
        if (step) runtime.submitMarketOrder(evt.provider, step[0], step[1]);
      },
    };
  },
};
"#;

/// Another program's view of the tape: its trades alone, as CSV.
fn trades_csv() -> String {
    let tape = Tape::open("btcusdt-20240808").unwrap();
    let (tick, lot) = (tape.header().instrument.price_increment, tape.header().instrument.quantity_increment);
    let (mut reader, mut record) = (tape.reader().unwrap(), Record::default());
    let mut text = String::from("time,price,quantity,side\n");
    while reader.read(&mut record).unwrap() {
        if let Body::Trade { price, quantity, aggressor, .. } = record.body {
            let (price, quantity) = (Decimal::from(price) * tick, Decimal::from(quantity) * lot);
            let side = if aggressor == Side::Buy { "buy" } else { "sell" };
            writeln!(text, "{},{price},{quantity},{side}", record.received_at.as_nanos()).unwrap();
        }
    }
    text
}

/// What the other program says of a report: its exit code and its lines.
fn checked(folder: &Path, report: &Value) -> (Option<i32>, String) {
    std::fs::write(folder.join("report.json"), report.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("check/backtest_numbers.py");
    let mut command = Command::new("python3");
    let said = command.arg(script).args(["report.json", "trades.csv"]).current_dir(folder).output().expect("python3 is needed");
    (said.status.code(), String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned())
}

#[tokio::test]
async fn another_program_computes_the_same_numbers_of_a_run_that_pays() {
    compare("--taker-fee-bps 7 --slippage-bps 1").await;
}

#[tokio::test]
async fn another_program_computes_the_same_numbers_of_a_run_that_sometimes_wins() {
    let numbers = compare("--taker-fee-bps 0").await;
    assert!(numbers["averageWin"].is_string() && numbers["averageLoss"].is_string(), "{numbers:#}");
}

/// Runs it with these venue settings, compares, and gives the numbers.
async fn compare(costs: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(([127, 0, 0, 1], 1).into(), "", folder.path());
    std::fs::write(folder.path().join("turns.js"), SOURCE).unwrap();
    std::fs::write(folder.path().join("trades.csv"), trades_csv()).unwrap();
    let words = format!(
        "backtest turns.js --data BTC-USDT=trades.csv --latency 7ms {costs} --balance USDT=10000 --balance BTC=1 --no-cache \
         --trades trips.csv --report page.html --receipt r.json --format json"
    );
    let words: Vec<&str> = words.split_whitespace().collect();
    let report: Value = serde_json::from_str(&cli.run(&words).await.well()).unwrap();
    let numbers = &report["numbers"]["USDT"];
    assert!(
        numbers["trades"].as_u64() > Some(10) && numbers["sharpe"].is_number() && numbers["sortino"].is_number(),
        "{numbers:#}"
    );
    assert_eq!(numbers["net"], report["profit"]["USDT"]["net"], "measured apart from the desk, and the same");

    let (code, said) = checked(folder.path(), &report);
    assert_eq!(code, Some(0), "{said}");

    // It finds every number that is a little wrong.
    let mut seen = 0;
    for (name, value) in numbers.as_object().unwrap() {
        let wrong = match value {
            Value::Number(number) => json!(number.as_f64().unwrap() * 1.000_001 + 1e-6),
            Value::String(text) if name.starts_with("maxDrawdown") && text.contains('T') => json!("2024-08-08T00:00:00Z"),
            // The capital is what other numbers are measured against.
            Value::String(text) if name != "capital" => {
                json!((text.parse::<Decimal>().unwrap() + Decimal::new(1, 6)).to_string())
            }
            _ => continue,
        };
        if name == "orders" {
            continue; // not in the fills
        }
        let mut changed = report.clone();
        changed["numbers"]["USDT"][name] = wrong;
        let (code, said) = checked(folder.path(), &changed);
        assert!(code == Some(1) && said.contains(name.as_str()), "{name}: {said}");
        seen += 1;
    }
    assert!(seen > 15, "{seen} numbers");

    let rows = std::fs::read_to_string(folder.path().join("trips.csv")).unwrap();
    assert_eq!(rows.lines().count(), report["roundTrips"].as_array().unwrap().len() + 1);
    assert!(std::fs::read_to_string(folder.path().join("page.html")).unwrap().starts_with("<!doctype html>"));
    numbers.clone()
}

#[tokio::test]
async fn ticks_and_lots_are_part_of_what_is_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new(([127, 0, 0, 1], 1).into(), "", folder.path());
    std::fs::write(folder.path().join("turns.js"), SOURCE).unwrap();
    std::fs::write(folder.path().join("trades.csv"), trades_csv()).unwrap();
    let words = ["backtest", "turns.js", "--data", "BTC-USDT=trades.csv", "--no-cache", "--receipt", "r.json"];
    cli.run(&[&words[..], &["--tick", "BTC-USDT=0.001", "--lot", "BTC-USDT=0.000001"]].concat()).await.well();
    let receipt: Value = serde_json::from_slice(&std::fs::read(folder.path().join("r.json")).unwrap()).unwrap();
    let data = &receipt["inputs"]["data"][0];
    assert_eq!((&data["tick"], &data["lot"]), (&json!("0.001"), &json!("0.000001")), "{data:#}");
    cli.run(&["verify", "r.json"]).await.well();
    for (step, why) in [
        ("ETH-USDT=0.01", "no CSV file among the data has this symbol"),
        ("BTC-USDT=0", "write a decimal above 0"),
        ("BTC-USDT=7", "7"),
    ] {
        let said = cli.run(&[&words[..], &["--tick", step]].concat()).await.badly(2);
        assert!(said.contains(why), "{step}: {said}");
    }
}
