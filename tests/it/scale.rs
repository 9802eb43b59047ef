//! What a large catalogue costs: the figures of a host with 10 revisions and of one with 2,000, side by side, as one JSON
//! document. Not part of a test run; ask for it:
//!
//! ```text
//! cargo build --package sandpit-host --bin sandpit
//! cargo test --package sandpit-tests --test it -- --ignored --nocapture scale::figures
//! ```
//!
//! The first run uploads and compiles 2,000 strategies, a quarter of a second each on an idle machine; the directories stay in
//! `target/tmp/scale-10` and `target/tmp/scale-2000`, so that later runs begin at once. Most of the 2,000 have no native code
//! left by then, as in life: the cache holds some 500. `SANDPIT_BIN` names another binary than the one beside the tests, such
//! as one of a release build.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::Client;
use crate::support::process::Host;

const SMALL: usize = 10;
const LARGE: usize = 2_000;
/// Revisions of one generated strategy.
const PER_STRATEGY: usize = 10;
const STARTS: usize = 5;
const PAGES: usize = 40;
const UPLOADS: usize = 15;
const MOVES: usize = 60;

/// A small strategy, different from all others by its numbers.
fn source(strategy: usize, revision: usize) -> String {
    format!(
        r#"const window = {revision} + 2, seen = [];
module.exports = {{
  metadata: {{
    name: "generated-{strategy:04}", tag: "v1.{revision}.0", displayName: "Generated {strategy}.{revision}",
    description: "One of many.", events: ["Trade", "Ticker"],
    config: [{{ name: "threshold", type: "float", default: 0.5 }}, {{ name: "size", type: "string", default: "0.001" }}],
  }},
  create({{ config, runtime }}) {{
    return {{
      onTrade(ctx, evt, trade, price) {{
        seen.push(price);
        if (seen.length > window) seen.shift();
        const change = (price - seen[0]) / seen[0] * 100;
        if (change > config.threshold && !config.dry_run) runtime.submitMarketOrder(null, "buy", config.size);
      }},
    }};
  }},
}};
"#
    )
}

fn data_dir(revisions: usize) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scale-{revisions}"));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

async fn revisions(client: &Client) -> Vec<String> {
    let listing = client.get("/strategies/modules").await.expect(200);
    let modules = listing["modules"].as_array().unwrap();
    let revisions = modules.iter().flat_map(|module| module["revisions"].as_array().unwrap());
    revisions.map(|revision| revision["hash"].as_str().unwrap().to_owned()).collect()
}

/// Uploads what is missing to so many revisions, and takes away what an earlier run that was ended has left.
async fn fill(client: &Client, wanted: usize) {
    client.delete("/strategies/modules/generated-9999").await;
    let mut present = revisions(client).await.len();
    for number in 0.. {
        if present >= wanted {
            break;
        }
        let body = json!({ "source": source(number / PER_STRATEGY, number % PER_STRATEGY) });
        let answer = client.post("/strategies/modules", body).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:#?}");
        if answer.status == 201 {
            present += 1;
            if present.is_multiple_of(100) {
                println!("{present} of {wanted} revisions");
            }
        }
    }
    assert_eq!(revisions(client).await.len(), wanted, "remove {} and run again", data_dir(wanted).display());
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}

fn rounded(milliseconds: f64) -> Value {
    json!((milliseconds * 100.0).round() / 100.0)
}

async fn timed<T>(times: &mut Vec<Duration>, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let result = work.await;
    times.push(began.elapsed());
    result
}

/// From the start of the process until it answers that it is ready.
async fn starts(revisions: usize) -> (f64, Host) {
    let dir = data_dir(revisions);
    let mut times = Vec::new();
    let mut host = timed(&mut Vec::new(), Host::start(&dir, "")).await;
    for _ in 0..STARTS {
        host.kill();
        host = timed(&mut times, Host::start(&dir, "")).await;
    }
    (median(times), host)
}

async fn pages(client: &Client, query: &str) -> f64 {
    let mut times = Vec::new();
    for _ in 0..PAGES {
        timed(&mut times, client.get(&format!("/strategies/modules{query}"))).await.expect(200);
    }
    median(times)
}

/// New revisions, alternating between the hosts, so that what else the machine does counts for both.
async fn uploads(hosts: [&Client; 2]) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for number in 0..UPLOADS {
        for (client, times) in hosts.iter().zip(&mut times) {
            let body = json!({ "source": source(9_999, number) });
            timed(times, client.post("/strategies/modules", body)).await.expect(201);
        }
    }
    for client in hosts {
        assert_eq!(client.delete("/strategies/modules/generated-9999").await.status, 204);
    }
    times.map(median)
}

async fn moves(hosts: [&Client; 2]) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for (client, times) in hosts.iter().zip(&mut times) {
        let hashes = [0, 1].map(|revision| sandpit::base::Digest::of(source(0, revision).as_bytes()).to_string());
        for number in 0..MOVES {
            let request = client.request(Method::PUT, "/strategies/modules/generated-0000/tags/moving");
            let body = json!({ "hash": hashes[number % 2] });
            timed(times, client.send(request.json(&body))).await.expect(200);
        }
    }
    times.map(median)
}

#[tokio::test]
#[ignore = "prints figures: its first run compiles 2,000 strategies"]
async fn figures() {
    for wanted in [SMALL, LARGE] {
        let host = Host::start(&data_dir(wanted), "").await;
        fill(&host.client, wanted).await;
        // What has no native code any more was judged nevertheless.
        host.kill();
    }
    let (small_start, small) = starts(SMALL).await;
    let (large_start, large) = starts(LARGE).await;
    let hosts = [&small.client, &large.client];
    let mut list = json!({});
    for (client, revisions) in hosts.iter().zip([SMALL, LARGE]) {
        let (page, all) = (pages(client, "?limit=50").await, pages(client, "").await);
        list[revisions.to_string()] = json!({ "limit50": rounded(page), "all": rounded(all) });
    }
    let both = |[small, large]: [f64; 2]| json!({ SMALL.to_string(): rounded(small), LARGE.to_string(): rounded(large) });
    let figures = json!({
        "revisions": [SMALL, LARGE],
        "startMs": both([small_start, large_start]),
        "listPageMs": list,
        "uploadMs": both(uploads(hosts).await),
        "tagMoveMs": both(moves(hosts).await),
    });
    println!("{figures:#}");
    assert_eq!(revisions(&large.client).await.len(), LARGE, "the directories are as they were");
}
