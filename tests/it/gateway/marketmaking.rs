//! What the old `marketmaking` does.

use super::*;

const BID: &str = "Buy Limit 1 at 99.75";
const OFFER: &str = "Sell Limit 1 at 100.25";

/// A ticker around 100 per book.
fn tickers(count: usize) -> Script {
    (0..count).fold(Script::new(), |script, n| script.book(&format!("99.{}", 90 - n), &format!("100.{}", 10 + n)))
}

fn resting(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| format!("{line} EXPIRED")).collect()
}

/// Case 44. The spread is of each side; every ticker quotes, until two a side are open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_44_quotes_every_ticker_until_two_a_side_are_open() {
    let played = Old::new("marketmaking").play(tickers(1)).await.quietly();
    assert_eq!(played.orders[..2], resting(&[BID, OFFER]));
    let played = Old::new("marketmaking").play(tickers(3)).await.quietly();
    assert_eq!(played.orders, resting(&[BID, OFFER, BID, OFFER]), "no third pair");
}

/// Eight per cent away, and the old bids still stand where they stood.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotes_that_the_market_has_left_are_never_cancelled() {
    let market = tickers(2).book("107.9", "108.1").book("107.89", "108.11").book("107.88", "108.12");
    let played = Old::new("marketmaking").play(market).await.quietly();
    let (bid, offer) = (format!("{BID} EXPIRED"), format!("{OFFER} FILLED"));
    assert_eq!(played.orders[..4], [&*bid, &*offer, &*bid, &*offer]);
    assert_eq!(played.orders[4..], ["Sell Limit 1 at 108.27 EXPIRED"; 2], "there is no room for a bid");
}

/// Tickers are kept from it: a trade makes it quote only when it is more than half the spread away from the last mid.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trade_quotes_when_the_price_has_moved_by_half_the_spread() {
    let around = "const { onTicker, ...handlers } = old.create(env); return handlers;";
    let market = tickers(1).bought("100").bought("100.1").sold("99.9").bought("100.13");
    let played = Old::new("marketmaking").around(around).play(market).await.quietly();
    assert_eq!(played.orders, resting(&[BID, OFFER, BID, OFFER]), "at 100, because there was no quote, and 13 bps above");
    let market = tickers(1).bought("100").bought("100.1").sold("99.9").bought("100.12");
    let played = Old::new("marketmaking").around(around).play(market).await.quietly();
    assert_eq!(played.orders, resting(&[BID, OFFER]));
}

/// Bid and ask read as 0 as long as nobody has named them; here the file around it says so to every question. Case 44 is the same
/// market seen whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_bid_and_ask_nothing_is_quoted() {
    for unknown in ["bid: 0", "ask: 0", "bid: 0, ask: 0"] {
        let state = format!("() => ({{ ...env.runtime.getMarketState(), {unknown} }})");
        let around = format!("return old.create({{ ...env, runtime: {{ ...env.runtime, getMarketState: {state} }} }});");
        let played = Old::new("marketmaking").around(&around).play(tickers(3).bought("103")).await.quietly();
        assert_eq!(played.orders, Vec::<String>::new(), "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_of_quotes_of_zero_is_none_and_below_zero_it_is_two() {
    let with = |most: i32| json!({ "max_open_orders": most, "dry_run": false });
    assert_eq!(Old::new("marketmaking").config(with(0)).play(tickers(3)).await.quietly().orders, Vec::<String>::new());
    assert_eq!(Old::new("marketmaking").config(with(-7)).play(tickers(3)).await.quietly().orders.len(), 4);
}

/// A fill, a cancel and a rejection make room on their side alone; an order that expired does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_filled_or_cancelled_makes_room_and_what_expired_does_not() {
    let one = json!({ "max_open_orders": 1, "dry_run": false });
    let filled = tickers(1).bought("100.3").book("99.8", "100.2");
    let played = Old::new("marketmaking").config(one.clone()).play(filled).await.quietly();
    assert_eq!(played.orders, [format!("{BID} EXPIRED"), format!("{OFFER} FILLED"), format!("{OFFER} EXPIRED")]);
    assert_eq!(played.after("[MM] sell is over, open "), ["1/0"]);

    let takes_back = |handlers: &str| {
        format!(
            "{handlers}
             let first = true;
             return {{ ...handlers, onOrderAcknowledged(ctx, evt, report) {{
                 if (report.side === 'Buy' && first) env.runtime.cancelOrder(report.clientOrderId);
                 if (report.side === 'Buy') first = false;
             }} }};"
        )
    };
    let around = takes_back("const handlers = old.create(env);");
    let played = Old::new("marketmaking").config(one.clone()).around(&around).play(tickers(3)).await.quietly();
    assert_eq!(played.orders, [format!("{BID} CANCELLED"), format!("{OFFER} EXPIRED"), format!("{BID} EXPIRED")]);
    assert_eq!(played.after("[MM] buy is over, open "), ["0/1"]);

    // Told of it under the name of an ending that it has no handler for.
    let expired = takes_back("const { onOrderCancelled: onOrderExpired, ...handlers } = old.create(env);");
    let played = Old::new("marketmaking").config(one).around(&expired).play(tickers(3)).await.quietly();
    assert_eq!(played.orders, [format!("{BID} CANCELLED"), format!("{OFFER} EXPIRED")]);
}

/// The call throws through the handler: no sell follows the buy, the exception is counted and shown, and the next ticker comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_submit_throws_ends_the_handler_and_not_the_instance() {
    let limits = json!({ "allowedOrderTypes": ["Market"], "maxRiskBreaches": 100 });
    let played = Old::new("marketmaking").limits(limits).play(tickers(2)).await;
    let denied = format!("{BID} DENIED");
    assert!(played.orders.len() >= 2 && played.orders.iter().all(|line| *line == denied), "{played:#?}");
    assert_eq!(played.view["exceptions"], played.orders.len(), "{played:#?}");
    assert_eq!((&played.view["faults"], &played.view["lastError"]["code"]), (&json!(0), &json!("exception")));
    let thrown = played.after("exception: Error: submit order: denied: Limit orders are not allowed here");
    assert!(thrown.len() == played.orders.len() && thrown[0].contains(" in onTicker at marketmaking.js:48:"), "{played:#?}");
}

/// After two full sides a denial comes from elsewhere; the risk event that goes with it sets all three numbers to zero.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_risk_event_starts_the_count_anew() {
    let around = |risk: &str| {
        format!(
            "const {{ onRiskControl, onOrderRejected, ...handlers }} = old.create(env);
             let trades = 0;
             return {{ ...handlers, {risk} onTrade() {{
                 try {{ env.runtime.submitOrder(null, 'buy', '1', 1); }} catch (error) {{ env.helpers.log(error.code); }}
             }} }};"
        )
    };
    let market = || tickers(2).bought("100").book("99.88", "100.12");
    let heard = around("onRiskControl,");
    let played = Old::new("marketmaking").around(&heard).play(market()).await.quietly();
    assert_eq!(played.orders[4], "Buy Limit 1 at 1 DENIED");
    assert!(played.orders[5..].starts_with(&resting(&[BID, OFFER])), "{played:#?}");
    let deaf = around("");
    let played = Old::new("marketmaking").around(&deaf).play(market()).await.quietly();
    assert_eq!(played.orders.len(), 5, "{played:#?}");
}
