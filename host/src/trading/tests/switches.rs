//! Trading switch, kill switches, circuit breaker.

use super::*;
use crate::market::ReportState;

#[tokio::test]
async fn trading_is_on_by_default_on_paper_only() {
    let paper = House::new().await;
    let a = paper.instance("a");
    assert!(paper.desk.trading_active(&a.id));
    paper.desk.set_active(&a.id, false);
    assert!(!paper.desk.trading_active(&a.id));
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "not_active");
    assert!(!paper.desk.trading_active(&name("nobody")));

    let live = House::with(RiskConfig::default(), None, false).await;
    let b = live.instance("b");
    assert!(!live.desk.trading_active(&b.id));
    assert_eq!(b.order(Side::Buy, "1", "100").unwrap_err().code, "trading_disabled");
    assert!(live.desk.set_trading(live.venue.name(), true));
    assert!(live.desk.trading_active(&b.id));
    assert!(b.order(Side::Buy, "1", "100").is_ok());
}

#[tokio::test]
async fn the_breaker_closes_by_the_venues_clock_and_says_so() {
    let house = House::new().await;
    let a = house.instance("a");
    for _ in 0..3 {
        a.order(Side::Buy, "1", "200").unwrap_err();
    }
    a.mail();
    let state = house.desk.risk_state(&a.id);
    assert_eq!((state.breaches, state.kill_switch_engaged, state.circuit_breaker_open), (3, true, true));
    // The last breach was asked for at 1003 s.
    assert_eq!(state.until.as_deref(), Some("1970-01-01T00:18:13.000000000Z"));
    house.venue.clock.advance_to(Timestamp::from_millis(1_092_999));
    assert!(!house.desk.trading_active(&a.id));
    house.venue.clock.advance_to(Timestamp::from_millis(1_093_000));
    assert!(house.desk.trading_active(&a.id));
    assert_eq!(a.mail(), ["#4 Cleared KILL_SWITCH kill=false breaker=false"]);
    a.order(Side::Buy, "1", "200").unwrap_err();
    assert_eq!(house.desk.risk_state(&a.id).breaches, 1, "the breaches were forgotten");
}

#[tokio::test]
async fn an_operator_stops_and_releases_one_instance() {
    let house = House::new().await;
    let (a, b) = (house.instance("a"), house.instance("b"));
    let id = a.buy("1", "100");
    drop(house.desk.stop(&a.id, switch(StopVerb::Stop, "looks odd")).unwrap());
    assert_eq!(a.mail(), ["#1 Triggered KILL_SWITCH kill=true breaker=false"]);
    let refused = a.order(Side::Buy, "1", "100").unwrap_err();
    assert_eq!((refused.code, refused.message.contains("looks odd")), ("kill_switch_engaged", true));
    assert!(house.desk.cancel(&a.id, id.as_str(), Timestamp::ZERO).is_ok(), "what is open can be taken back");
    b.buy("1", "100");
    house.venue.clock.advance_to(Timestamp::from_millis(100_000_000));
    assert!(!house.desk.trading_active(&a.id));
    assert!(house.desk.release(&a.id).unwrap().0);
    assert!(!house.desk.release(&a.id).unwrap().0);
    a.buy("1", "100");
}

#[tokio::test]
async fn an_operator_stops_the_host() {
    let house = House::new().await;
    let (a, b) = (house.instance("a"), house.instance("b"));
    drop(house.desk.stop_host(switch(StopVerb::Stop, "maintenance")).unwrap());
    for instance in [&a, &b] {
        assert_eq!(instance.order(Side::Buy, "1", "100").unwrap_err().code, "kill_switch_engaged");
        assert!(!house.desk.trading_active(&instance.id));
        assert!(house.desk.risk_state(&instance.id).kill_switch_engaged);
    }
    assert!(house.desk.release_host().unwrap().0);
    assert!(!house.desk.release_host().unwrap().0);
    a.buy("1", "100");
}

#[tokio::test]
async fn a_restart_of_the_guest_does_not_get_rid_of_its_breaches() {
    let house = House::new().await;
    let a = house.instance("a");
    for _ in 0..3 {
        a.order(Side::Buy, "1", "200").unwrap_err();
    }
    let id = a.id.clone();
    drop(a);
    let again = house.instance("a");
    assert!(!house.desk.trading_active(&id));
    assert_eq!(again.order(Side::Buy, "1", "100").unwrap_err().code, "circuit_breaker_open");
}

#[tokio::test]
async fn a_position_above_its_limit_stops_the_instance_at_once() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("200", "100");
    // Lowered while the order is out.
    let limits = RiskLimits { max_position_size: dec("150"), ..RiskLimits::default() };
    drop(house.desk.set_risk(RiskConfig { limits, ..RiskConfig::default() }));
    house.venue.say(&id, ReportState::Partial, Some(("150", "100")));
    assert!(house.desk.trading_active(&a.id));
    house.venue.say(&id, ReportState::Filled, Some(("50", "100")));
    assert!(!house.desk.trading_active(&a.id));
    assert!(a.mail().contains(&"#1 Triggered POSITION_LIMIT kill=true breaker=true".to_owned()));
    assert_eq!(house.metric(r#"sandpit_risk_stops_total{cause="post_fill"}"#), "1");
}
