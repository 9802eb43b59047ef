//! Trouble over the real tape: it happens, it is the same each time, and the money adds up all the same.

use super::*;
use crate::backtest::play::play_by_the_long_way;

/// Trades every second or so, counts in what it saves, and logs what it hears.
const TRADER: &str = r#"
module.exports = {
  metadata: { name: "trader", tag: "v1", displayName: "Trader", events: ["Trade", "ExecReport", "RiskControl"] },
  create({ runtime, helpers }) {
    const state = { trades: 0, ...helpers.load() };
    let last = 0, side = "SELL";
    helpers.log("begins at", state.trades);
    return {
      onTrade(ctx, evt) {
        state.trades += 1;
        if (state.trades % 100 === 0) helpers.save(state);
        if (Date.now() - last < 1500) return;
        last = Date.now();
        side = side === "BUY" ? "SELL" : "BUY";
        runtime.submitMarketOrder(evt.provider, side, "0.01");
      },
      onRiskControl(ctx, evt, risk) { helpers.log("risk", risk.status, risk.breachType); },
      onStop() { helpers.log("stops"); },
    };
  },
};
"#;

async fn run(lab: &Lab, chaos: &str) -> PlayReport {
    let mut request = lab.request(TRADER, json!({ "dry_run": false })).await;
    request.chaos = chaos.parse().unwrap();
    play(request).unwrap()
}

#[tokio::test]
async fn chaos_happens_repeats_and_the_money_adds_up() {
    let lab = Lab::new();
    let text = "seed=7,rejectPpm=100000,partialPpm=300000,moreLatencyMs=400,outageEvery=60s,outageFor=5s,restartAt=1000;5000";
    let report = run(&lab, text).await;
    let again = run(&lab, text).await;
    assert_eq!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&again).unwrap());
    let other = run(&lab, &text.replace("seed=7", "seed=8")).await;
    assert_ne!(serde_json::to_string(&report).unwrap(), serde_json::to_string(&other).unwrap());

    let with = |reason: &str| -> Vec<_> {
        let has = |order: &&crate::backtest::PlayedOrder| order.reason.as_deref().is_some_and(|text| text.contains(reason));
        report.orders.iter().filter(has).collect()
    };
    assert!(with("the venue is busy").len() >= 5);
    let parts = with("IOC remainder cancelled").into_iter().filter(|order| !order.filled_quantity.is_zero()).count();
    assert!(parts >= 10, "{parts}");
    let lines = |text: &str| report.log.iter().filter(|line| line.text.starts_with(text)).count();
    assert!(lines("risk TRIGGERED PROVIDER_DISCONNECTED") >= 2, "{:?}", report.log);
    assert!(lines("risk CLEARED") >= 2, "and it came back");
    assert_eq!(report.fuel["create"].count, 3);
    assert_eq!(lines("stops"), 1, "a guest that is lost says no farewell");
    let begins: Vec<u64> = report.log.iter().filter_map(|line| line.text.strip_prefix("begins at ")?.parse().ok()).collect();
    assert!(begins[0] == 0 && begins[1] >= 100 && begins[2] > begins[1], "it goes on with what it saved: {begins:?}");

    let (cash, position) = money(&report);
    let balance = |currency: &str| report.balances["paper"].iter().find(|balance| balance.currency == currency).unwrap().total;
    assert_eq!(balance("USDT"), Decimal::from(1_000_000) + cash);
    assert_eq!(balance("BTC"), Decimal::from(10) + position);
}

#[tokio::test]
async fn what_fills_while_the_connection_is_broken_is_in_the_numbers() {
    let lab = Lab::new();
    // Orders are on their way for seconds, so that some are whenever the connection breaks.
    let report = run(&lab, "seed=7,moreLatencyMs=4000,outageEvery=30s,outageFor=5s").await;
    let lost = report.log.iter().filter(|line| line.text.starts_with("risk TRIGGERED PROVIDER_DISCONNECTED")).count();
    assert!(lost >= 5, "{lost}");
    let numbers = &report.measured.numbers["USDT"];
    assert_eq!(numbers.fills, report.fills.len() as u64);
}

#[tokio::test]
async fn without_chaos_none_of_it_happens() {
    let lab = Lab::new();
    let report = run(&lab, "seed=7").await;
    assert!(report.orders.iter().all(|order| order.reason.is_none()));
    assert_eq!(report.fuel["create"].count, 1);
    assert!(report.orders.len() > 100, "{}", report.orders.len());
}

#[tokio::test]
async fn short_cuts_come_to_the_same() {
    let lab = Lab::new();
    let chaos = "seed=7,rejectPpm=100000,partialPpm=300000,moreLatencyMs=400,outageEvery=60s,outageFor=5s,restartAt=1000;5000";
    let trading = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
    for (source, config) in [
        (TRADER, json!({ "dry_run": false })),
        (MOMENTUM_1_1, trading),
        (TROUBLE, json!({})),
        (SLEEPER, json!({})),
        (LOOPER, json!({})),
    ] {
        for chaos in [chaos, "seed=7"] {
            let mut request = lab.request(source, config.clone()).await;
            request.chaos = chaos.parse().unwrap();
            let (short, long) = (play(request.clone()).unwrap(), play_by_the_long_way(request).unwrap());
            assert!(!short.faults.is_empty() || short.events.delivered.values().sum::<u64>() > 10, "{}", short.strategy.name);
            assert_eq!(serde_json::to_value(&short).unwrap(), serde_json::to_value(&long).unwrap());
        }
    }
}
