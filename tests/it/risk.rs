//! Limits, denials and positions over the control plane: what is set counts at once, every refusal is on record with its
//! numbers, and the figures follow from the executions.

use std::collections::BTreeMap;

use crate::support::app::PROVIDER;
use crate::support::process::Host;
use crate::support::{Client, TestApp, eventually};
use reqwest::Method;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Sends what its configuration says, one order per trade and `pace` milliseconds: `orders` are `[side, quantity, priceFactor]`.
const SENDER: &str = r#"
module.exports = {
  metadata: {
    name: "sender", tag: "v1", displayName: "Sender", events: ["Trade", "ExecReport", "RiskControl"],
    config: [
      { name: "orders", type: "array", default: [] },
      { name: "pace", type: "int", default: 0 },
      { name: "dry_run", type: "bool", default: false },
    ],
  },
  create({ config, helpers, runtime }) {
    let next = 0, last = 0;
    return {
      onTrade(ctx, evt) {
        if (next >= config.orders.length || Date.now() - last < config.pace) return;
        last = Date.now();
        const [side, quantity, factor] = config.orders[next++];
        try {
          if (factor) runtime.submitOrder(evt.provider, side, quantity, (runtime.getLastPrice() * factor).toFixed(2));
          else runtime.submitMarketOrder(evt.provider, side, quantity);
        } catch (error) { helpers.log(`refused ${error.code}`); }
      },
      onOrderRejected: (ctx, evt, report, reason) => helpers.log(`told ${reason}`),
    };
  },
};
"#;

pub(crate) async fn upload(client: &Client) {
    let answer = client.post("/strategies/modules", json!({ "source": SENDER })).await;
    assert_eq!(answer.status, 201, "{answer:#?}");
}

pub(crate) async fn put(client: &Client, path: &str, body: Value) -> crate::support::Answer {
    client.send(client.request(Method::PUT, path).json(&body)).await
}

fn limits() -> Value {
    json!({
        "maxPositionSize": "10", "maxNotionalValue": "200000", "notionalCurrency": "USDT", "orderThrottle": "50", "orderBurst": 30,
        "maxConcurrentOrders": 20, "priceBandPercent": "1", "allowedOrderTypes": ["Limit", "Market"], "killSwitchEnabled": true,
        "maxRiskBreaches": 3, "circuitBreaker": { "enabled": true, "threshold": 4, "cooldown": "90s" },
        "maxLossPerDay": null, "maxFeesPerDay": null,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_are_read_and_replaced_in_both_spellings() {
    let app = TestApp::start().await;
    let client = &app.client;
    let shown = client.get("/risk/limits").await.expect(200);
    assert_eq!((&shown["limits"]["maxPositionSize"], &shown["host"]["orderThrottle"]), (&json!("250"), &json!(null)));
    // Case 37.
    assert_eq!(
        put(client, "/risk/limits", json!({})).await.refused(400, "risk_limits_invalid")["message"],
        "maxPositionSize required"
    );
    let types = json!([" limit", "LIMIT", "Market", "market ", "Stop "]);
    let gateway = json!({
        "MaxPositionSize": "250", "MaxNotionalValue": "50000", "NotionalCurrency": "USDT", "OrderThrottle": 5, "OrderBurst": 3,
        "MaxConcurrentOrders": 6, "PriceBandPercent": 1, "AllowedOrderTypes": types, "KillSwitchEnabled": true, "MaxRiskBreaches": 3,
        "CircuitBreaker": { "Enabled": true, "Threshold": 4, "Cooldown": "1m30s" },
    });
    let updated = put(client, "/risk/limits", gateway).await.expect(200);
    assert_eq!(
        (&updated["status"], &updated["limits"]["allowedOrderTypes"]),
        (&json!("updated"), &json!(["limit", "Market", "Stop"]))
    );
    let host = json!({ "orderThrottle": 40, "maxConcurrentOrders": null, "maxPositionSize": "7.5", "maxNotionalValue": null });
    put(client, "/risk/limits", json!({ "limits": limits(), "host": host })).await.expect(200);
    assert_eq!(client.get("/risk/limits").await.expect(200), json!({ "limits": limits(), "host": host }));
    put(client, "/risk/limits", limits()).await.expect(200);
    assert_eq!(client.get("/risk/limits").await.expect(200)["host"], host, "a flat body leaves the host's as they are");

    for (body, code, text) in [
        (json!({ "limits": {} }), "risk_limits_invalid", "maxPositionSize required"),
        (json!({ "limits": limits(), "host": { "orderThrottle": 0 } }), "risk_limits_invalid", "host.orderThrottle"),
        (json!({ "limits": limits(), "hosts": {} }), "unknown_field", "`hosts`"),
        (json!({ "maxLoss": 1 }), "unknown_field", "`maxLoss`"),
        (json!({ "limits": [] }), "risk_limits_invalid", "limits must be an object"),
    ] {
        let refused = put(client, "/risk/limits", body).await.refused(400, code);
        assert!(refused["message"].as_str().unwrap().contains(text), "{refused:#}");
    }
    assert_eq!(client.get("/risk/limits").await.expect(200)["limits"], limits(), "what is refused changes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_has_limits_of_its_own_and_the_stricter_counts() {
    let app = TestApp::start().await;
    let client = &app.client;
    upload(client).await;
    client.create("i1", "sender", json!({})).await;
    let path = "/risk/instances/i1/limits";
    let before = client.get(path).await.expect(200);
    assert_eq!((&before["own"], &before["effective"]), (&json!(null), &before["host"]));
    let own = json!({ "maxPositionSize": "3", "MaxFeesPerDay": "0.5", "orderBurst": 99 });
    let set = put(client, path, own).await.expect(200);
    assert_eq!(set["own"], json!({ "maxPositionSize": "3", "orderBurst": 99, "maxFeesPerDay": "0.5" }));
    let effective = &set["effective"];
    assert_eq!((&effective["maxPositionSize"], &effective["orderBurst"]), (&json!("3"), &json!(3)), "nothing is loosened");
    assert_eq!(client.get("/risk/instances/i1").await.expect(200)["limits"], *effective);
    put(client, path, json!({ "maxPositionSize": "-1" })).await.refused(400, "risk_limits_invalid");
    put(client, path, json!({ "maxPositonSize": "1" })).await.refused(400, "unknown_field");
    assert_eq!(client.get(path).await.expect(200)["own"], set["own"]);
    let gone = client.delete(path).await.expect(200);
    assert_eq!((&gone["own"], &gone["effective"]), (&json!(null), &gone["host"]));
    for path in ["/risk/instances/nobody", "/risk/instances/nobody/limits"] {
        client.get(path).await.refused(404, "instance_not_found");
    }
    put(client, "/risk/instances/nobody/limits", json!({})).await.refused(404, "instance_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denial_reaches_the_strategy_the_log_the_metric_and_the_route() {
    let app = TestApp::start().await;
    let client = &app.client;
    upload(client).await;
    // Breaches 1 to 3 engage the switch: what follows is denied by it.
    let orders = json!([["buy", "0.01", 1.2], ["buy", "900", 0], ["sell", "0.01", 0.8], ["buy", "0.01", 0], ["buy", "0.02", 0]]);
    client.create("i1", "sender", json!({ "orders": orders })).await;
    client.start("i1").await;
    app.play();
    let path = "/strategy/instances/i1/denials";
    let listing = eventually("five denials", async || {
        let listing = client.get(path).await.expect(200);
        (listing["count"] == 5).then_some(listing)
    })
    .await;
    let rows = listing["denials"].as_array().unwrap();
    let codes: Vec<&str> = rows.iter().map(|row| row["code"].as_str().unwrap()).collect();
    let blocked = "circuit_breaker_open";
    assert_eq!(codes, [blocked, blocked, "price_outside_band", "position_limit", "price_outside_band"], "newest first");
    let numbers = &rows[3]["numbers"];
    assert_eq!((&numbers["projectedPosition"], &numbers["maxPosition"]), (&json!("900"), &json!("250")), "{numbers}");
    assert!(rows[4]["numbers"]["bandUpper"].is_string() && rows[4]["deniedTime"].is_string(), "{}", rows[4]);

    let page = client.get(&format!("{path}?limit=2")).await.expect(200);
    assert_eq!((&page["denials"][1], &page["next"]), (&rows[1], &rows[1]["sequence"]));
    let rest = client.get(&format!("{path}?limit=500&before={}", page["next"])).await.expect(200);
    assert_eq!((rest["denials"].as_array().unwrap().as_slice(), &rest["next"]), (&rows[2..], &json!(null)));
    let one = client.get(&format!("{path}?code=position_limit")).await.expect(200);
    assert_eq!((&one["count"], &one["denials"][0]), (&json!(1), &rows[3]));
    for wrong in ["code=bogus", "before=x", "limit=0", "limit=bogus"] {
        client.get(&format!("{path}?{wrong}")).await.refused(400, "invalid_parameter");
    }
    client.get("/strategy/instances/nobody/denials").await.refused(404, "instance_not_found");

    let texts = client.log_texts("i1").await;
    for row in rows {
        let (id, code) = (row["clientOrderId"].as_str().unwrap(), row["code"].as_str().unwrap());
        let line = texts.iter().find(|text| text.contains(id) && text.contains(&format!("denied: {code}: ")));
        assert!(line.is_some(), "{id} {code} is not in {texts:#?}");
        assert!(texts.iter().any(|text| text == &format!("refused {code}")), "{texts:#?}");
    }
    eventually("the strategy was told", async || {
        let told = client.log_texts("i1").await.iter().filter(|text| text.starts_with("told denied: ")).count();
        (told == 5).then_some(())
    })
    .await;
    assert_eq!(client.metric("sandpit_denials_total", "price_outside_band").await, 2.0);
    let risk = client.get("/risk/instances/i1").await.expect(200);
    assert_eq!((&risk["breaches"], &risk["circuitBreakerOpen"]), (&json!(3), &json!(true)), "{risk:#}");
    assert!(risk["until"].is_string() && risk["killSwitch"]["who"] == "risk", "{risk:#}");
    let overview = client.get("/risk").await.expect(200);
    assert_eq!((&overview["count"], &overview["instances"][0]["id"]), (&json!(1), &json!("i1")));
    let orders = client.get("/strategy/instances/i1/orders?state=DENIED").await.expect(200);
    assert_eq!(orders["count"], 5);
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no decimal text")).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_and_their_sums_follow_from_the_executions() {
    let app = TestApp::start().await;
    let client = &app.client;
    put(client, "/risk/limits", limits()).await.expect(200);
    upload(client).await;
    let orders = json!([
        ["buy", "0.3", 0],
        ["buy", "0.2", 0],
        ["sell", "0.1", 0],
        ["sell", "0.9", 0],
        ["buy", "0.35", 0],
        ["sell", "0.01", 1.009],
    ]);
    client.create("i1", "sender", json!({ "orders": orders })).await;
    client.start("i1").await;
    app.play();
    let listing = eventually("all are filled", async || {
        let listing = client.get("/strategy/instances/i1/positions").await.expect(200);
        (listing["positions"][0]["quantity"] == "-0.15" && listing["positions"][0]["openOrders"] == 1).then_some(listing)
    })
    .await;
    let executions = client.get("/strategy/instances/i1/executions?limit=500").await.expect(200);
    let (mut held, mut paid, mut fees) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for row in executions["executions"].as_array().unwrap() {
        let sign = if row["side"] == "Buy" { Decimal::ONE } else { -Decimal::ONE };
        let (quantity, price, fee) = (decimal(&row["quantity"]), decimal(&row["price"]), decimal(&row["fee"]));
        held += sign * quantity;
        paid += sign * quantity * price;
        fees += if row["feeAsset"] == "USDT" { fee } else { fee * price };
    }
    let row = &listing["positions"][0];
    assert_eq!((&row["provider"], &row["symbol"]), (&json!(PROVIDER), &json!("BTC-USDT")));
    assert_eq!((decimal(&row["quantity"]), decimal(&row["fees"])), (held, fees));
    // Whatever is counted as realised: it and what is open now are worth what the money that moved says.
    let reference = decimal(&row["referencePrice"]);
    assert_eq!(decimal(&row["realised"]) + decimal(&row["unrealised"]), held * reference - paid);
    assert!(row["referenceAgeMs"].is_u64() && !decimal(&row["averagePrice"]).is_zero(), "{row:#}");
    let charged: BTreeMap<String, String> = serde_json::from_value(row["feesCharged"].clone()).unwrap();
    assert_eq!(charged.keys().collect::<Vec<_>>(), ["BTC", "USDT"]);
    let total = &listing["totals"]["USDT"];
    assert_eq!(decimal(&total["net"]), decimal(&total["realised"]) + decimal(&total["unrealised"]) - decimal(&total["fees"]));
    assert_eq!((decimal(&total["fees"]), decimal(&total["realised"])), (fees, decimal(&row["realised"])));
    client.get("/strategy/instances/nobody/positions").await.refused(404, "instance_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_budget_of_fees_stops_buying_more_and_lets_positions_go() {
    let app = TestApp::start().await;
    let client = &app.client;
    upload(client).await;
    let orders = json!([["buy", "0.1", 0], ["buy", "0.1", 0], ["sell", "0.1", 0], ["sell", "0.1", 0]]);
    client.create("i1", "sender", json!({ "orders": orders, "pace": 500 })).await;
    put(client, "/risk/instances/i1/limits", json!({ "maxFeesPerDay": "3" })).await.expect(200);
    client.start("i1").await;
    app.play();
    eventually("the position is gone", async || {
        let listing = client.get("/strategy/instances/i1/positions").await.expect(200);
        let done = client.get("/strategy/instances/i1/orders").await.expect(200)["count"] == 4;
        (done && listing["positions"][0]["quantity"] == "0" && listing["positions"][0]["openOrders"] == 0).then_some(())
    })
    .await;
    let denials = client.get("/strategy/instances/i1/denials").await.expect(200);
    // The fee of the first order is about 6 USDT: no second one, and nothing that would begin a short.
    let codes: Vec<&Value> = denials["denials"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
    assert_eq!(codes, ["daily_fee_limit", "daily_fee_limit"], "{denials:#}");
    let day = &client.get("/risk/instances/i1").await.expect(200)["day"][0];
    assert_eq!((&day["currency"], &day["feesReached"]), (&json!("USDT"), &json!(true)), "{day:#}");
}

#[tokio::test]
async fn what_an_operator_was_answered_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(dir.path(), "").await;
    let client = &host.client;
    upload(client).await;
    let scope = json!({ "binance-paper": { "symbols": ["BTC-USDT"] } });
    for id in ["a", "b"] {
        let body = json!({ "id": id, "strategy": { "identifier": "sender", "config": {} }, "scope": scope });
        client.post("/strategy/instances", body).await.expect(201);
    }
    put(client, "/risk/limits", json!({ "limits": limits(), "host": { "orderThrottle": 40 } })).await.expect(200);
    put(client, "/risk/instances/a/limits", json!({ "maxLossPerDay": "12.5" })).await.expect(200);
    let body = json!({ "action": "cancel", "reason": "odd fills" });
    client.post("/risk/instances/b/kill-switch", body).await.expect(200);
    client.post("/risk/kill-switch", json!({ "reason": "maintenance" })).await.expect(200);
    let paths = ["/risk", "/risk/limits", "/risk/instances/a/limits", "/risk/instances/b"];
    let mut before = Vec::new();
    for path in paths {
        before.push(client.get(path).await.expect(200));
    }
    host.kill();
    let host = Host::start(dir.path(), "").await;
    let client = &host.client;
    for (path, before) in paths.iter().zip(&before) {
        assert_eq!(client.get(path).await.expect(200), *before, "{path}");
    }
    assert_eq!(before[0]["killSwitch"]["reason"], "maintenance");
    // Deleted with the instance: one that is made anew begins with nothing.
    client.delete("/strategy/instances/b").await.expect(200);
    let body = json!({ "id": "b", "strategy": { "identifier": "sender", "config": {} }, "scope": scope });
    client.post("/strategy/instances", body).await.expect(201);
    client.delete("/risk/kill-switch").await.expect(200);
    host.kill();
    let host = Host::start(dir.path(), "").await;
    let risk = host.client.get("/risk").await.expect(200);
    assert_eq!((&risk["killSwitch"], &risk["count"]), (&json!(null), &json!(0)), "{risk:#}");
}
