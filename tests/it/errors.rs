//! One envelope for every failure, and nothing that passes in silence.

use crate::support::TestApp;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn what_is_not_there_is_said_in_json() {
    let app = TestApp::start().await;
    for path in ["/nothing", "/strategies/a/b/c", "/strategy", "/strategy/instances/i1/explode", "/healthz/x", "/"] {
        app.client.get(path).await.refused(404, "not_found");
    }
    app.client.get("/strategies/zzz").await.refused(404, "strategy_not_found");
    app.client.get("/strategies/modules/zzz").await.refused(404, "strategy_not_found");
    app.client.get("/strategies/modules/momentum:zzz").await.refused(400, "tag_not_found");
    let hash = "0".repeat(64);
    app.client.get(&format!("/strategies/modules/momentum@sha256:{hash}")).await.refused(400, "hash_not_found");
    app.client.get("/strategy/instances/zzz").await.refused(404, "instance_not_found");
    app.client.act("/strategy/instances/zzz/start").await.refused(404, "instance_not_found");
    app.client.get("/strategy/instances/zzz/orders").await.refused(404, "instance_not_found");
    app.client.get("/providers/zzz/balances").await.refused(404, "provider_not_found");
}

#[tokio::test]
async fn the_wrong_method_is_told_the_right_ones() {
    let app = TestApp::start().await;
    let cases = [
        ("DELETE", "/healthz", "GET,HEAD"),
        ("PUT", "/strategies/modules", "GET,HEAD,POST"),
        ("POST", "/strategies", "GET,HEAD"),
        ("GET", "/strategy/instances/i1/start", "POST"),
        ("OPTIONS", "/strategies", "GET,HEAD"),
    ];
    for (method, path, allow) in cases {
        let answer = app.client.send(app.client.request(Method::from_bytes(method.as_bytes()).unwrap(), path)).await;
        let mut allowed: Vec<&str> = answer.header("allow").unwrap_or_default().split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
        answer.refused(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn unknown_parameters_are_refused_everywhere() {
    let app = TestApp::start().await;
    app.client.create("i1", "noop", json!({})).await;
    let reads = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/strategies",
        "/strategies/noop",
        "/strategies/modules",
        "/strategies/modules/noop",
        "/strategies/modules/noop/source",
        "/strategy/instances",
        "/strategy/instances/i1",
        "/strategy/instances/i1/orders",
        "/strategy/instances/i1/executions",
        "/strategy/instances/i1/logs",
        "/providers",
        "/providers/binance-paper",
        "/adapters",
        "/adapters/paper",
    ];
    for path in reads {
        app.client.get(path).await;
        let json = app.client.get(&format!("{path}?limti=1")).await.refused(400, "unknown_parameter");
        assert!(json["message"].as_str().unwrap().contains("`limti`"), "{path}: {json}");
    }
    for path in ["/strategy/instances/i1/start?force=1", "/strategy/instances/i1/stop?force=1"] {
        app.client.act(path).await.refused(400, "unknown_parameter");
    }
    app.client.delete("/strategy/instances/i1?force=1").await.refused(400, "unknown_parameter");
    app.client.get("/strategy/instances/i1").await.expect(200);
}

#[tokio::test]
async fn bad_values_are_refused_by_name() {
    let app = TestApp::start().await;
    app.client.create("i1", "noop", json!({})).await;
    let cases = [
        ("/strategies/modules?limit=-1", "limit must be a non-negative integer"),
        ("/strategies/modules?offset=NaN", "offset must be a non-negative integer"),
        ("/strategies/modules?runningOnly=perhaps", "runningOnly must be a boolean"),
        ("/strategy/instances/i1/orders?limit=0", "limit must be"),
        ("/strategy/instances/i1/orders?limit=bogus", "limit must be"),
        ("/strategy/instances/i1/orders?state=DONE", "state must be one of PENDING"),
        ("/strategy/instances/i1/orders?state=FILLED&state=lost", "not `lost`"),
        ("/strategy/instances/i1/executions?limit=0", "limit must be"),
        ("/strategy/instances/i1/logs?after=-1", "after must be"),
        ("/strategy/instances/i1/logs?level=loud", "level must be one of debug"),
    ];
    for (path, part) in cases {
        let json = app.client.get(path).await.refused(400, "invalid_parameter");
        assert!(json["message"].as_str().unwrap().contains(part), "{path}: {json}");
    }
    app.client.get("/strategy/instances/i1/orders?limit=9999&state=FILLED&state=ack").await.expect(200);
}

#[tokio::test]
async fn unknown_fields_are_refused_by_name() {
    let app = TestApp::start().await;
    let cases = [
        ("/strategies/modules", json!({ "source": "x", "soruce": 1 }), "soruce"),
        ("/strategy/instances", json!({ "id": "a", "autoStart": true }), "autoStart"),
        ("/strategy/instances", json!({ "id": "a", "strategy": { "identifier": "noop", "conf": {} } }), "conf"),
        ("/strategy/instances", json!({ "id": "a", "scope": { "p": { "symbol": "BTC-USDT" } } }), "symbol"),
        ("/strategy/instances", json!({ "id": "a", "limits": { "fuel": 1 } }), "fuel"),
    ];
    for (path, body, field) in cases {
        let json = app.client.post(path, body).await.refused(400, "unknown_field");
        assert!(json["message"].as_str().unwrap().contains(&format!("`{field}`")), "{path}: {json}");
    }
    let wrong = [
        json!({ "source": 5 }),
        json!({ "source": "x", "promoteLatest": "true" }),
        json!({ "source": "x", "tag": 1 }),
        json!([]),
    ];
    for body in wrong {
        app.client.post("/strategies/modules", body).await.refused(400, "invalid_body");
    }
}

#[tokio::test]
async fn every_answer_carries_a_request_id() {
    let app = TestApp::start().await;
    let first = app.client.get("/healthz").await;
    let second = app.client.get("/nothing").await;
    let id = |answer: &crate::support::Answer| answer.header("x-request-id").unwrap().to_owned();
    assert_ne!(id(&first), id(&second));
    let mine = app.client.send(app.client.request(Method::GET, "/nothing").header("x-request-id", "trace-7.a_b")).await;
    assert_eq!(mine.refused(404, "not_found")["requestId"], "trace-7.a_b");
    let forged = app.client.send(app.client.request(Method::GET, "/nothing").header("x-request-id", "a b\"")).await;
    assert_ne!(id(&forged), "a b\"");
}
