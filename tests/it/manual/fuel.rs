//! What a call costs, measured and written into the page: host and engine together, as a handler pays it. Fuel is the same number on
//! every machine, so the page's figures are exact; a new engine has others, which `cargo xtask bless` writes.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use sandpit::backtest::bench::Stand;
use sandpit::backtest::{PlayRequest, PlayVenue, play};
use sandpit::base::metrics::Metrics;
use sandpit::cli::output::grouped;
use sandpit::compile::{Compiler, CompilerConfig, Source, check_config};
use sandpit::providers::tape::Tape;
use sandpit::sandbox::{Program, Sandbox, SandboxConfig};
use sandpit::trading::{RiskConfig, RiskLimits};
use serde_json::json;

use super::{code, page};
use crate::support::{Script, guest, root};

/// The tables of the page that name calls and their fuel.
const TABLES: [&str; 2] = ["| call | gives | fuel |", "| call | what | fuel | limits |"];
/// Of both tables, counted in cells between bars.
const FUEL_CELL: usize = 3;

/// Calls one function a number of times at the first trade, with so many orders open.
const GUEST: &str = r#"
module.exports = {
  metadata: {
    name: "prices", tag: "v1", displayName: "Prices", events: ["Trade", "Ticker"],
    config: [{ name: "call", type: "string" }, { name: "times", type: "int" }, { name: "bytes", type: "int", default: 0 },
      { name: "orders", type: "int", default: 0 }],
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
      "cancelOrder": () => runtime.cancelOrder(runtime.submitOrder(null, "buy", "1", "99")),
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
        for (let n = 0; n < config.orders; n += 1) runtime.submitOrder(null, "buy", "1", "99");
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

/// What is measured: one function, called so many times.
#[derive(Clone, Copy)]
struct Measured<'a> {
    call: &'a str,
    times: u64,
    bytes: u64,
    orders: u64,
}

/// A call without bytes and orders.
fn bare(call: &str) -> Measured<'_> {
    Measured { call, times: 0, bytes: 0, orders: 0 }
}

fn compiler() -> Compiler {
    let metrics = Metrics::new();
    let config = SandboxConfig { max_guests: 4, yield_fuel: None, ..SandboxConfig::default() };
    let sandbox = Sandbox::new(config, &metrics).unwrap();
    Compiler::new(&sandbox, &CompilerConfig::default(), &metrics).unwrap()
}

impl Bench {
    async fn new() -> Self {
        let program = compiler().program(&Source::single("prices.js", GUEST).unwrap()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.tape");
        Script::new().book("99.9", "100.1").bought("100").write(&path);
        Self { program, tape: Tape::open(path.to_str().unwrap()).unwrap(), _folder: folder }
    }

    fn play(&self, what: Measured<'_>) -> sandpit::backtest::PlayReport {
        let Measured { call, times, bytes, orders } = what;
        let config = json!({ "call": call, "times": times, "bytes": bytes, "orders": orders, "dry_run": false });
        let config = check_config(self.program.metadata(), config.as_object().unwrap()).unwrap();
        let venues = vec![PlayVenue::of_tapes(PlayRequest::usual_provider(), vec![self.tape.clone()])];
        let limits = RiskLimits { order_burst: 100, max_concurrent_orders: 0, ..RiskLimits::default() };
        let risk = RiskConfig { limits, ..RiskConfig::default() };
        let report = play(PlayRequest { venues, config, risk, ..PlayRequest::new(Arc::clone(&self.program)) }).unwrap();
        assert!(report.faults.is_empty() && report.exception_count == 0, "{call}: {:?} {:?}", report.faults, report.exceptions);
        report
    }

    /// Fuel of one call: of five more calls, a fifth.
    fn price(&self, what: Measured<'_>) -> u64 {
        let fuel = |times| self.play(Measured { times, ..what }).fuel["onTrade"].total;
        (fuel(10) - fuel(5)) / 5
    }

    /// What each byte adds, to the nearest whole number.
    fn per_byte(&self, call: &str) -> u64 {
        let of = |bytes| self.price(Measured { bytes, ..bare(call) });
        (of(2_000) - of(1_000) + 500) / 1_000
    }

    /// The cell of a row whose first cell names these calls, of which the row tells the dearest.
    fn cell(&self, calls: &[&str]) -> String {
        let mut price = calls.iter().map(|call| self.price(bare(call))).max().unwrap();
        if calls[0] == "cancelOrder" {
            price -= self.price(bare("submitOrder")); // each cancels an order that was sent for it
        }
        let mut cell = grouped(price);
        match calls[0] {
            "helpers.log" | "console.log" | "helpers.save" | "helpers.load" => {
                cell += &format!(" + {} per byte", self.per_byte(calls[0]));
            }
            "openOrders" => {
                let eleven = self.price(Measured { orders: 11, ..bare("openOrders") });
                let one = self.price(Measured { orders: 1, ..bare("openOrders") });
                cell += &format!(" + {} per order", grouped((eleven - one) / 10));
            }
            "setTimeout" => {
                let both = self.price(bare("clearTimeout"));
                cell += &format!(", clearing {}", grouped(both - self.price(bare("setTimeout"))));
            }
            _ => {}
        }
        cell
    }
}

/// The page with measured figures in it, and the calls that it names.
fn with_measured_figures(page: &str, bench: &Bench) -> (String, BTreeSet<String>) {
    let (mut lines, mut named, mut inside) = (Vec::new(), BTreeSet::new(), false);
    for line in page.lines() {
        inside = TABLES.contains(&line) || (inside && line.starts_with('|'));
        if !inside || TABLES.contains(&line) || line.starts_with("|---") {
            lines.push(line.to_owned());
            continue;
        }
        let mut cells: Vec<String> = line.split('|').map(str::to_owned).collect();
        let calls: Vec<String> = code(&cells[1]).map(|call| call.split('(').next().unwrap().to_owned()).collect();
        let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
        cells[FUEL_CELL] = format!(" {} ", bench.cell(&calls));
        lines.push(cells.join("|"));
        named.extend(calls.iter().map(|call| (*call).to_owned()));
        if calls.contains(&"setTimeout") {
            named.extend(["clearTimeout", "clearInterval"].map(str::to_owned));
        }
    }
    (lines.join("\n") + "\n", named)
}

/// Compares, or writes when the figures are to be accepted.
fn hold(path: &Path, now: &str) {
    if std::env::var_os("SANDPIT_BLESS").is_some() {
        std::fs::write(path, now).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap();
    for (number, (written, now)) in written.lines().zip(now.lines()).enumerate() {
        assert_eq!(written, now, "{}, line {}: run `cargo xtask bless`", path.display(), number + 1);
    }
    assert_eq!(written, now, "{}", path.display());
}

#[tokio::test]
async fn golden_figures_of_the_page_are_what_calls_cost() {
    let bench = Bench::new().await;
    let (now, named) = with_measured_figures(&page(), &bench);
    let all: BTreeSet<String> = serde_json::from_str(&bench.play(bare("names")).log[0].text).unwrap();
    assert_eq!(all, named, "a call of the page is not measured, or one is measured that it does not have");
    hold(&root().join("docs/strategy.md"), &now);
}

/// Fuel of the call that half of so many trades cost no more than, as `sandpit bench` measures it.
async fn of_trades(file: &str, source: &str) -> u64 {
    let program = compiler().program(&Source::single(file, source).unwrap()).await.unwrap();
    let stand = Stand::new(&program, Tape::open("btcusdt-20240808").unwrap()).unwrap();
    let mut guest = stand.launch(&program, 0).await.unwrap();
    let mut fuel = Vec::new();
    for number in 0..2_000 {
        fuel.push(guest.deliver(&stand.trade(number)).await.unwrap().fuel);
    }
    fuel.sort_unstable();
    fuel[fuel.len() / 2]
}

/// The two figures of fuel in the README's table are those of `sandpit bench`.
#[tokio::test]
async fn golden_fuel_of_the_readme_is_what_bench_measures() {
    let empty = "// 0\nmodule.exports = { metadata: { name: \"empty\", tag: \"v1\", displayName: \"Empty\", events: [\"Trade\"] },\n  \
                 create() { return { onTrade() {} }; } };\n";
    let momentum = guest::builtin("momentum");
    let figures = [of_trades("empty.js", empty).await, of_trades("momentum.js", &momentum).await].map(grouped);
    let path = root().join("README.md");
    let readme = std::fs::read_to_string(&path).unwrap();
    let mut parts = readme.split(" fuel |").map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(parts.len(), 3, "the README's table has two figures that end with ` fuel |`");
    for (part, figure) in parts.iter_mut().zip(figures) {
        let kept = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == ',').len();
        part.replace_range(kept.., &figure);
    }
    hold(&path, &parts.join(" fuel |"));
}
