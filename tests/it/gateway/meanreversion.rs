//! What the old `meanreversion` does.

use super::*;

fn three() -> Value {
    json!({ "window_size": 3, "dry_run": false })
}

/// Around 100, so that an order at 97 rests; then trades at these prices.
fn market(prices: &[&str]) -> Script {
    prices.iter().fold(Script::new().book("99.9", "100.1"), |script, price| script.bought(price))
}

/// Case 45. The order stays where it is; nobody closes anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn case_45_bids_at_the_price_and_forgets_it_without_an_order() {
    let played =
        Old::new("meanreversion").config(three()).play(market(&["100", "100", "97", "100", "100", "100"])).await.quietly();
    assert_eq!(played.orders, ["Buy Limit 1 at 97 EXPIRED"], "it rests until the venue closes");
    assert_eq!(played.after("[MEAN_REV] Deviation: "), ["-2.02%", "1.01%", "1.01%", "0.00%"]);
    assert_eq!(played.after("[MEAN_REV] Price reverted to MA, position closed"), [""]);
}

/// What was filled is kept as well: the flag is all that goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filled_entry_is_never_closed() {
    let there = Script::new().book("96.9", "97").bought("100").bought("100").sold("97").book("99.9", "100.1");
    let app = Old::new("meanreversion").config(three()).started(there.bought("100").bought("100").bought("100")).await;
    app.play_out("alpha").await;
    let lines: Vec<_> = orders(&app.client, "i1").await.iter().map(order_line).collect();
    assert_eq!(lines, ["Buy Limit 1 at 97 FILLED"]);
    let said = app.client.log_texts("i1").await;
    assert!(said.iter().any(|line| line == "[MEAN_REV] Filled buy at 97"), "{said:#?}");
    assert!(said.iter().any(|line| line.ends_with("position closed")), "{said:#?}");
    let held = app.client.get("/strategy/instances/i1/positions").await.expect(200);
    assert_eq!(held["positions"][0]["quantity"], "1", "{held:#}");
}

/// The price of the trade goes out as a number, with all its decimals.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_above_the_average_at_the_price_of_the_trade() {
    let played = Old::new("meanreversion").config(three()).play(market(&["100", "100", "103.57"])).await.quietly();
    assert_eq!(played.orders, ["Sell Limit 1 at 103.57 EXPIRED"]);
    let sold = played.after("[MEAN_REV] SELL on ");
    assert_eq!(sold, ["alpha: deviation=2.352% price=103.57 size=1"], "{played:#?}");
}

/// One that is taken back leaves room for the next; as long as it rests there is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_entry_resets_the_flag() {
    let prices = ["100", "100", "97", "94"];
    let played = Old::new("meanreversion").config(three()).play(market(&prices)).await.quietly();
    assert_eq!(played.orders, ["Buy Limit 1 at 97 EXPIRED"]);
    let around = "return { ...old.create(env), onOrderAcknowledged: (ctx, evt, report) => env.runtime.cancelOrder(report.clientOrderId) };";
    let played = Old::new("meanreversion").config(three()).around(around).play(market(&prices)).await.quietly();
    assert_eq!(played.orders, ["Buy Limit 1 at 97 CANCELLED", "Buy Limit 1 at 94 CANCELLED"]);
    assert_eq!(played.after("[MEAN_REV] cancelled"), ["", ""]);
}

/// The venue takes no order that would cost less than it allows; here the price is right and the order is not.
async fn after_a_denial(forward: &str) -> Vec<String> {
    let around = format!(
        "const {{ onRiskControl, onOrderRejected, ...handlers }} = old.create({{
             ...env, runtime: {{ ...env.runtime, submitOrder: (...order) => {{ try {{ env.runtime.submitOrder(...order); }} catch {{}} }} }},
         }});
         return {{ ...handlers, {forward} }};"
    );
    let limits = json!({ "allowedOrderTypes": ["Market"], "maxRiskBreaches": 100 });
    Old::new("meanreversion")
        .config(three())
        .limits(limits)
        .around(&around)
        .play(market(&["100", "100", "97", "94"]))
        .await
        .quietly()
        .orders
}

/// At the gateway a refusal came as a report after the call had returned; so the file around it keeps the throw to itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejection_or_a_risk_event_resets_the_flag() {
    let denied = ["Buy Limit 1 at 97 DENIED", "Buy Limit 1 at 94 DENIED"];
    assert_eq!(after_a_denial("").await, denied[..1], "neither is heard");
    assert_eq!(after_a_denial("onOrderRejected").await, denied);
    assert_eq!(after_a_denial("onRiskControl").await, denied);
}
