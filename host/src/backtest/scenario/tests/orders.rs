//! What becomes of orders: by steps at a manual venue, by the market at a paper venue; and lost connections.

use super::*;

fn buy(more: Value) -> Value {
    json!({ "extension": { "order": more } })
}

#[tokio::test]
async fn steps_answer_orders_in_every_way() {
    let probe = probe().await;
    let answer = well(
        &probe,
        json!([
            { "trade": "100" },
            buy(json!({ "price": "99", "quantity": "3" })),
            { "expect": { "orders": [{ "state": "PENDING" }], "fillCount": 0, "position": { "BTC-USDT": 0 } } },
            { "acknowledge": {} },
            { "expect": { "orders": [{ "state": "ACK" }] } },
            { "fill": { "quantity": "1", "fee": "0.2" } },
            { "expect": { "orders": [{ "state": "PARTIAL", "filledQuantity": 1, "averagePrice": "99" }], "position": { "BTC-USDT": "1.0" } } },
            { "fill": { "price": "97.5", "fee": "0.001", "feeAsset": "BNB" } },
            buy(json!({ "id": "mine" })),
            { "fill": { "order": "mine" } },
            buy(json!({ "side": "sell" })),
            { "reject": { "order": 2, "reason": "min notional not met" } },
            { "advance": "1s" },
            buy(json!({ "price": "99.5" })),
            buy(json!({ "price": "99.2" })),
            { "acknowledge": { "order": 3 } },
            { "acknowledge": { "order": 4 } },
            { "fill": { "order": 3, "quantity": "0.25" } },
            { "cancelled": { "order": 3, "reason": "by the venue" } },
            { "expire": {} },
        ]),
    );
    let expected = [
        "acknowledged Buy BTC-USDT 0 0 3 ",
        "part Buy BTC-USDT 1 99 2 ",
        "filled Buy BTC-USDT 3 98 0 ",
        "acknowledged Buy BTC-USDT 0 0 1 ",
        "filled Buy BTC-USDT 1 100 0 ",
        "risk paper BTC-USDT TRIGGERED ORDER_VALIDATION rejected by the venue: min notional not met true",
        "rejected Sell BTC-USDT 0 0 0 min notional not met",
        "acknowledged Buy BTC-USDT 0 0 1 ",
        "acknowledged Buy BTC-USDT 0 0 1 ",
        "part Buy BTC-USDT 0.25 99.5 0.75 ",
        "cancelled Buy BTC-USDT 0.25 99.5 0 by the venue",
        "expired Buy BTC-USDT 0 0 0 ",
    ];
    let log: Vec<_> = log(&answer).into_iter().filter(|line| !line.starts_with("trade")).collect();
    assert_eq!(log, expected);
    let states: Vec<_> = answer.report.orders.iter().map(|order| order.state.as_str()).collect();
    assert_eq!(states, ["FILLED", "FILLED", "REJECTED", "CANCELLED", "EXPIRED"]);
    assert_eq!(answer.positions["BTC-USDT"], "4.25".parse().unwrap());
    let fills: Vec<_> = answer.report.fills.iter().map(|fill| serde_json::to_value(fill).unwrap()).collect();
    assert_eq!((&fills[0]["fee"], &fills[0]["feeAsset"]), (&json!("0.2"), &json!("USDT")));
    assert_eq!((&fills[1]["fee"], &fills[1]["feeAsset"]), (&json!("0.001"), &json!("BNB")));
    assert_eq!((fills[0]["liquidity"].as_str(), fills[2]["liquidity"].as_str()), (Some("maker"), Some("taker")));
}

#[tokio::test]
async fn what_cannot_become_of_an_order_is_told_and_changes_nothing() {
    let probe = probe().await;
    let told = |steps: Value| stumbles(&probe, steps);
    let at = |place: &str, message: &str| (place.to_owned(), message.to_owned());
    assert_eq!(told(json!([{ "fill": {} }])), at("steps[0].fill", "no order has reached a venue so far"));
    let order = buy(json!({ "quantity": "2", "id": "x" }));
    assert_eq!(
        told(json!([{ "book": { "bids": [[1, 1]], "asks": [[2, 1]] } }, order, { "fill": {} }])),
        at("steps[2].fill", "BTC-USDT has not traded yet: say the `price` of the fill")
    );
    assert_eq!(
        told(json!([{ "trade": 1 }, order, { "reject": { "order": 1 } }])),
        at("steps[2].reject", "one order has reached a venue so far: 0")
    );
    assert_eq!(
        told(json!([{ "trade": 1 }, order, { "expire": { "order": "y" } }])),
        at("steps[2].expire", "`y` is the id of no order; one order has reached a venue so far: 0")
    );
    let steps = json!([{ "trade": 1 }, order, { "fill": { "quantity": "2.5" } }, { "acknowledge": {} }]);
    let answer = play(&probe, json!({ "steps": steps }));
    assert_eq!(failures(&answer), [("steps[2].fill", "a fill of 2.5 is not possible: 2 is left of the order")]);
    assert_eq!(log(&answer).iter().filter(|line| line.starts_with("acknowledged")).count(), 1, "not by the wrong fill");
    assert_eq!(
        told(json!([{ "trade": 1 }, order, { "fill": {} }, { "cancelled": {} }])),
        at("steps[3].cancelled", "the order is FILLED already, and cannot become CANCELLED")
    );
    assert_eq!(
        told(json!([{ "trade": 1 }, order, { "fill": {} }, { "fill": {} }])),
        at("steps[3].fill", "the order is filled already")
    );
    assert_eq!(
        told(json!([{ "trade": 1 }, order, { "fill": { "price": "-1" } }])),
        at("steps[2].fill", "a fill at -1 is not possible: a price is above 0")
    );
}

#[tokio::test]
async fn orders_are_numbered_over_all_providers_and_filled_at_their_own_market() {
    let probe = probe().await;
    let document = json!({
        "providers": { "a": { "symbols": ["BTC-USDT", "ETH-USDT"] }, "b": {} },
        "steps": [
            { "trade": { "price": "100", "symbol": "BTC-USDT" } },
            { "trade": { "price": "7", "symbol": "ETH-USDT" } },
            { "trade": { "price": "101", "provider": "b" } },
            buy(json!({ "provider": "b" })),
            buy(json!({ "provider": "a", "symbol": "ETH-USDT" })),
            { "fill": {} },
            { "fill": { "order": 0 } },
        ],
        "expect": {
            "orders": [{ "symbol": "BTC-USDT", "averagePrice": "101" }, { "symbol": "ETH-USDT", "averagePrice": "7" }],
            "position": { "b:BTC-USDT": "1", "a:ETH-USDT": 1, "a:BTC-USDT": "0" },
        },
    });
    let answer = play(&probe, document);
    assert!(answer.ok, "{:#?}", answer.failures);
}

#[tokio::test]
async fn a_connection_is_lost_and_comes_back_with_what_was_missed() {
    let probe = probe().await;
    let document = json!({
        "steps": [
            { "trade": "100" },
            buy(json!({ "price": "99" })),
            { "disconnect": {} },
            { "trade": "50" },
            { "fill": {} },
            buy(json!({ "price": "98" })),
            { "extension": "still heard" },
            { "expect": { "fillCount": 0, "noLog": ["filled", " 50 "], "log": ["told still heard"] } },
            { "reconnect": { "provider": "paper" } },
            { "expect": { "fillCount": 1, "position": { "BTC-USDT": "1" } } },
            { "trade": "101" },
        ],
        "expect": { "exceptions": 1, "orders": [{ "state": "FILLED" }, { "state": "DENIED" }] },
    });
    let answer = play(&probe, document);
    assert_eq!(failures(&answer), []);
    let log = log(&answer);
    let place = |text: &str| log.iter().position(|line| line.starts_with(text)).unwrap_or_else(|| panic!("{text}: {log:#?}"));
    let order = [
        "risk paper BTC-USDT TRIGGERED PROVIDER_DISCONNECTED the scenario cut it false",
        "told still heard",
        "filled Buy BTC-USDT 1 99 0",
        "risk paper BTC-USDT CLEARED PROVIDER_DISCONNECTED",
        "trade paper BTC-USDT Buy 101",
    ];
    assert!(order.map(place).is_sorted(), "{log:#?}");
    assert!(
        answer.report.exceptions[0].message.contains("denied: the connection to `paper` is lost"),
        "{:?}",
        answer.report.exceptions
    );
}

#[tokio::test]
async fn a_connection_cannot_be_lost_twice() {
    let probe = probe().await;
    let steps = json!([{ "trade": 1 }, { "reconnect": {} }, { "disconnect": {} }, { "disconnect": {} }]);
    let answer = play(&probe, json!({ "steps": steps }));
    let expected =
        [("steps[1].reconnect", "the connection is not lost"), ("steps[3].disconnect", "the connection is lost already")];
    assert_eq!(failures(&answer), expected);
}

#[tokio::test]
async fn a_paper_venue_answers_by_its_market() {
    let probe = probe().await;
    let document = json!({
        "venue": "paper",
        "providers": { "paper": { "takerFeeBps": 10, "makerFeeBps": 5, "slippageBps": 100, "balances": { "USDT": "1000" } } },
        "steps": [
            { "book": { "bids": [["99", "1"]], "asks": [["101", "2"]] } },
            buy(json!({})),
            { "expect": { "orders": [{ "state": "FILLED", "averagePrice": "102.01" }] } },
            buy(json!({ "price": "100", "quantity": "2" })),
            { "expect": { "orders": [{}, { "state": "ACK" }] } },
            { "book": { "bids": [["95", "1"]], "asks": [["99", "1"]] } },
            { "trade": { "price": "99", "side": "sell", "quantity": "9" } },
            buy(json!({ "price": "99", "quantity": "100" })),
            { "fill": { "order": 1 } },
            { "disconnect": {} },
        ],
        "expect": { "orders": [{}, { "state": "FILLED", "averagePrice": "100" }, { "state": "REJECTED", "reason": "insufficient balance" }] },
    });
    let answer = play(&probe, document);
    let [(fill, why), (cut, how)] = failures(&answer)[..] else { panic!("{:#?}", answer.failures) };
    assert!(fill == "steps[8].fill" && why.contains("answers orders by itself"), "{why}");
    assert!(cut == "steps[9].disconnect" && how.contains("`chaos`"), "{how}");
    assert_eq!(answer.report.fills[0].fee.to_string(), "0.001");
}

#[tokio::test]
async fn a_paper_venue_with_latency_answers_when_the_time_has_come() {
    let probe = probe().await;
    let document = json!({
        "venue": "paper",
        "providers": { "paper": { "latencyMs": 250 } },
        "steps": [
            { "book": { "bids": [["99", "1"]], "asks": [["101", "2"]] } },
            buy(json!({})),
            { "advance": "249ms" },
            { "expect": { "orders": [{ "state": "PENDING" }] } },
            { "expect": { "orders": [{ "state": "FILLED" }] }, "after": "1ms" },
        ],
    });
    let answer = play(&probe, document);
    assert!(answer.ok, "{:#?}", answer.failures);
}
