//! What the old `momentum` does.

use super::*;

/// A book, then trades at these prices, one per second.
fn trades(prices: &[&str]) -> Script {
    prices.iter().fold(Script::new().book("99.99", "102.01"), |script, price| script.bought(price))
}

fn quick() -> Value {
    json!({ "lookback_period": 2, "cooldown": "1s", "dry_run": false })
}

/// Case 42.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_42_buys_once_and_holds_still_for_five_seconds() {
    let config = json!({ "lookback_period": 2, "momentum_threshold": 0.5, "dry_run": false });
    let played = Old::new("momentum").config(config).play(trades(&["100", "101", "102"])).await.quietly();
    assert_eq!(played.orders, ["Buy Market 1 at market FILLED"]);
    assert_eq!(played.after("[MOMENTUM] Current momentum: "), ["1.000%"], "during the cooldown nothing is computed");
    assert_eq!(played.after("[MOMENTUM] BUY on "), ["alpha: momentum=1.000% size=1"]);
    assert_eq!(played.after("[MOMENTUM] Filled "), ["buy 1 at 102.01"]);
}

/// A flip does not double: what was long one is flat after the sale, though the strategy takes itself for short.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn size_is_the_same_on_a_turn_and_a_side_is_not_taken_twice() {
    let market = trades(&["100", "101", "102", "103", "101", "99", "97", "99"]);
    let played = Old::new("momentum").config(quick()).play(market).await.quietly();
    let (buy, sell) = ("Buy Market 1 at market FILLED", "Sell Market 1 at market FILLED");
    assert_eq!(played.orders, [buy, sell, buy], "up twice more and down twice more, with the same position");
    assert_eq!(played.after("[MOMENTUM] Current momentum: ").len(), 7);
}

/// Nothing happens before the window is full, and it moves on: 100 to 100.4 in three trades is too little, over four it is enough.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn window_must_be_full_and_keeps_the_last_trades() {
    let config = json!({ "lookback_period": 3, "momentum_threshold": 0.35, "dry_run": false });
    let market = trades(&["100", "100.1", "100.2", "100.3", "100.6"]);
    let played = Old::new("momentum").config(config).play(market).await.quietly();
    assert_eq!(played.after("[MOMENTUM] Current momentum: "), ["0.200%", "0.200%", "0.399%"]);
    assert_eq!(played.orders, ["Buy Market 1 at market FILLED"]);
}

/// A submit that throws is caught, logged, and changes nothing: not even the cooldown begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_submit_is_logged_and_tried_again_at_the_next_trade() {
    let limits = json!({ "allowedOrderTypes": ["Limit"], "maxRiskBreaches": 100 });
    let config = json!({ "lookback_period": 2, "dry_run": false });
    let market = trades(&["100", "101", "102"]);
    let played = Old::new("momentum").config(config).limits(limits).play(market).await.quietly();
    assert_eq!(played.orders, ["Buy Market 1 at market DENIED"; 2]);
    let failed = played.after("[MOMENTUM] BUY failed: ");
    assert!(failed.len() == 2 && failed[0].starts_with("submit market order: denied: "), "{played:#?}");
}

/// It has bought; the sale at second 4 is denied, because the throttle allows one order in ten seconds. Only whoever forgets the
/// position then buys at second 13 what it still holds.
async fn after_a_denial(forward: &str) -> Vec<String> {
    let around = format!(
        "const {{ onRiskControl, onOrderRejected, ...handlers }} = old.create(env);
         return {{ ...handlers, {forward} }};"
    );
    let market = trades(&["100", "101", "101", "99"]).every_ms(9_000).bought("101");
    let limits = json!({ "orderThrottle": "0.1", "orderBurst": 1, "maxRiskBreaches": 100 });
    Old::new("momentum").config(quick()).limits(limits).around(&around).play(market).await.quietly().orders
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_or_a_risk_event_resets_the_position() {
    let (buy, denied) = ("Buy Market 1 at market FILLED", "Sell Market 1 at market DENIED");
    assert_eq!(after_a_denial("").await, [buy, denied], "neither is heard");
    assert_eq!(after_a_denial("onOrderRejected").await, [buy, denied, buy]);
    assert_eq!(after_a_denial("onRiskControl").await, [buy, denied, buy]);
}

/// A price that is none is left out; here the file around it hands over what the gateway could have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_that_is_none_is_left_out() {
    let around = "const inner = old.create(env);
        return { ...inner, onTrade(ctx, evt, payload, price) {
            for (const odd of [NaN, 0, -5, Infinity, 'x']) inner.onTrade(ctx, evt, payload, odd);
            inner.onTrade(ctx, evt, payload, price);
        } };";
    let played = Old::new("momentum").config(quick()).around(around).play(trades(&["100", "101"])).await.quietly();
    assert_eq!(played.after("[MOMENTUM] Current momentum: "), ["1.000%"]);
}
