//! The soak: many strategies at two venues, one of which drops out every few seconds, for minutes at many times the speed of life.
//! Afterwards every record that anybody keeps must say the same: the venue's log, the database, the control plane, the strategies.
//!
//! Not part of a test run by itself; ask for it with `cargo xtask soak --for 3m`, which builds the host and sets:
//!
//! | variable | default |
//! |---|---|
//! | `SANDPIT_SOAK_SECONDS` | 20 |
//! | `SANDPIT_SOAK_INSTANCES` | 40 |
//! | `SANDPIT_SOAK_SPEED` | 20 |

mod audit;
mod figures;
mod floor;
mod seen;
mod told;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::support::process::Host;
use crate::support::{Client, eventually};
use figures::{Metrics, Pulse};
use sandpit::base::ProviderName;
use sandpit::providers::paper::log::{entries, folder};
use seen::{Record, Seen};
use serde_json::json;
use tokio::time::Instant;
use told::Told;

/// What is asked for.
struct Plan {
    time: Duration,
    instances: usize,
    speed: u32,
}

impl Plan {
    fn asked() -> Self {
        let number = |name: &str, default: u32| {
            std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name}: `{text}` is no number")))
        };
        Self {
            time: Duration::from_secs(number("SANDPIT_SOAK_SECONDS", 20).into()),
            instances: number("SANDPIT_SOAK_INSTANCES", 40) as usize,
            speed: number("SANDPIT_SOAK_SPEED", 20),
        }
    }
}

/// Takes back what rests and lets nobody order again, while everybody still hears what becomes of it.
async fn calm(client: &Client) {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        // Again and again: where a venue could not be reached, nothing was taken back.
        client.post("/risk/kill-switch", json!({ "action": "cancel", "reason": "the soak is over" })).await.expect(200);
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if Metrics::of(client).await.sum("sandpit_open_orders", "") == 0.0 {
                return;
            }
        }
        assert!(Instant::now() < until, "orders are still open two minutes after the kill switch");
    }
}

/// After their stop the strategies have heard everything, and have put their own record down.
async fn stop(client: &Client, instances: &[String]) {
    for id in instances {
        let instance = client.instance(id).await;
        assert_eq!(instance["status"], "running", "{id} did not live to the end: {instance:#}");
        client.stop(id).await;
    }
}

/// What each provider's venue wrote, from its first line on.
fn told(data_dir: &Path) -> BTreeMap<&'static str, Told> {
    let read = |name: &'static str| {
        let log = folder(data_dir, &ProviderName::new(name).unwrap());
        (name, Told::of(entries(&log).unwrap().map(Result::unwrap)))
    };
    floor::PROVIDERS.into_iter().map(read).collect()
}

fn assert_no_panic(stderr: &Path) {
    let said = std::fs::read_to_string(stderr).unwrap();
    let panics: Vec<&str> = said.lines().filter(|line| line.contains("panicked") || line.contains("RUST_BACKTRACE")).collect();
    assert!(panics.is_empty(), "{panics:#?}");
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("ERROR")).take(10).collect();
    assert!(errors.is_empty(), "the host complains: {errors:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as long as it is told to: cargo xtask soak"]
async fn soak() {
    let plan = Plan::asked();
    let dir = tempfile::tempdir().unwrap();
    let stderr = dir.path().join("stderr.log");
    let saying = Stdio::from(std::fs::File::create(&stderr).unwrap());
    let host = Host::start_saying(dir.path(), floor::CONFIG, saying).await;
    let client = &host.client;
    floor::open(client, plan.speed).await;
    let instances = floor::launch(client, plan.instances).await;
    println!("{} instances trade for {} s at {}x", instances.len(), plan.time.as_secs(), plan.speed);

    let before = Metrics::of(client).await;
    let pulse = Pulse::feel(host.pid(), plan.time).await;
    let during = Metrics::of(client).await;
    calm(client).await;
    stop(client, &instances).await;
    let seen = Seen::gather(client, &instances).await;
    let after = Metrics::of(client).await;
    host.end().await;

    let told = told(dir.path());
    let record = Record::open(dir.path(), &instances).await;
    figures::print(&plan, &pulse, [&before, &during, &after], (&told, &record));
    assert_no_panic(&stderr);
    audit::venues(&told);
    audit::records(&told, &record, &instances);
    audit::ledgers(&told, &record);
    audit::control_plane(&told, &seen, &record);
    audit::money(&told, &seen);
    audit::metrics(&told, &record, &after);
    audit::outages(&after, plan.time);
    pulse.assert_flat();
}

/// Waits until a provider runs.
async fn runs(client: &Client, name: &str) {
    eventually("the provider runs", async || {
        let provider = client.get(&format!("/providers/{name}")).await.expect(200);
        (provider["status"] == "running").then_some(())
    })
    .await;
}
