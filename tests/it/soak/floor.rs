//! Who trades where: two venues, five strategies that trade in different ways, instances spread evenly over all of it.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::runs;
use crate::support::Client;

/// Plays the built-in tapes, again and again.
pub(super) const STEADY: &str = "steady";

/// Makes its market up, and cannot be reached every few seconds.
pub(super) const SHAKY: &str = "shaky";

pub(super) const PROVIDERS: [&str; 2] = [STEADY, SHAKY];

/// The strategy that keeps a record of its own.
pub(super) const LEDGER: &str = "ledger";

/// Limits that let everybody trade for minutes on end. A venue's refusal is a breach, and a fast market has many, so
/// breaches stop nobody here. Nobody is judged by processor time on a machine that does other things as well.
/// What is kept per instance for readers is bounded anyway; small bounds are reached in the first minute, so that what
/// grows afterwards is a leak.
pub(super) const CONFIG: &str = r#"
[risk.limits]
maxPositionSize = "100000"
maxNotionalValue = "1000000000"
orderThrottle = "1000"
orderBurst = 100
maxConcurrentOrders = 12
killSwitchEnabled = false

[sandbox.limits]
deadlineMs = 10000
loadDeadlineMs = 30000

[instances]
stopGraceMs = 30000

[instances.log]
lines = 100

[instances.feed]
events = 100
"#;

/// What both accounts have at the beginning.
pub(super) fn opening() -> [(&'static str, Decimal); 4] {
    [("USDT", 1_000_000_000), ("BTC", 100_000), ("ETH", 1_000_000), ("SOL", 1_000_000)].map(|(name, all)| (name, all.into()))
}

/// How often, by the clock on the wall, the shaky venue drops out, and for how long.
const OUTAGE_EVERY_S: u32 = 4;
const OUTAGE_FOR_S: u32 = 1;

/// Makes the two venues, and takes away what the host made for itself.
pub(super) async fn open(client: &Client, speed: u32) {
    let listing = client.get("/providers").await.expect(200);
    for provider in listing["providers"].as_array().unwrap() {
        client.delete(&format!("/providers/{}", provider["name"].as_str().unwrap())).await.expect(200);
    }
    let balances: Value = opening().map(|(name, all)| (name.to_owned(), json!(all.to_string()))).into_iter().collect();
    let speed_text = format!("{speed}x");
    let steady = json!({ "speed": speed_text, "balances": balances });
    let shaky = json!({
        "seed": 11, "speed": speed_text, "balances": balances, "stepMs": 200, "tradesPerSecond": 3, "volatilityPpm": 2_000,
        "outageEvery": format!("{}s", OUTAGE_EVERY_S * speed), "outageFor": format!("{}s", OUTAGE_FOR_S * speed),
    });
    for (name, adapter, config) in [(STEADY, "paper", steady), (SHAKY, "synthetic", shaky)] {
        let body = json!({ "name": name, "adapter": { "identifier": adapter, "config": config } });
        client.post("/providers", body).await.expect(202);
        runs(client, name).await;
    }
}

/// A strategy with settings under which it trades often.
fn strategy(number: usize, symbol: &str) -> (&'static str, Value) {
    // Some 100 USDT each: above the least that a venue takes.
    let size = match symbol {
        "BTC-USDT" => "0.002",
        "ETH-USDT" => "0.05",
        _ => "0.7",
    };
    let built_in = [
        ("momentum", json!({ "lookback_period": 5, "momentum_threshold": 0.002, "order_size": size, "cooldown": "2s" })),
        ("marketmaking", json!({ "spread_bps": 1, "order_size": size, "quote_interval": "2s" })),
        ("grid", json!({ "grid_levels": 2, "grid_spacing": 0.02, "order_size": size })),
        ("meanreversion", json!({ "window_size": 10, "deviation_threshold": 0.005, "order_size": size })),
    ];
    // Two of six keep a record of their own.
    built_in.into_iter().nth(number % 6).map_or((LEDGER, json!({})), |(name, mut config)| {
        config["dry_run"] = json!(false);
        (name, config)
    })
}

fn market(number: usize) -> (&'static str, &'static str) {
    let round = number / 12;
    match number % 2 {
        0 => (STEADY, ["BTC-USDT", "ETH-USDT"][round % 2]),
        _ => (SHAKY, ["BTC-USDT", "ETH-USDT", "SOL-USDT"][round % 3]),
    }
}

/// Starts that many instances and gives their ids: `<strategy>-<number>`.
pub(super) async fn launch(client: &Client, count: usize) -> Vec<String> {
    client.upload_guest(LEDGER).await;
    let mut ids = Vec::new();
    for number in 0..count {
        let (provider, symbol) = market(number);
        let (name, config) = strategy(number / 2, symbol);
        let id = format!("{name}-{number}");
        let strategy = json!({ "identifier": name, "config": config });
        let body = json!({ "id": id, "strategy": strategy, "scope": { provider: { "symbols": [symbol] } } });
        client.post("/strategy/instances", body).await.expect(201);
        ids.push(id);
    }
    for id in &ids {
        // The shaky venue may be away just now: a start is refused then.
        loop {
            let answer = client.act(&format!("/strategy/instances/{id}/start")).await;
            if answer.status == 200 {
                break;
            }
            answer.refused(409, "provider_unavailable");
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }
    ids
}
