//! The life of an instance between operators: faults and what follows, quarantine, autostart, waiting for a provider, open orders at
//! its end.

use std::collections::BTreeSet;

use crate::support::app::PROVIDER;
use crate::support::process::Host;
use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

/// Orders with every trade and loops with the tenth of each life; remembers the ids of its orders.
const STUMBLER: &str = r#"
module.exports = {
  metadata: {
    name: "stumbler", tag: "v1.0.0", displayName: "Stumbler", events: ["Trade", "ExecReport"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ helpers, runtime }) {
    const state = { ids: [], ...helpers.load() };
    let trades = 0;
    return {
      onTrade(ctx, evt) {
        trades += 1;
        if (trades === 10) while (true) {}
        if (trades > 3) return;
        state.ids.push(runtime.submitMarketOrder(evt.provider, trades % 2 ? "BUY" : "SELL", "0.001"));
        helpers.save(state);
      },
    };
  },
};
"#;

/// Rests far from the market and remembers what it was told.
const RESTER: &str = r#"
module.exports = {
  metadata: {
    name: "rester", tag: "v1.0.0", displayName: "Rester", events: ["Ticker", "ExecReport"],
    config: [{ name: "dry_run", type: "bool", default: false }],
  },
  create({ helpers, runtime }) {
    let sent = 0;
    return {
      onTicker(ctx, evt, ticker) {
        const bid = Number(ticker.bidPrice);
        if (sent >= 2 || !bid) return;
        sent += 1;
        runtime.submitOrder(evt.provider, "BUY", "0.001", (bid * 0.995).toFixed(2));
      },
      onOrderAcknowledged() { helpers.log("acknowledged"); },
      onStop() { helpers.log("bye"); },
    };
  },
};
"#;

async fn upload(app: &TestApp, source: &str) {
    app.client.post("/strategies/modules", json!({ "source": source })).await.expect(201);
}

async fn until(app: &TestApp, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || Some(app.client.instance(id).await).filter(|view| holds(view))).await
}

fn body(id: &str, selector: &str, provider: &str, more: &Value) -> Value {
    let mut body =
        json!({ "id": id, "strategy": { "identifier": selector }, "scope": { provider: { "symbols": ["BTC-USDT"] } } });
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

#[tokio::test]
async fn each_guest_names_its_orders_like_no_other() {
    let app = TestApp::builder().quick_restarts(4).start().await;
    upload(&app, STUMBLER).await;
    app.client.create("i1", "stumbler", json!({})).await;
    app.client.start("i1").await;
    app.play();
    let view = until(&app, "i1", "quarantine", |view| view["status"] == "quarantined").await;
    assert_eq!((&view["faults"], &view["run"], &view["desired"]), (&json!(4), &json!(4), &json!("stopped")), "{view:#}");
    let saved = app.saved_state("i1").await;
    let ids: Vec<_> = saved["ids"].as_array().unwrap().iter().map(Value::to_string).collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert!(ids.len() > 6, "{ids:?}");
    assert_eq!(distinct.len(), ids.len(), "{ids:?}");
    let listing = app.client.get("/strategy/instances/i1/orders?limit=500").await.expect(200);
    let sent = listing["orders"].as_array().unwrap().iter().filter(|row| row["state"] != "DENIED");
    let on_record: BTreeSet<_> = sent.map(|row| row["id"].to_string()).collect();
    assert_eq!(on_record, ids.into_iter().collect(), "each is on record under its own name");
}

#[tokio::test]
async fn an_instance_has_its_own_answers_to_faults() {
    let app = TestApp::builder().quick_restarts(3).start().await;
    app.client.upload_guest("fault-on-demand").await;
    let create = async |id: &str, restart: Value| {
        let body = body(id, "fault-on-demand", PROVIDER, &json!({ "restart": restart }));
        app.client.post("/strategy/instances", body).await.expect(201);
        app.client.start(id).await;
    };
    create("never", json!({ "policy": "never" })).await;
    create("always", json!({ "policy": "always", "maxFaults": 2, "windowMs": 300 })).await;
    create("more", json!({ "maxFaults": 5, "windowMs": 600_000 })).await;
    app.play();
    let never = until(&app, "never", "quarantine at once", |view| view["status"] == "quarantined").await;
    assert_eq!((&never["faults"], &never["desired"]), (&json!(1), &json!("stopped")), "{never:#}");
    let more = until(&app, "more", "quarantine", |view| view["status"] == "quarantined").await;
    assert_eq!(more["faults"], 5);
    // It comes back again and again.
    let always = until(&app, "always", "a third life after a quarantine", |view| view["faults"].as_u64() > Some(4)).await;
    assert_eq!(always["desired"], "running");
    let texts = app.client.log_texts("always").await;
    assert!(texts.iter().any(|text| text == "too many faults: quarantined for 0.3 s"), "{texts:?}");
    app.client.stop("always").await;
    let faults = app.client.instance("always").await["faults"].clone();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let always = app.client.instance("always").await;
    assert_eq!((&always["status"], &always["faults"]), (&json!("stopped"), &faults), "an operator has the last word");
}

#[tokio::test]
async fn what_is_to_start_by_itself_does() {
    let app = TestApp::start().await;
    app.client.upload_guest("canary").await;
    upload(&app, STUMBLER).await;
    let auto = json!({ "autostart": true });
    let view = app.client.post("/strategy/instances", body("i1", "canary", PROVIDER, &auto)).await.expect(201);
    assert_eq!((&view["status"], &view["autostart"], &view["desired"]), (&json!("running"), &json!(true), &json!("running")));
    // Its provider is not there: it waits, and an operator sees for what.
    let view = app.client.post("/strategy/instances", body("i2", "canary", "late", &auto)).await.expect(201);
    assert_eq!((&view["status"], &view["running"], &view["desired"]), (&json!("created"), &json!(false), &json!("running")));
    assert_eq!(view["lastError"]["code"], "provider_unavailable", "{view:#}");
    app.client.act("/strategy/instances/i2/start").await.refused(400, "provider_unavailable");
    let late = app.add_provider("late").await.parse().unwrap();
    app.instances().provider_changed(&late, sandpit::trading::ProviderStatus::Running, None);
    until(&app, "i2", "it runs", |view| view["status"] == "running" && view["lastError"].is_null()).await;
    let texts = app.client.log_texts("i2").await;
    assert!(texts.iter().any(|text| text == "provider late is running"), "{texts:?}");
    // One that an operator told to stop waiting does not start.
    app.client.post("/strategy/instances", body("i3", "canary", "later", &auto)).await.expect(201);
    app.client.stop("i3").await;
    let later = app.add_provider("later").await.parse().unwrap();
    app.instances().provider_changed(&later, sandpit::trading::ProviderStatus::Running, None);
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let view = app.client.instance("i3").await;
    assert_eq!((&view["status"], &view["desired"]), (&json!("created"), &json!("stopped")), "{view:#}");
}

#[tokio::test]
async fn open_orders_stay_or_go_as_their_operator_wants() {
    let app = TestApp::start().await;
    upload(&app, RESTER).await;
    for id in ["kept", "stopped", "deleted"] {
        app.client.create(id, "rester", json!({})).await;
        app.client.start(id).await;
    }
    app.play();
    for id in ["kept", "stopped", "deleted"] {
        eventually("two orders rest", async || {
            let resting = app.client.get(&format!("/strategy/instances/{id}/orders?state=ACK")).await.expect(200);
            (resting["count"] == 2).then_some(())
        })
        .await;
    }
    app.client.act("/strategy/instances/kept/stop?orders=sell").await.refused(400, "invalid_parameter");
    assert_eq!(app.client.stop("kept").await, json!({ "status": "ok", "id": "kept", "action": "stop" }));
    let answer = app.client.act("/strategy/instances/stopped/stop?orders=cancel").await.expect(200);
    assert_eq!(answer["orders"], json!({ "cancelling": 2, "kept": [] }));
    let answer = app.client.delete("/strategy/instances/deleted").await.expect(200);
    assert_eq!(answer["orders"], json!({ "cancelling": 2, "kept": [] }));
    until(&app, "stopped", "cancelled", |view| view["openOrders"] == 0).await;
    assert_eq!(app.client.instance("kept").await["openOrders"], 2);
    let cancelled = app.client.get("/strategy/instances/stopped/orders?state=CANCELLED").await.expect(200);
    assert_eq!(cancelled["count"], 2, "{cancelled:#}");
    let texts = app.client.log_texts("kept").await;
    let of_guest: Vec<_> = texts.iter().filter(|text| ["acknowledged", "bye"].contains(&text.as_str())).collect();
    assert_eq!(of_guest, ["acknowledged", "acknowledged", "bye"], "reports come before the leave");
    eventually("those of the deleted one are gone too", async || {
        let open = app.client.metric("sandpit_open_orders", "").await;
        (open <= 2.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn quarantine_and_autostart_outlive_the_host() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[instances.restart]\nbackoffFirstMs = 5\nmaxFaults = 1\n";
    let host = Host::start(dir.path(), config).await;
    host.client.upload_guest("loop-in-trade").await;
    host.client.upload_guest("canary").await;
    for (id, selector) in [("bad", "loop-in-trade"), ("auto", "canary"), ("plain", "canary")] {
        let more = json!({ "autostart": id == "auto" });
        host.client.post("/strategy/instances", body(id, selector, "binance-paper", &more)).await.expect(201);
    }
    host.client.start("bad").await;
    host.client.start("plain").await;
    host.client.stop("auto").await;
    host.client.stop("plain").await;
    eventually("quarantine", async || (host.client.instance("bad").await["status"] == "quarantined").then_some(())).await;
    // It is written behind; the next change of any instance is behind it.
    host.client.stop("bad").await;
    host.client.start("bad").await;
    eventually("quarantine", async || (host.client.instance("bad").await["status"] == "quarantined").then_some(())).await;
    host.client.post("/strategy/instances", body("last", "canary", "binance-paper", &json!({}))).await.expect(201);
    host.kill();

    let host = Host::start(dir.path(), config).await;
    let bad = host.client.instance("bad").await;
    assert_eq!((&bad["status"], &bad["desired"], &bad["running"]), (&json!("quarantined"), &json!("stopped"), &json!(false)));
    assert_eq!(bad["lastError"]["code"], "fuel_exhausted", "{bad:#}");
    assert_eq!(host.client.instance("auto").await["status"], "running", "an autostart starts with the host, whoever stopped it");
    assert_eq!(host.client.instance("plain").await["status"], "stopped");
    host.client.start("bad").await;
}
