//! The way of a denial, its bounds, and that it stays its instance's own.

use super::*;
use crate::market::ReportState;
use crate::trading::ProviderStatus;

#[tokio::test]
async fn a_denial_is_an_error_a_report_and_a_risk_event_and_the_third_stops_the_instance() {
    let house = House::new().await;
    let a = house.instance("a");
    let refused = a.order(Side::Buy, "1", "200").unwrap_err();
    assert_eq!(refused.code, "price_outside_band");
    assert!(refused.message.starts_with("denied: price 200 is outside 99 to 101"), "{}", refused.message);
    let mail = a.mail();
    assert!(mail[0].contains("REJECTED 0 0 denied: price_outside_band: price 200 is outside 99 to 101"), "{mail:?}");
    assert_eq!(mail[1], "#1 Triggered PRICE_BAND kill=false breaker=false");

    a.order(Side::Buy, "1", "200").unwrap_err();
    assert!(house.desk.trading_active(&a.id));
    a.order(Side::Buy, "1", "200").unwrap_err();
    assert!(!house.desk.trading_active(&a.id));
    assert_eq!(a.mail().last().unwrap(), "#3 Triggered PRICE_BAND kill=true breaker=true");
    let blocked = a.order(Side::Buy, "1", "100").unwrap_err();
    assert_eq!(blocked.code, "circuit_breaker_open");
    assert_eq!(a.mail()[1], "#4 Triggered KILL_SWITCH kill=true breaker=true");
    assert_eq!(house.desk.risk_state(&a.id).breaches, 3, "being stopped is no further breach");

    assert!(house.venue.asked().is_empty());
    assert_eq!(house.metric(r#"sandpit_denials_total{code="price_outside_band"}"#), "3");
    assert_eq!(house.metric(r#"sandpit_denials_total{code="circuit_breaker_open"}"#), "1");
    assert_eq!(house.metric(r#"sandpit_orders_total{outcome="denied",provider="paper"}"#), "4");
    assert_eq!(house.metric(r#"sandpit_risk_stops_total{cause="breaches"}"#), "1");
}

#[tokio::test]
async fn the_report_of_a_denial_carries_the_guests_time() {
    let house = House::new().await;
    let a = house.instance("a");
    a.order(Side::Buy, "1", "200").unwrap_err();
    let event = a.mailbox.try_recv().unwrap();
    assert_eq!((event.ingest_time, event.emit_time), (Timestamp::from_millis(1_001_000), Timestamp::from_millis(1_000_000)));
}

#[tokio::test]
async fn an_instance_that_orders_without_end_costs_little_and_its_neighbour_nothing() {
    let alone = House::new().await;
    let good = alone.instance("good");
    let beside = House::new().await;
    let (neighbour, hostile) = (beside.instance("good"), beside.instance("hostile"));
    for step in 0..10 {
        // Thousands in the same instant, resting ones in the neighbour's way first.
        for nth in 0..500 {
            let draft = OrderDraft {
                requested_at: Timestamp::from_millis(1_000_000 + step * 1000),
                nth,
                ..hostile.draft(Side::Sell, "1", Some("100"))
            };
            let _ = beside.desk.submit(draft);
        }
        let price = if step % 2 == 0 { "100" } else { "99.5" };
        for instance in [&good, &neighbour] {
            let id = instance.order(Side::Buy, "1", price).unwrap();
            instance.house.venue.say(&id, ReportState::Filled, Some(("1", price)));
        }
    }
    let strip = |instance: &Instance<'_>| instance.mail();
    assert_eq!(strip(&neighbour), strip(&good));
    assert_eq!(beside.desk.profit(&neighbour.id), alone.desk.profit(&good.id));
    assert_eq!(beside.desk.risk_state(&neighbour.id).breaches, 0);

    // 3 of the burst, then the breaker; 20 notices per second, each a report and a risk event, and one risk event of the stop at most.
    let denied: usize = beside.metric(r#"sandpit_orders_total{outcome="denied",provider="paper"}"#).parse().unwrap();
    assert_eq!(denied, 10 * 500 - 3);
    let mail = hostile.mail().len();
    assert!(mail <= 10 * 2 * 20 + 2, "{mail} notices");
    let unreported: usize = beside.metric("sandpit_denials_unreported_total").parse().unwrap();
    assert_eq!(unreported, denied - mail / 2);
}

#[tokio::test]
async fn a_provider_that_does_not_run_is_said_so() {
    let house = House::new().await;
    let a = house.instance("a");
    house.venue.set_status(ProviderStatus::Stopped);
    let refused = a.order(Side::Buy, "1", "100").unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        ("provider_unavailable", "denied: provider `paper` is stopped: start it first")
    );
    let mail = a.mail();
    assert_eq!(mail.len(), 1, "nobody's misdeed: a report, no risk event: {mail:?}");
    assert!(mail[0].contains("REJECTED 0 0 denied: provider_unavailable:"));
    house.desk.detach(house.venue.name());
    assert!(a.order(Side::Buy, "1", "100").unwrap_err().message.contains("is not there"));
    assert_eq!(house.desk.risk_state(&a.id).breaches, 0);
}

#[tokio::test]
async fn the_stricter_of_host_and_instance_counts() {
    let house = House::new().await;
    let stricter = RiskLimits { max_concurrent_orders: 1, max_position_size: dec("1000"), ..RiskLimits::default() };
    let a = house.instance_with("a", Some(stricter), false);
    a.buy("1", "100");
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "too_many_open_orders");
    let b = house.instance_with("b", Some(RiskLimits { max_position_size: dec("100000"), ..RiskLimits::default() }), false);
    assert_eq!(
        b.order(Side::Buy, "251", "100").unwrap_err().code,
        "position_limit",
        "an instance cannot loosen the host's limit"
    );
}

#[tokio::test]
async fn new_limits_hold_at_once_and_forget_nothing() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("10", "100");
    house.venue.say(&id, ReportState::Filled, Some(("10", "100")));
    let limits = RiskLimits { max_position_size: dec("10"), ..RiskLimits::default() };
    drop(house.desk.set_risk(RiskConfig { limits, ..RiskConfig::default() }));
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "position_limit");
    assert_eq!(house.desk.risk_state(&a.id).breaches, 1);
    assert!(a.order(Side::Sell, "1", "100").is_ok());
}

#[tokio::test]
async fn on_paper_instances_do_not_get_into_each_others_way_where_money_is_real_they_must_not_trade_with_each_other() {
    for (paper, outcome) in [(true, Ok(())), (false, Err("self_trade"))] {
        let house = House::with(RiskConfig::default(), None, paper).await;
        house.desk.set_trading(house.venue.name(), true);
        let (a, b) = (house.instance("a"), house.instance("b"));
        let resting = a.buy("1", "100");
        assert_eq!(b.order(Side::Sell, "1", "100").map(drop).map_err(|error| error.code), outcome, "paper {paper}");
        assert_eq!(a.order(Side::Sell, "1", "100").unwrap_err().code, "self_trade");
        assert_eq!(house.desk.risk_state(&a.id).breaches, 0, "an overlapping requote is no misdeed");
        house.venue.say(&resting, ReportState::Cancelled, None);
        assert!(a.order(Side::Sell, "1", "100").is_ok());
    }
}

#[tokio::test]
async fn a_refusal_by_the_venue_is_a_breach_except_for_a_post_only_that_would_cross() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    house.venue.say(&id, ReportState::Rejected, None);
    assert_eq!(
        a.mail(),
        ["#1 Triggered ORDER_VALIDATION kill=false breaker=false".to_owned(), format!("#1 {id} REJECTED 0 0 not today")]
    );
    let post = OrderDraft { time_in_force: Some(crate::market::TimeInForce::PostOnly), ..a.draft(Side::Buy, "1", Some("100")) };
    let id = house.desk.submit(post).unwrap();
    house.venue.say(&id, ReportState::Rejected, None);
    assert_eq!(house.desk.risk_state(&a.id).breaches, 1);
}
