//! The cases that any host of these strategies has to get right, by the numbers under which the project keeps them: 1 to 20 and
//! 30 to 34 are about the catalogue, 21 to 29 and 35 to 45 about what runs. Where Sandpit decided otherwise than the gateway, the
//! test says by which decision.

mod context;
mod life;
mod orders;
mod runtime;
mod sources;
mod strategies;
mod tags;
mod usage;

use crate::support::{Answer, Client, Script, TestApp, eventually};
use reqwest::Method;
use sandpit::base::Digest;
use serde_json::{Value, json};

/// A strategy whose handlers are `handlers`.
fn strategy(name: &str, tag: &str, handlers: &str) -> String {
    format!(
        "module.exports = {{\n  metadata: {{ name: '{name}', tag: '{tag}', displayName: 'Case', events: ['Trade'] }},\n  \
         create: () => ({{ {handlers} }}),\n}};\n"
    )
}

/// A strategy that hears of trades, books and what is its own, and whose `create(env)` is `body`.
fn guest(name: &str, body: &str) -> String {
    format!(
        "module.exports = {{\n  metadata: {{ name: '{name}', tag: 'v1', displayName: 'Case', events: ['Trade', 'Ticker', \
         'BookSnapshot', 'ExecReport', 'RiskControl'] }},\n  create({{ config, helpers, runtime }}) {{ {body} }},\n}};\n"
    )
}

/// What a guest says when it plays a script to the end with real orders.
async fn said(body: &str, script: Script) -> Vec<String> {
    let app = TestApp::start().await;
    app.add_script("script", script).await;
    upload(&app.client, &guest("case", body)).await;
    app.create_on("script", "i1", "case", json!({ "dry_run": false })).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    let view = app.client.instance("i1").await;
    assert_eq!((&view["faults"], &view["exceptions"]), (&json!(0), &json!(0)), "{view:#}");
    app.client.log_texts("i1").await
}

/// All orders of an instance, oldest first.
pub(crate) async fn orders(client: &Client, id: &str) -> Vec<Value> {
    let listing = client.get(&format!("/strategy/instances/{id}/orders?limit=500")).await.expect(200);
    listing["orders"].as_array().unwrap().iter().rev().cloned().collect()
}

/// `Buy Limit 1 at 99 FILLED` and the like.
pub(crate) fn order_line(order: &Value) -> String {
    let text = |key: &str| order[key].as_str().unwrap_or("market").to_owned();
    format!("{} {} {} at {} {}", text("side"), text("type"), text("quantity"), text("price"), text("state"))
}

/// Limits of risk that let the cases through which are about something else.
pub(crate) async fn set_limits(client: &Client, changes: Value) {
    let mut limits = json!({
        "maxPositionSize": "1000", "maxNotionalValue": "1000000", "notionalCurrency": "USDT", "orderThrottle": 10_000,
        "orderBurst": 1000, "maxConcurrentOrders": 0, "priceBandPercent": 20, "allowedOrderTypes": ["Limit", "Market"],
        "killSwitchEnabled": true, "maxRiskBreaches": 3, "circuitBreaker": { "enabled": false },
    });
    for (key, value) in changes.as_object().unwrap() {
        limits[key] = value.clone();
    }
    put(client, "/risk/limits", limits).await.expect(200);
}

async fn put(client: &Client, path: &str, body: Value) -> Answer {
    client.send(client.request(Method::PUT, path).json(&body)).await
}

fn hash_of(source: &str) -> String {
    Digest::of(source.as_bytes()).to_string()
}

/// Uploads a source and gives its hash.
pub(crate) async fn upload(client: &Client, source: &str) -> String {
    let answer = client.post("/strategies/modules", json!({ "source": source })).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
    let hash = answer.json()["module"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(hash, hash_of(source));
    hash
}

/// The diagnostics of a source that is refused.
async fn diagnostics(client: &Client, source: &str) -> Vec<Value> {
    let answer = client.post("/strategies/modules", json!({ "source": source })).await;
    answer.refused(422, "strategy_validation_failed")["diagnostics"].as_array().unwrap().clone()
}

async fn selected(client: &Client, selector: &str) -> Value {
    client.get(&format!("/strategies/modules/{selector}")).await.expect(200)["selectedRevisionHash"].clone()
}

async fn assign(client: &Client, name: &str, tag: &str, body: Value) -> Answer {
    put(client, &format!("/strategies/modules/{name}/tags/{tag}"), body).await
}

async fn refresh(client: &Client, body: Value) -> Value {
    client.post("/strategies/refresh", body).await.expect(200)
}

fn says(error: &Value, words: &str) {
    assert!(error["message"].as_str().unwrap().contains(words), "`{words}` is missing: {error:#}");
}

fn names(listing: &Value) -> Vec<&str> {
    listing["modules"].as_array().unwrap().iter().map(|module| module["name"].as_str().unwrap()).collect()
}
