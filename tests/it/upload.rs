//! `POST /strategies/modules`: from a file to a revision, or to a diagnosis.

use crate::support::{Client, TestApp, guest};
use reqwest::Method;
use sandpit::base::Digest;
use serde_json::{Value, json};

/// A strategy that differs from its siblings by `body` alone.
fn strategy(name: &str, tag: &str, body: &str) -> String {
    format!(
        r#"module.exports = {{
  metadata: {{ name: "{name}", tag: "{tag}", displayName: "Sample", events: ["Trade"] }},
  create: () => ({{ onTrade() {{ {body} }} }}),
}};"#
    )
}

async fn upload(client: &Client, body: Value, status: u16) -> Value {
    client.post("/strategies/modules", body).await.expect(status)
}

async fn aliases(client: &Client, name: &str) -> Value {
    client.get(&format!("/strategies/modules/{name}")).await.expect(200)["tagAliases"].clone()
}

#[tokio::test]
async fn a_new_source_becomes_a_revision_that_is_found_at_once() {
    let app = TestApp::start().await;
    let source = strategy("sample", "v1", "");
    let hash = Digest::of(source.as_bytes()).to_string();
    let answer = upload(&app.client, json!({ "source": source }), 201).await;
    assert_eq!(answer["status"], "pending_refresh");
    assert_eq!(answer["module"]["name"], "sample");
    assert_eq!(answer["module"]["tag"], "v1");
    assert_eq!(answer["module"]["hash"], hash);
    assert_eq!(answer["module"]["file"], "sample.js");
    let hex = hash.strip_prefix("sha256:").unwrap();
    assert_eq!(answer["module"]["path"], format!("sample/{hex}/sample.js"), "a path inside the strategies, not on this machine");
    for selector in ["sample", "sample:v1", "sample:latest", &format!("sample@{hash}"), &hash] {
        let module = app.client.get(&format!("/strategies/modules/{selector}")).await.expect(200);
        assert_eq!(module["selectedRevisionHash"], hash, "{selector}");
        assert_eq!(module["revisions"][0]["size"], source.len(), "{selector}");
    }
    let served = app.client.get("/strategies/modules/sample/source").await;
    assert_eq!(served.header("content-type"), Some("application/javascript; charset=utf-8"));
    assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(served.text, source, "byte for byte");
    app.client.create("i1", "sample:v1", json!({})).await;
}

#[tokio::test]
async fn the_same_bytes_again_are_the_same_revision() {
    let app = TestApp::start().await;
    let source = strategy("sample", "v1", "");
    let first = upload(&app.client, json!({ "source": source }), 201).await;
    let again = upload(&app.client, json!({ "source": source }), 200).await;
    assert_eq!(again["module"]["hash"], first["module"]["hash"]);
    let tagged = upload(&app.client, json!({ "source": source, "tag": "v2" }), 200).await;
    assert_eq!(tagged["module"]["hash"], first["module"]["hash"]);
    let tags = aliases(&app.client, "sample").await;
    assert_eq!(tags["v1"], tags["v2"], "two tags, one revision");
}

#[tokio::test]
async fn tags_move_only_when_told_to() {
    let app = TestApp::start().await;
    let (one, two) = (strategy("sample", "v1", "1"), strategy("sample", "v2", "2"));
    let first = upload(&app.client, json!({ "source": one, "aliases": ["prod"] }), 201).await["module"]["hash"].clone();
    let second = upload(&app.client, json!({ "source": two, "aliases": ["prod", "next"] }), 201).await;
    assert_eq!(second["module"]["keptAliases"], json!([{ "tag": "prod", "previous": first }]), "what was left alone is named");
    let second = second["module"]["hash"].clone();
    let tags = aliases(&app.client, "sample").await;
    let expected = json!({ "latest": first, "next": second, "prod": first, "v1": first, "v2": second });
    assert_eq!(tags, expected, "the first revision becomes latest, a later one does not by itself");

    upload(&app.client, json!({ "source": two, "reassignTags": ["prod"] }), 200).await;
    assert_eq!(aliases(&app.client, "sample").await["prod"], second);
    assert_eq!(aliases(&app.client, "sample").await["latest"], first);
    upload(&app.client, json!({ "source": two, "promoteLatest": true }), 200).await;
    assert_eq!(aliases(&app.client, "sample").await["latest"], second);
    let kept = app.client.get(&format!("/strategies/modules/sample@{}", first.as_str().unwrap())).await.expect(200);
    assert_eq!(kept["selectedRevisionHash"], first, "a revision without latest is still there");
}

#[tokio::test]
async fn names_and_tags_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    let source = strategy("sample", "v1", "");
    for tag in ["latest", "LATEST"] {
        app.client.post("/strategies/modules", json!({ "source": source, "tag": tag })).await.refused(400, "reserved_tag");
    }
    let long = "t".repeat(129);
    for tag in ["a:b", "a@b", "a/b", "", " ", "..", "-v1", "v1\n", "v\u{202e}1", &"0".repeat(64), &long] {
        app.client.post("/strategies/modules", json!({ "source": source, "tag": tag })).await.refused(400, "invalid_tag");
    }
    let long = "n".repeat(65);
    for name in ["../../etc/x", "/abs", "a/b", "..\\x", ".", "..", "a b", "ä", "a\u{0}", &long] {
        app.client.post("/strategies/modules", json!({ "source": source, "name": name })).await.refused(400, "invalid_name");
    }
    for file in ["../../etc/x.js", "/abs.js", "..\\x.js", "..", "a b.js", "ä.js", "a\u{0}.js", ".hidden.js", "a//b.js", ""] {
        let answer = app.client.post("/strategies/modules", json!({ "source": source, "filename": file })).await;
        answer.refused(400, "invalid_file_name");
    }
    app.client.get("/strategies/modules/sample").await.refused(404, "strategy_not_found");
}

#[tokio::test]
async fn a_name_that_contradicts_the_source_is_a_diagnostic() {
    let app = TestApp::start().await;
    let source = strategy("sample", "v1", "");
    let json = app.client.post("/strategies/modules", json!({ "source": source, "name": "other" })).await;
    let json = json.refused(422, "strategy_validation_failed");
    assert_eq!(json["diagnostics"][0]["stage"], "validation");
    assert_eq!(json["diagnostics"][0]["hint"], "metadata.name");
    upload(&app.client, json!({ "source": source, "name": "sample", "filename": "sample.js" }), 201).await;
}

#[tokio::test]
async fn a_source_is_needed_and_has_a_size() {
    let app = TestApp::start().await;
    for body in [
        json!({}),
        json!({ "source": "" }),
        json!({ "source": " \n" }),
        json!({ "source": "\u{feff}" }),
        json!({ "source": "x", "files": { "a.js": "x" } }),
        json!({ "files": {} }),
        json!({ "files": { "a.js": "x" } }),
    ] {
        app.client.post("/strategies/modules", body).await.refused(400, "source_required");
    }
    let large = strategy("sample", "v1", &format!("/*{}*/", "x".repeat(300 << 10)));
    app.client.post("/strategies/modules", json!({ "source": large })).await.refused(413, "source_too_large");
    let huge = "x".repeat(1 << 20);
    app.client.post("/strategies/modules", json!({ "source": huge })).await.refused(413, "body_too_large");
}

#[tokio::test]
async fn several_files_are_one_revision() {
    let app = TestApp::start().await;
    let files = json!({
        "files": {
            "multi.js": "const { limit } = require('./lib/limits.js');\nmodule.exports = { metadata: { name: 'multi', tag: 'v1', displayName: 'Multi ' + limit, events: ['Trade'] }, create: () => ({}) };",
            "lib/limits.js": "exports.limit = 7;",
        },
        "name": "multi",
    });
    let answer = upload(&app.client, files.clone(), 201).await;
    assert_eq!(upload(&app.client, files, 200).await["module"]["hash"], answer["module"]["hash"]);
    let module = app.client.get("/strategies/modules/multi").await.expect(200);
    assert_eq!(module["metadata"]["displayName"], "Multi 7");
    assert_eq!(module["selectedRevisionHash"], answer["module"]["hash"]);
}

#[tokio::test]
async fn a_refused_source_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let before = app.client.get("/strategies/modules").await.expect(200);
    let json =
        app.client.post("/strategies/modules", json!({ "source": "x = (" })).await.refused(422, "strategy_validation_failed");
    let diagnostic = &json["diagnostics"][0];
    assert_eq!((&diagnostic["stage"], &diagnostic["line"]), (&json!("compile"), &json!(1)), "{json:#}");
    assert!(diagnostic["column"].as_u64().is_some_and(|column| column >= 1), "{json:#}");
    assert_eq!(json["diagnostics"].as_array().unwrap().len(), 1);
    assert_eq!(app.client.get("/strategies/modules").await.expect(200), before);
}

#[tokio::test]
async fn a_throw_while_loading_is_told_with_its_place() {
    let app = TestApp::start().await;
    let source = "const a = 1;\n  throw new Error('x');\n";
    let json =
        app.client.post("/strategies/modules", json!({ "source": source })).await.refused(422, "strategy_validation_failed");
    let diagnostic = &json["diagnostics"][0];
    assert_eq!((&diagnostic["stage"], &diagnostic["line"]), (&json!("execute"), &json!(2)), "{json:#}");
    assert!(diagnostic["message"].as_str().unwrap().contains("Error: x"), "{json:#}");
}

#[tokio::test]
async fn each_fault_of_the_metadata_is_named_by_its_path() {
    let app = TestApp::start().await;
    let source = guest::source("metadata-blank");
    let json =
        app.client.post("/strategies/modules", json!({ "source": source })).await.refused(422, "strategy_validation_failed");
    let mut hints: Vec<&str> = json["diagnostics"].as_array().unwrap().iter().map(|d| d["hint"].as_str().unwrap()).collect();
    hints.sort_unstable();
    assert_eq!(hints, ["metadata.displayName", "metadata.events", "metadata.name"], "{json:#}");
    let source = guest::source("metadata-no-tag");
    let json =
        app.client.post("/strategies/modules", json!({ "source": source })).await.refused(422, "strategy_validation_failed");
    assert_eq!(json["diagnostics"][0]["stage"], "validation", "{json:#}");
    upload(&app.client, json!({ "source": source, "tag": "v9" }), 201).await;
}

#[tokio::test]
async fn the_host_outlives_sources_that_are_no_text_or_endless_nesting() {
    let app = TestApp::start().await;
    let deep = format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000));
    let templates = format!("{}1{}", "`${".repeat(3_000), "}`".repeat(3_000));
    let bytecode = "\u{0}asm\u{1}\u{0}\u{0}\u{0}";
    for source in [deep.as_str(), &templates, bytecode, "module.exports = null;"] {
        app.client.post("/strategies/modules", json!({ "source": source })).await.refused(422, "strategy_validation_failed");
    }
    let nested = format!("{{\"source\":{}", "[".repeat(100_000));
    let request = app.client.request(Method::POST, "/strategies/modules").header("content-type", "application/json");
    app.client.send(request.body(nested)).await.refused(400, "invalid_body");
    app.client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn sources_with_marks_and_line_ends_keep_their_bytes() {
    let app = TestApp::start().await;
    let source = format!("\u{feff}{}", strategy("sample", "v1", "").replace('\n', "\r\n"));
    let answer = upload(&app.client, json!({ "source": source }), 201).await;
    assert_eq!(answer["module"]["hash"], Digest::of(source.as_bytes()).to_string());
    assert_eq!(app.client.get("/strategies/modules/sample/source").await.text.as_bytes(), source.as_bytes());
}
