//! Plays over the real tapes: the same bytes each time, money that adds up, tape time, faults.

mod chaos;
mod data;
mod endless;
mod lookahead;

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{PlayReport, PlayRequest, PlayVenue, play};
use crate::base::metrics::Metrics;
use crate::compile::{Compiler, CompilerConfig, Source, check_config};
use crate::market::Side;
use crate::providers::tape::Tape;
use crate::sandbox::{FaultCode, Sandbox, SandboxConfig, SandboxError};

pub(super) const MOMENTUM: &str =
    include_str!("../../../../strategies/momentum/3b30f3e8a3909f23e7bc3df481b7efb15f87ddca882130f437f20baf381ff7dc/momentum.js");

/// The revision that asks the host only when there is a signal.
const MOMENTUM_1_1: &str =
    include_str!("../../../../strategies/momentum/50f473be191343da18054d0c93383585a462dd33be8a13e9b114d5bbe276363b/momentum.js");

/// Does everything that a call can end with: returns, throws, recurses without end, and never returns.
const TROUBLE: &str = r#"
module.exports = {
  metadata: { name: "trouble", tag: "v1", displayName: "Trouble", events: ["Trade"] },
  create({ helpers }) {
    let trades = 0;
    const deep = () => 1 + deep();
    return {
      onTrade() {
        trades += 1;
        if (trades % 100 === 7) throw new Error("thrown at " + trades);
        if (trades % 100 === 13) {
          try { deep(); } catch (error) { helpers.log(error.name); }
        }
        if (trades % 100 === 17) deep();
        if (trades === 900) for (;;);
      },
    };
  },
};
"#;

/// Sleeps ten seconds at every trade, and counts the seconds of the tape with a timer.
const SLEEPER: &str = r#"
module.exports = {
  metadata: { name: "sleeper", tag: "v1", displayName: "Sleeper", events: ["Trade"] },
  create({ helpers }) {
    let beats = 0;
    setInterval(() => { beats += 1; }, 1000);
    return {
      onTrade() { helpers.log("trade at", Date.now()); helpers.sleep("10s"); },
      onStop() { helpers.log("beats", beats); },
    };
  },
};
"#;

/// Never returns from its handler.
const LOOPER: &str = r#"
module.exports = {
  metadata: { name: "looper", tag: "v1", displayName: "Looper", events: ["Trade"] },
  create: () => ({ onTrade() { for (;;) {} } }),
};
"#;

pub(super) struct Lab(Compiler);

impl Lab {
    pub(super) fn new() -> Self {
        Self::of(Sandbox::by_hand)
    }

    /// Every call on a fiber of its own, as live.
    fn on_fibers() -> Self {
        Self::of(|config, metrics| Sandbox::new(SandboxConfig { yield_fuel: None, ..config }, metrics))
    }

    fn of(made: impl FnOnce(SandboxConfig, &Metrics) -> Result<Sandbox, SandboxError>) -> Self {
        let metrics = Metrics::new();
        let sandbox = made(SandboxConfig { max_guests: 8, ..SandboxConfig::default() }, &metrics).unwrap();
        Self(Compiler::new(&sandbox, &CompilerConfig::default(), &metrics).unwrap())
    }

    pub(super) async fn request(&self, source: &str, config: Value) -> PlayRequest {
        let program = self.0.program(&Source::single("test.js", source).unwrap()).await.unwrap();
        let config = check_config(program.metadata(), config.as_object().unwrap()).unwrap();
        let tapes = vec![Tape::open("btcusdt-20240808").unwrap()];
        let venues = vec![PlayVenue::of_tapes(PlayRequest::usual_provider(), tapes)];
        PlayRequest { venues, config, ..PlayRequest::new(Arc::clone(&program)) }
    }
}

/// Cash and position from the fills alone.
fn money(report: &PlayReport) -> (Decimal, Decimal) {
    let mut sums = (Decimal::ZERO, Decimal::ZERO);
    for fill in &report.fills {
        let sign = if fill.side == Side::Buy { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
        sums.0 -= sign * fill.price * fill.quantity;
        sums.1 += sign * fill.quantity;
        if fill.fee_asset == "USDT" {
            sums.0 -= fill.fee;
        } else {
            sums.1 -= fill.fee;
        }
    }
    sums
}

#[tokio::test]
async fn two_plays_give_the_same_bytes_and_the_money_adds_up() {
    let lab = Lab::new();
    let config = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    let request = lab.request(MOMENTUM, config).await;
    let report = play(request.clone()).unwrap();
    let again = play(request).unwrap();
    assert_eq!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&again).unwrap());

    assert!(report.orders.len() >= 10 && report.fills.len() >= report.orders.len(), "{} orders", report.orders.len());
    let filled: BTreeMap<_, Decimal> = report.fills.iter().fold(BTreeMap::new(), |mut sums, fill| {
        *sums.entry(fill.client_order_id.clone()).or_default() += fill.quantity;
        sums
    });
    for order in &report.orders {
        assert_eq!(filled.get(&order.client_order_id).copied().unwrap_or_default(), order.filled_quantity);
    }
    let (cash, position) = money(&report);
    let balance = |currency: &str| report.balances["paper"].iter().find(|balance| balance.currency == currency).unwrap().total;
    assert_eq!(balance("USDT"), Decimal::from(1_000_000) + cash);
    assert_eq!(balance("BTC"), Decimal::from(10) + position);
    let line = &report.profit["USDT"];
    assert_eq!(line.net, line.realised + line.unrealised - line.fees);
    assert_eq!(report.fuel["onTrade"].count, report.events.delivered["Trade"]);
    assert!(report.faults.is_empty() && report.exception_count == 0);
}

#[tokio::test]
async fn a_call_without_a_fiber_is_the_same_call() {
    let (direct, fibers) = (Lab::new(), Lab::on_fibers());
    let trading = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    for (source, config) in [(MOMENTUM_1_1, trading), (TROUBLE, json!({})), (SLEEPER, json!({})), (LOOPER, json!({}))] {
        let here = play(direct.request(source, config.clone()).await).unwrap();
        let there = play(fibers.request(source, config).await).unwrap();
        assert_eq!(serde_json::to_value(&here).unwrap(), serde_json::to_value(&there).unwrap());
        if source == TROUBLE {
            assert!(here.exception_count >= 16 && !here.faults.is_empty(), "{} {:?}", here.exception_count, here.faults);
            assert!(here.log.iter().any(|line| line.text == "RangeError"), "{:?}", here.log.first());
        }
    }
}

#[tokio::test]
async fn the_newer_momentum_sends_the_same_orders() {
    let lab = Lab::new();
    let config = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    let [older, newer] =
        [lab.request(MOMENTUM, config.clone()).await, lab.request(MOMENTUM_1_1, config).await].map(|it| play(it).unwrap());
    let sent =
        |report: &PlayReport| -> Vec<_> { report.orders.iter().map(|order| (order.side, order.placed_at.clone())).collect() };
    assert_eq!(sent(&older), sent(&newer));
    assert_eq!(older.balances, newer.balances);
    assert!(newer.fuel["onTrade"].total < older.fuel["onTrade"].total);
}

#[tokio::test]
async fn sleep_and_timers_pass_in_the_time_of_the_tape() {
    let lab = Lab::new();
    let report = play(lab.request(SLEEPER, json!({})).await).unwrap();
    let texts: Vec<&str> = report.log.iter().map(|line| line.text.as_str()).collect();
    let trades: Vec<u64> =
        texts.iter().filter_map(|text| text.strip_prefix("trade at ")).map(|time| time.parse().unwrap()).collect();
    // The tape lasts 345 s; each trade is answered with ten seconds of sleep.
    assert!((30..=35).contains(&trades.len()), "{} trades", trades.len());
    assert!(report.events.dropped["Trade"] > 0, "a sleeper misses the oldest trades: {:?}", report.events);
    let beats: u64 = texts.last().unwrap().strip_prefix("beats ").unwrap().parse().unwrap();
    assert!((30..=345).contains(&beats), "beats that pass in one sleep are one: {beats}");
}

#[tokio::test]
async fn a_fault_is_answered_as_live_in_tape_time() {
    let lab = Lab::new();
    let report = play(lab.request(LOOPER, json!({})).await).unwrap();
    let seconds: Vec<u64> = report.faults.iter().map(|fault| fault.time[17..19].parse().unwrap()).collect();
    assert!(report.faults.iter().all(|fault| fault.fault.code == FaultCode::FuelExhausted), "{:?}", report.faults);
    assert_eq!(report.faults.len(), 5, "then it is quarantined: {:?}", report.faults);
    // Backoff of 1, 2, 4 and 8 seconds; the first trade afterwards faults again.
    let waits: Vec<u64> = seconds.windows(2).map(|pair| (60 + pair[1] - pair[0]) % 60).collect();
    for (wait, least) in waits.iter().zip([1, 2, 4, 8]) {
        assert!((least..=least + 2).contains(wait), "{waits:?}");
    }
    assert_eq!(report.events.delivered.get("Trade"), None);
}
