//! The kill switch over the control plane, against the real paper venue: stop, cancel, flatten.

use crate::risk::{put, upload};
use crate::support::{Client, TestApp, eventually};
use serde_json::{Value, json};

/// Two resting orders and a position.
fn orders() -> Value {
    json!([["buy", "0.4", 0], ["buy", "0.01", 0.995], ["sell", "0.01", 1.005]])
}

async fn position(client: &Client, id: &str) -> Value {
    let listing = client.get(&format!("/strategy/instances/{id}/positions")).await.expect(200);
    listing["positions"][0].clone()
}

/// An instance that holds 0.4 and has two orders in the book.
async fn trading(app: &TestApp, id: &str) {
    app.client.create(id, "sender", json!({ "orders": orders() })).await;
    app.client.start(id).await;
}

async fn has_position(client: &Client, id: &str) {
    eventually("it holds 0.4 and two orders rest", async || {
        let row = position(client, id).await;
        let acked = client.get(&format!("/strategy/instances/{id}/orders?state=ACK")).await.expect(200);
        (row["quantity"] == "0.4" && row["openOrders"] == 2 && acked["count"] == 2).then_some(())
    })
    .await;
}

async fn flat(client: &Client, id: &str) -> Value {
    eventually("flat", async || {
        let risk = client.get(&format!("/risk/instances/{id}")).await.expect(200);
        (risk["flatten"]["state"] == "flat").then_some(risk)
    })
    .await
}

async fn flattens_at(app: TestApp) {
    let client = &app.client;
    upload(client).await;
    trading(&app, "i1").await;
    trading(&app, "i2").await;
    app.play();
    has_position(client, "i1").await;
    has_position(client, "i2").await;
    let engaged =
        client.post("/risk/instances/i1/kill-switch", json!({ "action": "flatten", "reason": "enough" })).await.expect(200);
    assert_eq!((&engaged["status"], &engaged["killSwitch"]["action"]), (&json!("engaged"), &json!("flatten")), "{engaged:#}");
    let risk = flat(client, "i1").await;
    assert_eq!(risk["flatten"]["left"], json!([]));
    let row = position(client, "i1").await;
    assert_eq!((&row["quantity"], &row["openOrders"], &row["unrealised"]), (&json!("0"), &json!(0), &json!("0")), "{row:#}");
    let listed = client.get("/strategy/instances/i1/orders").await.expect(200);
    let rows = listed["orders"].as_array().unwrap();
    let own = rows.iter().filter(|row| row["id"].as_str().unwrap().rsplit('-').nth(1) == Some("0"));
    assert!(own.clone().count() >= 1 && own.clone().all(|row| row["type"] == "Market" && row["side"] == "Sell"), "{listed:#}");
    assert_eq!(rows.iter().filter(|row| row["state"] == "CANCELLED" && row["type"] == "Limit").count(), 2);
    let neighbour = position(client, "i2").await;
    assert_eq!(neighbour["quantity"], "0.4", "the neighbour keeps what it has");
    let reset = client.delete("/risk/instances/i1/kill-switch").await.expect(200);
    assert_eq!((&reset["status"], &reset["killSwitch"]), (&json!("reset"), &json!(null)));
    assert_eq!(client.delete("/risk/instances/i1/kill-switch").await.expect(200)["status"], "notEngaged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flatten_closes_everything_of_one_instance() {
    flattens_at(TestApp::builder().speed(20).start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn flatten_works_as_fast_as_the_tape_can_play() {
    flattens_at(TestApp::builder().in_step().start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_host_escalates_and_stopped_instances_are_flattened_too() {
    let app = TestApp::builder().speed(20).start().await;
    let client = &app.client;
    upload(client).await;
    trading(&app, "i1").await;
    app.play();
    has_position(client, "i1").await;
    client.stop("i1").await;
    let stopped = client.act("/risk/kill-switch").await.expect(200);
    assert_eq!(
        (&stopped["killSwitch"]["action"], &stopped["killSwitch"]["who"]),
        (&json!("stop"), &json!("admin")),
        "{stopped:#}"
    );
    assert_eq!(position(client, "i1").await["openOrders"], 2, "stop alone cancels nothing");
    client.post("/risk/kill-switch", json!({ "action": "cancel" })).await.expect(200);
    eventually("nothing rests", async || (position(client, "i1").await["openOrders"] == 0).then_some(())).await;
    assert_eq!(position(client, "i1").await["quantity"], "0.4", "cancel closes nothing");
    client.post("/risk/kill-switch", json!({ "action": "flatten" })).await.expect(200);
    client.post("/risk/kill-switch", json!({ "action": "stop" })).await.refused(409, "kill_switch_stronger");
    flat(client, "i1").await;
    assert_eq!(position(client, "i1").await["quantity"], "0");
    assert_eq!(client.delete("/risk/kill-switch").await.expect(200)["status"], "reset");
    for (path, body, status, code) in [
        ("/risk/kill-switch", json!({ "action": "explode" }), 400, "invalid_body"),
        ("/risk/kill-switch", json!({ "verb": "stop" }), 400, "unknown_field"),
        ("/risk/instances/nobody/kill-switch", json!({}), 404, "instance_not_found"),
    ] {
        client.post(path, body).await.refused(status, code);
    }
    client.delete("/risk/instances/nobody/kill-switch").await.refused(404, "instance_not_found");
    put(client, "/risk/kill-switch", json!({})).await.refused(405, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flatten_without_its_provider_says_so() {
    let app = TestApp::builder().speed(20).start().await;
    let client = &app.client;
    upload(client).await;
    app.add_provider("second").await;
    app.create_on("second", "i1", "sender", json!({ "orders": orders() })).await;
    client.start("i1").await;
    app.open("second");
    has_position(client, "i1").await;
    app.remove_provider("second").await;
    let engaged = client.post("/risk/instances/i1/kill-switch", json!({ "action": "flatten" })).await.expect(200);
    let left = &engaged["flatten"]["left"][0];
    assert_eq!(engaged["flatten"]["state"], "flattening", "{engaged:#}");
    assert_eq!(
        (&left["quantity"], &left["reason"]),
        (&json!("0.4"), &json!("provider `second` is not there: goes on when it runs"))
    );
    app.add_provider("second").await;
    app.open("second");
    flat(client, "i1").await;
    assert_eq!(position(client, "i1").await["quantity"], "0");
}
