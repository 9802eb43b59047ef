//! Providers as their operator sees them: set up, replaced, started, stopped, deleted; settings and secrets.

use crate::support::process::Host;
use crate::support::{Answer, Client, TestApp, eventually};
use reqwest::Method;
use serde_json::{Value, json};

async fn put(client: &Client, path: &str, body: Value) -> Answer {
    client.send(client.request(Method::PUT, path).json(&body)).await
}

/// Waits until a provider stands there, and shows it.
async fn stands(client: &Client, name: &str, status: &str) -> Value {
    eventually(&format!("{name} is {status}"), async || {
        let detail = client.get(&format!("/providers/{name}")).await.expect(200);
        (detail["status"] == status).then_some(detail)
    })
    .await
}

fn synthetic(name: &str, config: &Value) -> Value {
    json!({ "name": name, "adapter": { "identifier": "synthetic", "config": config } })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_is_created_stopped_started_and_deleted() {
    let app = TestApp::start().await;
    let answer = app.client.post("/providers", synthetic(" p1 ", &json!({ "seed": 7, "speed": " 50x " }))).await;
    assert_eq!(answer.header("location"), Some("/providers/p1"));
    let created = answer.expect(202);
    assert_eq!((&created["name"], &created["status"], &created["running"]), (&json!("p1"), &json!("pending"), &json!(false)));
    assert_eq!(created["settings"], json!({ "seed": 7, "speed": "50x" }));
    app.client.post("/providers", synthetic("p1", &json!({}))).await.refused(409, "provider_exists");

    let running = stands(&app.client, "p1", "running").await;
    assert_eq!((&running["adapter"]["identifier"], &running["identifier"]), (&json!("synthetic"), &json!("synthetic")));
    assert_eq!((&running["paper"], &running["enabled"], &running["instrumentCount"]), (&json!(true), &json!(true), &json!(3)));
    let instrument = &running["instruments"][0];
    assert_eq!((&instrument["symbol"], &instrument["priceIncrement"]), (&json!("BTC-USDT"), &json!("0.01")), "{instrument:#}");
    assert!(running["startupError"].is_null() && running["adapter"]["settingsSchema"].is_array(), "{running:#}");
    let json = app.client.act("/providers/p1/start").await.refused(409, "provider_running");
    assert_eq!(json["message"], "provider already running: p1");

    let stopped = app.client.act("/providers/p1/stop").await.expect(200);
    assert_eq!((&stopped["status"], &stopped["enabled"]), (&json!("stopped"), &json!(false)));
    let json = app.client.act("/providers/p1/stop").await.refused(409, "provider_not_running");
    assert_eq!(json["message"], "provider not running: p1");
    assert_eq!(app.client.act("/providers/p1/start").await.expect(202)["enabled"], true);
    stands(&app.client, "p1", "running").await;

    app.create_on("p1", "i1", "noop", json!({})).await;
    let json = app.client.delete("/providers/p1").await.refused(409, "provider_in_use");
    assert_eq!(json["message"], "provider p1 is in use by instances: i1");
    assert_eq!(json["details"], json!({ "dependentInstances": ["i1"] }));
    let row = app.client.get("/providers").await.expect(200)["providers"].as_array().unwrap().clone();
    let row = row.iter().find(|row| row["name"] == "p1").unwrap();
    assert_eq!((&row["adapter"], &row["dependentInstanceCount"]), (&json!("synthetic"), &json!(1)), "{row:#}");

    app.client.delete("/strategy/instances/i1").await.expect(200);
    assert_eq!(app.client.delete("/providers/p1").await.expect(200), json!({ "status": "removed", "name": "p1" }));
    for answer in [app.client.get("/providers/p1").await, app.client.act("/providers/p1/start").await] {
        assert_eq!(answer.refused(404, "provider_not_found")["message"], "provider not found");
    }
    assert_eq!(app.client.metric("sandpit_provider_status", "provider=\"p1\"").await, 0.0, "its series are gone");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_path() {
    let app = TestApp::start().await;
    let refused =
        async |body: Value| app.client.post("/providers", body).await.refused(400, "invalid_provider")["message"].clone();
    assert_eq!(refused(json!({})).await, "name required");
    assert_eq!(refused(json!({ "name": " " })).await, "name required");
    assert_eq!(refused(json!({ "name": "p" })).await, "adapter.identifier required");
    assert_eq!(refused(json!({ "name": "p", "adapter": { "identifier": " " } })).await, "adapter.identifier required");
    let message = refused(json!({ "name": "p", "adapter": { "identifier": "binance" } })).await;
    assert_eq!(message, "there is no adapter `binance`; this host has extension, paper, synthetic");
    let capital = json!({ "name": "p", "adapter": { "identifier": " Synthetic " }, "enabled": false });
    let created = app.client.post("/providers", capital).await.expect(202);
    assert_eq!(
        (&created["identifier"], &created["status"], &created["enabled"]),
        (&json!("synthetic"), &json!("pending"), &json!(false))
    );

    let wild = json!({ "speed": "fast", "stepMs": 1, "levels": "many", "sped": 1 });
    let json = app.client.post("/providers", synthetic("q", &wild)).await.refused(422, "config_invalid");
    let paths: Vec<&str> = json["details"].as_array().unwrap().iter().map(|issue| issue["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["adapter.config.stepMs", "adapter.config.levels", "adapter.config.sped"], "{json:#}");
    let json = app.client.post("/providers", synthetic("q", &json!({ "speed": "fast" }))).await.refused(422, "config_invalid");
    assert_eq!(json["details"][0]["path"], "adapter.config.speed", "{json:#}");
    let paper = json!({ "name": "q", "adapter": { "identifier": "paper", "config": { "tapes": ["nothing-there"] } } });
    let json = app.client.post("/providers", paper).await.refused(422, "config_invalid");
    assert!(json["details"][0]["message"].as_str().unwrap().contains("btcusdt-20240808"), "{json:#}");
    app.client
        .post("/providers", json!({ "name": "a/b", "adapter": { "identifier": "paper" } }))
        .await
        .refused(400, "invalid_name");
    app.client.post("/providers", json!({ "name": "q", "adapter": "paper" })).await.refused(400, "invalid_body");
    app.client.post("/providers", json!({ "name": "q", "adaptor": {} })).await.refused(400, "unknown_field");
    app.client.get("/providers/q").await.refused(404, "provider_not_found");
}

#[tokio::test]
async fn adapters_say_what_they_take() {
    let app = TestApp::start().await;
    let all = app.client.get("/adapters").await.expect(200)["adapters"].clone();
    let ids: Vec<&str> = all.as_array().unwrap().iter().map(|adapter| adapter["identifier"].as_str().unwrap()).collect();
    assert_eq!(ids, ["extension", "paper", "synthetic"]);
    let one = app.client.get("/adapters/extension").await.expect(200);
    assert_eq!(one, all[0]);
    let token = &one["settingsSchema"][0];
    assert_eq!((&token["name"], &token["type"], &token["secret"]), (&json!("token"), &json!("string"), &json!(true)));
    app.client.get("/adapters/Extension").await.refused(404, "adapter_not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replacement_is_whole_and_open_orders_expire() {
    let app = TestApp::start().await;
    let config = json!({ "seed": 3, "speed": "20x", "balances": { "USDT": "5000", "BTC": "1" } });
    app.client.post("/providers", synthetic("p1", &config)).await.expect(202);
    stands(&app.client, "p1", "running").await;
    app.client.upload_guest("order-witness").await;
    let scope = json!({ "p1": { "symbols": ["BTC-USDT"] } });
    let strategy = json!({ "identifier": "order-witness", "config": { "order_value": 60 } });
    app.client.post("/strategy/instances", json!({ "id": "i1", "strategy": strategy, "scope": scope })).await.expect(201);
    app.client.start("i1").await;
    eventually("fills", async || {
        let executions = app.client.get("/strategy/instances/i1/executions").await.expect(200);
        (executions["count"].as_u64() > Some(2)).then_some(())
    })
    .await;

    let wrong = json!({ "name": "p2", "adapter": { "identifier": "synthetic" } });
    assert_eq!(
        put(&app.client, "/providers/p1", wrong).await.refused(400, "invalid_provider")["message"],
        "provider name mismatch"
    );
    put(&app.client, "/providers/p1", synthetic("p1", &json!({ "levels": 1 }))).await.refused(422, "config_invalid");
    assert_eq!(stands(&app.client, "p1", "running").await["settings"]["seed"], 3, "nothing has changed");

    let replaced = put(&app.client, "/providers/p1", synthetic("p1", &json!({ "balances": { "USDT": "7000", "BTC": "1" } })))
        .await
        .expect(200);
    assert_eq!((&replaced["status"], &replaced["settings"]["seed"]), (&json!("running"), &Value::Null), "{replaced:#}");
    let left = put(&app.client, "/providers/p1", json!({ "adapter": { "identifier": "synthetic", "config": { "balances": { "USDT": "7000", "BTC": "1" } } }, "enabled": false })).await;
    assert_eq!(left.expect(200)["status"], "stopped");
    app.client.stop("i1").await;
    let open = app.client.get("/strategy/instances/i1/orders?state=ACK&state=PARTIAL&state=PENDING").await.expect(200);
    assert_eq!(open["count"], 0, "{open:#}");
    assert_eq!(app.client.metric("sandpit_odd_reports_total", "p1").await, 0.0);

    // The account is what the settings begin with and what was traded.
    let executions = app.client.get("/strategy/instances/i1/executions?limit=500").await.expect(200);
    let decimal = |value: &Value| value.as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    let spent: rust_decimal::Decimal =
        executions["executions"].as_array().unwrap().iter().map(|row| decimal(&row["price"]) * decimal(&row["quantity"])).sum();
    let balances = app.client.get("/providers/p1/balances?asset=USDT").await.expect(200);
    assert_eq!(
        decimal(&balances["balances"][0]["total"]),
        rust_decimal::Decimal::from(7_000) - spent,
        "it only buys, fees in BTC"
    );
}

#[tokio::test]
async fn secrets_go_in_and_never_come_out() {
    const TOKEN: &str = "tell-nobody-tell-nobody";
    let app = TestApp::start().await;
    let body = json!({ "name": "ext", "adapter": { "identifier": "extension", "config": { "token": TOKEN } } });
    let mut answers = vec![app.client.post("/providers", body).await];
    answers.push(app.client.get("/providers/ext").await);
    answers.push(app.client.get("/providers").await);
    answers.push(put(&app.client, "/providers/ext", json!({ "adapter": { "identifier": "extension", "config": {} } })).await);
    answers.push(
        put(&app.client, "/providers/ext", json!({ "adapter": { "identifier": "extension", "config": { "token": [TOKEN] } } }))
            .await,
    );
    answers.push(put(&app.client, "/providers/ext", json!({ "adapter": { "identifier": "extension", "config": TOKEN } })).await);
    answers.push(
        put(&app.client, "/providers/ext", json!({ "adapter": { "identifier": "paper", "config": { "token": TOKEN } } })).await,
    );
    for answer in &answers {
        assert!(!answer.text.contains(TOKEN), "{answer:#?}");
    }
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [202, 200, 200, 200, 422, 400, 422]);
    let detail = app.client.get("/providers/ext").await.expect(200);
    assert_eq!((&detail["secretsSet"], &detail["settings"]), (&json!(["token"]), &json!({})), "left out it stays");
    let sender = app.client.with_token(Some(TOKEN));
    sender.post("/providers/ext/events", json!({ "payload": 1 })).await.expect(202);
    let gone = json!({ "adapter": { "identifier": "extension", "config": { "token": null } } });
    assert_eq!(put(&app.client, "/providers/ext", gone).await.expect(200)["secretsSet"], json!([]));
    sender.post("/providers/ext/events", json!({ "payload": 1 })).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn providers_come_back_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(dir.path(), "").await;
    for (name, enabled) in [("runs", true), ("rests", true), ("waits", false)] {
        let mut body = synthetic(name, &json!({ "seed": 5 }));
        body["enabled"] = json!(enabled);
        host.client.post("/providers", body).await.expect(202);
    }
    stands(&host.client, "rests", "running").await;
    stands(&host.client, "runs", "running").await;
    host.client.act("/providers/rests/stop").await.expect(200);
    host.client.act("/providers/binance-paper/stop").await.expect(200);
    host.client.delete("/providers/binance-paper").await.expect(200);
    host.kill();
    let host = Host::start(dir.path(), "").await;
    let list = host.client.get("/providers").await.expect(200)["providers"].clone();
    let row = |row: &Value| {
        format!("{} {} {}", row["name"].as_str().unwrap(), row["status"].as_str().unwrap(), row["settings"]["seed"])
    };
    let rows: Vec<String> = list.as_array().unwrap().iter().map(row).collect();
    assert_eq!(rows, ["rests stopped 5", "runs running 5", "waits pending 5"], "the first one was deleted and is not made again");
}
