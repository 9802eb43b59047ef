//! Backtests on the host: asked for, followed, cancelled, refused, and the same as those of the command line.

use serde_json::{Value, json};

use crate::support::cli::Cli;
use crate::support::{TestApp, eventually};

const DATA: &str = "btcusdt-20240808";

fn body(id: &str) -> Value {
    let config = json!({ "momentum_threshold": 0.005, "order_size": "0.001" });
    json!({ "id": id, "strategy": { "identifier": "momentum", "config": config }, "data": [DATA], "venue": { "latencyMs": 5 }, "seed": 7 })
}

#[tokio::test]
async fn the_result_is_that_of_the_command_line() {
    let app = TestApp::start().await;
    let queued = app.client.post("/backtests", body("try")).await.expect(202);
    assert_eq!((&queued["status"], &queued["resultsHash"], &queued["report"]), (&json!("queued"), &Value::Null, &Value::Null));
    // The stream ends when the run does.
    let stream = app.client.get("/backtests/try/events").await.text;
    let events: Vec<&str> = stream.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(events.last(), Some(&"done"), "{stream}");
    let done = app.client.get("/backtests/try").await.expect(200);
    assert_eq!((&done["status"], &done["progress"]["records"]), (&json!("done"), &done["progress"]["total"]));

    let folder = tempfile::tempdir().unwrap();
    let words = format!(
        "backtest momentum --data {DATA} --latency 5ms --seed 7 --config momentum_threshold=0.005 --config order_size=0.001 --receipt r.json --format json"
    );
    let cli = Cli::new(app.address, &app.token, folder.path());
    let said = cli.run(&words.split(' ').collect::<Vec<_>>()).await.well();
    assert_eq!(done["report"], serde_json::from_str::<Value>(&said).unwrap());
    let receipt: Value = serde_json::from_slice(&std::fs::read(folder.path().join("r.json")).unwrap()).unwrap();
    // The inputs differ: this host answers faults and orders by settings of its own, which are inputs, too.
    assert_eq!(done["resultsHash"], receipt["resultsHash"]);

    let bare = app.client.get("/backtests/try?withoutReport=true").await.expect(200);
    assert_eq!((&bare["report"], &bare["resultsHash"]), (&Value::Null, &done["resultsHash"]));
    app.client.post("/backtests", body("try")).await.refused(409, "backtest_exists");
    // That is told before anybody looks at the data.
    let mut taken = body("try");
    taken["data"] = json!(["missing.csv"]);
    app.client.post("/backtests", taken).await.refused(409, "backtest_exists");
    assert_eq!(app.client.get("/backtests").await.expect(200)["total"], 1);
    assert_eq!(app.client.delete("/backtests/try").await.status, 204);
    app.client.get("/backtests/try").await.refused(404, "backtest_not_found");
    assert!(app.client.metric("sandpit_backtests_total", "done").await >= 1.0);
}

#[tokio::test]
async fn what_waits_and_what_runs_can_be_cancelled() {
    let app = TestApp::start().await;
    // A market that stands still for so long that nobody is at its end before he is cancelled.
    let rows: String = (0..1_000_000).map(|at| format!("{},60000,0.001\n", 1_723_075_200 + at)).collect();
    std::fs::write(app.market_data().join("long.csv"), format!("time,price,quantity\n{rows}")).unwrap();
    let long = |id: &str| {
        let mut body = body(id);
        body["data"] = json!(["BTC-USDT=long.csv"]);
        body
    };
    app.client.post("/backtests", long("first")).await.expect(202);
    app.client.post("/backtests", long("second")).await.expect(202);
    app.client.delete("/backtests/second").await.refused(409, "backtest_not_over");
    assert_eq!(app.client.act("/backtests/second/cancel").await.expect(200)["status"], "cancelled");
    let events = app.client.get("/backtests/first/events");
    let (stream, _) = tokio::join!(events, async {
        eventually("the first runs", async || {
            (app.client.get("/backtests/first").await.json()["progress"]["records"] != 0).then_some(())
        })
        .await;
        app.client.act("/backtests/first/cancel").await.expect(200);
    });
    let events: Vec<&str> = stream.text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!((events.first(), events.last()), (Some(&"progress"), Some(&"done")), "{}", stream.text);
    eventually("the first is cancelled", async || {
        (app.client.get("/backtests/first").await.json()["status"] == "cancelled").then_some(())
    })
    .await;
    let rows = app.client.get("/backtests?limit=1&offset=1").await.expect(200);
    assert_eq!((&rows["backtests"][0]["id"], &rows["total"]), (&json!("first"), &json!(2)));
}

#[tokio::test]
async fn what_is_wrong_is_told_at_once() {
    let app = TestApp::start().await;
    let with = |key: &str, value: Value| {
        let mut body = body("wrong");
        body[key] = value;
        body
    };
    for (body, status, code) in [
        (with("data", json!([])), 400, "invalid_data"),
        (with("data", json!([DATA, DATA])), 400, "invalid_data"),
        (with("data", (0..65).map(|at| format!("{at}.csv")).collect()), 400, "invalid_data"),
        (with("data", json!(["../admin.token"])), 400, "invalid_data"),
        (with("data", json!(["/etc/passwd"])), 400, "invalid_data"),
        (with("data", json!(["missing.tape"])), 400, "invalid_data"),
        (with("data", json!(["BTC-USDT=missing.csv"])), 400, "invalid_data"),
        (with("chaos", json!("rejectPpm=many")), 400, "invalid_body"),
        (with("venue", json!({ "colour": 1 })), 422, "config_invalid"),
        (with("strategy", json!({ "identifier": "momentum", "config": { "colour": 1 } })), 422, "config_invalid"),
        (with("strategy", json!({ "identifier": "nothing" })), 404, "strategy_not_found"),
        (with("limits", json!({ "fuelPerEvent": 1 })), 422, "limits_invalid"),
        (with("id", json!("A b")), 400, "invalid_name"),
        (with("colour", json!(1)), 400, "unknown_field"),
    ] {
        app.client.post("/backtests", body).await.refused(status, code);
    }
    assert_eq!(app.client.get("/backtests").await.expect(200)["total"], 0);
}

/// A file of trades in the host's folder, at a provider of its own beside a tape, with trouble: as on the command line.
#[tokio::test]
async fn files_of_trades_and_chaos_are_played_as_on_the_command_line() {
    let app = TestApp::start().await;
    let rows: String = (0..4000).map(|at| format!("{},{},0.001\n", 1_723_075_200 + at, 60_000 + at * 37 % 900)).collect();
    let csv = format!("time,price,quantity\n{rows}");
    let folder = tempfile::tempdir().unwrap();
    for place in [app.market_data(), folder.path().to_owned()] {
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("day.csv"), &csv).unwrap();
    }
    let chaos = "seed=3,rejectPpm=200000";
    let body = json!({ "id": "csv", "strategy": { "identifier": "momentum", "config": { "momentum_threshold": 0.005, "order_size": "0.001" } },
        "data": ["BTC-USDT=day.csv"], "seed": 7, "chaos": chaos });
    app.client.post("/backtests", body).await.expect(202);
    app.client.get("/backtests/csv/events").await;
    let done = app.client.get("/backtests/csv").await.expect(200);
    assert_eq!(done["status"], "done", "{done:#}");
    let states: Vec<&str> =
        done["report"]["orders"].as_array().unwrap().iter().filter_map(|order| order["state"].as_str()).collect();
    assert!(states.contains(&"FILLED") && states.contains(&"REJECTED"), "{states:?}");

    let cli = Cli::new(app.address, &app.token, folder.path());
    let words = format!(
        "backtest momentum --data BTC-USDT=day.csv --seed 7 --chaos {chaos} --config momentum_threshold=0.005 --config order_size=0.001 --no-cache --format json"
    );
    let said = cli.run(&words.split(' ').collect::<Vec<_>>()).await.well();
    assert_eq!(done["report"], serde_json::from_str::<Value>(&said).unwrap());
}
