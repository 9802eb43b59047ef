//! A hostile neighbour costs nobody but itself: beside every guest that faults, throws, floods or sleeps, the canary sends
//! exactly the orders that it sends alone on the same tape.

use crate::support::guest;
use crate::support::{TestApp, eventually};
use serde_json::{Value, json};

/// What the canary is to send before a run is over.
const ORDERS: usize = 12;

/// Beside these it is known what the canary sends; the rest of the guests does nothing that a neighbour could feel.
fn hostile() -> Vec<String> {
    let bad = |what: &str| matches!(what, "fault" | "exception");
    let by_name =
        ["flood", "endless", "storm", "giants", "garbage", "sleep", "pollution", "globals", "rejected", "random", "bomb"];
    let guests = guest::all().into_iter().filter(|(name, expectations)| {
        let runs =
            !expectations.iter().any(|e| e.when == "upload" && e.what == "diagnostic" || e.when == "launch" && bad(&e.what));
        runs && (expectations.iter().any(|e| bad(&e.what)) || by_name.iter().any(|part| name.contains(part)))
    });
    guests.map(|(name, _)| name).collect()
}

/// The first orders of the canary, without what depends on the run: when (by the tape), which way, how much.
async fn canary_orders(app: &TestApp, id: &str) -> Vec<Value> {
    let path = format!("/strategy/instances/{id}/orders?limit=500");
    let listing = app.client.get(&path).await.expect(200);
    let rows = listing["orders"].as_array().unwrap();
    let fact = |row: &Value| json!([row["placedTime"], row["symbol"], row["side"], row["type"], row["quantity"]]);
    rows.iter().rev().take(ORDERS).map(fact).collect()
}

/// Plays the tape from its beginning to a canary and, if there is one, to its neighbour.
async fn run(app: &TestApp, name: &str, neighbour: Option<&str>) -> (Vec<Value>, Option<Value>) {
    let provider = app.add_provider(name).await;
    let canary = format!("canary-{name}");
    app.create_on(&provider, &canary, "canary", json!({ "every": 25 })).await;
    app.client.start(&canary).await;
    if let Some(guest) = neighbour {
        let hash = app.client.upload_guest(guest).await;
        app.create_on(&provider, name, &hash, json!({})).await;
        app.client.start(name).await;
    }
    app.open(&provider);
    let orders = eventually(&format!("the canary beside {name} sends {ORDERS} orders"), async || {
        let orders = canary_orders(app, &canary).await;
        (orders.len() >= ORDERS).then_some(orders)
    })
    .await;
    let view = app.client.instance(&canary).await;
    assert_eq!((&view["faults"], &view["exceptions"]), (&json!(0), &json!(0)), "beside {name}: {view:#}");
    assert_eq!(view["events"]["dropped"]["Trade"].as_u64().unwrap_or(0), 0, "beside {name}: {view:#}");
    let guest = match neighbour {
        Some(_) => Some(app.client.instance(name).await),
        None => None,
    };
    app.client.delete(&format!("/strategy/instances/{canary}")).await.expect(200);
    if neighbour.is_some() {
        app.client.delete(&format!("/strategy/instances/{name}")).await.expect(200);
    }
    app.remove_provider(&provider).await;
    (orders, guest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_canary_sends_the_same_orders_beside_every_hostile_guest() {
    let app = TestApp::builder().speed(50).start().await;
    app.client.upload_guest("canary").await;
    let (alone, _) = run(&app, "nobody", None).await;
    let hostile = hostile();
    assert!(hostile.len() > 25, "{hostile:?}");
    let mut disturbed = Vec::new();
    for name in &hostile {
        let (orders, _) = run(&app, name, Some(name)).await;
        if orders != alone {
            disturbed.push(format!("{name}: {orders:?}"));
        }
    }
    assert!(disturbed.is_empty(), "alone: {alone:?}\nbeside {}", disturbed.join("\nbeside "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_hostile_guests_is_contained_and_seen() {
    let app = TestApp::builder().speed(20).start().await;
    let canary_hash = app.client.upload_guest("canary").await;
    let provider = app.add_provider("crowd").await;
    app.create_on(&provider, "canary-crowd", &canary_hash, json!({ "every": 25 })).await;
    app.client.start("canary-crowd").await;
    let crowd = [
        ("loop-in-trade", "fuel_exhausted"),
        ("allocate-caught", "fuel_exhausted|memory_exhausted"),
        ("recursion-uncaught", "exception"),
        ("order-endless", "helper_limit|fuel_exhausted"),
        ("log-endless", "helper_limit|fuel_exhausted"),
        ("sleep-endless", "helper_limit|fuel_exhausted"),
        ("job-bomb", "job_limit|fuel_exhausted"),
    ];
    for (guest, _) in crowd {
        let hash = app.client.upload_guest(guest).await;
        app.create_on(&provider, guest, &hash, json!({})).await;
        app.client.start(guest).await;
    }
    app.open(&provider);
    let orders = eventually("the canary trades on", async || {
        let orders = canary_orders(&app, "canary-crowd").await;
        (orders.len() >= ORDERS).then_some(orders)
    })
    .await;
    for (guest, codes) in crowd {
        let view = eventually(&format!("the end of {guest} is seen"), async || {
            let view = app.client.instance(guest).await;
            view["lastError"]["code"].is_string().then_some(view)
        })
        .await;
        let code = view["lastError"]["code"].as_str().unwrap();
        assert!(codes.split('|').any(|allowed| allowed == code), "{guest}: {view:#}");
        assert_eq!(view["lastError"]["blame"], "guest", "{guest}: {view:#}");
    }
    let (alone, _) = run(&app, "nobody", None).await;
    assert_eq!(orders, alone);
    assert!(app.client.metric("sandpit_guest_faults_total", "code=\"fuel_exhausted\"").await >= 1.0);
}
