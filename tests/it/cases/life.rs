//! Cases 26 to 29: what an instance is, what it cannot become, and when it starts.

use super::*;
use crate::support::app::PROVIDER;

const INSTANCES: &str = "/strategy/instances";

/// A spec of a selector on these symbols of some providers.
fn spec(id: &str, selector: &str, scope: &[(&str, &[&str])]) -> Value {
    let scope: serde_json::Map<_, _> =
        scope.iter().map(|(provider, symbols)| ((*provider).to_owned(), json!({ "symbols": symbols }))).collect();
    json!({ "id": id, "strategy": { "identifier": selector }, "scope": scope })
}

#[tokio::test]
async fn case_26_two_providers_are_for_strategies_that_want_them() {
    let app = TestApp::start().await;
    app.add_provider("other").await;
    for (name, wants) in [("plain", "false"), ("cross", "true")] {
        upload(&app.client, &guest(name, &format!("return {{ wantsCrossProviderEvents: {wants} }};"))).await;
        let both: [(&str, &[&str]); 2] = [(PROVIDER, &["BTC-USDT"]), ("other", &["BTC-USDT"])];
        app.client.post(INSTANCES, spec(name, name, &both)).await.expect(201);
    }
    let refused = app.client.act("/strategy/instances/plain/start").await.refused(400, "invalid_instance");
    says(&refused, "does not support cross-provider feeds");
    assert_eq!(app.client.instance("plain").await["running"], false);
    app.client.start("cross").await;
    assert_eq!(app.client.instance("cross").await["status"], "running");
}

#[tokio::test]
async fn case_27_what_is_missing_is_named_in_order_and_symbols_are_tidied() {
    let app = TestApp::start().await;
    let strategy = json!({ "identifier": "noop" });
    for (body, message) in [
        (json!({}), "id required"),
        (json!({ "id": " ", "strategy": strategy }), "id required"),
        (json!({ "id": "i1", "scope": {} }), "strategy required"),
        (json!({ "id": "i1", "strategy": strategy }), "symbols required"),
        (spec("i1", "noop", &[(PROVIDER, &[" "])]), "symbols required"),
    ] {
        assert_eq!(app.client.post(INSTANCES, body).await.refused(400, "invalid_instance")["message"], message);
    }
    let untidy = spec("i1", "noop", &[(PROVIDER, &["eth-usdt", " btc-usdt", "BTC-USDT", "Eth-Usdt "])]);
    let created = app.client.post(INSTANCES, untidy).await.expect(201);
    let tidy = json!(["BTC-USDT", "ETH-USDT"]);
    assert_eq!((&created["scope"][PROVIDER]["symbols"], &created["aggregatedSymbols"]), (&tidy, &tidy), "{created:#}");
}

#[tokio::test]
async fn case_28_starting_stopping_and_creating_twice() {
    let app = TestApp::start().await;
    app.client.create("i1", "noop", json!({})).await;
    let again = app.client.post(INSTANCES, spec("i1", "noop", &[(PROVIDER, &["BTC-USDT"])])).await;
    says(&again.refused(409, "instance_exists"), "already exists");
    app.client.start("i1").await;
    app.client.act("/strategy/instances/i1/start").await.refused(409, "instance_running");
    app.client.stop("i1").await;
    app.client.act("/strategy/instances/i1/stop").await.refused(409, "instance_not_running");

    let provider = json!({ "name": "p1", "adapter": { "identifier": "synthetic" }, "enabled": false });
    app.client.post("/providers", provider).await.expect(202);
    app.client.post(INSTANCES, spec("i2", "noop", &[("p1", &["BTC-USDT"])])).await.expect(201);
    let refused = app.client.act("/strategy/instances/i2/start").await.refused(400, "provider_unavailable");
    assert_eq!(refused["message"], "provider \"p1\" unavailable");
}

/// Decision 12: a change keeps the pin; the gateway moved a pinned instance to the newest revision.
#[tokio::test]
async fn case_29_only_the_configuration_changes() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "")).await;
    app.client.post(INSTANCES, spec("i1", &format!("case@{first}"), &[(PROVIDER, &["BTC-USDT"])])).await.expect(201);
    app.client.start("i1").await;
    let second = upload(&app.client, &strategy("case", "v2", "")).await;
    assign(&app.client, "case", "latest", json!({ "hash": second })).await.expect(200);

    let path = "/strategy/instances/i1";
    for (body, words) in [
        (spec("i1", "noop", &[(PROVIDER, &["BTC-USDT"])]), "strategy is immutable"),
        (spec("i1", "case", &[("other", &["BTC-USDT"])]), "providers are immutable"),
        (spec("i1", "case", &[(PROVIDER, &["ETH-USDT"])]), "scope assignments are immutable"),
    ] {
        says(&put(&app.client, path, body).await.refused(400, "instance_immutable"), words);
    }
    let run = app.client.instance("i1").await["run"].as_u64().unwrap();
    let mut body = spec("i1", "case", &[(PROVIDER, &["BTC-USDT"])]);
    body["strategy"]["config"] = json!({ "dry_run": false });
    let view = put(&app.client, path, body).await.expect(200);
    assert_eq!((&view["hash"], &view["status"], &view["dryRun"]), (&json!(first), &json!("running"), &json!(false)), "{view:#}");
    assert_eq!(view["run"], run + 1, "it was started anew");
}
