//! The whole host in one process: instances through their life, over faults and over a restart.

mod kills;
mod metrics_page;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::App;
use crate::base::ProviderName;
use crate::catalogue::{AddOptions, Cause, NewRevision};
use crate::compile::Source;
use crate::config::Config;
use crate::instances::{
    InstanceError, InstanceView, LaunchRequest, LogQuery, OpenOrders, RefreshReason, RefreshTargets, RestartConfig, Status,
};
use crate::providers::paper::{PaperConfig, PaperProvider};
use crate::trading::Provider as _;

/// Counts trades; keeps the count over a stop.
const COUNTER: &str = r#"
module.exports = {
  metadata: { name: "counter", tag: "v1", displayName: "Counter", events: ["Trade"] },
  create({ helpers }) {
    let count = (helpers.load() || { count: 0 }).count;
    helpers.log("begins at", count > 0 ? "some" : "none");
    return {
      wantsCrossProviderEvents: false,
      onTrade() { count += 1; if (count % 2) throw new TypeError("odd"); },
      onStop() { helpers.save({ count }); },
    };
  },
};
"#;

/// Never returns from its handler.
const LOOPER: &str = r#"
module.exports = {
  metadata: { name: "looper", tag: "v1", displayName: "Looper", events: ["Trade"] },
  create: () => ({ onTrade() { for (;;) {} } }),
};
"#;

/// Sleeps as long as it may.
const SLEEPER: &str = r#"
module.exports = {
  metadata: { name: "sleeper", tag: "v1", displayName: "Sleeper", events: ["Trade"] },
  create: ({ helpers }) => ({ onTrade() { helpers.sleep("60s"); } }),
};
"#;

/// Cannot be created.
const BROKEN: &str = r#"
module.exports = {
  metadata: { name: "broken", tag: "v1", displayName: "Broken", events: ["Trade"],
              config: [{ name: "must", type: "string", required: true }] },
  create() { throw new Error("not today"); },
};
"#;

/// Makes a directory without strategies, if there is none: with a registry in it, the built-in ones stay out.
fn begin_empty(config: &Config) {
    std::fs::create_dir_all(config.strategies_dir()).unwrap();
    let registry = config.strategies_dir().join("registry.json");
    if !registry.exists() {
        std::fs::write(registry, "{}").unwrap();
    }
}

async fn start(dir: &Path) -> App {
    let mut config = Config { data_dir: dir.to_owned(), ..Config::default() };
    config.api.listen = ([127, 0, 0, 1], 0).into();
    config.sandbox.max_guests = 16;
    config.instances.stop_grace_ms = 300;
    config.instances.restart = RestartConfig { backoff_first_ms: 20, max_faults: 3, ..RestartConfig::default() };
    begin_empty(&config);
    App::start(config).await.unwrap()
}

async fn upload(app: &App, source: &str) {
    upload_with(app, source, &AddOptions::default()).await;
}

async fn upload_with(app: &App, source: &str, options: &AddOptions) {
    let source = Source::single("test.js", source).unwrap();
    let compiled = app.compiler().compile(&source).await.unwrap();
    let new = NewRevision {
        source: &source,
        metadata: Arc::clone(&compiled.metadata),
        engine: compiled.engine,
        world: "sandpit:strategy@1.0.0",
    };
    app.catalogue().add(&new, options, &Cause::default()).unwrap();
}

async fn create(app: &App, id: &str, selector: &str, providers: &[&str]) -> Result<InstanceView, InstanceError> {
    let scope: serde_json::Map<String, Value> =
        providers.iter().map(|name| ((*name).to_owned(), json!({ "symbols": ["BTC-USDT"] }))).collect();
    let body = json!({ "id": id, "strategy": { "identifier": selector }, "scope": scope });
    app.instances().create(serde_json::from_value::<LaunchRequest>(body).unwrap()).await
}

/// Stops one, and sees that it is.
async fn stop(app: &App, id: &str) {
    assert_eq!(app.instances().stop(id, OpenOrders::Keep).await.unwrap(), None);
    assert_eq!(app.instances().get(id).unwrap().status, Status::Stopped);
}

/// Waits until the view is as expected; fails with the last one after ten seconds.
async fn until(app: &App, id: &str, expected: impl Fn(&InstanceView) -> bool) -> InstanceView {
    for _ in 0..1_000 {
        let view = app.instances().get(id).unwrap();
        if expected(&view) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:#?}", app.instances().get(id).unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulting_instance_ends_in_quarantine_and_its_neighbour_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let app = start(dir.path()).await;
    for source in [COUNTER, LOOPER, SLEEPER] {
        upload(&app, source).await;
    }
    for (id, selector) in [("good", "counter"), ("bad", "looper:v1"), ("lazy", "sleeper")] {
        assert_eq!(create(&app, id, selector, &["binance-paper"]).await.unwrap().status, Status::Created);
        let view = app.instances().start(id).await.unwrap();
        assert_eq!((view.status, view.running, view.run), (Status::Running, true, 1));
    }
    let bad = until(&app, "bad", |view| view.status == Status::Quarantined).await;
    assert_eq!((bad.faults, bad.restarts, bad.running), (3, 2, false));
    let error = bad.last_error.unwrap();
    assert_eq!(error.code, "fuel_exhausted");
    assert!(bad.fuel.max >= bad.limits.fuel_per_event, "{:?}", bad.fuel);
    assert_eq!(app.metrics().total("sandpit_instances", &[("status", "quarantined")]), 1);

    // A throwing handler is counted and shown, and the instance goes on.
    let before = app.instances().get("good").unwrap().events.delivered;
    let good = until(&app, "good", |view| view.events.delivered > before + 5 && view.exceptions > 2).await;
    assert_eq!((good.status, good.faults), (Status::Running, 0));
    let error = good.last_error.unwrap();
    assert_eq!((error.code.as_str(), error.message.contains("TypeError: odd in onTrade at ")), ("exception", true), "{error:?}");

    // An operator takes it out of quarantine; a sleeping handler is cut off when its grace is over.
    assert_eq!(app.instances().start("bad").await.unwrap().status, Status::Running);
    until(&app, "bad", |view| view.status == Status::Quarantined).await;
    stop(&app, "bad").await;
    until(&app, "lazy", |view| view.fuel.total > 0).await;
    let begun = app.clock().now();
    stop(&app, "lazy").await;
    assert!(app.clock().now().since(begun) < Duration::from_secs(2));
    assert_eq!(app.instances().get("lazy").unwrap().faults, 0, "being asked to stop is no fault");
    app.instances().delete("lazy", OpenOrders::Cancel).await.unwrap();
    assert!(matches!(app.instances().get("lazy"), Err(InstanceError::NotFound)));
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_instances_run_again_after_a_restart_with_their_state() {
    let dir = tempfile::tempdir().unwrap();
    let app = start(dir.path()).await;
    upload(&app, COUNTER).await;
    let first = create(&app, "kept", "counter", &["binance-paper"]).await.unwrap();
    create(&app, "idle", "counter:v1", &["binance-paper"]).await.unwrap();
    app.instances().start("kept").await.unwrap();
    until(&app, "kept", |view| view.events.delivered > 0).await;
    // A second revision becomes `latest`: the instance that follows it keeps its pin over a restart (decision 12).
    upload(&app, &COUNTER.replace("\"v1\"", "\"v2\"")).await;
    app.catalogue().resolve("counter:v2").unwrap();
    assert!(app.stop().await);

    let app = start(dir.path()).await;
    assert_eq!((app.restored().known, app.restored().started), (2, 1), "{:?}", app.restored());
    let kept = app.instances().get("kept").unwrap();
    assert_eq!((kept.status, kept.run, kept.hash), (Status::Running, 2, first.hash));
    assert_eq!(kept.created_at, first.created_at);
    let log = app.instances().logs("kept", LogQuery::default()).unwrap();
    assert!(log.lines.iter().any(|line| line.text == "begins at some"), "{log:?}");
    assert_eq!(app.instances().get("idle").unwrap().status, Status::Created);
    assert_eq!(app.instances().users_of(&first.hash).len(), 2, "stopped instances count as users");

    // Stopped by an operator: it stays so.
    stop(&app, "kept").await;
    assert!(app.stop().await);
    let app = start(dir.path()).await;
    assert_eq!(app.restored().started, 0);
    assert_eq!(app.instances().get("kept").unwrap().status, Status::Stopped);
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_instance_stays_where_it_is_over_a_restart_and_times_of_use_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let app = start(dir.path()).await;
    upload(&app, COUNTER).await;
    let old = create(&app, "kept", "counter", &["binance-paper"]).await.unwrap().hash;
    create(&app, "idle", "counter:latest", &["binance-paper"]).await.unwrap();
    app.instances().start("kept").await.unwrap();
    until(&app, "kept", |view| view.events.delivered > 0).await;
    let before = app.instances().usages();
    assert_eq!((before.len(), before[0].count, before[0].hash), (1, 1, old));

    let promote = AddOptions { promote_latest: true, ..AddOptions::default() };
    upload_with(&app, &COUNTER.replace("\"v1\"", "\"v2\""), &promote).await;
    let results = app.instances().refresh(RefreshTargets::default()).await;
    assert!(results.iter().all(|result| result.reason == RefreshReason::Refreshed), "{results:#?}");
    let new = app.instances().get("kept").unwrap().hash;
    assert_ne!(old, new);
    assert!(app.instances().users_of(&old).is_empty() && app.instances().users_of(&new).len() == 2);
    assert!(app.stop().await);

    let app = start(dir.path()).await;
    let kept = app.instances().get("kept").unwrap();
    assert_eq!((kept.status, kept.run, kept.hash), (Status::Running, 3, new));
    assert_eq!(app.instances().get("idle").unwrap().hash, new);
    let after = app.instances().usages();
    let of = |hash| after.iter().find(|usage| usage.hash == hash).unwrap();
    assert_eq!((of(old).count, &of(old).first_seen), (0, &before[0].first_seen));
    assert!(of(old).last_seen > before[0].last_seen && of(old).last_seen <= of(new).first_seen, "{after:#?}");
    assert_eq!((of(new).count, of(new).instances[0].as_str()), (1, "kept"));
    assert!(of(new).first_seen < of(new).last_seen, "first seen by the host before: {after:#?}");
    assert!(app.stop().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_run_is_refused_in_the_gateways_words() {
    let dir = tempfile::tempdir().unwrap();
    let app = start(dir.path()).await;
    upload(&app, COUNTER).await;
    let source = Source::single("broken.js", BROKEN).unwrap();
    let compiled = app.compiler().compile(&source).await.unwrap();
    assert_eq!(compiled.fuel_create, None, "create is not tried where the configuration has no defaults");
    upload(&app, BROKEN).await;
    let refused = |result: Result<InstanceView, InstanceError>| result.unwrap_err().to_string();

    assert!(refused(create(&app, "i1", "zzz", &["p1"]).await).starts_with("ensure spec i1: "));
    create(&app, "i1", "counter", &["p1"]).await.unwrap();
    assert_eq!(refused(create(&app, "i1", "counter", &["p1"]).await), "ensure spec i1: strategy instance already exists");
    assert_eq!(refused(app.instances().start("i1").await), "provider \"p1\" unavailable");
    assert_eq!(app.instances().get("i1").unwrap().status, Status::Created);
    assert_eq!(refused(app.instances().start("nobody").await), "strategy instance not found");
    let error = app.instances().stop("i1", OpenOrders::Keep).await.unwrap_err();
    assert_eq!(error.to_string(), "strategy instance not running");

    let error = create(&app, "i2", "broken", &["binance-paper"]).await.unwrap_err();
    assert!(matches!(&error, InstanceError::Config { issues, .. } if issues[0].path == "config.must"), "{error:?}");
    let body = json!({
        "id": "i2",
        "strategy": { "identifier": "broken", "config": { "must": "x" } },
        "scope": { "binance-paper": { "symbols": ["BTC-USDT"] } },
    });
    app.instances().create(serde_json::from_value(body).unwrap()).await.unwrap();
    let error = app.instances().start("i2").await.unwrap_err();
    assert!(matches!(&error, InstanceError::Start { .. }) && error.to_string().contains("not today"), "{error}");
    let view = app.instances().get("i2").unwrap();
    assert_eq!((view.status, view.last_error.unwrap().code.as_str()), (Status::Stopped, "exception"));

    // Two providers for a strategy that wants one.
    let name = ProviderName::new("other").unwrap();
    let other = Arc::new(PaperProvider::new(name.clone(), PaperConfig::default(), Arc::clone(app.clock())).unwrap());
    app.desk().attach(Arc::clone(&other) as _);
    other.start(app.desk().outlet(&name, app.lifecycle())).await.unwrap();
    create(&app, "i3", "counter", &["binance-paper", "other"]).await.unwrap();
    assert_eq!(refused(app.instances().start("i3").await), "strategy counter does not support cross-provider feeds");

    create(&app, "i4", "counter", &["other"]).await.unwrap();
    app.instances().start("i4").await.unwrap();
    assert_eq!(refused(app.instances().start("i4").await), "strategy instance already running");
    let seen = until(&app, "i4", |view| view.events.delivered > 0).await;
    assert_eq!(seen.usage.count, 1);
    assert!(app.stop().await);
}
