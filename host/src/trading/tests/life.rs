//! The life of an order without a journal.

use super::venue::Asked;
use super::*;
use crate::market::ReportState::{Ack, Cancelled, Expired, Filled, Partial, Rejected};

#[tokio::test]
async fn an_order_from_draft_to_profit() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("2", "100");
    let hash = Digest::of(b"source").short();
    assert_eq!(id.as_str(), format!("a-{hash}-1-1-1"));
    assert_eq!(house.venue.asked(), [Asked::Submit(id.to_string())]);
    let open = house.desk.open_orders(&a.id, None, None);
    assert_eq!((open.len(), open[0].state.as_str(), open[0].leaves()), (1, "PENDING", dec("2")));

    house.venue.say(&id, Ack, None);
    house.venue.say(&id, Partial, Some(("0.5", "100")));
    house.venue.say(&id, Filled, Some(("1.5", "98")));
    let expected = [format!("#1 {id} ACK 0 2 -"), format!("#2 {id} PARTIAL 0.5 1.5 -"), format!("#3 {id} FILLED 2.0 0 -")];
    assert_eq!(a.mail(), expected);
    assert!(house.desk.open_orders(&a.id, None, None).is_empty());

    let position = house.desk.position(&a.id, Some("paper"), Some("BTC-USDT")).unwrap();
    assert_eq!((position.quantity, position.cost, position.average_price()), (dec("2"), dec("197"), dec("98.5")));
    let profit = &house.desk.profit(&a.id)["USDT"];
    assert_eq!((profit.realised, profit.unrealised, profit.fees, profit.net), (dec("0"), dec("3"), dec("0.02"), dec("2.98")));

    assert_eq!(house.metric(r#"sandpit_orders_total{outcome="approved",provider="paper"}"#), "1");
    assert_eq!(house.metric(r#"sandpit_orders_total{outcome="filled",provider="paper"}"#), "1");
    assert_eq!(house.metric(r#"sandpit_fills_total{provider="paper"}"#), "2");
    assert_eq!(house.metric(r#"sandpit_open_orders{provider="paper"}"#), "0");
}

#[tokio::test]
async fn reports_reach_their_owner_alone_even_when_one_name_begins_with_the_other() {
    let house = House::new().await;
    let (a, ab) = (house.instance("a"), house.instance("a-b"));
    let id = ab.buy("1", "100");
    house.venue.say(&id, Ack, None);
    assert_eq!((a.mail().len(), ab.mail().len()), (0, 1));
    assert_eq!(house.desk.cancel(&a.id, id.as_str(), Timestamp::ZERO).unwrap_err().code, "unknown_order");
    assert!(house.desk.open_orders(&a.id, None, None).is_empty());
}

#[tokio::test]
async fn what_does_not_fit_changes_nothing_and_is_counted() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    house.venue.say(&id, Filled, Some(("1", "100")));
    a.mail();
    house.venue.say(&id, Cancelled, None);
    assert!(a.mail().is_empty());
    assert_eq!(house.metric(r#"sandpit_odd_reports_total{oddity="illegal_transition",provider="paper"}"#), "1");
}

#[tokio::test]
async fn a_fill_that_comes_after_the_cancel_counts() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    house.venue.say(&id, Cancelled, None);
    house.venue.say(&id, Partial, Some(("0.4", "100")));
    assert_eq!(a.mail().len(), 2);
    assert_eq!(house.desk.position(&a.id, None, None).unwrap().quantity, dec("0.4"));
    assert!(house.desk.open_orders(&a.id, None, None).is_empty());
    assert_eq!(house.metric(r#"sandpit_odd_reports_total{oddity="late_fill",provider="paper"}"#), "1");
}

#[tokio::test]
async fn cancels_reach_the_venue_once_a_second_and_only_for_open_orders() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    let at = |millis: u64| Timestamp::from_millis(2_000_000 + millis);
    for (millis, asked) in [(0, 2), (0, 2), (999, 2), (1999, 3)] {
        house.desk.cancel(&a.id, id.as_str(), at(millis)).unwrap();
        assert_eq!(house.venue.asked().len(), asked, "{millis}");
    }
    house.venue.say(&id, Cancelled, None);
    let refused = house.desk.cancel(&a.id, id.as_str(), at(9000)).unwrap_err();
    assert_eq!((refused.code, refused.message.contains("CANCELLED")), ("unknown_order", true));
    assert_eq!(house.desk.cancel(&a.id, "nobody's", at(0)).unwrap_err().code, "unknown_order");
    let ids = [a.buy("1", "100"), a.buy("1", "99.5")];
    assert_eq!(house.desk.cancel_all(&a.id, at(10_000)), 2);
    assert_eq!(
        house.venue.asked().iter().filter(|asked| ids.iter().any(|id| **asked == Asked::Cancel(id.to_string()))).count(),
        2
    );
}

#[tokio::test]
async fn a_dry_run_gives_an_id_and_nothing_else() {
    let house = House::new().await;
    let a = house.instance_with("a", None, true);
    let id = a.order(Side::Buy, "100000", "1").unwrap();
    assert!(id.as_str().starts_with("a-"));
    assert_eq!((house.venue.asked(), a.mail()), (vec![], vec![]));
    assert_eq!(house.metric(r#"sandpit_orders_total{outcome="dry_run",provider="paper"}"#), "1");
}

#[tokio::test]
async fn chosen_ids_are_used_once_and_never_look_like_the_hosts() {
    let house = House::new().await;
    let (a, b) = (house.instance("a"), house.instance("b"));
    let chosen = |instance: &Instance<'_>, id| {
        house.desk.submit(OrderDraft { client_order_id: Some(id), ..instance.draft(Side::Buy, "1", Some("100")) })
    };
    assert_eq!(chosen(&a, "mine").unwrap().as_str(), "mine");
    assert_eq!(chosen(&a, "mine").unwrap_err().code, "duplicate_client_order_id");
    assert_eq!(chosen(&b, "mine").unwrap_err().code, "duplicate_client_order_id");
    assert_eq!(chosen(&b, "a-0a1b2c3d-1-2-3").unwrap_err().code, "invalid_client_order_id");
    for bad in ["", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(chosen(&b, bad).unwrap_err().code, "invalid_client_order_id", "{bad}");
    }
}

#[tokio::test]
async fn names_outside_the_scope_are_refused() {
    let house = House::new().await;
    let a = house.instance("a");
    let draft = || a.draft(Side::Buy, "1", Some("100"));
    let unknown = house.desk.submit(OrderDraft { provider: Some("__proto__"), ..draft() }).unwrap_err();
    assert_eq!((unknown.code, unknown.message.contains("its scope has paper")), ("unknown_provider", true));
    assert_eq!(house.desk.submit(OrderDraft { symbol: Some("SOL-USDT"), ..draft() }).unwrap_err().code, "invalid_symbol");
    assert_eq!(house.desk.position(&a.id, Some("x"), None).unwrap_err().code, "unknown_provider");
    assert_eq!(house.desk.balance(&a.id, None, "USDT").unwrap().available, dec("900"));
    assert_eq!(house.desk.balance(&a.id, None, "EUR").unwrap().total, dec("0"));
    let eth = house.desk.submit(OrderDraft { symbol: Some("ETH-USDT"), ..draft() }).unwrap();
    assert_eq!(house.desk.open_orders(&a.id, Some("paper"), Some("ETH-USDT"))[0].request.client_order_id, eth);
    assert!(house.desk.open_orders(&a.id, None, Some("BTC-USDT")).is_empty());
    assert!(a.mail().is_empty(), "a wrong call is no denial");
}

#[tokio::test]
async fn a_paper_session_ends_its_open_orders() {
    let house = House::new().await;
    let a = house.instance("a");
    let (one, two) = (a.buy("1", "100"), a.buy("1", "99.5"));
    house.venue.say(&one, Partial, Some(("0.25", "100")));
    house.desk.detach(house.venue.name());
    let mail = a.mail();
    assert!(mail[1..].iter().all(|line| line.contains("EXPIRED") && line.ends_with("0 venue session ended")), "{mail:?}");
    assert!(mail.iter().any(|line| line.contains(one.as_str()) && line.contains("EXPIRED 0.25")));
    assert!(mail.iter().any(|line| line.contains(two.as_str()) && line.contains("EXPIRED 0 ")));
    assert_eq!(house.desk.position(&a.id, None, None).unwrap().quantity, dec("0.25"));
    house.venue.say(&two, Expired, None);
    house.venue.say(&two, Rejected, None);
    assert!(a.mail().is_empty());
}

#[tokio::test]
async fn a_dismissed_instance_with_stock_still_gets_its_fills_counted() {
    let house = House::new().await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    house.desk.dismiss(&a.id);
    house.venue.say(&id, Filled, Some(("1", "100")));
    assert_eq!(house.desk.positions(&a.id)[0].2.quantity, dec("1"));
    assert_eq!(house.desk.submit(a.draft(Side::Buy, "1", None)).unwrap_err().code, "not_active");
}
