//! The life of an instance, as its operator sees it.

use crate::support::app::PROVIDER;
use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

#[tokio::test]
async fn what_is_missing_is_named_in_order() {
    let app = TestApp::start().await;
    let scope = json!({ PROVIDER: { "symbols": ["BTC-USDT"] } });
    let cases = [
        (json!({}), "id required"),
        (json!({ "id": "i1" }), "strategy required"),
        (json!({ "id": "i1", "strategy": { "identifier": "noop" } }), "symbols required"),
    ];
    for (body, message) in cases {
        assert_eq!(app.client.post("/strategy/instances", body).await.refused(400, "invalid_instance")["message"], message);
    }
    let body = json!({ "id": "i1", "strategy": { "identifier": "zzz" }, "scope": scope });
    let json = app.client.post("/strategy/instances", body).await.refused(404, "strategy_not_found");
    assert!(json["message"].as_str().unwrap().contains("i1"), "{json}");
    for id in ["../x", "a b", "-x", &"x".repeat(65), "x\u{202e}"] {
        let body = json!({ "id": id, "strategy": { "identifier": "noop" }, "scope": scope });
        app.client.post("/strategy/instances", body).await.refused(400, "invalid_name");
    }
}

#[tokio::test]
async fn an_instance_is_created_started_stopped_and_deleted() {
    let app = TestApp::start().await;
    let scope = json!({ PROVIDER: { "symbols": [" btc-usdt", "ETH-USDT", "BTC-USDT"] } });
    let body = json!({ "id": " i1 ", "strategy": { "identifier": "noop:latest" }, "scope": scope });
    let answer = app.client.post("/strategy/instances", body.clone()).await;
    assert_eq!(answer.header("location"), Some("/strategy/instances/i1"));
    let created = answer.expect(201);
    assert_eq!((&created["id"], &created["status"], &created["running"]), (&json!("i1"), &json!("created"), &json!(false)));
    assert_eq!(created["aggregatedSymbols"], json!(["BTC-USDT", "ETH-USDT"]));
    assert_eq!(created["strategy"]["selector"], "noop:latest");
    assert_eq!(created["strategy"]["identifier"], "noop");
    app.client.post("/strategy/instances", body).await.refused(409, "instance_exists");

    app.client.act("/strategy/instances/i1/stop").await.refused(409, "instance_not_running");
    assert_eq!(app.client.start("i1").await, json!({ "status": "ok", "id": "i1", "action": "start" }));
    app.client.act("/strategy/instances/i1/start").await.refused(409, "instance_running");
    let running = app.client.instance("i1").await;
    assert_eq!((&running["status"], &running["running"]), (&json!("running"), &json!(true)));
    assert_eq!(app.client.stop("i1").await, json!({ "status": "ok", "id": "i1", "action": "stop" }));
    assert_eq!(app.client.instance("i1").await["status"], "stopped");
    app.client.act("/strategy/instances/i1/stop").await.refused(409, "instance_not_running");

    assert_eq!(app.client.delete("/strategy/instances/i1").await.expect(200), json!({ "status": "removed", "id": "i1" }));
    app.client.delete("/strategy/instances/i1").await.refused(404, "instance_not_found");
    assert_eq!(app.client.get("/strategy/instances").await.expect(200), json!({ "instances": [] }));
}

#[tokio::test]
async fn an_instance_shows_what_it_uses() {
    let app = TestApp::start().await;
    let hash = app.client.upload_guest("canary").await;
    app.client.create("i1", "canary", json!({})).await;
    app.client.start("i1").await;
    app.play();
    let view = eventually("some events were delivered", async || {
        let view = app.client.instance("i1").await;
        (view["events"]["delivered"].as_u64() > Some(100)).then_some(view)
    })
    .await;
    assert_eq!(view["hash"], hash);
    assert!(view["engineHash"].as_str().is_some_and(|hash| hash.starts_with("sha256:")), "{view:#}");
    let fuel = |key: &str| view["fuel"][key].as_u64().unwrap();
    assert!(fuel("last") > 0 && fuel("last") <= fuel("max") && fuel("max") <= fuel("total"), "{view:#}");
    assert!(view["memory"]["current"].as_u64() > Some(100_000), "{view:#}");
    assert_eq!(view["limits"]["fuelPerEvent"], 50_000_000);
    assert_eq!((&view["faults"], &view["exceptions"], &view["lastError"]), (&json!(0), &json!(0), &Value::Null));
    let row = app.client.get("/strategy/instances").await.expect(200)["instances"][0].clone();
    assert_eq!((&row["id"], &row["strategyHash"], &row["running"]), (&json!("i1"), &json!(hash), &json!(true)));
}

#[tokio::test]
async fn configurations_are_held_to_what_the_strategy_declares() {
    let app = TestApp::start().await;
    app.client.upload_guest("config-types").await;
    let scope = json!({ PROVIDER: { "symbols": ["BTC-USDT"] } });
    let create = async |config: Value| {
        let body = json!({ "id": "i1", "strategy": { "identifier": "config-types", "config": config }, "scope": scope });
        app.client.post("/strategy/instances", body).await
    };
    for (config, part) in [
        (json!({}), "needed"),
        (json!({ "needed": "x", "count": "three" }), "count"),
        (json!({ "needed": "x", "surprise": 1 }), "surprise"),
        (json!({ "needed": "x", "wait": "soon" }), "wait"),
    ] {
        let json = create(config).await.refused(422, "config_invalid");
        assert!(json["details"].to_string().contains(part), "{json:#}");
    }
    create(json!({ "needed": "x" })).await.expect(201);
    app.client.start("i1").await;
    let texts = app.client.log_texts("i1").await;
    assert!(texts.iter().any(|text| text.starts_with("config {") && text.contains(r#""wait":"1m30s""#)), "{texts:?}");
}

#[tokio::test]
async fn limits_can_be_set_within_what_the_host_allows() {
    let app = TestApp::start().await;
    let scope = json!({ PROVIDER: { "symbols": ["BTC-USDT"] } });
    let body = |limits: Value| json!({ "id": "i1", "strategy": { "identifier": "noop" }, "scope": scope, "limits": limits });
    let json =
        app.client.post("/strategy/instances", body(json!({ "memoryBytes": 1u64 << 40 }))).await.refused(422, "limits_invalid");
    assert!(json["message"].as_str().unwrap().contains("memoryBytes"), "{json}");
    let view = app.client.post("/strategy/instances", body(json!({ "fuelPerEvent": 2_000_000 }))).await.expect(201);
    assert_eq!(view["limits"]["fuelPerEvent"], 2_000_000);
}

#[tokio::test]
async fn a_start_that_cannot_be_says_why() {
    let app = TestApp::start().await;
    let scope = json!({ "nowhere": { "symbols": ["BTC-USDT"] } });
    app.client
        .post("/strategy/instances", json!({ "id": "i1", "strategy": { "identifier": "noop" }, "scope": scope }))
        .await
        .expect(201);
    let json = app.client.act("/strategy/instances/i1/start").await.refused(400, "provider_unavailable");
    assert_eq!(json["message"], "provider \"nowhere\" unavailable");
}

#[tokio::test]
async fn faults_lead_to_quarantine_and_an_operator_leads_out_of_it() {
    let app = TestApp::builder().quick_restarts(3).start().await;
    app.client.upload_guest("loop-in-trade").await;
    app.client.create("i1", "loop-in-trade", json!({})).await;
    app.client.start("i1").await;
    app.play();
    let view = eventually("quarantine", async || {
        let view = app.client.instance("i1").await;
        (view["status"] == "quarantined").then_some(view)
    })
    .await;
    assert_eq!((&view["running"], &view["faults"]), (&json!(false), &json!(3)), "{view:#}");
    assert_eq!(
        (&view["lastError"]["code"], &view["lastError"]["blame"]),
        (&json!("fuel_exhausted"), &json!("guest")),
        "{view:#}"
    );
    let metrics = app.client.get("/metrics").await.text;
    assert!(metrics.lines().any(|line| line.contains("fault") && line.contains("code=\"fuel_exhausted\"")), "{metrics}");
    app.client.start("i1").await;
    assert_ne!(app.client.instance("i1").await["status"], "quarantined");
}

#[tokio::test]
async fn logs_are_followed_in_pages() {
    let app = TestApp::start().await;
    app.client.upload_guest("log-flood").await;
    app.client.create("i1", "log-flood", json!({})).await;
    app.client.start("i1").await;
    app.play();
    eventually("lines", async || (app.client.log_texts("i1").await.len() > 30).then_some(())).await;
    app.client.stop("i1").await;
    let mut after = app.client.get("/strategy/instances/i1/logs?limit=1000").await.expect(200)["forgotten"].as_u64().unwrap();
    let mut sequences = Vec::new();
    loop {
        let page = app.client.get(&format!("/strategy/instances/i1/logs?after={after}&limit=7")).await.expect(200);
        let lines = page["lines"].as_array().unwrap();
        assert!(lines.len() <= 7);
        sequences.extend(lines.iter().map(|line| line["sequence"].as_u64().unwrap()));
        after = page["next"].as_u64().unwrap();
        if lines.is_empty() {
            break;
        }
    }
    assert!(
        sequences.len() > 30 && sequences.windows(2).all(|pair| pair[1] == pair[0] + 1),
        "no line twice, none left out: {sequences:?}"
    );
}
