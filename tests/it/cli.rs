//! The commands for operators when something is not as it should be: what they say, and with which code they end.

use std::io::Read as _;
use std::net::TcpListener;

use reqwest::Method;
use sandpit::base::Digest;
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::cli::{Cli, finish};

struct Desk {
    app: TestApp,
    cli: Cli,
    folder: tempfile::TempDir,
}

impl Desk {
    /// A host, and an operator's shell in an empty folder.
    async fn new() -> Self {
        let app = TestApp::start().await;
        let folder = tempfile::tempdir().unwrap();
        let cli = Cli::new(app.address, &app.token, folder.path());
        Self { app, cli, folder }
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Uploads a revision of `sample` and gives its hash.
    async fn push(&self, tag: &str, flags: &[&str]) -> String {
        self.write("sample.js", &source(tag));
        let words = [&["modules", "push", "sample.js", "-q"], flags].concat();
        self.cli.run(&words).await.well().trim().to_owned()
    }

    async fn tag(&self, tag: &str) -> Value {
        let module = self.app.client.get("/strategies/modules/sample").await.expect(200);
        module["tagAliases"][tag].clone()
    }
}

fn source(tag: &str) -> String {
    format!(
        r#"module.exports = {{
  metadata: {{ name: "sample", tag: "{tag}", displayName: "Sample {tag}", events: ["Trade"] }},
  create: () => ({{ onTrade() {{}} }}),
}};"#
    )
}

#[tokio::test]
async fn what_is_not_there_is_told_with_code_and_request() {
    let desk = Desk::new().await;
    for words in [&["modules", "show", "nothing"][..], &["modules", "source", "nothing"], &["tags", "ls", "nothing"]] {
        let told = desk.cli.run(words).await.badly(1);
        assert!(told.contains("`nothing`") && told.contains("(404 strategy_not_found)") && told.contains("request "), "{told}");
    }
    let told = desk.cli.run(&["modules", "show", "momentum:v9"]).await.badly(1);
    assert!(told.contains("tag_not_found") && told.contains("v1.0.0"), "{told}");
    let said = desk.cli.run(&["modules", "show", "nothing", "--format", "json"]).await;
    assert_eq!((said.code, said.stderr.as_str()), (1, ""), "{said:#?}");
    let envelope: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&envelope["status"], &envelope["error"]), (&json!("error"), &json!("strategy_not_found")));
}

#[tokio::test]
async fn a_host_that_is_not_there_and_a_token_that_does_not_fit() {
    let desk = Desk::new().await;
    let free = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let told = desk.cli.with_api(&free).run(&["modules", "ls"]).await.badly(2);
    assert!(told.contains(&free) && told.contains("sandpit serve"), "{told}");
    let told = desk.cli.with_api("https://127.0.0.1:1").run(&["modules", "ls"]).await.badly(2);
    assert!(told.contains("http only"), "{told}");
    let wrong = "f".repeat(64);
    let told = desk.cli.with_token(&wrong).run(&["modules", "ls"]).await.badly(1);
    assert!(told.contains("401 unauthorized") && told.contains("SANDPIT_TOKEN") && !told.contains(&wrong), "{told}");
    let told = desk.cli.run(&["modules", "ls", "--data-dir", "elsewhere"]).await.badly(1);
    assert!(told.contains("no elsewhere/admin.token") && !told.contains(desk.app.token.trim()), "{told}");
    let told = desk.cli.run(&["modules", "ls", "--limit", "-1"]).await.badly(2);
    assert!(told.contains("--limit") || told.contains("-1"), "{told}");
}

#[tokio::test]
async fn a_source_that_does_not_compile_is_shown_as_check_shows_it() {
    let desk = Desk::new().await;
    desk.write("bad.js", "module.exports = {;\n");
    let said = desk.cli.run(&["modules", "push", "bad.js"]).await;
    let checked = desk.cli.run(&["check", "bad.js"]).await;
    assert_eq!((said.code, said.stdout.as_str()), (1, checked.stdout.as_str()));
    assert!(said.stdout.contains("bad.js:1:") && said.stdout.contains("^"), "{said:#?}");
    assert!(said.stderr.contains("422 strategy_validation_failed"), "{said:#?}");
    let told = desk.cli.run(&["modules", "push", "no.js"]).await.badly(2);
    assert!(told.contains("no.js"), "{told}");
}

#[tokio::test]
async fn a_folder_becomes_one_revision() {
    let desk = Desk::new().await;
    desk.write("s/sample.js", &source("v1").replace("onTrade() {}", "onTrade() { require('./lib/size.js')(); }"));
    desk.write("s/lib/size.js", "module.exports = () => require('./size.json').size;");
    desk.write("s/lib/size.json", r#"{ "size": 1 }"#);
    let told = desk.cli.run(&["modules", "push", "s"]).await.badly(2);
    assert!(told.contains("--entry") && told.contains("lib/size.js, sample.js"), "{told}");
    let folder = desk.cli.run(&["modules", "push", "s", "--entry", "sample.js", "-q"]).await.well();
    let files = ["modules", "push", "s/sample.js", "s/lib/size.json", "s/lib/size.js", "-q"];
    assert_eq!(desk.cli.run(&files).await.well(), folder, "the same files, the same revision");
    desk.cli.run(&["modules", "source", "sample", "-o", "back.js"]).await.well();
    let read = |file: &str| std::fs::read(desk.folder.path().join(file)).unwrap();
    assert_eq!(read("back.js"), read("s/sample.js"), "byte for byte");
    let verified = desk.cli.run(&["modules", "ls", "--strategy", "sample"]).await.well();
    assert!(verified.contains("latest, v1") && verified.contains("1 revision, 1 strategy"), "{verified}");
}

#[tokio::test]
async fn a_question_that_is_not_answered_with_yes_changes_nothing() {
    let desk = Desk::new().await;
    let first = desk.push("v1", &["--alias", "prod"]).await;
    let second = desk.push("v2", &[]).await;
    for no in ["", "\n", "n\n", "what\n"] {
        let told = desk.cli.run_with(&["tags", "assign", "sample", "prod", ":v2"], no).await.badly(1);
        assert!(told.contains(&first) && told.contains(&second) && told.contains("[y/N]"), "{told}");
        assert!(told.contains("nothing was changed"), "{told}");
        let told = desk.cli.run_with(&["tags", "rm", "sample", "prod"], no).await.badly(1);
        assert!(told.contains("latest, v1 still point there"), "{told}");
        desk.cli.run_with(&["modules", "rm", "sample:v2"], no).await.badly(1);
    }
    assert_eq!(desk.tag("prod").await, first);
    let said = desk.cli.run_with(&["tags", "assign", "sample", "prod", "sample:v2", "--no-refresh"], "y\n").await;
    assert!(said.stdout.contains(&format!("prod points to {second}")), "{said:#?}");
    assert_eq!(desk.tag("prod").await, second);
    let again = desk.cli.run(&["tags", "assign", "sample", "prod", &second]).await.well();
    assert!(again.contains("already points to"), "no question: {again}");
    let told = desk.cli.run(&["tags", "assign", "sample", "prod", "momentum", "--yes"]).await.badly(2);
    assert!(told.contains("momentum") && told.contains("its own revisions"), "{told}");
}

/// Answers the question of a command with yes, once somebody else has pointed the tag to `other`; gives what was asked and what
/// was said in the end.
async fn too_late(desk: &Desk, arguments: &[&str], tag: &str, other: &str) -> (String, String) {
    let mut child = desk.cli.spawn(arguments);
    let mut asked = child.stderr.take().unwrap();
    let (child, question) = tokio::task::spawn_blocking(move || {
        let (mut question, mut byte) = (Vec::new(), [0]);
        while !question.ends_with(b"[y/N] ") && asked.read(&mut byte).unwrap() == 1 {
            question.push(byte[0]);
        }
        child.stderr = Some(asked);
        (child, String::from_utf8(question).unwrap())
    })
    .await
    .unwrap();
    let put = desk.app.client.request(Method::PUT, &format!("/strategies/modules/sample/tags/{tag}"));
    desk.app.client.send(put.json(&json!({ "hash": other }))).await.expect(200);
    (question, finish(child, "y\n".to_owned()).await.badly(1))
}

#[tokio::test]
async fn a_tag_that_moved_while_one_was_asked_is_left_alone() {
    let desk = Desk::new().await;
    desk.push("v1", &["--alias", "prod"]).await;
    desk.push("v2", &[]).await;
    let third = desk.push("v3", &[]).await;
    let cases = [("prod", "(latest, v1)"), ("canary", "nothing: it is new")];
    for (tag, before) in cases {
        let (question, told) = too_late(&desk, &["tags", "assign", "sample", tag, ":v2"], tag, &third).await;
        assert!(question.contains(before), "{question}");
        assert!(told.contains("409 tag_moved") && told.contains(&third), "{told}");
        assert_eq!(desk.tag(tag).await, third, "whoever came first was not overwritten");
    }
    let (_, told) = too_late(&desk, &["tags", "rm", "sample", "prod"], "prod", desk.tag("v1").await.as_str().unwrap()).await;
    assert!(told.contains("409 tag_moved"), "{told}");
    for headers in [
        [("if-match", "v1"), ("x-none", "")],
        [("if-none-match", "\"x\""), ("x-none", "")],
        [("if-match", &*third), ("if-none-match", "*")],
    ] {
        let put = desk.app.client.request(Method::PUT, "/strategies/modules/sample/tags/prod");
        let put = headers.into_iter().fold(put, |put, (name, value)| put.header(name, value));
        desk.app.client.send(put.json(&json!({ "hash": third }))).await.refused(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn the_switches_of_the_old_script_are_heeded() {
    let desk = Desk::new().await;
    desk.push("v1", &[]).await;
    let second = desk.push("v2", &["--alias", "only"]).await;
    let told = desk.cli.bash("sandpit tags rm sample only --yes; sandpit tags rm sample v2 --yes").await.badly(1);
    assert!(told.contains("would_orphan") && told.contains("no other tag points there"), "{told}");
    desk.cli.bash("ALLOW_ORPHAN=true sandpit tags rm sample v2 --yes --reason gone").await.well();
    assert_eq!(desk.tag("v2").await, Value::Null);
    let assigned = format!("REFRESH=false sandpit tags assign sample back {second} --yes --format json");
    let answer: Value = serde_json::from_str(&desk.cli.bash(&assigned).await.well()).unwrap();
    assert_eq!((&answer["status"], &answer["refresh"]), (&json!("tag_assigned"), &json!(false)));
    let told = desk.cli.bash("REFRESH=perhaps sandpit tags assign sample back :v1 --yes").await.badly(2);
    assert!(told.contains("REFRESH must be true or false"), "{told}");
    let told = desk.cli.run(&["tags", "rm", "sample", "latest", "--yes"]).await.badly(1);
    assert!(told.contains("latest_protected"), "{told}");
    let told = desk.cli.run(&["tags", "rm", "sample", "never", "--yes"]).await.badly(1);
    assert!(told.contains("has no tag never"), "{told}");
    let history = desk.cli.run(&["tags", "history", "sample", "v2"]).await.well();
    assert!(history.contains("operator") && history.contains("gone") && history.contains("delete"), "{history}");
}

#[tokio::test]
async fn what_is_used_is_not_deleted_and_one_is_told_by_whom() {
    let desk = Desk::new().await;
    let hash = desk.push("v1", &[]).await;
    desk.app.client.create("desk-1", "sample", json!({})).await;
    let said = desk.cli.run(&["modules", "rm", "sample:v1", "--yes"]).await;
    let told = said.badly(1);
    assert!(told.contains("409 revision_in_use") && told.contains("desk-1"), "{told}");
    assert!(told.contains(&hash) && told.contains("the host will refuse"), "{told}");
    desk.app.client.delete("/strategy/instances/desk-1").await.expect(200);
    let said = desk.cli.run(&["modules", "rm", "sample", "--yes"]).await;
    assert_eq!(said.well(), "deleted sample\n");
    desk.cli.run(&["modules", "show", "sample"]).await.badly(1);
}

#[tokio::test]
async fn what_replaces_a_revision_takes_over_its_tag() {
    let desk = Desk::new().await;
    let first = desk.push("v1", &["--alias", "prod"]).await;
    let second = desk.push("v2", &["--replace", "sample:prod", "--reason", "better"]).await;
    assert_eq!((desk.tag("prod").await, desk.tag("latest").await), (json!(second), json!(first)));
    let pushed = desk.push("v3", &["--promote"]).await;
    assert_eq!(desk.tag("latest").await, pushed);
    let export: Value = serde_json::from_str(&desk.cli.run(&["registry", "export"]).await.well()).unwrap();
    assert_eq!(export, desk.app.client.get("/strategies/registry").await.expect(200), "the host's own answer");
    let only: Value = serde_json::from_str(&desk.cli.run(&["registry", "export", "--no-usage"]).await.well()).unwrap();
    assert_eq!(only["sample"]["tags"]["prod"], second);
    let told = desk.cli.run(&["modules", "push", "sample.js", "--replace", "sample:never"]).await.badly(1);
    assert!(told.contains("tag_not_found"), "{told}");
    let told = desk.cli.run(&["refresh", "nothing:at-all"]).await.well();
    assert!(told.contains("retired") && told.contains("0 instances moved"), "{told}");
}

#[tokio::test]
async fn a_damaged_directory_is_named_without_a_host() {
    let folder = tempfile::tempdir().unwrap();
    let cli = Cli::new("127.0.0.1:1".parse().unwrap(), &"0".repeat(64), folder.path());
    let hash = Digest::of(b"as it was");
    let path = format!("sample/{}/sample.js", hash.hex());
    let file = folder.path().join("strategies").join(&path);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "as it was").unwrap();
    let registry =
        json!({ "sample": { "hashes": { hash.to_string(): { "path": path, "tag": "v1" } }, "tags": { "latest": hash } } });
    std::fs::write(folder.path().join("strategies/registry.json"), registry.to_string()).unwrap();
    let sound = cli.run(&["registry", "verify", "strategies"]).await.well();
    assert_eq!(sound, "1 strategy, 1 revision, 0 problems\n");
    assert_eq!(cli.run(&["registry", "verify", "--data-dir", "."]).await.well(), sound);

    std::fs::write(&file, "as it is").unwrap();
    let said = cli.run(&["registry", "verify", "strategies"]).await;
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.stdout.contains("hash_mismatch") && said.stdout.contains("1 problem"), "{said:#?}");
    let said = cli.run(&["registry", "verify", "strategies", "--format", "json"]).await;
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((said.code, &report["ok"], &report["damaged"][0]["hash"]), (1, &json!(false), &json!(hash)));
    cli.run(&["registry", "verify", "nowhere"]).await.badly(2);
    let names: Vec<_> =
        std::fs::read_dir(folder.path().join("strategies")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing was written: {names:?}");
}
