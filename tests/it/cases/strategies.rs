//! Cases 42 to 45: the built-in strategies with exact prices. The market is a script that a real paper venue plays; what is
//! compared are the orders on record.

use super::*;

/// The orders of a built-in strategy that plays a script to its end, oldest first.
async fn traded(strategy: &str, mut config: Value, script: Script) -> Vec<Value> {
    let app = TestApp::start().await;
    set_limits(&app.client, json!({})).await;
    app.add_script("script", script).await;
    config["dry_run"] = json!(false);
    app.create_on("script", "i1", strategy, config).await;
    app.client.start("i1").await;
    app.play_out("script").await;
    let view = app.client.instance("i1").await;
    assert_eq!((&view["faults"], &view["exceptions"]), (&json!(0), &json!(0)), "{view:#}");
    orders(&app.client, "i1").await
}

fn lines(orders: &[Value]) -> Vec<String> {
    orders.iter().map(order_line).collect()
}

/// Decision 27: the cooldown is of the market's time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_42_momentum_buys_once_and_then_holds_still() {
    // Seconds                                 0                      1              2              3
    let market = Script::new().book("99.99", "102.01").bought("100").bought("101").bought("102");
    // 4: far enough down, but within five seconds of the order at 2. 8: as far, and after them.
    let market = market.sold("98").every_ms(4_000).sold("96");
    let config = json!({ "lookback_period": 2, "momentum_threshold": 0.5 });
    let orders = traded("momentum", config, market).await;
    assert_eq!(lines(&orders), ["Buy Market 1 at market FILLED", "Sell Market 1 at market FILLED"]);
    let second = |order: &Value| order["placedTime"].as_str().unwrap()[17..19].parse::<u32>().unwrap() - 20;
    assert_eq!((second(&orders[0]), second(&orders[1])), (2, 8), "{orders:#?}");
}

/// Decision 27: what filled at 99 is offered one spacing higher, at 100, and bought back at 99; the gateway offered it at 99.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_43_a_grid_earns_one_spacing_per_round_trip() {
    let ladder = ["Buy Limit 1 at 99", "Buy Limit 1 at 98", "Sell Limit 1 at 101", "Sell Limit 1 at 102"];
    let config = json!({ "grid_levels": 2, "grid_spacing": 1 });
    let quiet = Script::new().book("99.9", "100.1").bought("100").bought("100.02");
    let orders = traded("grid", config.clone(), quiet).await;
    assert_eq!(lines(&orders), ladder.map(|rung| format!("{rung} EXPIRED")), "they rest until the venue closes");

    let there = Script::new().book("99.9", "100.1").bought("100").bought("100.02").sold("98.9");
    let orders = lines(&traded("grid", config.clone(), there.bought("99.5")).await);
    assert_eq!((orders[0].as_str(), &orders[4..]), ("Buy Limit 1 at 99 FILLED", &["Sell Limit 1 at 100 EXPIRED".to_owned()][..]));

    let back = Script::new().book("99.9", "99.98").bought("100").bought("100.02").sold("98.9").bought("100.5").bought("100.6");
    let orders = lines(&traded("grid", config, back).await);
    assert_eq!(orders[4..], ["Sell Limit 1 at 100 FILLED", "Buy Limit 1 at 99 EXPIRED"]);
}

/// Decision 27: quotes that the market has left behind are cancelled, and their places taken anew; the gateway left them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_44_market_making_quotes_two_per_side_and_cancels_what_is_stale() {
    let config = json!({ "spread_bps": 25, "max_open_orders": 2 });
    // Three tickers around 100.
    let still = || Script::new().book("99.9", "100.1").book("99.89", "100.11").book("99.88", "100.12");
    let orders = lines(&traded("marketmaking", config.clone(), still()).await);
    let quotes = ["Buy Limit 1 at 99.75 EXPIRED", "Sell Limit 1 at 100.25 EXPIRED"];
    assert_eq!(orders, [quotes, quotes].concat(), "no third pair");

    // Up to 100.17: the bids are 0.17 % off their place, the offers nearer than theirs.
    let moved = still().book("100.1", "100.24").book("100.11", "100.23");
    let orders = lines(&traded("marketmaking", config, moved).await);
    let bid = "Buy Limit 1 at 99.75 CANCELLED";
    assert_eq!(orders[..4], [bid, quotes[1], bid, quotes[1]]);
    assert_eq!(orders[4..], ["Buy Limit 1 at 99.92 EXPIRED"], "one per half second");
}

/// Decision 27: what was filled is closed with an order, and an entry that rests is cancelled; the gateway forgot both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_45_mean_reversion_closes_what_it_opened() {
    let config = json!({ "window_size": 3 });
    let dip = |script: Script| script.bought("100").bought("100").sold("97");
    let back = |script: Script| script.bought("100").bought("100").bought("100").bought("100");

    let resting = back(dip(Script::new().book("99.9", "100.1")));
    assert_eq!(lines(&traded("meanreversion", config.clone(), resting).await), ["Buy Limit 1 at 97 CANCELLED"]);

    let filled = back(dip(Script::new().book("96.9", "97")).book("99.9", "100.1"));
    let orders = lines(&traded("meanreversion", config, filled).await);
    assert_eq!(orders, ["Buy Limit 1 at 97 FILLED", "Sell Market 1 at market FILLED"]);
}
