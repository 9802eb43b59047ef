//! Cases 11 to 20: what is wrong with a source, and handlers that throw or are missing.

use super::*;

/// The line and the column are told, and no path of the machine.
#[tokio::test]
async fn case_11_a_syntax_error_has_its_place() {
    let app = TestApp::start().await;
    for source in ["x = (", "x = (\n", "x = (  \r\n\r\n"] {
        let found = diagnostics(&app.client, source).await;
        assert_eq!((found.len(), &found[0]["stage"], &found[0]["line"]), (1, &json!("compile"), &json!(1)), "{found:#?}");
        assert!(found[0]["column"].as_u64().is_some_and(|column| (5..=6).contains(&column)), "{found:#?}");
        assert!(found[0]["message"].as_str().unwrap().contains("unexpected end of the source"), "{found:#?}");
        assert!(!found[0].to_string().contains("/tmp"), "{found:#?}");
    }
}

#[tokio::test]
async fn case_12_a_throw_at_load_has_its_place() {
    let app = TestApp::start().await;
    let found = diagnostics(&app.client, "throw new Error('x')").await;
    let first = &found[0];
    assert_eq!((found.len(), &first["stage"], &first["line"], &first["column"]), (1, &json!("execute"), &json!(1), &json!(7)));
    assert_eq!(first["message"], "Error: x");
}

#[tokio::test]
async fn case_13_three_blanks_are_three_diagnostics() {
    let app = TestApp::start().await;
    let source = "module.exports = { metadata: { name: ' ', tag: 'v1', displayName: '', events: [] }, create: () => ({}) }";
    let found = diagnostics(&app.client, source).await;
    let mut hints: Vec<&str> = found.iter().map(|one| one["hint"].as_str().unwrap()).collect();
    hints.sort_unstable();
    assert_eq!(hints, ["metadata.displayName", "metadata.events", "metadata.name"]);
    assert!(found.iter().all(|one| one["stage"] == "validation"), "{found:#?}");
}

#[tokio::test]
async fn case_14_an_unknown_event_and_a_long_name_are_named() {
    let app = TestApp::start().await;
    let source = |events: &str, display: &str| {
        format!(
            "module.exports = {{ metadata: {{ name: 'case', tag: 'v1', displayName: '{display}', events: {events} }}, create: () => ({{}}) }}"
        )
    };
    let found = diagnostics(&app.client, &source("['Trade', 'Foo']", "Case")).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["message"], "unsupported event type \"Foo\"");
    assert_eq!(found[0]["hint"], "metadata.events[1]");
    let found = diagnostics(&app.client, &source("['Trade']", &"é".repeat(81))).await;
    assert_eq!(found[0]["hint"], "metadata.displayName");
    app.client.post("/strategies/modules", json!({ "source": source("['Trade']", &"é".repeat(80)) })).await.expect(201);
}

#[tokio::test]
async fn case_15_dry_run_is_always_declared_and_once() {
    let app = TestApp::start().await;
    let with = |config: &str| {
        format!(
            "module.exports = {{ metadata: {{ name: 'case', tag: 'v1', displayName: 'Case', events: ['Trade'], config: {config} }}, create: () => ({{}}) }}"
        )
    };
    let declared = async |config: &str| {
        let hash = upload(&app.client, &with(config)).await;
        let module = app.client.get(&format!("/strategies/modules/{hash}")).await.expect(200);
        let fields = module["metadata"]["config"].as_array().unwrap().clone();
        let mut dry_run = fields.into_iter().filter(|field| field["name"] == "dry_run");
        (dry_run.next().unwrap(), dry_run.count())
    };
    let (added, more) = declared("[]").await;
    assert_eq!((&added["type"], &added["default"], more), (&json!("bool"), &json!(true), 0));
    let (own, more) = declared("[{ name: 'dry_run', type: 'bool', description: 'mine', default: false }]").await;
    assert_eq!((&own["description"], &own["default"], more), (&json!("mine"), &json!(false), 0));
}

/// Decision 5: a 422 diagnostic, no plain 400.
#[tokio::test]
async fn case_16_a_revision_needs_a_tag() {
    let app = TestApp::start().await;
    let source = "module.exports = { metadata: { name: 'case', displayName: 'Case', events: ['Trade'] }, create: () => ({}) }";
    let found = diagnostics(&app.client, source).await;
    assert_eq!((found.len(), &found[0]["stage"], &found[0]["hint"]), (1, &json!("validation"), &json!("metadata.tag")));
    assert!(found[0]["message"].as_str().unwrap().contains("metadata tag required for registry writes"), "{found:#?}");
    app.client.post("/strategies/modules", json!({ "source": source, "tag": "v1" })).await.expect(201);
}

/// Decision 7: the refresh goes on, the revision is quarantined and named.
#[tokio::test]
async fn case_17_bytes_that_are_not_what_their_hash_says_are_never_run() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v1", "")).await;
    app.client.create("i1", "case", json!({})).await;
    let path = format!("case/{}/case.js", hash.strip_prefix("sha256:").unwrap());
    std::fs::write(app.strategies_dir().join(path), strategy("case", "v1", "onTrade() {}")).unwrap();
    let other = upload(&app.client, &strategy("other", "v1", "")).await;
    assert_eq!(refresh(&app.client, json!({})).await["status"], "refreshed");
    let module = app.client.get("/strategies/modules/case").await.expect(200);
    let revision = &module["revisions"][0];
    assert_eq!(revision["invalid"]["code"], "hash_mismatch", "{module:#}");
    says(&revision["invalid"], "module hash mismatch");
    says(&app.client.act("/strategy/instances/i1/start").await.refused(409, "revision_invalid"), "hash mismatch");
    assert_eq!(selected(&app.client, "other").await, other, "everything else is served");
    app.client.get("/strategies/other").await.expect(200);
    app.client.get("/strategies/delay").await.expect(200);
}

/// Decision 16: found at the upload where `create` can be tried there, else at the launch; the process lives.
#[tokio::test]
async fn case_18_create_returns_null() {
    let app = TestApp::start().await;
    assert_eq!(diagnostics(&app.client, "module.exports = null").await[0]["stage"], "validation");
    let source = |config: &str| {
        format!(
            "module.exports = {{ metadata: {{ name: 'case', tag: 'v1', displayName: 'Case', events: ['Trade'], config: [{config}] }}, create: () => null }}"
        )
    };
    let found = diagnostics(&app.client, &source("")).await;
    assert_eq!(found[0]["stage"], "execute");
    assert!(found[0]["message"].as_str().unwrap().contains("create must return an object"), "{found:#?}");
    let hash = upload(&app.client, &source("{ name: 'needed', type: 'string', required: true }")).await;
    app.client.create("i1", &hash, json!({ "needed": "x" })).await;
    let refused = app.client.act("/strategy/instances/i1/start").await.refused(422, "start_failed");
    assert!(refused.to_string().contains("create must return an object"), "{refused:#}");
    app.client.get("/healthz").await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_19_a_handler_that_throws_gets_the_next_event() {
    let app = TestApp::start().await;
    upload(&app.client, &strategy("case", "v1", "\n    onTrade() { throw new Error('always') }")).await;
    app.client.create("i1", "case", json!({})).await;
    app.client.start("i1").await;
    app.play();
    let view = eventually("two exceptions", async || {
        let view = app.client.instance("i1").await;
        (view["exceptions"].as_u64() >= Some(2)).then_some(view)
    })
    .await;
    assert_eq!((&view["status"], &view["faults"]), (&json!("running"), &json!(0)), "{view:#}");
    assert_eq!(view["lastError"]["code"], "exception");
    let log = app.client.log_texts("i1").await;
    assert!(log.iter().any(|line| line.contains("Error: always in onTrade at ") && line.contains(".js:4:")), "{log:#?}");
}

/// And nothing is logged of it, which the gateway did with every event.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_20_a_handler_that_is_missing_is_no_error() {
    let app = TestApp::start().await;
    upload(&app.client, &strategy("case", "v1", "onTrade: undefined, onTicker: null")).await;
    app.client.create("i1", "case", json!({})).await;
    app.client.start("i1").await;
    app.play();
    let view = eventually("events that nobody handles", async || {
        let view = app.client.instance("i1").await;
        (view["events"]["skipped"].as_u64() >= Some(20)).then_some(view)
    })
    .await;
    assert_eq!((&view["status"], &view["faults"], &view["exceptions"]), (&json!("running"), &json!(0), &json!(0)), "{view:#}");
    let log = app.client.log_texts("i1").await;
    assert!(log.iter().all(|line| !line.contains("onTrade")), "{log:#?}");
}
