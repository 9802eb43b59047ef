//! Every expectation, held and not.

use super::*;

/// Trades, an order that is filled, a line, a saved value.
fn document(expect: &Value) -> Value {
    json!({
        "steps": [
            { "trades": ["100", "101"] },
            { "extension": { "order": { "price": "100.50", "quantity": "2", "id": "mine" } } },
            { "fill": {} },
            { "extension": { "save": [1, null] } },
            { "extension": "hello" },
        ],
        "expect": expect,
    })
}

#[tokio::test]
async fn what_is_so_passes() {
    let probe = probe().await;
    for expect in [
        json!({}),
        json!({ "orders": [{ "side": "BUY", "type": "limit", "quantity": "2.0", "price": 100.5, "state": "FILLED", "clientOrderId": "mine" }] }),
        json!({ "orders": [{}] }),
        json!({ "orderCount": 1, "fillCount": 1 }),
        json!({ "position": { "BTC-USDT": 2 } }),
        json!({ "fuelBelow": 10_000_000 }),
        json!({ "fuelBelow": { "onTrade": 10_000_000, "create": 200_000_000 } }),
        json!({ "memoryBelow": "32MiB" }),
        json!({ "memoryBelow": 33_554_432 }),
        json!({ "log": ["hello", { "matches": "^trade paper .* 101 1" }], "noLog": ["goodbye", { "matches": "^hello" }] }),
        json!({ "exceptions": 0, "faults": 0 }),
        json!({ "saved": [1, null] }),
    ] {
        let answer = play(&probe, document(&expect));
        assert!(answer.ok, "{expect}: {:#?}", answer.failures);
    }
}

#[tokio::test]
async fn what_is_not_so_fails_at_its_place_with_what_was_expected_and_what_was() {
    let probe = probe().await;
    let fails = |expect: Value, at: &str, expected: Value, actual: Value| {
        let answer = play(&probe, document(&expect));
        let [failing] = answer.failures.as_slice() else { panic!("{expect}: {:#?}", answer.failures) };
        assert!(!answer.ok);
        assert_eq!(failing.at, at, "{expect}");
        assert_eq!((failing.expected.as_ref(), failing.actual.as_ref()), (Some(&expected), Some(&actual)), "{expect}");
        failing.message.clone()
    };
    fails(json!({ "orders": [{ "side": "sell" }] }), "expect.orders[0].side", json!("sell"), json!("Buy"));
    fails(json!({ "orders": [{ "quantity": 3 }] }), "expect.orders[0].quantity", json!(3), json!("2"));
    let told = fails(json!({ "orders": [{ "size": 2 }] }), "expect.orders[0].size", json!(2), Value::Null);
    assert!(told.contains("no `size`") && told.contains("quantity"), "{told}");
    fails(json!({ "orders": [{}, { "side": "buy" }] }), "expect.orders[1]", json!({ "side": "buy" }), Value::Null);
    let answer = play(&probe, document(&json!({ "orders": [] })));
    assert_eq!(failures(&answer), [("expect.orders[0]", "1 more orders were sent than expected")]);
    assert_eq!(answer.failures[0].actual.as_ref().unwrap()[0]["clientOrderId"], "mine");
    fails(json!({ "orderCount": 0 }), "expect.orderCount", json!(0), json!(1));
    fails(json!({ "fillCount": 2 }), "expect.fillCount", json!(2), json!(1));
    fails(json!({ "position": { "BTC-USDT": "1.5" } }), "expect.position.BTC-USDT", json!("1.5"), json!("2"));
    let told = fails(json!({ "position": { "ETH-USDT": 0 } }), "expect.position.ETH-USDT", json!("0"), Value::Null);
    assert_eq!(told, "ETH-USDT is not traded here: BTC-USDT is");
    let fuel = play(&probe, document(&json!({}))).report.fuel;
    let most = fuel["onTrade"].max;
    fails(json!({ "fuelBelow": { "onTrade": most } }), "expect.fuelBelow.onTrade", json!(most), json!(most));
    let called: Vec<_> = fuel.keys().cloned().collect();
    fails(json!({ "fuelBelow": { "onTicker": 9 } }), "expect.fuelBelow.onTicker", json!(9), json!(called));
    let all = play(&probe, document(&json!({ "fuelBelow": 1 })));
    assert_eq!(all.failures.len(), fuel.len() - 1, "each handler but create: {:#?}", all.failures);
    assert!(all.failures.iter().all(|failing| failing.at == "expect.fuelBelow"), "{:#?}", all.failures);
    let memory = all.report.peak_memory_bytes;
    fails(json!({ "memoryBelow": memory }), "expect.memoryBelow", json!(memory), json!(memory));
    fails(json!({ "memoryBelow": "1KiB" }), "expect.memoryBelow", json!(1024), json!(memory));
    let answer = play(&probe, document(&json!({ "log": ["hello", "goodbye", { "matches": "^hello" }] })));
    let places: Vec<_> = failures(&answer).into_iter().map(|(at, _)| at).collect();
    assert_eq!(places, ["expect.log[1]", "expect.log[2]"]);
    assert!(answer.failures[0].actual.as_ref().unwrap().to_string().contains("hello"), "it shows what there is");
    fails(json!({ "noLog": ["nothing", "ello"] }), "expect.noLog[1]", json!("ello"), json!("told hello none"));
    fails(json!({ "exceptions": 1 }), "expect.exceptions", json!(1), json!(0));
    fails(json!({ "faults": 2 }), "expect.faults", json!(2), json!(0));
    fails(json!({ "saved": null }), "expect.saved", Value::Null, json!([1, null]));
}

#[tokio::test]
async fn an_expectation_between_steps_speaks_of_that_moment() {
    let probe = probe().await;
    let steps = json!([
        { "trade": "100" },
        { "expect": { "orderCount": 0, "noLog": ["hello"], "position": { "BTC-USDT": "0" }, "saved": null } },
        { "extension": { "order": {} } },
        { "expect": { "orders": [{ "side": "SELL", "state": "FILLED" }] } },
        { "extension": { "throw": "x" } },
        { "expect": { "log": ["hello"] } },
        { "extension": "hello" },
    ]);
    let answer = play(&probe, json!({ "steps": steps }));
    let places: Vec<_> = failures(&answer).into_iter().map(|(at, _)| at).collect();
    let expected =
        ["steps[3].expect.orders[0].side", "steps[3].expect.orders[0].state", "steps[5].expect.log[0]", "expect.exceptions"];
    assert_eq!(places, expected, "exceptions are looked for at the end alone");
}
