//! Kill switches that cancel and close: against venues that fill in parts, refuse, vanish and come back.

use super::*;
use crate::market::{ReportState, TimeInForce};
use crate::trading::{Flatten, FlattenState, ProviderStatus, SwitchError};
use venue::Asked;

impl House {
    fn at(&self, millis: u64) {
        self.venue.clock.advance_to(Timestamp::from_millis(millis));
        self.venue.outlet().publish(events::trade("BTC-USDT", "100", millis));
    }

    /// The orders that the venue was given and that are the host's own.
    fn closings(&self) -> Vec<ClientOrderId> {
        let submitted = self.venue.asked().into_iter().filter_map(|asked| match asked {
            Asked::Submit(id) if id.split('-').rev().nth(1) == Some("0") => Some(ClientOrderId::made(id)),
            _ => None,
        });
        submitted.collect()
    }
}

impl Instance<'_> {
    fn holds(&self, side: Side, quantity: &str) {
        let id = self.order(side, quantity, "100").unwrap();
        self.house.venue.say(&id, ReportState::Filled, Some((quantity, "100")));
    }

    fn flatten(&self) -> Flatten {
        self.house.desk.risk_state(&self.id).flatten.unwrap()
    }

    fn stop(&self, verb: StopVerb) {
        drop(self.house.desk.stop(&self.id, switch(verb, "enough")).unwrap());
    }

    fn position(&self) -> Decimal {
        self.house.desk.position(&self.id, None, None).unwrap().quantity
    }
}

#[tokio::test]
async fn a_flatten_cancels_then_closes_and_is_flat() {
    let house = House::new().await;
    let (a, neighbour) = (house.instance("a"), house.instance("b"));
    a.holds(Side::Buy, "3");
    neighbour.holds(Side::Buy, "1");
    let resting = a.buy("1", "99.5");
    a.stop(StopVerb::Flatten);
    assert_eq!(house.venue.asked().last(), Some(&Asked::Cancel(resting.to_string())));
    assert!(house.closings().is_empty(), "what is open might still fill");
    assert!(matches!(house.desk.release(&a.id), Err(SwitchError::Flattening(_))));
    // It fills in part before the cancel arrives.
    house.venue.say(&resting, ReportState::Partial, Some(("0.5", "99.5")));
    house.venue.say(&resting, ReportState::Cancelled, None);
    house.at(1_010_000);
    let closing = house.closings();
    assert_eq!(closing.len(), 1);
    assert_eq!(closing[0].as_str(), format!("a-{}-1-0-1", Digest::of(b"source").short()));
    assert_eq!(a.flatten().state, FlattenState::Flattening);
    house.venue.say(&closing[0], ReportState::Filled, Some(("3.5", "98")));
    assert_eq!(a.position(), Decimal::ZERO);
    assert_eq!(a.flatten(), Flatten { state: FlattenState::Flat, left: Vec::new() });
    assert_eq!(neighbour.position(), Decimal::ONE);
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "kill_switch_engaged");
    assert!(house.desk.release(&a.id).unwrap().0);
    a.buy("1", "100");
}

#[tokio::test]
async fn what_is_left_is_closed_again_and_never_more() {
    let house = House::new().await;
    let a = house.instance("a");
    a.holds(Side::Sell, "2");
    a.stop(StopVerb::Flatten);
    let first = house.closings();
    house.venue.say(&first[0], ReportState::Partial, Some(("0.75", "101")));
    house.at(1_004_000);
    assert_eq!(house.closings().len(), 1, "one at a time: else more would be closed than there is");
    house.venue.say(&first[0], ReportState::Expired, None);
    house.at(1_004_001);
    let second = house.closings();
    assert_eq!((second.len(), house.venue.leaves(&second[1])), (2, dec("1.25")), "some was filled: at once");
    house.venue.say(&second[1], ReportState::Expired, None);
    house.at(1_004_500);
    assert_eq!(house.closings().len(), 2, "nothing was filled: not before a second has passed");
    house.at(1_005_001);
    let third = house.closings();
    assert_eq!(third.len(), 3);
    house.venue.say(&third[2], ReportState::Filled, Some(("1.25", "101")));
    assert_eq!((a.position(), a.flatten().state), (Decimal::ZERO, FlattenState::Flat));
    house.at(1_020_000);
    assert_eq!(house.closings().len(), 3);
    assert_eq!(house.desk.risk_state(&a.id).breaches, 0);
}

#[tokio::test]
async fn a_venue_that_fills_nothing_is_given_up_and_asked_again_on_request() {
    let house = House::new().await;
    let a = house.instance("a");
    a.holds(Side::Buy, "2");
    a.stop(StopVerb::Flatten);
    for round in 1..40_u64 {
        if let Some(id) = house.closings().last().filter(|_| house.desk.open_orders(&a.id, None, None).len() == 1) {
            house.venue.say(id, ReportState::Rejected, None);
        }
        house.at(1_010_000 + round * 1_000);
    }
    assert_eq!(house.closings().len(), 20);
    let flatten = a.flatten();
    assert_eq!((flatten.state, flatten.left[0].quantity), (FlattenState::Failed, dec("2")));
    assert!(flatten.left[0].reason.as_deref().unwrap().contains("20 closing orders"), "{flatten:?}");
    assert_eq!(house.desk.risk_state(&a.id).breaches, 0, "what the host orders is no misdeed of the strategy");
    a.stop(StopVerb::Flatten);
    let again = house.closings();
    assert_eq!(again.len(), 21);
    house.venue.say(&again[20], ReportState::Filled, Some(("2", "99")));
    assert_eq!(a.flatten().state, FlattenState::Flat);
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_so_and_it_goes_on_when_it_is_back() {
    let house = House::new().await;
    let a = house.instance("a");
    a.holds(Side::Buy, "2");
    house.venue.set_status(ProviderStatus::Stopped);
    a.stop(StopVerb::Flatten);
    let flatten = a.flatten();
    assert_eq!(flatten.state, FlattenState::Flattening);
    assert_eq!(flatten.left[0].reason.as_deref(), Some("provider `paper` is stopped: goes on when it runs"));
    assert!(house.closings().is_empty());
    house.desk.set_active(&a.id, false);
    house.venue.set_status(ProviderStatus::Running);
    house.at(1_010_000);
    let closing = house.closings();
    house.venue.say(&closing[0], ReportState::Filled, Some(("2", "99")));
    assert_eq!(a.flatten().state, FlattenState::Flat, "of a stopped instance, too");
}

#[tokio::test]
async fn while_it_waits_for_a_provider_it_may_be_reset() {
    let house = House::new().await;
    let a = house.instance("a");
    a.holds(Side::Buy, "2");
    house.venue.set_status(ProviderStatus::Stopped);
    a.stop(StopVerb::Flatten);
    assert!(house.desk.release(&a.id).unwrap().0);
    house.venue.set_status(ProviderStatus::Running);
    house.at(1_010_000);
    assert!(house.closings().is_empty());
}

#[tokio::test]
async fn the_host_flattens_everyone_and_cancel_closes_nothing() {
    let house = House::new().await;
    let (a, b) = (house.instance("a"), house.instance("b"));
    a.holds(Side::Buy, "1");
    b.holds(Side::Sell, "2");
    let resting = b.buy("1", "99.5");
    b.stop(StopVerb::Cancel);
    assert_eq!(house.venue.asked().last(), Some(&Asked::Cancel(resting.to_string())));
    house.venue.say(&resting, ReportState::Cancelled, None);
    house.at(1_010_000);
    assert!(house.closings().is_empty());
    drop(house.desk.stop_host(switch(StopVerb::Flatten, "fire")).unwrap());
    let closings = house.closings();
    assert_eq!(closings.len(), 2);
    assert!(matches!(house.desk.release_host(), Err(SwitchError::Flattening(_))));
    let weaker = house.desk.stop_host(switch(StopVerb::Stop, "less")).unwrap_err();
    assert!(weaker.to_string().contains("`flatten` already"), "{weaker}");
    for id in &closings {
        let left = house.venue.leaves(id).to_string();
        house.venue.say(id, ReportState::Filled, Some((&left, "100")));
    }
    assert_eq!((a.position(), b.position()), (Decimal::ZERO, Decimal::ZERO));
    assert!(house.desk.release_host().unwrap().0);
    assert!(house.desk.trading_active(&a.id) && !house.desk.trading_active(&b.id), "its own stays engaged");
}

#[tokio::test]
async fn a_fill_that_comes_too_late_is_closed_as_well() {
    let house = House::new().await;
    let a = house.instance("a");
    let resting = a.buy("1", "99.5");
    a.stop(StopVerb::Flatten);
    house.venue.say(&resting, ReportState::Cancelled, None);
    assert_eq!(a.flatten().state, FlattenState::Flat);
    house.venue.say(&resting, ReportState::Filled, Some(("1", "99.5")));
    house.at(1_010_000);
    let closing = house.closings();
    house.venue.say(&closing[0], ReportState::Filled, Some(("1", "99")));
    assert_eq!((a.position(), a.flatten().state), (Decimal::ZERO, FlattenState::Flat));
}

#[tokio::test]
async fn dust_fails_with_its_reason() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    house.venue.say(&id, ReportState::Partial, Some(("0.0004", "100")));
    house.venue.say(&id, ReportState::Cancelled, None);
    a.stop(StopVerb::Flatten);
    let flatten = a.flatten();
    assert_eq!(flatten.state, FlattenState::Failed);
    assert_eq!(flatten.left[0].reason.as_deref(), Some("0.0004 is less than the smallest order, 0.001"));
    assert!(house.desk.release(&a.id).unwrap().0, "a flatten that failed may be reset");
}

#[tokio::test]
async fn orders_that_end_by_themselves_are_waited_for() {
    let house = House::new().await;
    let a = house.instance("a");
    let draft = OrderDraft { time_in_force: Some(TimeInForce::Ioc), ..a.draft(Side::Buy, "1", Some("100")) };
    let id = house.desk.submit(draft).unwrap();
    a.stop(StopVerb::Flatten);
    assert!(!house.venue.asked().iter().any(|asked| matches!(asked, Asked::Cancel(_))));
    house.venue.say(&id, ReportState::Filled, Some(("1", "100")));
    house.at(1_010_000);
    assert_eq!(house.closings().len(), 1);
}
