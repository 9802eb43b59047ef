//! What a call costs, measured: the page's price is in it, and what the engine adds is less than the page's readers would notice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sandpit::backtest::{PlayRequest, PlayVenue, play};
use sandpit::base::metrics::Metrics;
use sandpit::compile::{Compiler, CompilerConfig, Source, check_config};
use sandpit::providers::tape::Tape;
use sandpit::sandbox::{Program, Sandbox, SandboxConfig};
use serde_json::json;

use super::{code, page, rows};
use crate::support::Script;

/// Calls one function a number of times at the first trade.
const GUEST: &str = r#"
const quietly = (call) => { try { call(); } catch {} };
module.exports = {
  metadata: {
    name: "prices", tag: "v1", displayName: "Prices", events: ["Trade", "Ticker"],
    config: [{ name: "call", type: "string" }, { name: "times", type: "int" }, { name: "bytes", type: "int", default: 0 }],
  },
  create({ config, helpers, runtime }) {
    const text = "x".repeat(config.bytes);
    const set = Array.from({ length: 20 }, () => 0);
    const calls = {
      "isTradingActive": () => runtime.isTradingActive(),
      "isDryRun": () => runtime.isDryRun(),
      "providers": () => runtime.providers(),
      "selectProvider": () => runtime.selectProvider(7),
      "getLastPrice": () => runtime.getLastPrice(),
      "getBidPrice": () => runtime.getBidPrice(),
      "getAskPrice": () => runtime.getAskPrice(),
      "getMarketState": () => runtime.getMarketState(),
      "submitMarketOrder": () => runtime.submitMarketOrder(null, "buy", "1"),
      "submitOrder": () => runtime.submitOrder(null, "buy", "1", "99"),
      "cancelOrder": () => quietly(() => runtime.cancelOrder("none")),
      "openOrders": () => runtime.openOrders(),
      "position": () => runtime.position(),
      "balance": () => runtime.balance(null, "USDT"),
      "helpers.log": () => helpers.log(text),
      "console.log": () => console.log(text),
      "info": () => console.info(text),
      "warn": () => console.warn(text),
      "error": () => console.error(text),
      "debug": () => console.debug(text),
      "helpers.sleep": () => helpers.sleep(1),
      "helpers.save": () => helpers.save(text),
      "helpers.load": () => helpers.load(),
      "setTimeout": () => setTimeout(() => {}, 60_000),
      "setInterval": () => setInterval(() => {}, 60_000),
      "clearTimeout": () => clearTimeout(setTimeout(() => {}, 60_000)),
      "clearInterval": () => clearInterval(setInterval(() => {}, 60_000)),
    };
    if (config.call === "names") helpers.log(JSON.stringify(Object.keys(calls)));
    let done = false;
    return {
      onTrade() {
        if (done) return;
        done = true;
        if (config.call === "helpers.load") helpers.save(text);
        for (let n = 0; n < config.times; n += 1) calls[config.call]();
      },
    };
  },
};
"#;

struct Bench {
    program: Arc<Program>,
    tape: Tape,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let metrics = Metrics::new();
        let sandbox =
            Sandbox::new(SandboxConfig { max_guests: 4, yield_fuel: None, ..SandboxConfig::default() }, &metrics).unwrap();
        let compiler = Compiler::new(&sandbox, &CompilerConfig::default(), &metrics).unwrap();
        let program = compiler.program(&Source::single("prices.js", GUEST).unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.tape");
        Script::new().book("99.9", "100.1").bought("100").write(&path);
        Self { program, tape: Tape::open(path.to_str().unwrap()).unwrap(), _folder: folder }
    }

    fn play(&self, call: &str, times: u64, bytes: u64) -> sandpit::backtest::PlayReport {
        let config = json!({ "call": call, "times": times, "bytes": bytes });
        let config = check_config(self.program.metadata(), config.as_object().unwrap()).unwrap();
        let venues = vec![PlayVenue::of_tapes(PlayRequest::usual_provider(), vec![self.tape.clone()])];
        let report = play(PlayRequest { venues, config, ..PlayRequest::new(Arc::clone(&self.program)) }).unwrap();
        assert!(report.faults.is_empty() && report.exception_count == 0, "{call}: {:?} {:?}", report.faults, report.exceptions);
        report
    }

    /// Fuel of one call.
    fn price(&self, call: &str, bytes: u64) -> u64 {
        let fuel = |times| self.play(call, times, bytes).fuel["onTrade"].total;
        (fuel(20) - fuel(10)) / 10
    }
}

/// The price that the page gives for a call, without its bytes; the timers' cell has two.
fn listed() -> BTreeMap<String, u64> {
    let page = page();
    let first = |text: &str| -> u64 {
        let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
        digits.parse().unwrap_or_else(|_| panic!("{text} has no price"))
    };
    let mut listed = BTreeMap::new();
    let mut above = 0;
    for header in ["| call | gives | fuel |", "| call | what | fuel | limits |"] {
        for row in rows(&page, header) {
            let price = if row[2] == "as above" { above } else { first(&row[2]) };
            above = price;
            listed.extend(code(&row[0]).map(|call| (call.split('(').next().unwrap().to_owned(), price)));
            if let Some((_, clearing)) = row[2].split_once("clearing ") {
                let both = price + first(clearing);
                listed.extend(["clearTimeout", "clearInterval"].map(|call| (call.to_owned(), both)));
            }
        }
    }
    listed
}

#[tokio::test]
async fn every_call_costs_what_the_page_says() {
    let bench = Bench::new().await;
    let listed = listed();
    let names: BTreeSet<String> = serde_json::from_str(&bench.play("names", 0, 0).log[0].text).unwrap();
    assert_eq!(
        names,
        listed.keys().cloned().collect(),
        "a call of the page is not measured, or one is measured that it does not have"
    );
    for (call, price) in &listed {
        let measured = bench.price(call, 0);
        println!("{call}: {price} listed, {measured} measured");
        assert!(measured >= *price, "{call} costs {measured}, not {price}");
        assert!(measured < price + 6_000, "{call} costs {measured}: the engine adds too much to {price}");
    }
}

/// Ten for each byte of a line, of what is saved and of what is loaded.
#[tokio::test]
async fn bytes_cost_what_the_page_says() {
    let bench = Bench::new().await;
    for call in ["helpers.log", "console.warn", "helpers.save", "helpers.load"] {
        let call = call.trim_start_matches("console.");
        let per_byte = (bench.price(call, 2_000) - bench.price(call, 1_000)) as f64 / 1_000.0;
        println!("{call}: {per_byte} per byte");
        assert!((10.0..30.0).contains(&per_byte), "{call}: {per_byte}");
    }
}
