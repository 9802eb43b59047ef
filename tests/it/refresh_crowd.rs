//! Two hundred instances that order all the time move to another revision at once: each execution report reaches its instance
//! exactly once, before or after the move. The guests write down what they hear and keep it over the move; the desk's record is
//! the other witness.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::support::{TestApp, eventually};
use sandpit::base::InstanceId;
use sandpit::instances::{RefreshReason, RefreshTargets};
use serde_json::{Value, json};

const INSTANCES: usize = 200;
/// Of each instance, over both its lives.
const ORDERS: u64 = 24;

/// Orders once per second of the tape; keeps the sequence number, state, order and filled quantity of every report.
fn source(tag: &str) -> String {
    format!(
        r#"module.exports = {{
  metadata: {{ name: "keeper", tag: "{tag}", displayName: "Keeper", events: ["Trade", "ExecReport"],
    config: [{{ name: "orders", type: "int", default: 0 }}, {{ name: "dry_run", type: "bool", default: false }}] }},
  create({{ config, helpers, runtime }}) {{
    const state = helpers.load() || {{ sent: 0, done: 0, last: 0, heard: [], lives: [] }};
    state.lives.push("{tag}");
    const hear = (final) => (ctx, evt, report) => {{
      state.heard.push([evt.seqProvider, report.state, report.clientOrderId, report.filledQuantity]);
      if (final && ++state.done === config.orders) helpers.log("all done");
    }};
    return {{
      onTrade() {{
        if (state.sent >= config.orders || Date.now() - state.last < 1000) return;
        state.last = Date.now();
        runtime.submitMarketOrder(null, state.sent % 2 ? "sell" : "buy", "0.0001");
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
    let body = json!({ "source": source(tag), "promoteLatest": true });
    app.client.post("/strategies/modules", body).await.expect(201)["module"]["hash"].as_str().unwrap().to_owned()
}

async fn rows(app: &TestApp, id: &str, what: &str) -> Vec<Value> {
    app.client.get(&format!("/strategy/instances/{id}/{what}?limit=500")).await.expect(200)[what].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_move_and_no_report_is_lost_or_doubled() {
    let app = TestApp::builder().speed(2).start().await;
    let old = upload(&app, "v1").await;
    let ids: Vec<String> = (0..INSTANCES).map(|n| format!("k{n:03}")).collect();
    for id in &ids {
        app.client.create(id, "keeper", json!({ "orders": ORDERS })).await;
        app.client.start(id).await;
    }
    app.play();
    eventually("orders of the old revision", async || {
        (rows(&app, &ids[0], "executions").await.len() as u64 >= ORDERS / 4).then_some(())
    })
    .await;
    let new = upload(&app, "v2").await;

    let begun = Instant::now();
    let results = app.instances().refresh(RefreshTargets { hashes: Vec::new(), strategies: vec!["keeper".into()] }).await;
    let took = begun.elapsed();
    println!("refresh of {INSTANCES} running instances that order: {} ms", took.as_millis());
    assert_eq!((results.len(), results[0].reason), (1, RefreshReason::Refreshed), "{:?}", results[0].error);
    let moved: Vec<_> = results[0].instances.iter().map(InstanceId::to_string).collect();
    assert_eq!(moved, ids);
    for outcome in &results[0].outcomes {
        assert!(outcome.was_running && outcome.state_carried, "{outcome:#?}");
        assert_eq!(
            (outcome.hash.to_string(), outcome.previous_hash.map(|hash| hash.to_string())),
            (new.clone(), Some(old.clone()))
        );
    }
    let running = async |hash: &str| app.client.metric("strategy_revision_instances", &format!("hash=\"{hash}\"")).await;
    assert_eq!((running(&old).await, running(&new).await), (0.0, INSTANCES as f64));

    let mut both = 0;
    for id in &ids {
        eventually(&format!("{id} hears the end of all its orders"), async || {
            app.client.log_texts(id).await.contains(&"all done".to_owned()).then_some(())
        })
        .await;
        app.client.stop(id).await;
        both += usize::from(check(&app, id, &old, &new).await);
    }
    assert!(both > INSTANCES / 2, "the move came in the middle for {both} only: nothing was tried");
}

/// Compares what an instance heard with what the desk has on record; whether it ordered in both its lives.
async fn check(app: &TestApp, id: &str, old: &str, new: &str) -> bool {
    let view = app.client.instance(id).await;
    assert_eq!(
        (&view["hash"], &view["run"], &view["faults"], &view["exceptions"]),
        (&json!(new), &json!(2), &json!(0), &json!(0)),
        "{view:#}"
    );
    let saved = app.saved_state(id).await;
    assert_eq!((&saved["lives"], &saved["sent"]), (&json!(["v1", "v2"]), &json!(ORDERS)));
    let heard = saved["heard"].as_array().unwrap();
    // The desk numbers the reports of an instance from 1, without gaps: this is neither loss nor doubling nor disorder.
    let numbers: Vec<_> = heard.iter().map(|report| report[0].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=heard.len() as u64).collect::<Vec<_>>(), "{id}");

    let (orders, executions) = (rows(app, id, "orders").await, rows(app, id, "executions").await);
    assert_eq!(orders.len() as u64, ORDERS, "{id}");
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
    let of = |hash: &str| orders.iter().filter(|order| order["hash"] == hash).count();
    assert_eq!(of(old) + of(new), orders.len(), "{id}");
    of(old) > 0 && of(new) > 0
}
