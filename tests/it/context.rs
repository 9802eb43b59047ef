//! The whole of what an operator has set up, kept and brought back.

use crate::support::app::PROVIDER;
use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

const BACKUP: &str = "/context/backup";

fn spec(id: &str, selector: &str, config: &Value) -> Value {
    json!({
        "id": id, "strategy": { "identifier": selector, "config": config }, "scope": { PROVIDER: { "symbols": ["BTC-USDT"] } },
        "limits": { "timers": 9 }, "restart": { "policy": "never" },
    })
}

/// Takes any configuration, so that it can have keys that look like secrets.
const OPEN: &str = r#"
module.exports = {
  metadata: { name: "open", tag: "v1.0.0", displayName: "Open", events: ["Trade"], additionalConfig: true, config: [] },
  create({ config, helpers }) { helpers.log("key", config.api_key); return {}; },
};
"#;

async fn with_two() -> TestApp {
    let app = TestApp::start().await;
    app.client.post("/strategies/modules", json!({ "source": OPEN })).await.expect(201);
    let secret = json!({ "api_key": "hunter2", "depth": 5, "venue": { "passphrase": "hunter3", "url": "u" } });
    app.client.post("/strategy/instances", spec("a", "open", &secret)).await.expect(201);
    app.client.post("/strategy/instances", spec("b", "noop", &json!({}))).await.expect(201);
    app
}

async fn ids(app: &TestApp) -> Vec<String> {
    let listing = app.client.get("/strategy/instances").await.expect(200);
    listing["instances"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn with(backup: &Value, more: &Value) -> Value {
    let mut backup = backup.clone();
    for (key, value) in more.as_object().unwrap() {
        backup[key] = value.clone();
    }
    backup
}

#[tokio::test]
async fn what_was_set_up_comes_back_with_its_pins_and_without_secrets() {
    let app = with_two().await;
    let answer = app.client.get(BACKUP).await;
    assert!(!answer.text.contains("hunter"), "{answer:?}");
    let backup = answer.expect(200);
    assert_eq!((&backup["version"], backup["lambdas"].as_array().unwrap().len()), (&json!(1), 2), "{backup:#}");
    let a = &backup["lambdas"][0];
    assert_eq!(a["strategy"]["config"], json!({ "depth": 5, "venue": { "url": "u" } }));
    assert_eq!(a["secretsLeftOut"], json!(["strategy.config.api_key", "strategy.config.venue.passphrase"]));
    assert_eq!((&a["limits"], &a["restart"]), (&json!({ "timers": 9 }), &json!({ "policy": "never" })));
    let pin = app.client.instance("a").await["hash"].clone();
    assert_eq!(a["strategy"]["hash"], pin);

    // Everything as it is: nothing to do, also for one that runs.
    app.client.start("b").await;
    let report = app.client.post(BACKUP, with(&backup, &json!({ "mode": "replace" }))).await.expect(200);
    assert_eq!(report["lambdas"]["unchanged"], json!(["a", "b"]), "{report:#}");
    assert_eq!(report["risk"]["unchanged"], json!(["limits"]));
    assert_eq!(app.client.instance("b").await["status"], "running");

    // The name moves on, one is gone, one is otherwise: back to what it was, stopped, with the old pin.
    let newer = json!({ "source": OPEN.replace("Open", "Open two"), "promoteLatest": true });
    app.client.post("/strategies/modules", newer).await.expect(201);
    app.client.delete("/strategy/instances/a").await.expect(200);
    let put = app.client.request(reqwest::Method::PUT, "/strategy/instances/b").json(&json!({ "id": "b", "limits": {} }));
    app.client.send(put).await.expect(200);
    app.client.post("/strategy/instances", spec("c", "noop", &json!({}))).await.expect(201);
    let asked = with(&backup, &json!({ "mode": "replace", "dryRun": true }));
    let told = app.client.post(BACKUP, asked).await.expect(200);
    assert_eq!(ids(&app).await, ["b", "c"], "a dry run changes nothing");
    let report = app.client.post(BACKUP, with(&backup, &json!({ "mode": "replace" }))).await.expect(200);
    assert_eq!(told["lambdas"], report["lambdas"], "what was foretold came about");
    let lists = ["created", "changed", "removed"].map(|list| report["lambdas"][list].clone());
    assert_eq!(lists, [json!(["a"]), json!(["b"]), json!(["c"])], "{report:#}");
    assert_eq!(ids(&app).await, ["a", "b"]);
    let a = app.client.instance("a").await;
    assert_eq!(
        (&a["hash"], &a["status"], &a["outOfDate"], &a["desired"]),
        (&pin, &json!("created"), &json!(true), &json!("stopped"))
    );
    let b = app.client.instance("b").await;
    assert_eq!((&b["status"], &b["limits"]["timers"]), (&json!("stopped"), &json!(9)));
}

#[tokio::test]
async fn a_restore_wipes_nothing_that_nobody_named() {
    let app = with_two().await;
    let backup = app.client.get(BACKUP).await.expect(200);
    app.client.act(BACKUP).await.refused(400, "invalid_body");
    app.client.post(BACKUP, json!({})).await.refused(400, "invalid_parameter");
    app.client.post(BACKUP, backup.clone()).await.refused(400, "invalid_parameter");
    app.client.post(BACKUP, with(&backup, &json!({ "mode": "wipe" }))).await.refused(400, "invalid_parameter");
    app.client.post(BACKUP, json!({ "mode": "replace" })).await.refused(400, "invalid_body");
    app.client.post(BACKUP, with(&backup, &json!({ "mode": "merge", "version": 9 }))).await.refused(400, "invalid_body");
    app.client.post(BACKUP, json!({ "mode": "merge", "lambda": [] })).await.refused(400, "unknown_field");
    assert_eq!(ids(&app).await, ["a", "b"]);
    // A mode in the query serves for a document as it was kept; what it does not have stays.
    let part = json!({ "lambdas": [] });
    app.client.post(&format!("{BACKUP}?mode=merge"), part.clone()).await.expect(200);
    assert_eq!(ids(&app).await, ["a", "b"]);
    let report = app.client.post(&format!("{BACKUP}?mode=replace"), part).await.expect(200);
    assert_eq!(report["lambdas"]["removed"], json!(["a", "b"]));
    eventually("they are gone", async || ids(&app).await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn what_cannot_come_back_is_named_and_known_secrets_stay() {
    let app = with_two().await;
    let mut backup = app.client.get(BACKUP).await.expect(200);
    backup["mode"] = json!("merge");
    backup["lambdas"][0]["strategy"]["config"]["depth"] = json!(6);
    backup["lambdas"][1]["id"] = json!("lost");
    backup["lambdas"][1]["strategy"]["hash"] = json!(format!("sha256:{}", "0".repeat(64)));
    let report = app.client.post(BACKUP, backup).await.expect(200);
    assert_eq!(report["lambdas"]["changed"], json!(["a"]), "{report:#}");
    let refused = &report["lambdas"]["refused"];
    assert_eq!((&refused[0]["id"], &refused[0]["error"]), (&json!("lost"), &json!("hash_not_found")), "{report:#}");
    assert_eq!(ids(&app).await, ["a", "b"]);
    app.client.start("a").await;
    let texts = app.client.log_texts("a").await;
    assert!(texts.contains(&"key hunter2".to_owned()), "{texts:?}");
}

#[tokio::test]
async fn documents_of_the_gateway_are_read() {
    let app = with_two().await;
    let hash = app.client.instance("b").await["hash"].clone();
    let document = json!({
        "mode": "merge",
        "providers": [],
        "lambdas": [{
            "id": "old", "strategy": { "identifier": "noop", "config": {}, "selector": "noop:latest", "tag": "latest", "hash": hash },
            "scope": { PROVIDER: { "symbols": ["BTC-USDT"] } },
        }],
        "risk": {
            "MaxPositionSize": "7", "MaxNotionalValue": "50000", "NotionalCurrency": "USDT", "OrderThrottle": 5, "OrderBurst": 3,
            "MaxConcurrentOrders": 6, "PriceBandPercent": 1, "AllowedOrderTypes": ["Limit", "Market"], "KillSwitchEnabled": true,
            "MaxRiskBreaches": 3, "CircuitBreaker": { "Enabled": true, "Threshold": 4, "Cooldown": "1m30s" },
        },
    });
    let report = app.client.post(BACKUP, document).await.expect(200);
    assert_eq!((&report["lambdas"]["created"], &report["risk"]["changed"]), (&json!(["old"]), &json!(["limits"])), "{report:#}");
    let old = app.client.instance("old").await;
    assert_eq!((&old["selector"], &old["hash"], &old["status"]), (&json!("noop:latest"), &hash, &json!("created")));
    assert_eq!(app.client.get(BACKUP).await.expect(200)["risk"]["limits"]["maxPositionSize"], "7");
}

#[tokio::test]
async fn providers_and_limits_of_instances_come_back_too() {
    let app = with_two().await;
    let setup = json!({ "name": "signals", "adapter": { "identifier": "extension", "config": { "token": "hunter4-0123456789abcdef0123" } } });
    app.client.post("/providers", setup).await.expect(202);
    let limits = json!({ "maxPositionSize": "0.5" });
    let put = app.client.request(reqwest::Method::PUT, "/risk/instances/a/limits").json(&limits);
    app.client.send(put).await.expect(200);
    let answer = app.client.get(BACKUP).await;
    assert!(!answer.text.contains("hunter"), "{answer:?}");
    let backup = answer.expect(200);
    assert_eq!(backup["risk"]["instances"], json!({ "a": limits }), "{backup:#}");
    let signals = backup["providers"].as_array().unwrap().iter().find(|provider| provider["name"] == "signals").unwrap();
    assert_eq!((&signals["adapter"], &signals["secretsLeftOut"]), (&json!("extension"), &json!(["settings.token"])));

    app.client.delete("/providers/signals").await.expect(200);
    app.client.delete("/risk/instances/a/limits").await.expect(200);
    let late = json!({ "name": "late", "adapter": { "identifier": "extension" }, "enabled": false });
    app.client.post("/providers", late).await.expect(202);
    let told = app.client.post(BACKUP, with(&backup, &json!({ "mode": "replace", "dryRun": true }))).await.expect(200);
    let report = app.client.post(BACKUP, with(&backup, &json!({ "mode": "replace" }))).await.expect(200);
    assert_eq!((&told["providers"], &told["risk"]), (&report["providers"], &report["risk"]), "what was foretold came about");
    assert_eq!((&report["providers"]["created"], &report["providers"]["removed"]), (&json!(["signals"]), &json!(["late"])));
    assert_eq!(report["risk"]["changed"], json!(["a"]), "{report:#}");
    assert_eq!(app.client.get("/risk/instances/a/limits").await.expect(200)["own"], limits);
    app.client.get("/providers/late").await.refused(404, "provider_not_found");
    // Limits that the backup does not have go with `replace` and stay with `merge`.
    let mut bare = backup.clone();
    bare["risk"]["instances"] = json!({});
    app.client.post(BACKUP, with(&bare, &json!({ "mode": "merge" }))).await.expect(200);
    assert_eq!(app.client.get("/risk/instances/a/limits").await.expect(200)["own"], limits);
    let report = app.client.post(BACKUP, with(&bare, &json!({ "mode": "replace" }))).await.expect(200);
    assert_eq!(report["risk"]["removed"], json!(["a"]), "{report:#}");
}
