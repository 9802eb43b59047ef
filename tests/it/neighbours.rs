//! A neighbour on every core that computes all the time and never exceeds a limit: a good instance sends the same orders as
//! alone, and its events take hardly longer. What keeps them apart is `limits.fuelPerSecond`.

use std::time::Duration;

use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

/// What the good one sends before a run is over.
const ORDERS: usize = 40;
/// Tries: the figures of a machine with other work on it are no figures.
const TRIES: usize = 3;

struct Run {
    /// When (by the tape), which way, how much; oldest first.
    orders: Vec<Value>,
    p50_us: u64,
    p99_us: u64,
    events: u64,
}

/// Plays the tape to a good instance and so many neighbours, each at its own provider, whose tape plays as fast.
async fn run(name: &str, neighbours: usize) -> Run {
    let app = TestApp::builder().speed(5).start().await;
    let canary = app.client.upload_guest("canary").await;
    let burn = app.client.upload_guest("burn").await;
    let provider = app.add_provider("good").await;
    app.create_on(&provider, name, &canary, json!({ "every": 25 })).await;
    app.client.start(name).await;
    for number in 0..neighbours {
        let id = format!("burn-{number}");
        let provider = app.add_provider(&id).await;
        app.create_on(&provider, &id, &burn, json!({})).await;
        app.client.start(&id).await;
        app.open(&provider);
    }
    if neighbours > 0 {
        eventually("the neighbours exceed their compute budget", async || {
            let low = app.client.metric("sandpit_instances_low_priority", "").await;
            (low as usize == neighbours).then_some(())
        })
        .await;
    }
    app.open(&provider);
    let orders = eventually("the good instance trades", async || {
        let listing = app.client.get(&format!("/strategy/instances/{name}/orders?limit=500")).await.expect(200);
        let rows = listing["orders"].as_array().unwrap();
        let fact = |row: &Value| json!([row["placedTime"], row["symbol"], row["side"], row["type"], row["quantity"]]);
        (rows.len() >= ORDERS).then(|| rows.iter().rev().take(ORDERS).map(fact).collect::<Vec<_>>())
    })
    .await;
    let view = app.client.instance(name).await;
    assert_eq!((&view["faults"], &view["exceptions"], &view["priority"]), (&json!(0), &json!(0), &json!("normal")), "{view:#}");
    for number in 0..neighbours {
        let view = app.client.instance(&format!("burn-{number}")).await;
        let fuel = view["fuel"]["max"].as_u64().unwrap();
        assert!((10_000_000..50_000_000).contains(&fuel), "it is to burn much, and no more than it may: {view:#}");
        assert_eq!((&view["faults"], &view["priority"]), (&json!(0), &json!("low")), "{view:#}");
    }
    let figure = |name: &str| view["latency"][name].as_u64().unwrap();
    Run { orders, p50_us: figure("p50Us"), p99_us: figure("p99Us"), events: figure("count") }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_neighbour_per_core_that_computes_without_end_costs_hardly_anything() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let mut seen = String::new();
    for _ in 0..TRIES {
        let alone = run("alone", 0).await;
        let beside = run("beside", cores).await;
        assert_eq!(beside.orders, alone.orders);
        seen += &format!(
            "alone p50 {} us, p99 {} us ({} events); beside {cores} neighbours p50 {} us, p99 {} us ({} events)\n",
            alone.p50_us, alone.p99_us, alone.events, beside.p50_us, beside.p99_us, beside.events
        );
        if beside.p99_us <= 2 * alone.p99_us {
            print!("{seen}");
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("the neighbours are felt, {TRIES} times:\n{seen}");
}
