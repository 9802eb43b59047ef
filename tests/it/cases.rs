//! The cases that any host of these strategies has to get right, by the numbers under which the project keeps them: 1 to 20 and
//! 30 to 34, which are about the catalogue. Where Sandpit decided otherwise than the gateway, the test says by which decision.

use crate::support::{Answer, Client, TestApp, eventually};
use reqwest::Method;
use sandpit::base::Digest;
use serde_json::{Value, json};

/// A strategy whose handlers are `handlers`.
fn strategy(name: &str, tag: &str, handlers: &str) -> String {
    format!(
        "module.exports = {{\n  metadata: {{ name: '{name}', tag: '{tag}', displayName: 'Case', events: ['Trade'] }},\n  \
         create: () => ({{ {handlers} }}),\n}};\n"
    )
}

fn hash_of(source: &str) -> String {
    Digest::of(source.as_bytes()).to_string()
}

/// Uploads a source and gives its hash.
async fn upload(client: &Client, source: &str) -> String {
    let answer = client.post("/strategies/modules", json!({ "source": source })).await;
    assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
    let hash = answer.json()["module"]["hash"].as_str().unwrap().to_owned();
    assert_eq!(hash, hash_of(source));
    hash
}

/// The diagnostics of a source that is refused.
async fn diagnostics(client: &Client, source: &str) -> Vec<Value> {
    let answer = client.post("/strategies/modules", json!({ "source": source })).await;
    answer.refused(422, "strategy_validation_failed")["diagnostics"].as_array().unwrap().clone()
}

async fn selected(client: &Client, selector: &str) -> Value {
    client.get(&format!("/strategies/modules/{selector}")).await.expect(200)["selectedRevisionHash"].clone()
}

async fn assign(client: &Client, name: &str, tag: &str, body: Value) -> Answer {
    let path = format!("/strategies/modules/{name}/tags/{tag}");
    client.send(client.request(Method::PUT, &path).json(&body)).await
}

async fn refresh(client: &Client, body: Value) -> Value {
    client.post("/strategies/refresh", body).await.expect(200)
}

fn says(error: &Value, words: &str) {
    assert!(error["message"].as_str().unwrap().contains(words), "`{words}` is missing: {error:#}");
}

fn names(listing: &Value) -> Vec<&str> {
    listing["modules"].as_array().unwrap().iter().map(|module| module["name"].as_str().unwrap()).collect()
}

/// Decision 6: it can be used at once; `/strategies` shows what was loaded at the last refresh.
#[tokio::test]
async fn case_1_an_upload_waits_for_a_refresh_to_be_shown() {
    let app = TestApp::start().await;
    let source = strategy("case", "v1", "");
    let answer = app.client.post("/strategies/modules", json!({ "source": source })).await.expect(201);
    assert_eq!(answer["status"], "pending_refresh");
    assert_eq!(answer["module"]["hash"], hash_of(&source));
    assert_eq!(selected(&app.client, "case").await, hash_of(&source), "the module is there at once");
    app.client.get("/strategies/case").await.refused(404, "strategy_not_found");
    refresh(&app.client, json!({})).await;
    assert_eq!(app.client.get("/strategies/case").await.expect(200)["tag"], "v1");
    app.client.get("/strategies/modules/case").await.expect(200);
}

#[tokio::test]
async fn case_2_a_script_that_no_registry_names_is_not_there() {
    let app = TestApp::start().await;
    std::fs::write(app.strategies_dir().join("stray.js"), strategy("stray", "v1", "")).unwrap();
    refresh(&app.client, json!({})).await;
    let listing = app.client.get("/strategies/modules").await.expect(200);
    assert!(names(&listing).len() == 8 && !names(&listing).contains(&"stray"), "{:?}", names(&listing));
    app.client.get("/strategies/modules/stray").await.refused(404, "strategy_not_found");
}

#[tokio::test]
async fn case_3_latest_moves_by_hand_without_a_refresh() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "")).await;
    let second = upload(&app.client, &strategy("case", "v2", "")).await;
    assert_eq!(selected(&app.client, "case").await, first);
    let moved = assign(&app.client, "case", "latest", json!({ "hash": second, "refresh": false })).await.expect(200);
    assert_eq!((&moved["status"], &moved["previousHash"]), (&json!("tag_assigned"), &json!(first)));
    assert_eq!((&moved["strategy"], &moved["tag"], &moved["hash"]), (&json!("case"), &json!("latest"), &json!(second)));
    assert_eq!(moved["refresh"], false);
    assert_eq!(selected(&app.client, "case").await, second);
}

#[tokio::test]
async fn case_4_a_tag_moves_to_other_bytes_and_the_old_ones_stay() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "onStop() {}")).await;
    let second = upload(&app.client, &strategy("case", "v1", "onStop() { return 2; }")).await;
    assert_ne!(first, second);
    assert_eq!(selected(&app.client, "case:v1").await, second);
    assert_eq!(selected(&app.client, &format!("case@{first}")).await, first);
    let source = app.client.get(&format!("/strategies/modules/case@{first}/source")).await;
    assert_eq!(hash_of(&source.text), first);
}

#[tokio::test]
async fn case_5_six_ways_to_say_one_revision() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v2", "")).await;
    let hex = hash.strip_prefix("sha256:").unwrap();
    let ways = ["case", "case:v2", &format!("case@{hex}"), &format!("case@{hash}"), hex, &hash].map(str::to_owned);
    for selector in ways {
        assert_eq!(selected(&app.client, &selector).await, hash, "{selector}");
    }
}

/// An unknown tag or hash is 400, as the gateway has it; an unknown name is 404.
#[tokio::test]
async fn case_6_what_selects_nothing_says_so() {
    let app = TestApp::start().await;
    let tag = app.client.get("/strategies/modules/delay:zz").await.refused(400, "tag_not_found");
    says(&tag, "tag \"zz\" not found");
    app.client.get("/strategies/modules/delay@sha256:00").await.refused(400, "invalid_selector");
    let nowhere = format!("delay@sha256:{}", "0".repeat(64));
    app.client.get(&format!("/strategies/modules/{nowhere}")).await.refused(400, "hash_not_found");
    let name = app.client.get("/strategies/modules/zzz").await.refused(404, "strategy_not_found");
    says(&name, "strategy module not found");
}

#[tokio::test]
async fn case_7_latest_cannot_be_removed() {
    let app = TestApp::start().await;
    for tag in ["latest", "LATEST"] {
        let refused = app.client.delete(&format!("/strategies/modules/delay/tags/{tag}")).await.refused(400, "latest_protected");
        says(&refused, "cannot be removed; reassign it instead");
    }
    app.client.get("/strategies/modules/delay:latest").await.expect(200);
}

#[tokio::test]
async fn case_8_the_only_tag_of_a_revision_goes_only_if_that_is_meant() {
    let app = TestApp::start().await;
    upload(&app.client, &strategy("case", "v1", "")).await;
    let hash = upload(&app.client, &strategy("case", "v2", "")).await;
    let refused = app.client.delete("/strategies/modules/case/tags/v2").await.refused(400, "would_orphan");
    says(&refused, &format!("would orphan hash {hash}"));
    let gone = app.client.delete("/strategies/modules/case/tags/v2?allowOrphan=1").await.expect(200);
    assert_eq!((&gone["status"], &gone["tag"]), (&json!("tag_deleted"), &json!("v2")));
    assert_eq!((&gone["hash"], &gone["allowOrphan"]), (&json!(hash), &json!(true)));
    assert_eq!(selected(&app.client, &hash).await, hash);
    app.client.create("i1", &hash, json!({})).await;
    assert_eq!(app.client.start("i1").await["status"], "ok", "it can be launched by its hash");
}

#[tokio::test]
async fn case_9_allow_orphan_is_a_boolean_and_the_tag_must_be_there() {
    let app = TestApp::start().await;
    let refused = app.client.delete("/strategies/modules/delay/tags/v1.0.0?allowOrphan=yes").await;
    says(&refused.refused(400, "invalid_parameter"), "allowOrphan must be a boolean");
    says(&app.client.delete("/strategies/modules/delay/tags/v3").await.refused(400, "tag_not_found"), "not found");
}

#[tokio::test]
async fn case_10_an_assignment_needs_a_hash_and_a_plain_tag() {
    let app = TestApp::start().await;
    says(&assign(&app.client, "delay", "prod", json!({})).await.refused(400, "hash_required"), "hash required");
    let hash = selected(&app.client, "delay").await;
    let unknown = assign(&app.client, "delay", "prod", json!({ "hash": hash, "force": true })).await;
    says(&unknown.refused(400, "unknown_field"), "force");
    for tag in ["a%2Fb", "a..%2Fb", "-v1", "a:b"] {
        assign(&app.client, "delay", tag, json!({ "hash": hash })).await.refused(400, "invalid_tag");
    }
    // Two dots inside are plain text under the OCI rule (decision 10); the gateway refused them as a path.
    assign(&app.client, "delay", "a..b", json!({ "hash": hash })).await.expect(200);
}

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

/// Decision 13: one answer per requested selector.
#[tokio::test]
async fn case_30_a_refresh_moves_those_who_follow() {
    let app = TestApp::start().await;
    let first = upload(&app.client, &strategy("case", "v1", "")).await;
    let second = upload(&app.client, &strategy("case", "v2", "")).await;
    let pinned = format!("case@{first}");
    for (id, selector) in [("follows", "case"), ("pinned", pinned.as_str())] {
        app.client.create(id, selector, json!({})).await;
        app.client.start(id).await;
    }
    assign(&app.client, "case", "latest", json!({ "hash": second })).await.expect(200);
    let answer = refresh(&app.client, json!({ "strategies": ["case", "missing"] })).await;
    assert_eq!(answer["status"], "partial_refresh");
    let results = answer["results"].as_array().unwrap();
    let of = |selector: &str| results.iter().find(|result| result["selector"] == selector).unwrap();
    let moved = of("case");
    assert_eq!((&moved["reason"], &moved["hash"], &moved["previousHash"]), (&json!("refreshed"), &json!(second), &json!(first)));
    assert_eq!(moved["instances"], json!(["follows"]));
    let reasons = moved["outcomes"].as_array().unwrap().iter().map(|one| (one["id"].as_str().unwrap(), one["reason"].clone()));
    let expected = [("follows", json!("refreshed")), ("pinned", json!("alreadyPinned"))];
    assert_eq!(reasons.collect::<Vec<_>>(), expected, "one row per instance, too: {answer:#}");
    assert_eq!(of("missing")["reason"], "retired", "{answer:#}");
    let hash = async |id: &str| app.client.instance(id).await["hash"].clone();
    assert_eq!((hash("follows").await, hash("pinned").await), (json!(second), json!(first)));
    assert_eq!(app.client.instance("follows").await["status"], "running");
    let again = refresh(&app.client, json!({ "strategies": [pinned] })).await;
    assert_eq!((again["results"].as_array().unwrap().len(), &again["results"][0]["reason"]), (1, &json!("alreadyPinned")));
}

/// Decision 9: 409 with the usage in `details`, and the gateway's words.
#[tokio::test]
async fn case_31_a_revision_that_a_stopped_instance_pins_stays() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v1", "")).await;
    app.client.create("i1", "case", json!({})).await;
    app.client.start("i1").await;
    app.client.stop("i1").await;
    for selector in ["case", "case:v1", &hash] {
        let refused = app.client.delete(&format!("/strategies/modules/{selector}")).await.refused(409, "revision_in_use");
        says(&refused, &format!("strategy revision {hash} is in use"));
        assert!(refused["details"].to_string().contains("\"i1\""), "{refused:#}");
    }
    app.client.delete("/strategy/instances/i1").await.expect(200);
    assert_eq!(app.client.delete("/strategies/modules/case").await.status, 204);
    app.client.get("/strategies/modules/case").await.refused(404, "strategy_not_found");
}

#[tokio::test]
async fn case_32_usage_counts_who_runs_and_remembers_who_ran() {
    let app = TestApp::start().await;
    let hash = upload(&app.client, &strategy("case", "v1", "")).await;
    app.client.create("i1", "case", json!({})).await;
    let usage = async |query: &str| app.client.get(&format!("/strategies/modules/case:v1/usage{query}")).await.expect(200);
    app.client.start("i1").await;
    let running = usage("").await;
    assert_eq!((&running["selector"], &running["strategy"], &running["hash"]), (&json!("case:v1"), &json!("case"), &json!(hash)));
    assert_eq!((&running["usage"]["count"], &running["usage"]["instances"]), (&json!(1), &json!(["i1"])));
    assert_eq!((&running["total"], &running["offset"], &running["limit"]), (&json!(1), &json!(0), &Value::Null), "{running:#}");
    assert_eq!(running["instances"][0]["id"], "i1");
    app.client.stop("i1").await;
    let stopped = usage("").await;
    assert_eq!((&stopped["usage"]["count"], &stopped["usage"]["running"]), (&json!(0), &json!(false)));
    let seen = |usage: &Value| usage["usage"]["lastSeen"].as_str().unwrap().to_owned();
    assert!(seen(&stopped) >= seen(&running) && !seen(&stopped).starts_with("0001"), "{stopped:#}");
    assert_eq!(stopped["instances"], json!([]));
    assert_eq!(usage("?includeStopped=true").await["instances"][0]["id"], "i1");
    let refused = app.client.get("/strategies/modules/case/usage?includeStopped=maybe").await.refused(400, "invalid_parameter");
    says(&refused, "includeStopped must be a boolean");
}

#[tokio::test]
async fn case_33_a_list_is_read_in_pages() {
    let app = TestApp::start().await;
    for name in ["extension-listener", "grid", "logging", "marketmaking", "meanreversion"] {
        assert_eq!(app.client.delete(&format!("/strategies/modules/{name}")).await.status, 204, "{name}");
    }
    let page = async |query: &str| app.client.get(&format!("/strategies/modules?{query}")).await.expect(200);
    let second = page("limit=1&offset=1").await;
    assert_eq!((names(&second), &second["total"], &second["limit"]), (vec!["momentum"], &json!(3), &json!(1)), "{second:#}");
    let none = page("limit=0").await;
    assert_eq!((names(&none), &none["limit"]), (Vec::new(), &json!(0)));
    let refused = app.client.get("/strategies/modules?limit=-1").await.refused(400, "invalid_parameter");
    says(&refused, "limit must be a non-negative integer");
    assert_eq!(page("offset=50").await["offset"], 3);
}

/// Decision 8: it is back, and takes a boolean.
#[tokio::test]
async fn case_34_running_only_is_a_filter() {
    let app = TestApp::start().await;
    let page = async |query: &str| app.client.get(&format!("/strategies/modules?{query}")).await.expect(200);
    assert_eq!(page("runningOnly=false").await["total"], 8);
    assert_eq!(page("runningOnly=true").await["total"], 0);
    app.client.create("i1", "noop", json!({})).await;
    app.client.start("i1").await;
    assert_eq!(names(&page("runningOnly=true").await), ["noop"]);
    app.client.get("/strategies/modules?runningOnly=sometimes").await.refused(400, "invalid_parameter");
}
