//! Every guest of `tests/guests` does what its head says is to be expected of it, and the host goes on.

use std::time::Duration;

use crate::support::guest::{self, Expectation};
use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

/// What became of a guest, step by step; stops where it is refused.
#[derive(Debug, Default)]
struct Story {
    /// The diagnostics, when the upload was refused.
    refused: Option<Value>,
    /// `details` of the refusal, when it did not start.
    not_started: Option<Value>,
    /// The instance after some trades.
    traded: Option<Value>,
    /// The instance after its stop.
    stopped: Option<Value>,
    /// What it logged in its whole life.
    logs: Vec<String>,
}

/// A hundred trades and the reports that follow from them, or a verdict before that.
const TRADES: u64 = 100;

/// Guests that do not meet their expectation yet, each with what happens instead. An entry that is no longer true fails the
/// test, so that it is taken out.
const SHORTFALLS: [(&str, &str); 0] = [];

/// What must be said, word for word: it stands between backticks.
fn words(expected: &Expectation) -> impl Iterator<Item = &str> {
    let logs = expected.what == "logs";
    expected.text.split('`').skip(1).step_by(2).filter(move |_| logs)
}

/// Gives what a running guest is to log some time to appear: timers and venues have their own pace.
async fn listen(app: &TestApp, name: &str, expectations: &[Expectation]) {
    let awaited: Vec<&str> = expectations.iter().filter(|expected| expected.when != "stop").flat_map(words).collect();
    for _ in 0..250 {
        let said = app.client.log_texts(name).await;
        if awaited.iter().all(|words| said.iter().any(|line| line.contains(words))) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn live_through(app: &TestApp, name: &str, expectations: &[Expectation]) -> Story {
    let mut story = Story::default();
    let answer = app.client.post("/strategies/modules", json!({ "source": guest::source(name) })).await;
    if answer.status == 422 {
        story.refused = Some(answer.refused(422, "strategy_validation_failed")["diagnostics"].clone());
        return story;
    }
    let module = answer.expect(201)["module"].clone();
    let config = if name == "config-types" { json!({ "needed": "x" }) } else { json!({}) };
    app.client.create(name, module["hash"].as_str().unwrap(), config).await;
    let answer = app.client.act(&format!("/strategy/instances/{name}/start")).await;
    if answer.status == 422 {
        story.not_started = Some(answer.refused(422, "start_failed")["details"].clone());
        return story;
    }
    answer.expect(200);
    let id = name.to_owned();
    let view = eventually(&format!("{name} lives through {TRADES} events or faults"), async || {
        // The log first: the line of a fault must not be seen beside a look from before it.
        let logged = id.starts_with("sleep") && !app.client.log_texts(&id).await.is_empty();
        let view = app.client.instance(&id).await;
        let counted =
            [&view["events"]["delivered"], &view["events"]["skipped"], &view["timers"]].map(|count| count.as_u64().unwrap());
        let lived = counted.iter().sum::<u64>() >= TRADES;
        (lived || view["faults"] != 0 || logged).then_some(view)
    })
    .await;
    story.traded = Some(view);
    listen(app, name, expectations).await;
    let stopping = tokio::time::Instant::now();
    app.client.act(&format!("/strategy/instances/{name}/stop")).await;
    assert!(stopping.elapsed() < Duration::from_secs(6), "{name} took {:?} to stop", stopping.elapsed());
    story.stopped = Some(app.client.instance(name).await);
    story.logs = app.client.log_texts(name).await;
    app.client.delete(&format!("/strategy/instances/{name}")).await.expect(200);
    story
}

/// What is wrong with the story, in a sentence.
fn judge(expected: &Expectation, story: &Story) -> Option<String> {
    let text = |value: &Value| value.to_string();
    match (expected.when.as_str(), expected.what.as_str()) {
        ("upload", "diagnostic") => {
            let Some(diagnostics) = &story.refused else { return Some("was accepted".into()) };
            let stage = diagnostics[0]["stage"].as_str().unwrap_or_default();
            let stages: Vec<&str> = expected.text.split(' ').next().unwrap_or_default().split('|').collect();
            if !stages.contains(&stage) {
                return Some(format!("stage {stage}, not {stages:?}"));
            }
            let said = expected.text.split_once(' ').map_or("", |(_, said)| said);
            let line = expected.remark.strip_prefix("line ").and_then(|line| line.parse::<u64>().ok());
            if !text(diagnostics).replace("\\\"", "\"").contains(said) {
                return Some(format!("does not say `{said}`"));
            }
            (line.is_some() && diagnostics[0]["line"].as_u64() != line).then(|| format!("not at line {line:?}"))
        }
        ("upload", _) => story.refused.is_some().then(|| "was refused".into()),
        // `create` is tried at the upload where its configuration has defaults (decision 16), so that is where it fails.
        ("launch", "exception" | "fault") => match (&story.refused, &story.not_started) {
            (Some(why), _) | (None, Some(why)) => {
                (!says(why, &expected.text)).then(|| format!("does not say `{}`", expected.text))
            }
            (None, None) => Some("it started".into()),
        },
        ("launch", _) => story.traded.is_none().then(|| "it did not start".into()),
        (when, what) if what.contains("fault") || what == "exception" => {
            let view = if when == "stop" { story.stopped.as_ref() } else { story.traded.as_ref().or(story.stopped.as_ref()) };
            view.map_or(Some("it never ran".into()), |view| failed(expected, view))
        }
        (_, "runs" | "logs") => {
            let Some(view) = &story.stopped else { return Some("it never ran".into()) };
            // A guest that orders at every trade is refused sooner or later, and may leave that refusal uncaught.
            let denied = view["lastError"]["code"] == "exception" && text(&view["lastError"]).contains(": denied: ");
            let quiet = view["faults"] == 0 && (view["exceptions"] == 0 || denied);
            let unsaid = words(expected).find(|words| !story.logs.iter().any(|line| line.contains(words)));
            match unsaid {
                Some(words) if quiet => Some(format!("does not log `{words}`")),
                _ => (!quiet).then(|| format!("it faulted or threw: {}", view["lastError"])),
            }
        }
        (when, what) => Some(format!("nobody knows what `{when}: {what}` means")),
    }
}

/// Whether what the instance shows is the failure that was expected: `what` has the kinds, `text` the codes or what is said.
fn failed(expected: &Expectation, view: &Value) -> Option<String> {
    let error = &view["lastError"];
    let code = error["code"].as_str().unwrap_or("none");
    let kinds: Vec<&str> = expected.what.split('|').collect();
    let fits = match code {
        "exception" => kinds.contains(&"exception"),
        code => kinds.contains(&"fault") && expected.text.split('|').any(|allowed| allowed == code),
    };
    if !fits {
        return Some(format!("lastError is {error}"));
    }
    if error["blame"] != "guest" {
        return Some(format!("blame is {}", error["blame"]));
    }
    let counted = if code == "exception" { &view["exceptions"] } else { &view["faults"] };
    if counted.as_u64() == Some(0) {
        return Some(format!("{code} was not counted"));
    }
    let said = if kinds == ["exception"] { expected.text.as_str() } else { "" };
    (!error.to_string().contains(said)).then(|| format!("does not say `{said}`: {error}"))
}

/// Whether the refusal has one of the words, or the text.
fn says(why: &Value, text: &str) -> bool {
    let said = why.to_string().replace("\\\"", "\"");
    said.contains(text) || text.split('|').any(|word| said.contains(word))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_guest_meets_its_expectations() {
    let app = TestApp::builder().speed(20).start().await;
    app.play();
    let mut wrong = Vec::new();
    for (name, expectations) in guest::all() {
        assert!(!expectations.is_empty(), "{name} says nothing of what is to be expected");
        let story = live_through(&app, &name, &expectations).await;
        for expected in &expectations {
            let complaint = judge(expected, &story);
            if let Some((_, known)) = SHORTFALLS.iter().find(|(guest, _)| *guest == name) {
                let still = complaint.as_ref().is_some_and(|complaint| complaint.contains(known));
                assert!(still, "{name} does better than its entry in SHORTFALLS says: {complaint:?}");
            } else if let Some(complaint) = complaint {
                wrong.push(format!("{name}: {expected:?}: {complaint}"));
            }
        }
        app.client.get("/healthz").await.expect(200);
    }
    assert!(wrong.is_empty(), "{} expectations are not met:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(app.client.metric("sandpit_guest_faults_total", "blame=\"host\"").await, 0.0);
}
