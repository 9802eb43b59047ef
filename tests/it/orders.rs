//! Orders and executions add up: recomputed here from the executions alone, to the last decimal.

use std::collections::BTreeMap;

use crate::support::app::PROVIDER;
use crate::support::book::{self, Claim};
use crate::support::{Client, TestApp, eventually, guest};
use rust_decimal::Decimal;
use sandpit::base::Timestamp;
use serde_json::{Value, json};

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no decimal text")).parse().unwrap()
}

/// RFC 3339 in UTC, back to nanoseconds; days counted by hand, because the host's own arithmetic is what is tested.
fn timestamp(value: &Value) -> Timestamp {
    let text = value.as_str().unwrap();
    let number = |range: std::ops::Range<usize>| text[range].parse::<u64>().unwrap();
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let days_in = |month: u64| [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month as usize - 1];
    let days =
        (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum::<u64>() + (1..month).map(days_in).sum::<u64>() + day - 1;
    let seconds = days * 86_400 + number(11..13) * 3_600 + number(14..16) * 60 + number(17..19);
    Timestamp::from_nanos(seconds * 1_000_000_000 + number(20..29))
}

async fn rows(client: &Client, id: &str, what: &str) -> Vec<Value> {
    let listing = client.get(&format!("/strategy/instances/{id}/{what}?limit=500")).await.expect(200);
    let rows = listing[what].as_array().unwrap().clone();
    assert_eq!(listing["count"], rows.len());
    assert!(rows.len() < 500, "more than a page: the sums would be wrong");
    rows
}

async fn balances(client: &Client) -> BTreeMap<String, Decimal> {
    let listing = client.get(&format!("/providers/{PROVIDER}/balances")).await.expect(200);
    let lines = listing["balances"].as_array().unwrap();
    lines.iter().map(|line| (line["asset"].as_str().unwrap().to_owned(), decimal(&line["total"]))).collect()
}

/// What a list of executions did to each currency.
fn flows(executions: &[Value]) -> BTreeMap<String, Decimal> {
    let mut flows = BTreeMap::<String, Decimal>::new();
    for row in executions {
        let (base, quote) = row["symbol"].as_str().unwrap().split_once('-').unwrap();
        let (quantity, price) = (decimal(&row["quantity"]), decimal(&row["price"]));
        let sign = if row["side"] == "Buy" { Decimal::ONE } else { -Decimal::ONE };
        *flows.entry(base.to_owned()).or_default() += sign * quantity;
        *flows.entry(quote.to_owned()).or_default() -= sign * quantity * price;
        *flows.entry(row["feeAsset"].as_str().unwrap().to_owned()).or_default() -= decimal(&row["fee"]);
    }
    flows
}

/// Runs a strategy until it has `executions`, stops it, and waits until none of its orders is open.
async fn traded(app: &TestApp, id: &str, selector: &str, config: Value, executions: usize) {
    app.client.create(id, selector, config).await;
    app.client.start(id).await;
    app.play();
    eventually("executions", async || {
        let path = format!("/strategy/instances/{id}/executions?limit=500");
        (app.client.get(&path).await.expect(200)["count"].as_u64() >= Some(executions as u64)).then_some(())
    })
    .await;
    app.client.stop(id).await;
    eventually("no order is open", async || {
        let path = format!("/strategy/instances/{id}/orders?state=PENDING&state=ACK&state=PARTIAL");
        (app.client.get(&path).await.expect(200)["count"] == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn balances_and_profit_follow_from_the_executions() {
    let app = TestApp::builder().speed(20).start().await;
    app.client.upload_guest("canary").await;
    let before = balances(&app.client).await;
    traded(&app, "i1", "canary", json!({ "every": 25 }), 40).await;
    let executions = rows(&app.client, "i1", "executions").await;
    let flows = flows(&executions);
    let after = balances(&app.client).await;
    for (asset, total) in &after {
        let flow = flows.get(asset).copied().unwrap_or_default();
        assert_eq!(before.get(asset).copied().unwrap_or_default() + flow, *total, "{asset}");
    }

    let profit = &app.client.instance("i1").await["profit"]["USDT"];
    let (realised, held) = average_cost(&executions);
    assert_eq!(decimal(&profit["realised"]).round_dp(12), realised.round_dp(12), "{profit}");
    let fees: Decimal = executions.iter().map(fee_in_quote).sum();
    assert_eq!(decimal(&profit["fees"]).round_dp(12), fees.round_dp(12), "{profit}");
    let unrealised = decimal(&profit["unrealised"]);
    assert_eq!(decimal(&profit["net"]), decimal(&profit["realised"]) + unrealised - decimal(&profit["fees"]), "{profit}");
    assert_eq!(held.is_zero(), unrealised.is_zero(), "{profit}");
}

/// What closed quantity brought in, at average cost, and what is still held.
fn average_cost(executions: &[Value]) -> (Decimal, Decimal) {
    let (mut realised, mut held, mut cost) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    for row in executions.iter().rev() {
        let sign = if row["side"] == "Buy" { Decimal::ONE } else { -Decimal::ONE };
        let (signed, price) = (sign * decimal(&row["quantity"]), decimal(&row["price"]));
        let closes = !held.is_zero() && held.is_sign_positive() != signed.is_sign_positive();
        let closed = if closes { signed.abs().min(held.abs()) * sign } else { Decimal::ZERO };
        if closes {
            // `cost` carries the sign of what is held: what was paid is positive.
            let share = cost * closed.abs() / held.abs();
            realised += -closed * price - share;
            cost -= share;
            held += closed;
        }
        let opened = signed - closed;
        held += opened;
        cost += opened * price;
    }
    (realised, held)
}

fn fee_in_quote(row: &Value) -> Decimal {
    let quote = row["symbol"].as_str().unwrap().split_once('-').unwrap().1;
    if row["feeAsset"] == quote { decimal(&row["fee"]) } else { decimal(&row["fee"]) * decimal(&row["price"]) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_are_the_sums_of_their_executions() {
    let app = TestApp::builder().speed(20).start().await;
    app.client.upload_guest("canary").await;
    // Large enough to take several levels of the book at once.
    traded(&app, "i1", "canary", json!({ "every": 50, "order_size": "0.4" }), 20).await;
    let (orders, executions) = (rows(&app.client, "i1", "orders").await, rows(&app.client, "i1", "executions").await);
    assert!(orders.iter().all(|order| executions.len() <= 1 || order["strategyInstance"] == "i1"));
    for order in &orders {
        let fills: Vec<&Value> = executions.iter().filter(|row| row["orderId"] == order["id"]).collect();
        let filled: Decimal = fills.iter().map(|row| decimal(&row["quantity"])).sum();
        let cost: Decimal = fills.iter().map(|row| decimal(&row["quantity"]) * decimal(&row["price"])).sum();
        assert_eq!(decimal(&order["filledQuantity"]), filled, "{order:#}");
        match order["state"].as_str().unwrap() {
            "FILLED" => assert_eq!(filled, decimal(&order["quantity"]), "{order:#}"),
            "CANCELLED" | "EXPIRED" => assert!(filled < decimal(&order["quantity"]), "{order:#}"),
            "DENIED" | "REJECTED" => assert!(fills.is_empty() && order["reason"].is_string(), "{order:#}"),
            other => panic!("{other}: {order:#}"),
        }
        if !filled.is_zero() {
            let difference = (decimal(&order["averagePrice"]) - cost / filled).abs();
            assert!(difference < Decimal::new(1, 8), "{order:#}");
        }
    }
    let times: Vec<Timestamp> = orders.iter().map(|order| timestamp(&order["placedTime"])).collect();
    assert!(times.windows(2).all(|pair| pair[0] >= pair[1]), "newest first");
    let one = executions[0]["orderId"].as_str().unwrap();
    let of_one = app.client.get(&format!("/strategy/instances/i1/executions?orderId={one}")).await.expect(200);
    assert!(of_one["executions"].as_array().unwrap().iter().all(|row| row["orderId"] == one) && of_one["count"] != 0);
    let filled = app.client.get("/strategy/instances/i1/orders?state=filled&limit=3").await.expect(200);
    assert!(filled["orders"].as_array().unwrap().iter().all(|row| row["state"] == "FILLED"));
    assert_eq!(app.client.get("/strategy/instances/i1/orders?provider=elsewhere").await.expect(200)["count"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fills_have_prices_that_stood_in_the_tapes_book() {
    let app = TestApp::builder().speed(20).start().await;
    app.client.upload_guest("canary").await;
    traded(&app, "i1", "canary", json!({ "every": 25, "order_size": "0.05" }), 40).await;
    let executions = rows(&app.client, "i1", "executions").await;
    let claim = |row: &Value| Claim {
        at: timestamp(&row["tradedTime"]),
        price: decimal(&row["price"]),
        // A taker that buys takes from the asks; a maker that buys had its own bid taken.
        of_asks: (row["side"] == "Buy") == (row["liquidity"] == "taker"),
    };
    let claims: Vec<Claim> = executions.iter().map(claim).collect();
    assert!(executions.iter().all(|row| row["liquidity"] == "taker"), "market orders take");
    assert_eq!(book::unjustified(super::support::app::TAPE, &claims).len(), 0);
    // The witness can say no.
    let wrong = Claim { price: claims[0].price + Decimal::from(1_000), ..claims[0].clone() };
    assert_eq!(book::unjustified(super::support::app::TAPE, &[wrong]).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_built_in_strategy_trades_by_its_name() {
    let app = TestApp::builder().speed(20).start().await;
    let config =
        json!({ "dry_run": false, "lookback_period": 10, "momentum_threshold": 0.001, "order_size": "0.001", "cooldown": "1s" });
    traded(&app, "i1", "momentum", config, 2).await;
    let orders = rows(&app.client, "i1", "orders").await;
    let hash = sandpit::base::Digest::of(guest::builtin("momentum").as_bytes()).to_string();
    assert!(orders.iter().all(|order| order["hash"] == hash && order["type"] == "Market"), "{orders:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_sends_nothing() {
    let app = TestApp::builder().speed(20).start().await;
    app.client.upload_guest("canary").await;
    app.client.create("i1", "canary", json!({ "every": 10, "dry_run": true })).await;
    app.client.start("i1").await;
    app.play();
    eventually("trades", async || (app.client.instance("i1").await["events"]["delivered"].as_u64() > Some(100)).then_some(()))
        .await;
    assert_eq!(rows(&app.client, "i1", "orders").await.len(), 0);
    assert_eq!(app.client.instance("i1").await["dryRun"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_orders_is_denied_and_on_record() {
    let app = TestApp::builder().speed(20).start().await;
    app.client.upload_guest("order-flood").await;
    app.client.create("i1", "order-flood", json!({})).await;
    app.client.start("i1").await;
    app.play();
    let denied = eventually("denials", async || {
        let listing = app.client.get("/strategy/instances/i1/orders?state=DENIED&limit=500").await.expect(200);
        (listing["count"].as_u64() > Some(0)).then_some(listing)
    })
    .await;
    let reasons: Vec<&str> = denied["orders"].as_array().unwrap().iter().map(|order| order["reason"].as_str().unwrap()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("rate_limited")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("kill_switch") || reason.contains("circuit_breaker")), "{reasons:?}");
    let view = app.client.instance("i1").await;
    assert_eq!((&view["faults"], &view["running"]), (&json!(0), &json!(true)), "{view:#}");
}
