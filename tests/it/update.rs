//! Another configuration for an instance, as its operator gives it: what it keeps for life, what it goes on with, what it refuses.

use crate::support::app::PROVIDER;
use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

/// Orders, keeps count of what became of its orders over all its lives, and does not start when told so.
const TALLY: &str = r#"
module.exports = {
  metadata: {
    name: "tally", tag: "v1.0.0", displayName: "Tally", events: ["Trade", "ExecReport"],
    config: [
      { name: "every", type: "int", default: 5 }, { name: "size", type: "string", default: "0.001" },
      { name: "wreck", type: "bool", default: false }, { name: "quiet", type: "bool", default: false },
      { name: "dry_run", type: "bool", default: false },
    ],
  },
  create({ config, helpers, runtime }) {
    if (config.wreck) throw new Error("told to wreck");
    const state = { lives: 0, filled: [], trades: 0, ...helpers.load() };
    state.lives += 1;
    helpers.log("life", state.lives, "size", config.size);
    return {
      onTrade(ctx, evt) {
        state.trades += 1;
        if (config.quiet || state.trades % config.every !== 0) return;
        runtime.submitMarketOrder(evt.provider, (state.trades / config.every) % 2 === 1 ? "BUY" : "SELL", config.size);
      },
      onOrderFilled(ctx, evt, report) { state.filled.push(report.clientOrderId); },
      onStop() { helpers.save(state); },
    };
  },
};
"#;

async fn with_tally(id: &str, config: Value) -> TestApp {
    let app = TestApp::builder().speed(20).start().await;
    app.client.post("/strategies/modules", json!({ "source": TALLY })).await.expect(201);
    app.client.create(id, "tally:v1.0.0", config).await;
    app
}

async fn put(app: &TestApp, id: &str, body: Value) -> crate::support::Answer {
    app.client.send(app.client.request(reqwest::Method::PUT, &format!("/strategy/instances/{id}")).json(&body)).await
}

#[tokio::test]
async fn what_an_instance_is_cannot_be_changed() {
    let app = with_tally("i1", json!({})).await;
    let other = app.add_provider("other").await;
    let strategy = |identifier: &str| json!({ "id": "i1", "strategy": { "identifier": identifier } });
    let cases = [
        (json!({}), "invalid_instance", "id required"),
        (json!({ "id": "i2" }), "instance_immutable", "instance id mismatch"),
        (strategy("momentum"), "instance_immutable", "strategy is immutable for i1"),
        (strategy("tally:v9"), "instance_immutable", "strategy is immutable for i1"),
        (
            json!({ "id": "i1", "scope": { other: { "symbols": ["BTC-USDT"] } } }),
            "instance_immutable",
            "providers are immutable for i1",
        ),
        (json!({ "id": "i1", "providers": [] }), "instance_immutable", "providers are immutable for i1"),
        (
            json!({ "id": "i1", "scope": { PROVIDER: { "symbols": ["ETH-USDT"] } } }),
            "instance_immutable",
            "scope assignments are immutable for i1",
        ),
    ];
    for (body, code, message) in cases {
        assert_eq!(put(&app, "i1", body).await.refused(400, code)["message"], message);
    }
    put(&app, "nobody", json!({ "id": "nobody" })).await.refused(404, "instance_not_found");
    put(&app, "i1", json!({ "id": "i1", "run": 7 })).await.refused(400, "unknown_field");
    let bad = put(&app, "i1", json!({ "id": "i1", "strategy": { "config": { "every": "often", "extra": 1 } } })).await;
    let details = bad.refused(422, "config_invalid")["details"].to_string();
    assert!(details.contains("config.every") && details.contains("config.extra"), "{details}");
    put(&app, "i1", json!({ "id": "i1", "limits": { "fuelPerEvent": 1 } })).await.refused(422, "limits_invalid");
    let bad = put(&app, "i1", json!({ "id": "i1", "restart": { "maxFaults": 0 } })).await.refused(422, "limits_invalid");
    assert!(bad["message"].as_str().unwrap().contains("restart.maxFaults is 0: it must be 1 to 1000"), "{bad}");
    assert_eq!(app.client.instance("i1").await["strategy"]["config"], json!({}), "nothing of it was taken");
}

#[tokio::test]
async fn a_change_at_rest_keeps_the_pin_and_takes_the_rest() {
    let app = with_tally("i1", json!({ "every": 3 })).await;
    let hash = app.client.instance("i1").await["hash"].clone();
    // The bare name and the tag move on; the instance must not.
    let newer = TALLY.replace("Tally", "Tally two");
    let newer = json!({ "source": newer, "promoteLatest": true, "reassignTags": ["v1.0.0"] });
    app.client.post("/strategies/modules", newer).await.expect(201);
    let body = json!({
        "id": "i1",
        "strategy": { "identifier": "tally", "config": { "every": 9 } },
        "scope": { PROVIDER: { "symbols": [" btc-usdt "] } },
        "limits": { "fuelPerEvent": 3_000_000 },
        "restart": { "policy": "never" },
        "autostart": true,
    });
    let view = put(&app, "i1", body).await.expect(200);
    assert_eq!((&view["hash"], &view["outOfDate"], &view["run"]), (&hash, &json!(true), &json!(0)), "{view:#}");
    assert_eq!(view["strategy"]["config"], json!({ "every": 9 }));
    assert_eq!((&view["strategy"]["selector"], &view["status"]), (&json!("tally:v1.0.0"), &json!("created")));
    assert_eq!((&view["limits"]["fuelPerEvent"], &view["autostart"]), (&json!(3_000_000), &json!(true)));
    assert_eq!((&view["restart"]["policy"], &view["restart"]["maxFaults"]), (&json!("never"), &json!(1)));
    // What is left out stays.
    let view = put(&app, "i1", json!({ "id": "i1", "autostart": false })).await.expect(200);
    assert_eq!((&view["limits"]["fuelPerEvent"], &view["strategy"]["config"]["every"]), (&json!(3_000_000), &json!(9)));
}

#[tokio::test]
async fn a_running_instance_goes_on_with_what_it_can_and_stays_where_it_cannot() {
    let app = with_tally("i1", json!({ "quiet": true })).await;
    app.client.start("i1").await;
    let view =
        put(&app, "i1", json!({ "id": "i1", "strategy": { "config": { "quiet": true, "size": "0.002" } } })).await.expect(200);
    assert_eq!((&view["status"], &view["run"]), (&json!("running"), &json!(2)), "{view:#}");
    assert!(app.client.log_texts("i1").await.contains(&"life 2 size 0.002".to_owned()));

    let bad =
        put(&app, "i1", json!({ "id": "i1", "strategy": { "config": { "wreck": true } } })).await.refused(422, "start_failed");
    assert_eq!(bad["details"]["code"], "exception", "{bad:#}");
    assert!(bad["message"].as_str().unwrap().contains("told to wreck"), "{bad}");
    let view = app.client.instance("i1").await;
    assert_eq!((&view["status"], &view["strategy"]["config"]["size"]), (&json!("running"), &json!("0.002")), "{view:#}");
    assert!(app.client.log_texts("i1").await.contains(&"life 3 size 0.002".to_owned()), "the old one started again");
    let runs = view["run"].as_u64().unwrap();

    // Nothing to do, and what takes no new guest: the same run.
    let same = json!({ "id": "i1", "strategy": { "config": { "quiet": true, "size": "0.002" } }, "autostart": true });
    assert_eq!(put(&app, "i1", same).await.expect(200)["run"], runs);
    // Other limits do take one.
    let view = put(&app, "i1", json!({ "id": "i1", "limits": { "timers": 7 } })).await.expect(200);
    assert_eq!((&view["run"], &view["limits"]["timers"]), (&json!(runs + 1), &json!(7)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_report_is_lost_or_told_twice_over_many_changes() {
    let app = with_tally("i1", json!({ "every": 15 })).await;
    app.client.start("i1").await;
    app.play();
    for round in 0..50_u32 {
        let config = json!({ "every": 15 + round % 3, "size": if round % 2 == 0 { "0.001" } else { "0.002" } });
        put(&app, "i1", json!({ "id": "i1", "strategy": { "config": config } })).await.expect(200);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    put(&app, "i1", json!({ "id": "i1", "strategy": { "config": { "quiet": true } } })).await.expect(200);
    eventually("nothing is open", async || (app.client.instance("i1").await["openOrders"] == 0).then_some(())).await;
    app.client.stop("i1").await;
    let saved = app.saved_state("i1").await;
    let listing = app.client.get("/strategy/instances/i1/orders?state=FILLED&limit=500").await.expect(200);
    let mut on_record: Vec<_> = listing["orders"].as_array().unwrap().iter().map(|row| row["id"].to_string()).collect();
    let mut told: Vec<_> = saved["filled"].as_array().unwrap().iter().map(Value::to_string).collect();
    assert!(on_record.len() > 5 && saved["lives"].as_u64() >= Some(50), "{} orders, {saved}", on_record.len());
    on_record.sort();
    told.sort();
    assert_eq!(told, on_record);
}
