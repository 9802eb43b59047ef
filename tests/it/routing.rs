//! What reaches an instance, in which order, and what it hears when a connection breaks: with real providers, over REST.

use std::collections::BTreeMap;

use crate::manual::payload_fields;
use crate::support::{Client, TestApp, eventually};
use serde_json::{Value, json};

/// Bytes that a sender of signals carries.
const TOKEN: &str = "a-sender-of-signals-and-no-more";

async fn provider(client: &Client, name: &str, adapter: &str, config: Value) {
    let body = json!({ "name": name, "adapter": { "identifier": adapter, "config": config } });
    client.post("/providers", body).await.expect(202);
    eventually(&format!("{name} runs"), async || {
        let detail = client.get(&format!("/providers/{name}")).await.expect(200);
        assert_eq!(detail["startupError"], Value::Null);
        (detail["running"] == true).then_some(())
    })
    .await;
}

async fn launch(client: &Client, id: &str, scope: Value, config: Value) {
    let strategy = json!({ "identifier": "order-witness", "config": config });
    client.post("/strategy/instances", json!({ "id": id, "strategy": strategy, "scope": scope })).await.expect(201);
    client.start(id).await;
}

/// The JSON of every log line that begins so.
async fn said(client: &Client, id: &str, what: &str) -> Vec<Value> {
    let lines = client.log_texts(id).await;
    lines.iter().filter_map(|line| serde_json::from_str(line.strip_prefix(what)?.trim()).ok()).collect()
}

/// Stops an instance and gives what it has to say.
async fn verdict(client: &Client, id: &str) -> Value {
    client.stop(id).await;
    said(client, id, "verdict").await.pop().expect("it says so in onStop")
}

/// The first event of each type that it heard.
async fn firsts(client: &Client, id: &str) -> BTreeMap<String, Value> {
    let lines = client.log_texts(id).await;
    let first = |line: &String| {
        let (kind, event) = line.strip_prefix("first ")?.split_once(' ')?;
        Some((kind.to_owned(), serde_json::from_str(event).ok()?))
    };
    lines.iter().filter_map(first).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_nine_types_reach_their_handlers() {
    let app = TestApp::start().await;
    app.client.upload_guest("order-witness").await;
    let outages = json!({ "speed": "20x", "klineInterval": "2s", "outageEvery": "20s", "outageFor": "1s" });
    provider(&app.client, "market", "synthetic", outages).await;
    provider(&app.client, "signals", "extension", json!({ "token": TOKEN })).await;
    let scope = json!({ "market": { "symbols": ["BTC-USDT"] }, "signals": { "symbols": [] } });
    launch(&app.client, "i1", scope, json!({})).await;
    let posted = app.client.post("/providers/signals/events", json!({ "payload": { "mood": ["risk", null, 1.5] } })).await;
    assert_eq!(posted.expect(202), json!({ "accepted": 1, "sequence": 1 }));
    let firsts = eventually("all nine", async || {
        let firsts = firsts(&app.client, "i1").await;
        (firsts.len() == 9).then_some(firsts)
    })
    .await;
    let fields = |kind: &str| -> Vec<&str> { firsts[kind]["payload"].as_object().unwrap().keys().map(String::as_str).collect() };
    for kind in
        ["Trade", "Ticker", "BookSnapshot", "ExecReport", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "RiskControl"]
    {
        // What the authors' manual says.
        let (mut given, mut wanted) = (fields(kind), payload_fields(kind));
        given.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(given, wanted, "{kind}");
        assert_eq!((&firsts[kind]["provider"], &firsts[kind]["type"]), (&json!("market"), &json!(kind)));
    }
    let instrument = &firsts["InstrumentUpdate"]["payload"]["instrument"];
    assert_eq!((&instrument["symbol"], &instrument["priceIncrement"]), (&json!("BTC-USDT"), &json!("0.01")), "{instrument:#}");
    assert!(["BTC", "USDT"].contains(&firsts["BalanceUpdate"]["payload"]["currency"].as_str().unwrap()));
    let signal = &firsts["Extension"];
    assert_eq!((&signal["provider"], &signal["symbol"]), (&json!("signals"), &json!("")), "{signal:#}");
    assert_eq!(signal["payload"], json!({ "mood": ["risk", null, 1.5] }));
    assert!(signal["emitTs"].as_str().unwrap().starts_with("2025-01-01"), "the time is the market's: {signal:#}");
    assert_eq!(verdict(&app.client, "i1").await["wrong"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_and_reports_come_in_order_from_two_providers_at_speed() {
    let app = TestApp::start().await;
    app.client.upload_guest("order-witness").await;
    provider(&app.client, "a", "synthetic", json!({ "seed": 1, "speed": "30x", "tradesPerSecond": 10 })).await;
    provider(&app.client, "b", "paper", json!({ "speed": "30x" })).await;
    let both = json!({ "a": { "symbols": ["BTC-USDT", "ETH-USDT", "SOL-USDT"] }, "b": { "symbols": ["BTC-USDT", "ETH-USDT"] } });
    launch(&app.client, "i1", both, json!({})).await;
    eventually("reports from both", async || {
        let executions = app.client.get("/strategy/instances/i1/executions?limit=500").await.expect(200);
        let rows = executions["executions"].as_array().unwrap();
        let at = |name: &str| rows.iter().filter(|row| row["provider"] == name).count();
        (at("a") > 8 && at("b") > 5).then_some(())
    })
    .await;
    let verdict = verdict(&app.client, "i1").await;
    assert_eq!(verdict["wrong"], json!([]), "{verdict:#}");
    let counts = verdict["counts"].as_object().unwrap();
    for place in ["a BTC-USDT", "a ETH-USDT", "a SOL-USDT", "b BTC-USDT", "b ETH-USDT"] {
        assert!(counts[&format!("{place} Trade")].as_u64() > Some(10), "{place}: {verdict:#}");
    }
    assert!(verdict["orders"].as_u64() > Some(12), "{verdict:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_providers_need_a_strategy_that_wants_both() {
    let app = TestApp::start().await;
    app.client.upload_guest("canary").await;
    provider(&app.client, "a", "synthetic", json!({})).await;
    let scope = json!({ "a": { "symbols": ["BTC-USDT"] }, "paper": { "symbols": ["BTC-USDT"] } });
    let body = json!({ "id": "i1", "strategy": { "identifier": "canary" }, "scope": scope });
    app.client.post("/strategy/instances", body).await.expect(201);
    let answer = app.client.act("/strategy/instances/i1/start").await;
    assert!(answer.status >= 400 && answer.text.contains("does not support cross-provider feeds"), "{answer:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_connection_is_told_and_loses_no_report() {
    let app = TestApp::start().await;
    app.client.upload_guest("order-witness").await;
    let config = json!({ "speed": "20x", "outageEvery": "15s", "outageFor": "4s", "latencyMaxMs": 300, "seed": 4 });
    provider(&app.client, "p1", "synthetic", config).await;
    launch(&app.client, "i1", json!({ "p1": { "symbols": ["BTC-USDT", "ETH-USDT"] } }), json!({ "every_ms": 400 })).await;
    eventually("reconnecting", async || {
        let row = app.client.get("/providers/p1").await.expect(200);
        (row["status"] == "reconnecting").then_some(())
    })
    .await;
    eventually("four outages", async || {
        (app.client.metric("sandpit_provider_disconnects_total", "provider=\"p1\"").await >= 4.0).then_some(())
    })
    .await;
    let attempts = app.client.metric("sandpit_provider_reconnect_attempts_total", "provider=\"p1\"").await;
    assert!(attempts >= 4.0, "{attempts}");
    let told = said(&app.client, "i1", "risk").await;
    let (lost, restored): (Vec<_>, Vec<_>) = told.iter().partition(|risk| risk["status"] == "TRIGGERED");
    assert!(lost.len() >= 3 && restored.len() + 1 >= lost.len(), "{told:#?}");
    for risk in &told {
        assert_eq!(risk["breachType"], "PROVIDER_DISCONNECTED", "{risk}");
    }
    assert!(lost.iter().any(|risk| risk["stale"] == true && risk["active"] == false), "{lost:#?}");
    assert!(restored.iter().any(|risk| risk["stale"] == false && risk["active"] == true), "{restored:#?}");

    // Wait until nothing is under way, then compare what the instance heard with what is on record.
    let verdict = verdict(&app.client, "i1").await;
    assert_eq!(verdict["wrong"], json!([]), "{verdict:#}");
    assert!(verdict["refused"]["provider_disconnected"].as_u64() > Some(0), "{verdict:#}");
    app.client.act("/providers/p1/stop").await.expect(200);
    let orders = app.client.get("/strategy/instances/i1/orders?limit=500").await.expect(200);
    let executions = app.client.get("/strategy/instances/i1/executions?limit=500").await.expect(200);
    let executions = executions["executions"].as_array().unwrap();
    let decimal = |value: &Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    let mut ids: Vec<&str> = executions.iter().map(|row| row["executionId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), executions.len(), "none twice");
    for order in orders["orders"].as_array().unwrap() {
        let filled: rust_decimal::Decimal =
            executions.iter().filter(|row| row["orderId"] == order["id"]).map(|row| decimal(&row["quantity"])).sum();
        assert_eq!(decimal(&order["filledQuantity"]), filled, "{order:#}");
        assert!(!["PENDING", "ACK", "PARTIAL"].contains(&order["state"].as_str().unwrap()), "{order:#}");
    }
    assert_eq!(app.client.metric("sandpit_odd_reports_total", "p1").await, 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signals_are_taken_from_their_sender_alone() {
    let app = TestApp::start().await;
    app.client.upload_guest("order-witness").await;
    provider(&app.client, "signals", "extension", json!({ "token": TOKEN })).await;
    provider(&app.client, "other", "extension", json!({})).await;
    let sender = app.client.with_token(Some(TOKEN));
    let path = "/providers/signals/events";
    sender.post(path, json!({ "payload": null })).await.expect(202);
    for client in [app.client.with_token(None), app.client.with_token(Some("a-sender-of-signals-and-no-mor"))] {
        client.post(path, json!({ "payload": 1 })).await.refused(401, "unauthorized");
    }
    for other in ["/providers/other/events", "/providers/none/events"] {
        sender.post(other, json!({ "payload": 1 })).await.refused(401, "unauthorized");
    }
    for other in ["/providers", "/providers/signals", "/metrics", "/strategy/instances"] {
        sender.get(other).await.refused(401, "unauthorized");
    }
    sender.act("/providers/signals/stop").await.refused(401, "unauthorized");
    app.client.with_token(None).get(path).await.refused(401, "unauthorized");
    app.client.get(path).await.refused(405, "method_not_allowed");

    for body in
        [json!({}), json!({ "events": [] }), json!({ "payload": 1, "events": [{ "payload": 1 }] }), json!({ "events": [{}] })]
    {
        sender.post(path, body).await.refused(400, "invalid_body");
    }
    sender.post(path, json!({ "payload": 1, "to": "i1" })).await.refused(400, "unknown_field");
    let json = sender.post(path, json!({ "payload": "x".repeat(102_399) })).await.refused(413, "payload_too_large");
    assert!(json["message"].as_str().unwrap().contains("102400"), "{json}");
    let most = sender.post(path, json!({ "payload": "x".repeat(102_398) })).await.expect(202);
    assert_eq!(most, json!({ "accepted": 1, "sequence": 2 }), "what was refused has no number");
    let many: Vec<Value> = (0..257).map(|number| json!({ "payload": number })).collect();
    sender.post(path, json!({ "events": many })).await.refused(413, "payload_too_large");
    app.client.post("/providers/binance-paper/events", json!({ "payload": 1 })).await.refused(409, "provider_takes_no_events");
    app.client.post("/providers/none/events", json!({ "payload": 1 })).await.refused(404, "provider_not_found");

    provider(&app.client, "market", "synthetic", json!({ "speed": "10x" })).await;
    let scope = json!({ "market": { "symbols": ["BTC-USDT"] }, "signals": { "symbols": [] } });
    launch(&app.client, "i1", scope, json!({ "every_ms": 60_000 })).await;
    let events: Vec<Value> = (0..256).map(|number| json!({ "payload": { "number": number } })).collect();
    assert_eq!(sender.post(path, json!({ "events": events })).await.expect(202), json!({ "accepted": 256, "sequence": 258 }));
    app.client.post("/providers/other/events", json!({ "payload": "not for it" })).await.expect(202);
    let heard = eventually("all signals", async || {
        let heard = said(&app.client, "i1", "signal").await;
        (heard.len() >= 256).then_some(heard)
    })
    .await;
    let numbers: Vec<u64> = heard.iter().map(|signal| signal["payload"]["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..256).collect::<Vec<u64>>());
    assert!(heard.iter().all(|signal| signal["now"].as_str().unwrap().starts_with("2025-01-01")), "the market's time");
    app.client.act("/providers/signals/stop").await.expect(200);
    sender.post(path, json!({ "payload": 1 })).await.refused(409, "provider_not_running");
}
