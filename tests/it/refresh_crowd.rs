//! Two hundred instances that order all the time move from one revision to another and back again, all at once: each execution
//! report reaches its instance exactly once, in the life that ordered or in a later one. The guests write down what they hear and
//! keep it over the moves; the desk's record is the other witness.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{TestApp, eventually};
use reqwest::Method;
use sandpit::base::InstanceId;
use sandpit::instances::{RefreshReason, RefreshTargets};
use serde_json::{Value, json};
use tokio::time::Instant;

const INSTANCES: usize = 200;
/// Of each instance, over all its lives.
const ORDERS: u64 = 30;
const MOVES: usize = 5;

/// Orders once per second of the tape: at the market, then at a price where the order rests until it is cancelled, and so on; no
/// two instances at the same moment. Keeps of every report its sequence number, state, order and filled quantity, in which life it
/// came, and in which life it was ordered.
fn source(tag: &str) -> String {
    format!(
        r#"module.exports = {{
  metadata: {{ name: "keeper", tag: "{tag}", displayName: "Keeper", events: ["Trade", "ExecReport"],
    config: [
      {{ name: "orders", type: "int", default: 0 }},
      {{ name: "phase", type: "int", default: 0 }},
      {{ name: "dry_run", type: "bool", default: false }},
    ] }},
  create({{ config, helpers, runtime }}) {{
    const state = helpers.load() || {{ placed: {{}}, sent: 0, done: 0, next: 0, heard: [], lives: [] }};
    state.lives.push("{tag}");
    const hear = (final) => (ctx, evt, report) => {{
      const id = report.clientOrderId;
      state.heard.push([evt.seqProvider, report.state, id, report.filledQuantity, state.lives.length, state.placed[id]]);
      if (final && ++state.done === config.orders) helpers.log("all done");
    }};
    return {{
      onTrade() {{
        state.next ||= Date.now() + config.phase;
        if (Date.now() < state.next) return;
        state.next = Date.now() + 1000;
        if (state.resting) runtime.cancelOrder(state.resting);
        state.resting = null;
        if (state.sent >= config.orders) return;
        const rests = state.sent % 2 === 1;
        const id = rests
          ? runtime.submitOrder(null, "buy", "0.0001", (runtime.getLastPrice() * 0.995).toFixed(2), {{ timeInForce: "POST_ONLY" }})
          : runtime.submitMarketOrder(null, "buy", "0.0001");
        if (rests) state.resting = id;
        state.placed[id] = state.lives.length;
        state.sent += 1;
      }},
      onOrderAcknowledged: hear(false),
      onOrderPartialFill: hear(false),
      onOrderFilled: hear(true),
      onOrderCancelled: hear(true),
      onOrderExpired: hear(true),
      onOrderRejected: hear(true),
      onStop: () => helpers.save(state),
    }};
  }},
}};"#
    )
}

async fn upload(app: &TestApp, tag: &str) -> String {
    let body = json!({ "source": source(tag) });
    app.client.post("/strategies/modules", body).await.expect(201)["module"]["hash"].as_str().unwrap().to_owned()
}

async fn rows(app: &TestApp, id: &str, what: &str) -> Vec<Value> {
    app.client.get(&format!("/strategy/instances/{id}/{what}?limit=500")).await.expect(200)[what].as_array().unwrap().clone()
}

/// Lets everyone follow `to`, and says how long it took.
async fn everyone_moves(app: &TestApp, ids: &[String], from: &str, to: &str) -> Duration {
    let latest = app.client.request(Method::PUT, "/strategies/modules/keeper/tags/latest").json(&json!({ "hash": to }));
    app.client.send(latest).await.expect(200);
    let begun = Instant::now();
    let results = app.instances().refresh(RefreshTargets { hashes: Vec::new(), strategies: vec!["keeper".into()] }).await;
    let took = begun.elapsed();
    assert_eq!((results.len(), results[0].reason), (1, RefreshReason::Refreshed), "{:?}", results[0].error);
    let moved: Vec<_> = results[0].instances.iter().map(InstanceId::to_string).collect();
    assert_eq!(moved, ids);
    for outcome in &results[0].outcomes {
        assert!(outcome.was_running && outcome.state_carried, "{outcome:#?}");
        let hashes = (outcome.hash.to_string(), outcome.previous_hash.map(|hash| hash.to_string()));
        assert_eq!(hashes, (to.to_owned(), Some(from.to_owned())));
    }
    let running = async |hash: &str| app.client.metric("strategy_revision_instances", &format!("hash=\"{hash}\"")).await;
    assert_eq!((running(from).await, running(to).await), (0.0, ids.len() as f64));
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_move_again_and_again_and_no_report_is_lost_or_doubled() {
    let app = TestApp::builder().speed(2).start().await;
    let hashes = [upload(&app, "v1").await, upload(&app, "v2").await];
    let ids: Vec<String> = (0..INSTANCES).map(|n| format!("k{n:03}")).collect();
    for (n, id) in ids.iter().enumerate() {
        app.client.create(id, "keeper", json!({ "orders": ORDERS, "phase": n * 5 })).await;
        app.client.start(id).await;
    }
    app.play();
    for n in 0..MOVES {
        let traded = async || rows(&app, &ids[0], "orders").await.len() > 3 + 4 * n;
        eventually("orders of the present revision", async || traded().await.then_some(())).await;
        let took = everyone_moves(&app, &ids, &hashes[n % 2], &hashes[(n + 1) % 2]).await;
        println!("refresh of {INSTANCES} running instances that order: {} ms", took.as_millis());
    }

    let mut crossed = 0;
    for id in &ids {
        eventually(&format!("{id} hears the end of all its orders"), async || {
            app.client.log_texts(id).await.contains(&"all done".to_owned()).then_some(())
        })
        .await;
        app.client.stop(id).await;
        crossed += check(&app, id, &hashes[MOVES % 2]).await;
    }
    println!("{crossed} reports reached a later life than the one that had ordered");
    assert!(crossed > INSTANCES, "the moves came when hardly anything was open: nothing was tried");
}

/// Compares what an instance heard with what the desk has on record; how many reports reached a later life than the one that ordered.
async fn check(app: &TestApp, id: &str, hash: &str) -> usize {
    let view = app.client.instance(id).await;
    let facts = (&view["hash"], &view["run"], &view["faults"], &view["exceptions"]);
    assert_eq!(facts, (&json!(hash), &json!(MOVES + 1), &json!(0), &json!(0)), "{view:#}");
    let saved = app.saved_state(id).await;
    let lives: Vec<_> = (0..=MOVES).map(|n| ["v1", "v2"][n % 2]).collect();
    assert_eq!((&saved["lives"], &saved["sent"]), (&json!(lives), &json!(ORDERS)));
    let heard = saved["heard"].as_array().unwrap();
    // The desk numbers the reports of an instance from 1, without gaps: this is neither loss nor doubling nor disorder.
    let numbers: Vec<_> = heard.iter().map(|report| report[0].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=heard.len() as u64).collect::<Vec<_>>(), "{id}");

    let (orders, executions) = (rows(app, id, "orders").await, rows(app, id, "executions").await);
    assert_eq!((orders.len() as u64, executions.is_empty()), (ORDERS, false), "{id}");
    let mut fills = BTreeMap::<&str, usize>::new();
    for row in &executions {
        *fills.entry(row["orderId"].as_str().unwrap()).or_default() += 1;
    }
    let mut told = BTreeMap::<&str, usize>::new();
    for report in heard.iter().filter(|report| matches!(report[1].as_str(), Some("PARTIAL" | "FILLED"))) {
        *told.entry(report[2].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(told, fills, "{id}: fills by order, as heard and as on record");
    for order in &orders {
        let last = heard.iter().rfind(|report| report[2] == order["clientOrderId"]).unwrap();
        assert_eq!((&last[1], &last[3]), (&order["state"], &order["filledQuantity"]), "{id}: {order:#}");
    }
    heard.iter().filter(|report| report[4].as_u64() > report[5].as_u64()).count()
}
