//! The life of the guest in a scenario: timers, restarts, faults, its end.

use super::*;

#[tokio::test]
async fn timers_fire_at_their_moments_however_far_time_jumps() {
    let probe = probe().await;
    let steps = json!([{ "extension": { "every": 1000 } }, { "advance": "3500ms" }, { "trade": "1", "after": "2s" }]);
    let answer = well(&probe, steps);
    let expected =
        ["tick at 1001", "tick at 2001", "tick at 3001", "tick at 4001", "tick at 5001", "trade paper BTC-USDT Buy 1 1 at 5501"];
    assert_eq!(log(&answer), expected);
    assert_eq!(answer.report.fuel["timer"].count, 5);
    assert_eq!(answer.calls.iter().filter(|call| call.handler == "timer").count(), 5);
    assert_eq!(answer.calls[2].time, "2024-08-08T00:00:01.001000000Z");
}

#[tokio::test]
async fn a_restart_keeps_what_was_saved_and_what_the_host_knows() {
    let probe = probe().await;
    let answer = well(
        &probe,
        json!([
            { "trade": "100" },
            { "extension": { "every": 1000 } },
            { "extension": { "save": { "n": [1, "two"] } } },
            { "extension": { "order": { "price": "99", "quantity": "2" } } },
            { "fill": { "quantity": "1" } },
            { "restart": {} },
            { "advance": "5s" },
            { "fill": {} },
            { "expect": { "saved": { "n": [1, "two"] }, "position": { "BTC-USDT": "2" } } },
        ]),
    );
    let log = log(&answer);
    assert!(log.contains(&r#"remembers {"n":[1,"two"]}"#), "{log:#?}");
    assert!(log.contains(&"filled Buy BTC-USDT 2 99 0 "), "it hears of the orders of its forerunner: {log:#?}");
    assert!(!log.iter().any(|line| line.starts_with("tick")), "its timers are gone: {log:#?}");
    assert_eq!(answer.report.fuel["create"].count, 2);
    assert_eq!(answer.saved, json!({ "n": [1, "two"] }));
    assert_eq!(answer.report.log.iter().filter(|line| line.text == "stops").count(), 1, "a crash says no farewell");
}

#[tokio::test]
async fn after_a_stop_one_can_only_look() {
    let probe = probe().await;
    let steps = json!([{ "trade": "1" }, { "stop": {} }, { "expect": { "log": ["stops"] } }, { "trade": "2" }, { "stop": {} }]);
    let answer = play(&probe, json!({ "steps": steps }));
    let words = "the instance was stopped by an earlier step: only `expect` can follow";
    assert_eq!(failures(&answer), [("steps[3].trade", words), ("steps[4].stop", words)]);
    assert_eq!(answer.report.log.iter().filter(|line| line.text == "stops").count(), 1);
    assert_eq!(log(&answer), ["trade paper BTC-USDT Buy 1 1 at 1"]);
}

#[tokio::test]
async fn a_stop_that_is_written_and_one_that_is_not_end_alike() {
    let probe = probe().await;
    let steps = json!([
        { "book": { "bids": [["99", "1"]], "asks": [["101", "2"]] } },
        { "extension": { "order": { "price": "99.5" } } },
        { "advance": "1s" },
    ]);
    let document = json!({ "venue": "paper", "providers": { "paper": { "latencyMs": 5 } }, "steps": steps });
    let mut stopped = document.clone();
    stopped["steps"].as_array_mut().unwrap().push(json!({ "stop": {} }));
    let (implied, written) = (play(&probe, document), play(&probe, stopped));
    assert_eq!(implied.report.orders[0].state.as_str(), "EXPIRED");
    assert_eq!(serde_json::to_value(&implied).unwrap(), serde_json::to_value(&written).unwrap());
}

#[tokio::test]
async fn exceptions_and_faults_fail_a_scenario_that_does_not_expect_them() {
    let probe = probe().await;
    let steps = json!([{ "extension": { "throw": "on purpose" } }, { "extension": { "loop": true } }, { "advance": "1m" }, { "trade": "1" }]);
    let answer = play(&probe, json!({ "steps": steps, "limits": { "fuelPerEvent": 1_000_000 } }));
    let expected = [
        ("expect.exceptions", "another number of exceptions went uncaught"),
        ("expect.faults", "another number of faults ended a guest"),
    ];
    assert_eq!(failures(&answer), expected);
    let counts = |failing: &crate::backtest::scenario::Failing| (failing.expected.clone(), failing.actual.clone());
    assert!(answer.failures.iter().all(|failing| counts(failing) == (Some(json!(0)), Some(json!(1)))), "{:?}", answer.failures);
    let thrown = &answer.report.exceptions[0];
    assert!(thrown.message.contains("on purpose") && thrown.handler == "onExtensionEvent" && thrown.line.is_some(), "{thrown:?}");
    assert_eq!(answer.report.faults[0].fault.code.as_str(), "fuel_exhausted");
    assert!(log(&answer).contains(&"trade paper BTC-USDT Buy 1 1 at 60003"), "a fresh guest came: {:?}", log(&answer));
    let expected = json!({ "exceptions": 1, "faults": 1 });
    let document = json!({ "steps": steps, "limits": { "fuelPerEvent": 1_000_000 }, "expect": expected });
    assert_eq!(failures(&play(&probe, document)), []);
}
