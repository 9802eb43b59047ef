//! Documents that are none: each mistake is told with its place and what is allowed.

use super::*;

/// Place and words of what is wrong.
fn wrong(document: Value) -> (String, String) {
    let error = Scenario::of(document, "").map(|_| ()).unwrap_err();
    (error.at, error.message)
}

#[track_caller]
fn refused(document: Value, at: &str, parts: &[&str]) {
    let (place, message) = wrong(document.clone());
    assert_eq!(place, at, "{document}: {message}");
    assert!(parts.iter().all(|part| message.contains(part)), "{document}: {message}");
}

/// A document of this one step.
fn step(step: Value) -> Value {
    json!({ "steps": [{ "trade": 1 }, step] })
}

#[test]
fn unknown_and_misspelt_keys_are_told_with_their_place() {
    refused(json!({ "step": [] }), "step", &["unknown field `step`", "`steps`"]);
    refused(step(json!({ "trade": { "prise": 1 } })), "steps[1].trade.prise", &["unknown field `prise`", "`price`"]);
    refused(step(json!({ "trades": [1, { "price": 1, "qty": 2 }] })), "steps[1].trades[1].qty", &["unknown field `qty`"]);
    refused(step(json!({ "trade": { "side": "buy" } })), "steps[1].trade", &["missing field `price`"]);
    refused(step(json!({ "fill": { "amount": 1 } })), "steps[1].fill.amount", &["unknown field `amount`"]);
    refused(step(json!({ "restart": { "x": 1 } })), "steps[1].restart.x", &["unknown field"]);
    refused(step(json!({ "expect": { "ordres": [] } })), "steps[1].expect.ordres", &["unknown field `ordres`", "`orders`"]);
    refused(json!({ "steps": [], "expect": { "x": 1 } }), "expect.x", &["unknown field"]);
    refused(json!({ "providers": { "a": { "latency": 1 } } }), "providers.a.latency", &["unknown field", "`latencyMs`"]);
    refused(json!({ "limits": { "fuel": 1 } }), "limits.fuel", &["unknown field `fuel`", "`fuelPerEvent`"]);
    refused(json!([]), "the document", &["invalid type: sequence"]);
}

#[test]
fn values_that_cannot_be_are_told_with_what_can() {
    refused(step(json!({ "trade": "cheap" })), "steps[1].trade", &["`cheap` is not a decimal"]);
    refused(step(json!({ "trade": { "price": "1e3" } })), "steps[1].trade.price", &["`1e3` is not a decimal", "plain digits"]);
    refused(step(json!({ "trade": { "price": 1, "side": "up" } })), "steps[1].trade.side", &["`up` is no side: buy or sell"]);
    refused(step(json!({ "trade": true })), "steps[1].trade", &["or just its price"]);
    refused(step(json!({ "advance": "soon" })), "steps[1].advance", &["\"250ms\"", "366 days"]);
    refused(step(json!({ "trade": 1, "after": -5 })), "steps[1].after", &["\"250ms\""]);
    refused(step(json!({ "risk": { "status": "RED" } })), "steps[1].risk.status", &["TRIGGERED", "CLEARED"]);
    let breach = json!({ "risk": { "status": "CLEARED", "breachType": "X" } });
    refused(step(breach), "steps[1].risk.breachType", &["`X` is no breach type", "RATE_LIMIT", "PROVIDER_DISCONNECTED"]);
    refused(step(json!({ "fill": { "order": 1.5 } })), "steps[1].fill.order", &["\"last\"", "client order id"]);
    refused(step(json!({ "expect": { "log": [{ "matches": "(" }] } })), "steps[1].expect.log[0]", &["regex"]);
    refused(step(json!({ "expect": { "memoryBelow": "4 apples" } })), "steps[1].expect.memoryBelow", &["\"4MiB\""]);
    refused(step(json!({ "expect": { "fuelBelow": "low" } })), "steps[1].expect.fuelBelow", &["fuel", "{\"onTrade\": 20000}"]);
    refused(json!({ "instance": "a b" }), "instance", &["a b"]);
    refused(json!({ "venue": "real" }), "venue", &["unknown variant `real`", "`manual`", "`paper`"]);
    refused(json!({ "tape": [1] }), "tape", &["the name of a tape"]);
    refused(json!({ "chaos": "sead=1" }), "chaos", &["sead=1", "such as seed=7"]);
    refused(json!({ "steps": [{ "trade": 1 }], "start": "yesterday" }), "start", &["2024-08-08T00:00:00Z"]);
}

#[test]
fn a_step_is_one_thing_and_a_scenario_has_some() {
    refused(step(json!({})), "steps[1]", &["a step is one of trade, trades, ticker", "expect"]);
    refused(step(json!({ "trade": 1, "stop": {} })), "steps[1]", &["this one is trade and stop"]);
    refused(step(json!({ "trade": 1, "every": "1s" })), "steps[1]", &["`every` belongs to `trades`"]);
    refused(step(json!({ "trades": [] })), "steps[1]", &["`trades` has at least one"]);
    refused(json!({}), "steps", &["write `steps`, or name a `tape`"]);
    refused(json!({ "tape": "x", "venue": "manual" }), "venue", &["a market of its own", "\"paper\""]);
    refused(json!({ "steps": [{ "trade": 1 }], "chaos": "rejectPpm=1" }), "chaos", &["\"venue\": \"paper\""]);
    assert!(Scenario::of(json!({ "tape": "x", "chaos": "rejectPpm=1" }), "").is_ok());
}

#[test]
fn documents_come_alone_or_in_an_array() {
    let split = |text: &str| Scenario::split(text).map(|documents| documents.len()).map_err(|error| error.to_string());
    assert_eq!((split("{}"), split("[{}, {}]")), (Ok(1), Ok(2)));
    assert_eq!(split("[]").unwrap_err(), "the document: no scenario: an array has at least one");
    assert!(split("{\n  \"a\": ,").unwrap_err().starts_with("line 2, column 8: this is no JSON"));
    let error = Scenario::of(json!({ "steps": [{}] }), "[3]").map(|_| ()).unwrap_err();
    assert_eq!(error.at, "[3].steps[0]");
    let error = Scenario::of(json!({ "steps": [{ "stop": {} }], "start": "x" }), "[3]").map(|_| ()).unwrap_err();
    assert_eq!(error.at, "[3].start");
}

#[tokio::test]
async fn what_only_the_strategy_knows_is_told_before_anything_happens() {
    let probe = probe().await;
    let told = |document: Value| attempt(&probe, document).map(|_| ()).unwrap_err().to_string();
    let steps = json!([{ "trade": 1 }]);
    assert!(told(json!({ "steps": steps, "config": { "wrod": "x" } })).starts_with("config: "), "an unknown field");
    let limits = told(json!({ "steps": steps, "limits": { "memoryBytes": 1 } }));
    assert!(limits.starts_with("limits: ") && limits.contains("memoryBytes"), "{limits}");
    let fee = told(json!({ "steps": steps, "providers": { "a": { "makerFeeBps": 1001 } } }));
    assert!(fee.starts_with("providers.a: ") && fee.contains("0 to 1000"), "{fee}");
    let queue = told(json!({ "steps": steps, "providers": { "a": { "queue": "middle" } } }));
    assert!(queue.starts_with("providers.a: ") && queue.contains("front"), "{queue}");
    let increment = told(json!({ "steps": steps, "providers": { "a": { "priceIncrement": 0 } } }));
    assert!(increment.starts_with("providers.a: increments must be above 0"), "{increment}");
}
