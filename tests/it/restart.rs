//! What outlives `kill -9` of the real binary.

use crate::support::process::Host;
use crate::support::{Client, eventually, guest};
use serde_json::{Value, json};

/// Orders or executions of an instance, oldest first.
async fn history(client: &Client, id: &str, what: &str) -> Vec<Value> {
    let listing = client.get(&format!("/strategy/instances/{id}/{what}?limit=500")).await.expect(200);
    let mut rows = listing[what].as_array().unwrap().clone();
    rows.reverse();
    rows
}

async fn launch(client: &Client, id: &str, selector: &str, config: Value) {
    let scope = json!({ "binance-paper": { "symbols": ["BTC-USDT"] } });
    let body = json!({ "id": id, "strategy": { "identifier": selector, "config": config }, "scope": scope });
    client.post("/strategy/instances", body).await.expect(201);
    client.start(id).await;
}

#[tokio::test]
async fn everything_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(dir.path(), "").await;
    let hash = host.client.upload_guest("canary").await;
    let moved = guest::source("canary").replace("v1.0.0", "v2.0.0");
    launch(&host.client, "runs", "canary", json!({ "every": 20 })).await;
    launch(&host.client, "rests", "canary:v1.0.0", json!({ "every": 20 })).await;
    host.client.stop("rests").await;
    // The name moves on; the instance must not.
    let newer = host
        .client
        .post("/strategies/modules", json!({ "source": moved, "promoteLatest": true, "aliases": ["next"] }))
        .await
        .expect(201);
    let modules = host.client.get("/strategies/modules").await.expect(200);
    let executions = eventually("five executions", async || {
        let executions = history(&host.client, "runs", "executions").await;
        (executions.len() >= 5).then_some(executions)
    })
    .await;
    let orders = history(&host.client, "runs", "orders").await;
    host.kill();

    let host = Host::start(dir.path(), "").await;
    let after = host.client.get("/strategies/modules").await.expect(200);
    assert_eq!(without_running(after), without_running(modules), "catalogue and tags");
    assert_eq!(
        host.client.get("/strategies/modules/canary:next").await.expect(200)["selectedRevisionHash"],
        newer["module"]["hash"]
    );
    let runs = host.client.instance("runs").await;
    assert_eq!(
        (&runs["status"], &runs["hash"], &runs["strategy"]["selector"]),
        (&json!("running"), &json!(hash), &json!("canary")),
        "{runs:#}"
    );
    assert_eq!(runs["strategy"]["config"], json!({ "every": 20 }));
    let rests = host.client.instance("rests").await;
    assert_eq!(
        (&rests["status"], &rests["running"], &rests["hash"]),
        (&json!("stopped"), &json!(false), &json!(hash)),
        "{rests:#}"
    );

    let known: Vec<String> =
        history(&host.client, "runs", "executions").await.iter().map(|row| row["executionId"].to_string()).collect();
    for execution in &executions {
        assert!(known.contains(&execution["executionId"].to_string()), "an execution that was shown is gone: {execution}");
    }
    let known = history(&host.client, "runs", "orders").await;
    for order in &orders {
        let found = known.iter().find(|row| row["id"] == order["id"]);
        let found = found.unwrap_or_else(|| panic!("an order that was shown is gone: {order}"));
        for key in ["clientOrderId", "symbol", "side", "type", "quantity", "placedTime", "provider", "hash"] {
            assert_eq!(found[key], order[key], "{key} of {order}");
        }
    }
    eventually("it trades again", async || (history(&host.client, "runs", "orders").await.len() > known.len()).then_some(()))
        .await;
    let ids: Vec<String> = history(&host.client, "runs", "orders").await.iter().map(|row| row["id"].to_string()).collect();
    let unique: std::collections::HashSet<&String> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len(), "an order id came twice");
}

/// What runs changes with the restart itself: when it was first and last seen.
fn without_running(mut listing: Value) -> Value {
    for module in listing["modules"].as_array_mut().unwrap() {
        module.as_object_mut().unwrap().remove("running");
    }
    listing.as_object_mut().unwrap().remove("strategyDirectory");
    listing
}

#[tokio::test]
async fn a_second_host_on_the_same_data_says_so_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(dir.path(), "").await;
    let second = Host::refused(dir.path());
    assert!(second.contains("locked"), "{second}");
    host.client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn the_token_is_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(dir.path(), "").await;
    let token = std::fs::read_to_string(dir.path().join("admin.token")).unwrap();
    host.kill();
    let host = Host::start(dir.path(), "").await;
    assert_eq!(std::fs::read_to_string(dir.path().join("admin.token")).unwrap(), token);
    host.client.get("/strategies").await.expect(200);
}
