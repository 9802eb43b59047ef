//! What the old sources declare, where they run, and that a real market does them no harm.

use super::*;
use crate::support::app::PROVIDER;

/// Name, display name, events, whether it takes events of several providers.
const DECLARED: [(&str, &str, &[&str], bool); 8] = [
    ("delay", "Delay", &CORE, true),
    ("extension-listener", "Extension Listener", &["Extension"], true),
    ("grid", "Grid", &["Trade", "ExecReport", "BalanceUpdate", "RiskControl"], true),
    ("logging", "Logging", &CORE, true),
    ("marketmaking", "Market Making", &["Trade", "Ticker", "ExecReport", "BalanceUpdate", "RiskControl"], false),
    ("meanreversion", "Mean Reversion", &["Trade", "ExecReport", "BalanceUpdate", "RiskControl"], false),
    ("momentum", "Momentum", &["Trade", "ExecReport", "BalanceUpdate", "RiskControl"], false),
    ("noop", "No-Op", &["Trade", "Ticker", "BookSnapshot", "BalanceUpdate", "RiskControl"], true),
];

const CORE: [&str; 8] =
    ["Trade", "Ticker", "BookSnapshot", "ExecReport", "KlineSummary", "InstrumentUpdate", "BalanceUpdate", "RiskControl"];

/// Byte for byte under the names of the built-in strategies, beside them: their tag has no `v`.
#[tokio::test]
async fn metadata_is_read_and_the_revision_stands_beside_the_built_in_one() {
    let app = TestApp::start().await;
    assert_eq!(DECLARED.map(|(name, ..)| name), NAMES);
    for (name, display, events, _) in DECLARED {
        let uploaded = app.client.post("/strategies/modules", json!({ "source": source(name) })).await.expect(201);
        let module = app.client.get(&format!("/strategies/modules/{name}:1.0.0")).await.expect(200);
        assert_eq!(module["selectedRevisionHash"], uploaded["module"]["hash"]);
        let metadata = &module["metadata"];
        assert_eq!((&metadata["tag"], &metadata["displayName"]), (&json!("1.0.0"), &json!(display)), "{name}");
        assert_eq!(metadata["events"], json!(events), "{name}");
        let dry = metadata["config"].as_array().unwrap().iter().find(|field| field["name"] == "dry_run").unwrap();
        assert_eq!((&dry["type"], &dry["default"]), (&json!("bool"), &json!(true)), "{name}");
        let built_in = app.client.get(&format!("/strategies/modules/{name}:v1.0.0")).await.expect(200);
        assert_ne!(built_in["selectedRevisionHash"], uploaded["module"]["hash"], "{name}");
        let raw = app.client.get(&format!("/strategies/modules/{name}:1.0.0/source")).await;
        assert_eq!(raw.text, source(name));
    }
}

/// `true`, `1`, a function, a function that asks `this`; `false`, and a function that says so.
#[tokio::test]
async fn cross_provider_events_are_a_value_or_a_function() {
    let app = TestApp::start().await;
    app.add_provider("other").await;
    let scope = json!({ PROVIDER: { "symbols": ["BTC-USDT"] }, "other": { "symbols": ["BTC-USDT"] } });
    for (name, _, _, wants) in DECLARED {
        let uploaded = app.client.post("/strategies/modules", json!({ "source": source(name) })).await.expect(201);
        let strategy = json!({ "identifier": uploaded["module"]["hash"] });
        app.client.post("/strategy/instances", json!({ "id": name, "strategy": strategy, "scope": scope })).await.expect(201);
        let answer = app.client.act(&format!("/strategy/instances/{name}/start")).await;
        if wants {
            answer.expect(200);
            assert_eq!(app.client.instance(name).await["status"], "running", "{name}");
        } else {
            let refused = answer.refused(400, "invalid_instance");
            assert!(
                refused["message"].as_str().unwrap().contains("does not support cross-provider feeds"),
                "{name}: {refused:#}"
            );
        }
    }
}

/// Six minutes of Binance, in step, with the default configuration and real orders where one is left to them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_market_does_them_no_harm() {
    let app = TestApp::builder().in_step().start().await;
    let mut least = Map::new();
    for (name, events) in
        [("delay", 200), ("grid", 2_000), ("logging", 2_000), ("meanreversion", 2_000), ("momentum", 2_000), ("noop", 2_000)]
    {
        let uploaded = app.client.post("/strategies/modules", json!({ "source": source(name) })).await.expect(201);
        let config = match name {
            "momentum" => json!({ "momentum_threshold": 0.01, "order_size": "0.01", "dry_run": false }),
            "meanreversion" => json!({ "deviation_threshold": 0.01, "order_size": "0.01", "dry_run": false }),
            _ => json!({}),
        };
        app.client.create(name, uploaded["module"]["hash"].as_str().unwrap(), config).await;
        app.client.start(name).await;
        least.insert(name.to_owned(), json!(events));
    }
    app.play();
    for (name, events) in &least {
        let view = eventually(&format!("{name} hears of {events} events"), async || {
            let view = app.client.instance(name).await;
            (view["events"]["delivered"].as_u64() >= events.as_u64()).then_some(view)
        })
        .await;
        assert_eq!((&view["faults"], &view["exceptions"]), (&json!(0), &json!(0)), "{view:#}");
    }
    for name in ["momentum", "meanreversion"] {
        eventually(&format!("{name} trades"), async || {
            let executions = app.client.get(&format!("/strategy/instances/{name}/executions")).await.expect(200);
            (executions["count"].as_u64() > Some(0)).then_some(())
        })
        .await;
    }
}
