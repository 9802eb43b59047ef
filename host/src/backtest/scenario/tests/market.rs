//! What the market and the world outside say in a scenario.

use super::*;

#[tokio::test]
async fn trades_come_with_their_prices_sides_and_times() {
    let probe = probe().await;
    let answer = well(
        &probe,
        json!([
            { "trade": { "price": "100", "quantity": "2.5", "side": "SELL" } },
            { "trade": 100.5 },
            { "trade": { "price": 0.01, "quantity": 0.00001 }, "after": "250ms" },
            { "trade": "7", "after": "0s" },
            { "trades": ["1", { "price": "2", "side": "sell" }], "every": "10ms" },
            { "trades": [3, 4], "after": "1s", "every": 5 },
            { "trades": [5, 6] },
        ]),
    );
    let expected = [
        "trade paper BTC-USDT Sell 100 2.5 at 1",
        "trade paper BTC-USDT Buy 100.5 1 at 2",
        "trade paper BTC-USDT Buy 0.01 0.00001 at 252",
        "trade paper BTC-USDT Buy 7 1 at 252",
        "trade paper BTC-USDT Buy 1 1 at 262",
        "trade paper BTC-USDT Sell 2 1 at 272",
        "trade paper BTC-USDT Buy 3 1 at 1272",
        "trade paper BTC-USDT Buy 4 1 at 1277",
        "trade paper BTC-USDT Buy 5 1 at 1278",
        "trade paper BTC-USDT Buy 6 1 at 1279",
    ];
    assert_eq!(log(&answer), expected);
    assert_eq!(answer.report.from, "2024-08-08T00:00:00.000000000Z");
    assert_eq!(answer.report.fuel["onTrade"].count, 10);
    let calls: Vec<_> = answer.calls.iter().map(|call| call.handler).filter(|handler| *handler == "onTrade").collect();
    assert_eq!((answer.calls[0].handler, calls.len()), ("create", 10));
    let total: u64 = answer.calls.iter().filter(|call| call.handler == "onTrade").map(|call| call.fuel).sum();
    assert_eq!(total, answer.report.fuel["onTrade"].total, "each call is told with its own fuel");
}

#[tokio::test]
async fn tickers_books_and_bars_are_the_market_that_the_strategy_asks() {
    let probe = probe().await;
    let answer = well(
        &probe,
        json!([
            { "ticker": { "bid": "99", "ask": "101", "last": "100" } },
            { "ticker": { "bid": "99", "ask": "101", "last": "100.5" } },
            { "extension": { "prices": true } },
            { "book": { "bids": [["98", "1"], ["97.5", "2"]], "asks": [["102", 3]] } },
            { "kline": { "open": "1", "high": "3", "low": "0.5", "close": "2", "volume": "9", "interval": "1s" }, "after": "2s" },
            { "trade": "101" },
            { "extension": { "prices": true } },
        ]),
    );
    let log = log(&answer);
    assert_eq!(log[..2], ["ticker BTC-USDT 99 101 100", "ticker BTC-USDT 99 101 100.5"], "{log:#?}");
    assert!(log[2].starts_with(r#"prices {"last":100.5,"bid":99,"ask":101,"spread":2,"#), "{log:#?}");
    let book = log.iter().find(|line| line.starts_with("book ")).unwrap();
    assert_eq!(*book, r#"book [{"price":"98","quantity":"1"},{"price":"97.5","quantity":"2"}] [{"price":"102","quantity":"3"}]"#);
    let bar = log.iter().find(|line| line.starts_with("bar ")).unwrap();
    assert!(bar.starts_with("bar 1 3 0.5 2 9 2024-08-08T00:00:01.00"), "{bar}");
    assert!(log.last().unwrap().starts_with(r#"prices {"last":101,"bid":98,"ask":102,"#), "{log:#?}");
}

#[tokio::test]
async fn balances_risk_and_extensions_come_as_they_are_written() {
    let probe = probe().await;
    let document = json!({
        "config": { "word": "kept" },
        "steps": [
            { "balance": { "currency": "USDT", "total": "5", "available": "4" } },
            { "balance": { "currency": "BTC", "total": "0.5" } },
            { "risk": { "status": "TRIGGERED", "reason": "too fast", "breachType": "RATE_LIMIT" } },
            { "risk": { "status": "CLEARED" } },
            { "extension": { "any": ["thing", 1.5, null] } },
            { "extension": null },
        ],
    });
    let answer = play(&probe, document);
    assert!(answer.ok, "{:#?}", answer.failures);
    let expected = [
        "balance USDT 5 4",
        "balance BTC 0.5 0.5",
        "risk paper BTC-USDT TRIGGERED RATE_LIMIT too fast true",
        "risk paper BTC-USDT CLEARED RATE_LIMIT  true",
        r#"told {"any":["thing",1.5,null]} kept"#,
        "told null kept",
    ];
    assert_eq!(log(&answer), expected);
}

#[tokio::test]
async fn steps_say_at_which_provider_and_symbol_they_happen() {
    let probe = probe().await;
    let document = json!({
        "providers": { "a": { "symbols": ["BTC-USDT", "ETH-USDT"] }, "b": { "symbols": ["SOL-USDT"], "priceIncrement": "0.5" } },
        "steps": [
            { "trade": { "price": "1", "symbol": "ETH-USDT" } },
            { "trade": { "price": "2.5", "provider": "b" } },
            { "trade": { "price": "3", "provider": "c" } },
            { "trade": { "price": "4", "provider": "b", "symbol": "BTC-USDT" } },
            { "trades": ["5", { "price": "6.2", "provider": "b" }, "7"] },
            { "ticker": { "bid": "2", "ask": "2" } },
            { "book": { "bids": [["1", "1"], ["2", "1"]] } },
            { "trade": { "price": "0" } },
            { "trade": { "price": "1.001" } },
            { "trade": { "price": "1", "quantity": "0.000001" } },
        ],
    });
    let answer = play(&probe, document);
    let trades: Vec<_> = log(&answer).into_iter().filter(|line| line.starts_with("trade")).collect();
    let expected = ["trade a ETH-USDT Buy 1 1 at 1", "trade b SOL-USDT Buy 2.5 1 at 2", "trade a BTC-USDT Buy 5 1 at 5"];
    assert_eq!(trades, expected);
    let expected = [
        ("steps[2].trade", "there is no provider c: there is a, b"),
        ("steps[3].trade", "BTC-USDT is not traded at b: SOL-USDT is"),
        ("steps[4].trades[1]", "the price 6.2 is no multiple of 0.5 above 0: round it, or set priceIncrement of the provider"),
        ("steps[5].ticker", "the bid 2 is not below the ask 2"),
        ("steps[6].book", "levels stand best first, each price once, and every bid below every ask"),
        ("steps[7].trade", "the price 0 is no multiple of 0.01 above 0: round it, or set priceIncrement of the provider"),
        ("steps[8].trade", "the price 1.001 is no multiple of 0.01 above 0: round it, or set priceIncrement of the provider"),
        (
            "steps[9].trade",
            "the quantity 0.000001 is no multiple of 0.00001 above 0: round it, or set quantityIncrement of the provider",
        ),
    ];
    assert_eq!(failures(&answer), expected);
}
