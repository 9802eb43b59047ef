//! Refresh: who moves to another revision, what they take along, what happens when the other revision is no good. That nothing is
//! lost or doubled when two hundred move at once is in `refresh_crowd`.

use crate::support::app::PROVIDER;
use crate::support::process::Host;
use crate::support::{Client, TestApp, eventually, guest};
use sandpit::instances::{RefreshReason, RefreshResult, RefreshTargets};
use serde_json::{Value, json};

use RefreshReason::{AlreadyPinned, Failed, Refreshed, Retired};

/// Uploads a revision that its strategy's name and `prod` follow from now on.
async fn publish(client: &Client, source: &str) -> String {
    let body = json!({ "source": source, "reassignTags": ["prod"], "promoteLatest": true });
    let answer = client.post("/strategies/modules", body).await.expect(201);
    answer["module"]["hash"].as_str().unwrap().to_owned()
}

async fn refresh(app: &TestApp, strategies: &[&str]) -> Vec<RefreshResult> {
    let strategies = strategies.iter().map(|text| (*text).to_owned()).collect();
    app.instances().refresh(RefreshTargets { hashes: Vec::new(), strategies }).await
}

/// The one outcome of a refresh that means one instance.
fn only(results: &[RefreshResult]) -> Value {
    assert_eq!((results.len(), results[0].outcomes.len()), (1, 1), "{results:#?}");
    serde_json::to_value(&results[0].outcomes[0]).unwrap()
}

async fn count(app: &TestApp, id: &str, what: &str) -> u64 {
    app.client.get(&format!("/strategy/instances/{id}/{what}?limit=500")).await.expect(200)["count"].as_u64().unwrap()
}

/// Three began with `old`, and one of them went on to `new`.
async fn counted(app: &TestApp, old: &str, new: &str) {
    let running = async |hash: &str| app.client.metric("strategy_revision_instances", &format!("hash=\"{hash}\"")).await;
    assert_eq!((running(old).await, running(new).await), (2.0, 1.0));
    let steps = async |hash: &str, action: &str| {
        app.client.metric("strategy_revision_instances_total", &format!("action=\"{action}\",hash=\"{hash}\"")).await
    };
    assert_eq!((steps(old, "start").await, steps(old, "stop").await), (3.0, 1.0));
    assert_eq!((steps(new, "start").await, steps(new, "stop").await), (1.0, 0.0));
    let usages = app.instances().usages();
    assert_eq!(usages.iter().map(|usage| usage.count).sum::<usize>(), 3, "{usages:#?}");
    let (old, new) = (old.parse().unwrap(), new.parse().unwrap());
    let ids =
        |hash, stopped| app.instances().by_revision(&hash, stopped).iter().map(|row| row.id.to_string()).collect::<Vec<_>>();
    assert_eq!(
        (ids(old, true), ids(new, false), ids(new, true)),
        (vec!["first".into(), "pinned".into()], vec!["bare".into()], vec!["bare".into(), "rests".into()])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_follow_move_with_their_state_and_the_others_stay() {
    let app = TestApp::builder().speed(20).start().await;
    let first = guest::source("carry-over");
    let old = publish(&app.client, &first).await;
    let pinned = format!("carry-over@{old}");
    let all = [("bare", "carry-over"), ("first", "carry-over:v1.0.0"), ("pinned", &pinned), ("rests", "carry-over:prod")];
    for (id, selector) in all {
        app.client.create(id, selector, json!({})).await;
    }
    for id in ["bare", "first", "pinned"] {
        app.client.start(id).await;
    }
    app.play();
    eventually("trades", async || (app.client.instance("bare").await["events"]["delivered"].as_u64() > Some(20)).then_some(()))
        .await;
    let new = publish(&app.client, &first.replace("v1.0.0", "v2.0.0")).await;
    for (id, out_of_date) in [("bare", true), ("first", false), ("pinned", false), ("rests", true)] {
        assert_eq!(app.client.instance(id).await["outOfDate"], out_of_date, "{id}");
    }

    let results = refresh(&app, &[" carry-over:prod", "nothing", "carry-over:v1.0.0"]).await;
    assert_eq!(results.len(), 3);
    let prod = serde_json::to_value(&results[0]).unwrap();
    let outcome = |id: &str, was_running: bool| json!({ "id": id, "reason": "refreshed", "hash": new, "previousHash": old, "wasRunning": was_running, "stateCarried": was_running });
    let expected = json!({
        "selector": " carry-over:prod", "strategy": "carry-over", "hash": new, "previousHash": old,
        "instances": ["bare", "rests"], "reason": "refreshed", "outcomes": [outcome("bare", true), outcome("rests", false)],
    });
    assert_eq!(prod, expected);
    assert_eq!((results[1].reason, results[1].strategy.as_str(), results[1].hash), (Retired, "", None));
    assert!(results[1].error.as_deref().unwrap().contains("nothing"), "{results:#?}");
    // Two who stay run what `v1.0.0` is, and so did the two who moved: these are reported under both targets.
    assert_eq!((results[2].reason, &results[2].instances, results[2].outcomes.len()), (Refreshed, &results[0].instances, 4));

    let bare = app.client.instance("bare").await;
    assert_eq!((&bare["status"], &bare["hash"], &bare["run"]), (&json!("running"), &json!(new), &json!(2)), "{bare:#}");
    assert_eq!((&bare["lastError"], &bare["faults"], &bare["outOfDate"]), (&Value::Null, &json!(0), &json!(false)), "{bare:#}");
    let rests = app.client.instance("rests").await;
    assert_eq!((&rests["status"], &rests["hash"], &rests["run"]), (&json!("created"), &json!(new), &json!(0)), "{rests:#}");
    for id in ["first", "pinned"] {
        let view = app.client.instance(id).await;
        assert_eq!((&view["status"], &view["hash"], &view["run"]), (&json!("running"), &json!(old), &json!(1)), "{view:#}");
    }
    // The second life goes on where the first one ended.
    let log = app.client.log_texts("bare").await;
    let number = |prefix: &str| log.iter().filter_map(|line| line.strip_prefix(prefix)?.parse::<u64>().ok()).collect::<Vec<_>>();
    let (resumed, stopped) = (number("resumed at "), number("stopped at "));
    assert!(resumed[0] == 0 && stopped[0] > 20 && resumed[1..] == stopped[..], "{log:#?}");
    let delivered = bare["events"]["delivered"].as_u64().unwrap();
    eventually("it goes on", async || {
        (app.client.instance("bare").await["events"]["delivered"].as_u64() > Some(delivered + 20)).then_some(())
    })
    .await;

    let results = refresh(&app, &[]).await;
    let told: Vec<_> = results.iter().map(|result| (result.selector.as_str(), result.reason)).collect();
    let expected: Vec<_> = all.iter().map(|(_, selector)| (*selector, AlreadyPinned)).collect();
    assert_eq!(told, expected);

    counted(&app, &old, &new).await;
}

/// A strategy that orders; `create` begins with `begin`, which may refuse.
fn orderly(tag: &str, begin: &str, field: &str) -> String {
    format!(
        r#"module.exports = {{
  metadata: {{ name: "orderly", tag: "{tag}", displayName: "Orderly", events: ["Trade"],
    config: [{{ name: "dry_run", type: "bool", default: false }}, {field}] }},
  create({{ helpers, runtime }}) {{
    const state = helpers.load() || {{ lives: 0 }};
    {begin}
    state.lives += 1;
    helpers.save(state);
    helpers.log("{tag} life", state.lives);
    let trades = 0;
    return {{
      wantsCrossProviderEvents: {cross},
      onTrade(ctx, evt) {{
        if (++trades % 25 === 0) runtime.submitMarketOrder(null, trades % 50 ? "buy" : "sell", "0.001");
      }},
    }};
  }},
}};"#,
        cross = tag != "v4"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_start_is_rolled_back_and_the_old_one_trades_on() {
    let app = TestApp::builder().speed(20).start().await;
    let good = publish(&app.client, &orderly("v1", "", "")).await;
    app.client.create("i1", "orderly", json!({})).await;
    app.client.start("i1").await;
    app.play();
    eventually("orders", async || (count(&app, "i1", "executions").await >= 2).then_some(())).await;

    // The configuration does not fit: the running guest does not even notice.
    let unfit = publish(&app.client, &orderly("v2", "", r#"{ name: "must", type: "string", required: true }"#)).await;
    let outcome = only(&refresh(&app, &["orderly"]).await);
    assert_eq!(
        (&outcome["reason"], &outcome["hash"], &outcome["error"]["code"]),
        (&json!("failed"), &json!(good), &json!("config_invalid")),
        "{unfit}: {outcome:#}"
    );
    let view = app.client.instance("i1").await;
    assert_eq!((&view["hash"], &view["run"], &view["status"]), (&json!(good), &json!(1), &json!("running")));
    assert_eq!(view["outOfDate"], true);

    // It throws after it saved something: nobody is to see that.
    let bad = publish(&app.client, &orderly("v3", r#"if (!config_is_tried()) { helpers.save({ lives: 1000 }); throw new Error("not today"); } function config_is_tried() { return state.lives === 0; }"#, "")).await;
    let before = count(&app, "i1", "executions").await;
    let results = refresh(&app, &["orderly:prod"]).await;
    let outcome = only(&results);
    assert_eq!((results[0].reason, results[0].instances.len()), (Failed, 0));
    assert_eq!(
        (&outcome["hash"], &outcome["wasRunning"], &outcome["error"]["code"]),
        (&json!(good), &json!(true), &json!("exception")),
        "{outcome:#}"
    );
    assert!(
        results[0].error.as_deref().unwrap().starts_with("i1: ")
            && outcome["error"]["message"].as_str().unwrap().contains("not today"),
        "{results:#?}"
    );
    let view = app.client.instance("i1").await;
    assert_eq!(
        (&view["hash"], &view["run"], &view["status"], &view["faults"]),
        (&json!(good), &json!(3), &json!("running"), &json!(0)),
        "{view:#}"
    );
    let message = view["lastError"]["message"].as_str().unwrap();
    assert!(message.contains("not today") && message.contains(&format!("rolled back to {good}")), "{message}");
    assert_eq!(app.client.log_texts("i1").await.iter().rfind(|line| line.starts_with("v1 life")).unwrap(), "v1 life 2");
    eventually("it trades on", async || (count(&app, "i1", "executions").await > before + 2).then_some(())).await;
    let orders = app.client.get("/strategy/instances/i1/orders?limit=500").await.expect(200);
    let rows = orders["orders"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["hash"] == good), "never one of {bad}");
    let ids: std::collections::BTreeSet<_> = rows.iter().map(|row| row["clientOrderId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), rows.len());

    // Wants one provider, where the instance has two; the other instance can move.
    let other = app.add_provider("other").await;
    let scope = json!({ PROVIDER: { "symbols": ["BTC-USDT"] }, other: { "symbols": ["BTC-USDT"] } });
    let body = json!({ "id": "i2", "strategy": { "identifier": "orderly:v1" }, "scope": scope });
    app.client.post("/strategy/instances", body).await.expect(201);
    app.client.start("i2").await;
    // `v1` is uploaded again with other bytes: the tag moves.
    let single = orderly("v4", "", "").replace("tag: \"v4\"", "tag: \"v1\"");
    let single = publish(&app.client, &single).await;
    let results = refresh(&app, &["orderly"]).await;
    let reasons: Vec<_> =
        results[0].outcomes.iter().map(|outcome| (outcome.id.as_str(), outcome.reason, outcome.hash.to_string())).collect();
    assert_eq!(reasons, [("i1", Refreshed, single.clone()), ("i2", Failed, good.clone())], "{results:#?}");
    assert_eq!((results[0].reason, results[0].instances.len()), (Failed, 1));
    assert!(results[0].error.as_deref().unwrap().contains("cross-provider"), "{results:#?}");
    assert_eq!(app.client.instance("i2").await["status"], "running");
    assert_eq!(app.client.log_texts("i1").await.iter().rfind(|line| line.starts_with("v4 life")).unwrap(), "v4 life 3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn busy_faulted_and_orphaned_instances_each_have_their_way() {
    let app = TestApp::builder().speed(1).stop_grace_ms(300).start().await;
    let source = |name: &str, tag: &str, body: &str| {
        format!(
            r#"module.exports = {{ metadata: {{ name: "{name}", tag: "{tag}", displayName: "D", events: ["Trade"] }},
  create: ({{ helpers }}) => ({{ onTrade() {{ {body} }} }}) }};"#
        )
    };
    let first = [("sleepy", r#"helpers.log("asleep"); helpers.sleep("60s");"#), ("looping", "for (;;) {}"), ("lost", "")];
    for (name, body) in first {
        publish(&app.client, &source(name, "v1", body)).await;
        app.client.create(name, &format!("{name}:prod"), json!({})).await;
    }
    // They are pinned: what is published before they start changes nothing.
    let (awake, sound) =
        (publish(&app.client, &source("sleepy", "v2", "")).await, publish(&app.client, &source("looping", "v2", "")).await);
    for (name, _) in first {
        app.client.start(name).await;
    }
    app.play();

    // A repaired revision need not wait out the backoff of the one before, and begins with a clean slate.
    eventually("a long backoff", async || {
        let view = app.client.instance("looping").await;
        (view["status"] == "faulted" && view["faults"].as_u64() >= Some(3)).then_some(())
    })
    .await;
    let outcome = only(&refresh(&app, &["looping"]).await);
    assert_eq!(
        (&outcome["reason"], &outcome["hash"], &outcome["wasRunning"]),
        (&json!("refreshed"), &json!(sound), &json!(true))
    );
    let view = app.client.instance("looping").await;
    assert_eq!((&view["status"], &view["lastError"]), (&json!("running"), &Value::Null), "{view:#}");

    // In the middle of a handler nothing is changed; once it is stopped the pin moves.
    eventually("a handler that sleeps", async || {
        app.client.log_texts("sleepy").await.contains(&"asleep".to_owned()).then_some(())
    })
    .await;
    let outcome = only(&refresh(&app, &["sleepy"]).await);
    assert_eq!((&outcome["reason"], &outcome["error"]["code"]), (&json!("failed"), &json!("instance_busy")), "{outcome:#}");
    let view = app.client.instance("sleepy").await;
    assert_eq!((&view["status"], &view["run"]), (&json!("running"), &json!(1)), "{view:#}");
    app.client.stop("sleepy").await;
    let outcome = only(&refresh(&app, &["sleepy"]).await);
    assert_eq!(
        (&outcome["reason"], &outcome["hash"], &outcome["wasRunning"]),
        (&json!("refreshed"), &json!(awake), &json!(false))
    );
    app.client.start("sleepy").await;

    // What it followed is gone: it is stopped, says why, and keeps its pin.
    let before = app.client.instance("lost").await;
    app.client.delete("/strategies/modules/lost/tags/prod").await.expect(200);
    let results = refresh(&app, &["lost:prod", "lost"]).await;
    for result in &results {
        assert_eq!((result.reason, result.instances.len(), result.outcomes[0].reason), (Retired, 0, Retired), "{result:#?}");
    }
    assert_eq!((results[0].hash, results[0].strategy.as_str()), (None, "lost"));
    let view = app.client.instance("lost").await;
    assert_eq!(
        (&view["status"], &view["hash"], &view["outOfDate"]),
        (&json!("stopped"), &before["hash"], &json!(true)),
        "{view:#}"
    );
    assert_eq!(view["lastError"]["code"], "retired");
    assert!(view["lastError"]["message"].as_str().unwrap().contains("`lost:prod`"), "{view:#}");
    app.client.start("lost").await;
}

#[tokio::test]
async fn a_killed_host_comes_back_with_the_moved_pins_and_the_times_of_use() {
    let dir = tempfile::tempdir().unwrap();
    let host = Host::start(dir.path(), "").await;
    let source = guest::source("carry-over");
    let old = publish(&host.client, &source).await;
    let scope = json!({ "binance-paper": { "symbols": ["BTC-USDT"] } });
    for id in ["rests", "runs"] {
        let body = json!({ "id": id, "strategy": { "identifier": "carry-over:prod" }, "scope": scope });
        host.client.post("/strategy/instances", body).await.expect(201);
    }
    host.client.start("runs").await;
    eventually("trades", async || (host.client.instance("runs").await["events"]["delivered"].as_u64() > Some(10)).then_some(()))
        .await;
    let new = publish(&host.client, &source.replace("v1.0.0", "v2.0.0")).await;
    let answer = host.client.act("/strategies/refresh").await.expect(200);
    assert_eq!(answer["status"], "refreshed");
    let told: Vec<_> = answer["results"].as_array().unwrap().iter().map(|row| (&row["instances"][0], &row["reason"])).collect();
    assert_eq!(told, [(&json!("rests"), &json!("refreshed")), (&json!("runs"), &json!("refreshed"))], "{answer:#}");
    let usage = async |client: &Client, hash: &str| {
        client.get(&format!("/strategies/modules/carry-over@{hash}/usage")).await.expect(200)["usage"].clone()
    };
    let (old_before, new_before) = (usage(&host.client, &old).await, usage(&host.client, &new).await);
    host.kill();

    let host = Host::start(dir.path(), "").await;
    let view = host.client.instance("runs").await;
    assert_eq!((&view["status"], &view["hash"], &view["run"]), (&json!("running"), &json!(new), &json!(3)), "{view:#}");
    let view = host.client.instance("rests").await;
    assert_eq!((&view["status"], &view["hash"], &view["run"]), (&json!("created"), &json!(new), &json!(0)), "{view:#}");
    assert_eq!(usage(&host.client, &old).await, old_before);
    let after = usage(&host.client, &new).await;
    assert_eq!((&after["firstSeen"], &after["instances"]), (&new_before["firstSeen"], &json!(["runs"])));
    assert!(after["lastSeen"].as_str() > new_before["lastSeen"].as_str(), "started anew: {after}");
    let answer = host.client.post("/strategies/refresh", json!({ "hashes": [new] })).await.expect(200);
    let result = &answer["results"][0];
    assert_eq!(
        (&answer["status"], &result["reason"], &result["selector"]),
        (&json!("partial_refresh"), &json!("alreadyPinned"), &json!(new))
    );
}
