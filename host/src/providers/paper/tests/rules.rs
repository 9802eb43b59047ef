//! One rule of the venue each, on a market of a few records.

use super::*;
use crate::market::{EventKind, Payload};

use ReportState as R;
use TimeInForce as T;

#[test]
fn a_market_order_walks_the_levels() {
    let mut desk = Desk::new();
    let reports = desk.send(Side::Buy, None, "2.5", T::Ioc);
    assert_eq!(told(&reports), ["ACK o1", "PARTIAL o1 101 x 1 taker, 1.5 left", "FILLED o1 102 x 1.5 taker, 0 left"]);
    assert_eq!(reports[0].venue_order_id, "BTC-USDT-000001");
    let executions: Vec<_> = reports.iter().filter_map(|report| Some(report.fill.as_ref()?.execution_id.as_str())).collect();
    assert_eq!(executions, ["BTC-USDT-s1-000001", "BTC-USDT-s1-000002"]);
    assert_eq!(reports[2].average_price, dec("101.6"));
    assert_eq!(reports[2].time, Timestamp::from_millis(1020));
    // 254 paid; 0.2 % of each received quantity is the fee.
    assert_eq!(desk.balance("USDT"), (dec("999746"), dec("999746")));
    assert_eq!(desk.balance("BTC"), (dec("12.495"), dec("12.495")));
}

#[test]
fn a_sell_pays_its_fee_in_quote_currency() {
    let mut desk = Desk::new();
    let reports = desk.send(Side::Sell, None, "0.00007", T::Ioc);
    let fill = reports[1].fill.clone().unwrap();
    assert_eq!((fill.fee, fill.fee_asset.as_str()), (dec("0.000014"), "USDT"));
    assert_eq!(desk.balance("USDT").0, dec("1000000.006986"));
    assert_eq!(desk.balance("BTC").0, dec("9.99993"));
}

#[test]
fn what_was_taken_stays_taken_until_the_tape_changes_the_level() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("101"), "0.75", T::Ioc);
    assert_eq!(
        told(&desk.send(Side::Buy, Some("101"), "0.5", T::Ioc)),
        ["ACK o2", "PARTIAL o2 101 x 0.25 taker, 0.25 left", "CANCELLED o2 IOC remainder cancelled"]
    );
    desk.depth(&[], &[(10_100, 30_000)]);
    assert_eq!(told(&desk.send(Side::Buy, Some("101"), "0.3", T::Ioc)), ["ACK o3", "FILLED o3 101 x 0.3 taker, 0 left"]);
}

#[test]
fn fill_or_kill_and_post_only_refuse_without_touching_the_book() {
    let mut desk = Desk::new();
    assert_eq!(told(&desk.send(Side::Buy, Some("101.99"), "1.00001", T::Fok)), ["REJECTED o1 FOK insufficient liquidity"]);
    assert_eq!(
        told(&desk.send(Side::Buy, Some("101"), "0.1", T::PostOnly)),
        ["REJECTED o2 post-only order would cross the book"]
    );
    assert_eq!(told(&desk.send(Side::Buy, Some("100.99"), "0.1", T::PostOnly)), ["ACK o3"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("102"), "3", T::Fok)).len(), 3, "all three lots are there");
    assert_eq!(told(&desk.send(Side::Sell, None, "100", T::Fok)), ["REJECTED o5 FOK insufficient liquidity"]);
}

#[test]
fn a_limit_order_takes_what_it_can_and_rests_with_the_rest() {
    let mut desk = Desk::new();
    assert_eq!(told(&desk.send(Side::Buy, Some("101"), "1.5", T::Gtc)), ["ACK o1", "PARTIAL o1 101 x 1 taker, 0.5 left"]);
    assert_eq!(desk.balance("USDT"), (dec("999899"), dec("999848.5")));
    desk.trade(Side::Sell, 10_100, 20_000);
    assert_eq!(told(&desk.reports()), ["PARTIAL o1 101 x 0.2 maker, 0.3 left"]);
    let id = ClientOrderId::made("o1");
    desk.venue.cancel(id.clone(), Timestamp::from_millis(desk.millis));
    desk.wait(19);
    assert!(desk.reports().is_empty(), "a cancellation travels as long as an order");
    desk.wait(1);
    let reports = desk.reports();
    assert_eq!(told(&reports), ["CANCELLED o1 cancelled on request"]);
    assert_eq!((reports[0].filled_quantity, reports[0].leaves_quantity), (dec("1.2"), dec("0")));
    assert_eq!(desk.balance("USDT"), (dec("999878.8"), dec("999878.8")), "nothing is held any more");
    desk.venue.cancel(id, Timestamp::from_millis(desk.millis));
    desk.wait(20);
    assert!(desk.reports().is_empty(), "an order that is not open is left alone");
}

#[test]
fn a_resting_order_waits_for_its_turn() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("100"), "0.5", T::Gtc);
    desk.trade(Side::Sell, 10_000, 60_000);
    desk.trade(Side::Buy, 10_100, 500_000);
    assert!(desk.reports().is_empty(), "0.4 is still ahead, and the other side's trades are not for us");
    desk.trade(Side::Sell, 10_000, 50_000);
    assert_eq!(told(&desk.reports()), ["PARTIAL o1 100 x 0.1 maker, 0.4 left"]);
    desk.trade(Side::Sell, 9950, 90_000);
    assert_eq!(told(&desk.reports()), ["FILLED o1 100 x 0.4 maker, 0 left"], "a trade beyond our price fills us at ours");
}

#[test]
fn a_trade_that_the_book_told_before_is_not_counted_twice() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("100"), "0.5", T::Gtc);
    desk.depth(&[(10_000, 30_000)], &[]);
    desk.trade(Side::Sell, 10_000, 70_000);
    desk.trade(Side::Sell, 10_000, 30_000);
    assert!(desk.reports().is_empty(), "0.7 left with the update, 0.3 with the second trade");
    desk.trade(Side::Sell, 10_000, 10_000);
    assert_eq!(told(&desk.reports()), ["PARTIAL o1 100 x 0.1 maker, 0.4 left"]);
}

#[test]
fn own_orders_share_a_trade_in_price_time_priority() {
    let mut desk = Desk::new();
    desk.send(Side::Sell, Some("100.6"), "0.3", T::Gtc);
    desk.send(Side::Sell, Some("100.5"), "0.2", T::Gtc);
    desk.send(Side::Sell, Some("100.5"), "0.4", T::Gtc);
    desk.trade(Side::Buy, 10_060, 70_000);
    assert_eq!(
        told(&desk.reports()),
        ["FILLED o2 100.5 x 0.2 maker, 0 left", "FILLED o3 100.5 x 0.4 maker, 0 left", "PARTIAL o1 100.6 x 0.1 maker, 0.2 left"]
    );
}

#[test]
fn the_later_order_waits_for_the_earlier_also_when_the_book_told_of_the_trade_first() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("100"), "1", T::PostOnly);
    // The level is gone, and with it the queue ahead of the first order; a trade that tells of it again is not counted for it.
    desk.depth(&[(10_000, 0)], &[]);
    desk.send(Side::Buy, Some("100"), "1", T::PostOnly);
    desk.trade(Side::Sell, 10_000, 103_313);
    assert_eq!(told(&desk.reports()), ["PARTIAL o1 100 x 0.03313 maker, 0.96687 left"]);
}

#[test]
fn own_orders_never_meet_each_other() {
    let mut desk = Desk::new();
    desk.send(Side::Sell, Some("100.5"), "0.3", T::Gtc);
    assert_eq!(told(&desk.send(Side::Buy, Some("100.5"), "0.3", T::Gtc)), ["ACK o2"]);
    assert_eq!(told(&desk.send(Side::Buy, Some("100.6"), "0.3", T::PostOnly)), ["ACK o3"]);
}

#[test]
fn quotes_of_the_tape_that_reach_a_resting_order_meet_it() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("100.5"), "0.5", T::Gtc);
    desk.depth(&[], &[(10_040, 20_000)]);
    assert_eq!(told(&desk.reports()), ["PARTIAL o1 100.5 x 0.2 maker, 0.3 left"]);
    desk.depth(&[], &[(10_300, 1)]);
    assert!(desk.reports().is_empty(), "the same quote meets us once");
    assert_eq!(told(&desk.send(Side::Buy, Some("100.4"), "0.1", T::Ioc)).len(), 2, "and is gone for other orders");
}

#[test]
fn a_trade_from_before_an_order_is_not_for_it() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("100.5"), "0.5", T::Gtc);
    let matched_at = Timestamp::from_millis(desk.millis - 1);
    let late = Body::Trade { trade_id: 1, matched_at, price: 10_000, quantity: 5, aggressor: Side::Sell };
    desk.record(late, &[], &[]);
    assert!(desk.reports().is_empty());
}

#[test]
fn orders_that_cannot_be_are_refused_with_a_reason() {
    let cases = [
        (None, "0", T::Ioc, "invalid quantity"),
        (None, "-1", T::Ioc, "invalid quantity"),
        (None, "0.000001", T::Ioc, "quantity violates instrument constraints: 0.00001 to 9000 in steps of 0.00001"),
        (None, "9000.1", T::Ioc, "quantity violates instrument constraints: 0.00001 to 9000 in steps of 0.00001"),
        (Some("0"), "1", T::Gtc, "invalid limit price"),
        (Some("-1"), "1", T::Gtc, "invalid limit price"),
        (Some("9999999999999999"), "9000", T::Gtc, "invalid limit price"),
        (Some("100.001"), "1", T::Gtc, "price is not a multiple of the tick 0.01"),
        (Some("100"), "0.04999", T::Gtc, "min notional not met"),
        (Some("100"), "9000", T::Gtc, "ACK"),
        (Some("1000"), "9000", T::Gtc, "insufficient balance"),
        (None, "1", T::PostOnly, "unsupported time in force for a market order"),
    ];
    for (price, quantity, time_in_force, reason) in cases {
        let reports = Desk::new().send(Side::Buy, price, quantity, time_in_force);
        let expected = if reason == "ACK" { "ACK o1".to_owned() } else { format!("REJECTED o1 {reason}") };
        assert_eq!(told(&reports), [expected], "{price:?} {quantity}");
    }
    let mut desk = Desk::new();
    assert_eq!(told(&desk.send(Side::Sell, Some("105"), "10.1", T::Gtc)), ["REJECTED o1 insufficient balance"]);
    assert_eq!(told(&desk.send(Side::Sell, Some("105"), "6", T::Gtc)), ["ACK o2"]);
    assert_eq!(told(&desk.send(Side::Sell, Some("105"), "6", T::Gtc)), ["REJECTED o3 insufficient balance"], "6 are held");
    desk.orders = 1;
    assert_eq!(told(&desk.send(Side::Sell, Some("105"), "1", T::Gtc)), ["REJECTED o2 duplicate client order id"]);
}

#[test]
fn a_market_order_larger_than_the_book_is_cancelled_for_the_rest() {
    let mut desk = Desk::new();
    let reports = desk.send(Side::Sell, None, "4", T::Ioc);
    assert_eq!(states(&reports), [R::Ack, R::Partial, R::Partial, R::Cancelled]);
    assert_eq!((reports[3].filled_quantity, reports[3].average_price), (dec("3"), dec("99.333333333333")));
    assert_eq!(states(&desk.send(Side::Sell, None, "1", T::Ioc)), [R::Ack, R::Cancelled], "nothing is left to take");
}

#[test]
fn the_end_of_the_session_expires_what_is_open_or_on_its_way() {
    let mut desk = Desk::new();
    desk.send(Side::Buy, Some("99"), "1", T::Gtc);
    desk.order(Side::Sell, Some("105"), "1", T::Gtc);
    desk.venue.close(&mut desk.out);
    assert_eq!(told(&desk.reports()), ["EXPIRED o1 venue session ended", "EXPIRED o2 venue session ended"]);
    assert_eq!(desk.balance("USDT"), (dec("1000000"), dec("1000000")));
    assert_eq!(desk.venue.next_arrival(), None);
}

#[test]
fn only_wanted_events_are_built_and_they_are_numbered() {
    let mut desk = Desk::new();
    desk.trade(Side::Buy, 10_100, 5);
    desk.depth(&[(10_050, 1)], &[]);
    assert!(desk.out.is_empty(), "nobody listens");
    desk.venue.want(KindSet::PUBLIC);
    desk.trade(Side::Buy, 10_100, 5);
    desk.depth(&[(10_060, 1)], &[]);
    desk.depth(&[], &[(10_300, 1)]);
    desk.send(Side::Buy, None, "0.00001", T::Ioc);
    let events: Vec<_> =
        desk.out.iter().filter_map(|output| if let Output::Event(event) = output { Some(event) } else { None }).collect();
    assert!(events.is_empty(), "`send` drains");
    desk.order(Side::Buy, None, "0.00001", T::Ioc);
    desk.wait(60_000);
    desk.trade(Side::Sell, 10_060, 1);
    desk.depth(&[(10_060, 0)], &[]);
    let kinds: Vec<_> = desk
        .out
        .iter()
        .map(|output| match output {
            Output::Event(event) => (Some(event.kind()), event.sequence),
            Output::Report(_) => (None, 0),
        })
        .collect();
    use EventKind as K;
    let expected = [
        (None, 0),
        (None, 0),
        (Some(K::BalanceUpdate), 3),
        (Some(K::BalanceUpdate), 4),
        (Some(K::KlineSummary), 1),
        (Some(K::Trade), 2),
        (Some(K::Ticker), 2),
        (Some(K::BookSnapshot), 3),
    ];
    assert_eq!(kinds, expected);
    let Some(Output::Event(event)) = desk.out.last() else { panic!("an event") };
    let Payload::BookSnapshot(book) = &event.payload else { panic!("a book") };
    let prices: Vec<_> =
        book.bids.iter().chain(&book.asks).map(|level| format!("{} x {}", level.price, level.quantity)).collect();
    assert_eq!(prices, ["100.5 x 0.00001", "100 x 1", "101 x 1", "102 x 2"], "the tape's book, without what we took");
}
