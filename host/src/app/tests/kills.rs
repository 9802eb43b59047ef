//! The process is killed at every point where an upload, a move of a tag, a delete or a refresh reaches the disk, and started
//! again: what is found is the state before or the state after, and what was acknowledged is there.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{App, Config, begin_empty};
use crate::base::{Digest, fail_point};
use serde_json::{Value, json};

const DIR: &str = "SANDPIT_TEST_KILL_DIR";
const OPERATION: &str = "SANDPIT_TEST_KILL_OPERATION";
const AT: &str = "SANDPIT_TEST_KILL_AT";

/// The `version`th source of the strategy of these tests.
fn source(version: u32) -> String {
    format!(
        r#"module.exports = {{
  metadata: {{ name: "delay", tag: "v{version}", displayName: "Delay", events: ["Trade"] }},
  create: () => ({{}}),
}};"#
    )
}

fn hash(version: u32) -> Digest {
    Digest::of(source(version).as_bytes())
}

async fn start(dir: &Path) -> App {
    let mut config = Config { data_dir: dir.join("data"), ..Config::default() };
    config.api.listen = ([127, 0, 0, 1], 0).into();
    config.sandbox.max_guests = 4;
    // Beside the directory that is copied: what it holds can be made again, so nothing of it can be lost.
    config.compile.cache_dir = Some(dir.with_file_name("cache"));
    begin_empty(&config);
    App::start(config).await.unwrap()
}

/// The answer, when the request succeeded.
async fn call(app: &App, method: &'static str, path: &str, body: Option<Value>) -> Value {
    let url = format!("http://{}{path}", app.address());
    let token = app.token.clone().unwrap();
    let answer = tokio::task::spawn_blocking(move || {
        let request = ureq::http::Request::builder().method(method).uri(&url);
        let request = request.header("authorization", format!("Bearer {}", token.reveal()));
        let request = request.header("content-type", "application/json");
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut answer = agent.run(request.body(body).unwrap()).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert!(answer.status().is_success(), "{method} {url}: {text}");
        text
    });
    let text = answer.await.unwrap();
    // A deletion answers nothing.
    if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() }
}

async fn assign(app: &App, tag: &str, version: u32) {
    call(app, "PUT", &format!("/strategies/modules/delay/tags/{tag}"), Some(json!({ "hash": hash(version) }))).await;
}

/// What is done while the process is killed.
async fn operate(app: &App, operation: &str) {
    match operation {
        "upload" => {
            let body = json!({ "source": source(4), "reassignTags": ["prod"], "promoteLatest": true });
            call(app, "POST", "/strategies/modules", Some(body)).await;
        }
        "tag-move" => assign(app, "prod", 2).await,
        "tag-delete" => {
            call(app, "DELETE", "/strategies/modules/delay/tags/v3?allowOrphan=true", None).await;
        }
        "delete" => {
            call(app, "DELETE", "/strategies/modules/delay:v3", None).await;
        }
        "refresh" => {
            let answer = call(app, "POST", "/strategies/refresh", None).await;
            assert_eq!(answer["results"][0]["reason"], "refreshed", "{answer}");
        }
        other => panic!("{other}"),
    }
}

/// Three revisions; an instance that follows `delay:prod`, which is the first, and runs.
async fn prepare(dir: &Path, operation: &str) {
    let app = start(dir).await;
    for version in 1..=3 {
        call(&app, "POST", "/strategies/modules", Some(json!({ "source": source(version) }))).await;
    }
    assign(&app, "prod", 1).await;
    let scope = json!({ "binance-paper": { "symbols": ["BTC-USDT"] } });
    let body = json!({ "id": "follower", "strategy": { "identifier": "delay:prod" }, "scope": scope });
    call(&app, "POST", "/strategy/instances", Some(body)).await;
    call(&app, "POST", "/strategy/instances/follower/start", None).await;
    if operation == "refresh" {
        assign(&app, "prod", 2).await;
    }
    app.stop().await;
}

/// What a client can see, without times and without what differs between two runs of the same operation.
async fn picture(dir: &Path) -> Value {
    let app = start(dir).await;
    let module = call(&app, "GET", "/strategies/modules/delay", None).await;
    let mut revisions = Vec::new();
    for revision in module["revisions"].as_array().unwrap() {
        assert_eq!(revision.get("invalid"), None, "{revision}");
        let hash = revision["hash"].as_str().unwrap();
        let bytes = app.catalogue().source(&hash.parse().unwrap()).unwrap();
        assert_eq!(bytes.digest().to_string(), hash);
        revisions.push(json!([hash, revision["tag"]]));
    }
    let mut histories = Vec::new();
    for tag in ["latest", "prod", "v3"] {
        let page = call(&app, "GET", &format!("/strategies/modules/delay/tags/{tag}/history"), None).await;
        let moves = page["history"].as_array().unwrap().iter();
        histories.push(moves.map(|one| json!([one["action"], one["from"], one["to"]])).collect::<Vec<_>>());
    }
    let follower = app.instances().get("follower").unwrap();
    let registry = call(&app, "GET", "/strategies/registry", None).await;
    assert_eq!(registry["problems"], json!([]));
    assert_eq!(registry["registry"]["delay"]["tags"], module["tagAliases"]);
    let picture = json!({
        "tags": module["tagAliases"], "revisions": revisions, "histories": histories,
        "follower": [follower.hash, follower.running],
    });
    app.stop().await;
    picture
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

/// The child: does the operation, waits until everything of it is on the disk, and ends.
#[test]
#[ignore = "started by the tests below"]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let at = std::env::var(AT).unwrap().parse().unwrap();
    let operation = std::env::var(OPERATION).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let app = start(Path::new(&dir)).await;
        fail_point::arm(at);
        operate(&app, &operation).await;
        println!("\nacknowledged");
        // By now a running host has brought registry.json up to date.
        tokio::time::sleep(Duration::from_millis(600)).await;
        println!("\nsurvived");
        std::process::exit(0);
    });
}

/// Kills at every point of an operation; gives how many there are.
async fn kill_at_every_point(operation: &str) -> usize {
    let root = tempfile::tempdir().unwrap();
    let prepared = root.path().join("prepared");
    prepare(&prepared, operation).await;
    let (undone, done) = (root.path().join("undone"), root.path().join("done"));
    copy(&prepared, &undone);
    let before = picture(&undone).await;
    copy(&prepared, &done);
    let app = start(&done).await;
    operate(&app, operation).await;
    app.stop().await;
    let after = picture(&done).await;
    assert_ne!(before, after);

    for at in 0.. {
        let dir = root.path().join(format!("killed-{at}"));
        copy(&prepared, &dir);
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["app::tests::kills::child_that_is_killed", "--exact", "--ignored", "--nocapture"]);
        child.env(DIR, &dir).env(OPERATION, operation).env(AT, at.to_string());
        let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let survived = said.contains("survived");
        assert!(survived || !output.status.success(), "{said}");
        let found = picture(&dir).await;
        assert!(found == before || found == after, "{operation}, point {at}: between\n{found:#}\n{before:#}\n{after:#}");
        assert!(!said.contains("acknowledged") || found == after, "{operation}, point {at}: acknowledged, but not there");
        std::fs::remove_dir_all(&dir).unwrap();
        if survived {
            println!("{operation}: killed at {at} points");
            return at;
        }
    }
    unreachable!("the loop ends by itself")
}

macro_rules! kills {
    ($($name:ident: $operation:literal, $least:literal;)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let points = kill_at_every_point($operation).await;
            assert!(points >= $least, "only {points} points: is the disk written elsewhere?");
        }
    )*};
}

kills! {
    an_upload_is_done_or_not_done_wherever_the_host_is_killed: "upload", 10;
    a_tag_moves_or_stays_wherever_the_host_is_killed: "tag-move", 4;
    a_tag_goes_or_stays_wherever_the_host_is_killed: "tag-delete", 4;
    a_revision_goes_or_stays_wherever_the_host_is_killed: "delete", 6;
    an_instance_moves_or_stays_wherever_the_host_is_killed: "refresh", 2;
}
