//! A venue that cannot be reached for a while.

use super::*;
use crate::trading::{Connection, ProviderStatus};

fn lose(house: &House, millis: u64) {
    house.venue.set_status(ProviderStatus::Reconnecting);
    let at = Timestamp::from_millis(millis);
    house.venue.outlet().connection(Connection::Lost { reason: "the line is dead".to_owned(), at });
}

fn restore(house: &House, millis: u64) {
    house.venue.set_status(ProviderStatus::Running);
    house.venue.outlet().connection(Connection::Restored { at: Timestamp::from_millis(millis) });
}

#[tokio::test]
async fn while_the_connection_is_lost_orders_are_denied_and_everyone_knows() {
    let house = House::new().await;
    let a = house.instance("a");
    let open = a.buy("1", "100");
    assert_eq!((house.desk.trading_active(&a.id), house.desk.staleness("paper")), (true, None));
    lose(&house, 1_005_000);
    assert_eq!(a.mail(), ["#1 Triggered PROVIDER_DISCONNECTED kill=false breaker=false"]);
    assert!(!house.desk.trading_active(&a.id));
    let stale = house.desk.staleness("paper").unwrap();
    assert_eq!((stale.since, stale.reason.as_str()), (Timestamp::from_millis(1_005_000), "the line is dead"));

    let refused = a.order(Side::Buy, "1", "100").unwrap_err();
    assert_eq!(refused.code, "provider_disconnected");
    assert!(
        refused.message.contains("the line is dead") && refused.message.contains("1970-01-01T00:16:45"),
        "{}",
        refused.message
    );
    let mail = a.mail();
    assert!(mail.len() == 1 && mail[0].contains("REJECTED") && mail[0].contains("denied: provider_disconnected"), "{mail:?}");
    assert_eq!(house.desk.risk_state(&a.id).breaches, 0, "it is no misdeed");
    let refused = house.desk.cancel(&a.id, open.as_str(), Timestamp::from_millis(1_006_000)).unwrap_err();
    assert_eq!(refused.code, "provider_disconnected");
    assert_eq!(house.desk.open_orders(&a.id, None, None).len(), 1, "what is at the venue stays there");

    restore(&house, 1_009_000);
    assert_eq!(a.mail(), ["#2 Cleared PROVIDER_DISCONNECTED kill=false breaker=false"]);
    restore(&house, 1_009_001);
    assert_eq!(a.mail(), Vec::<String>::new(), "said once");
    assert_eq!((house.desk.trading_active(&a.id), house.desk.staleness("paper")), (true, None));
    a.buy("1", "100");
}

#[tokio::test]
async fn a_provider_that_does_not_run_is_stale_and_unavailable() {
    let house = House::new().await;
    let a = house.instance("a");
    house.venue.set_status(ProviderStatus::Stopped);
    assert!(!house.desk.trading_active(&a.id), "no provider of the scope runs");
    assert!(house.desk.staleness("paper").is_some_and(|stale| stale.reason.contains("stopped")));
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "provider_unavailable");
    house.venue.set_status(ProviderStatus::Running);
    assert!(house.desk.trading_active(&a.id));
    assert_eq!(house.desk.staleness("elsewhere"), None);
}

#[tokio::test]
async fn a_provider_that_is_attached_again_is_fresh() {
    let house = House::new().await;
    lose(&house, 1_005_000);
    house.venue.set_status(ProviderStatus::Running);
    house.desk.attach(Arc::<Venue>::clone(&house.venue));
    assert_eq!(house.desk.staleness("paper"), None);
}

#[tokio::test]
async fn an_instance_is_introduced_to_its_instruments_and_balances() {
    let house = House::new().await;
    let a = house.instance("a");
    house.desk.introduce(&a.id, crate::bus::KindSet::EMPTY);
    assert_eq!(a.mail().len(), 0, "it did not ask");
    house.desk.introduce(&a.id, crate::bus::KindSet::PUBLIC);
    let mail = a.mail();
    let told = |part: &str| mail.iter().filter(|line| line.contains(part)).count();
    assert_eq!((told("InstrumentUpdate"), told("BTC-USDT"), told("ETH-USDT")), (2, 1, 1), "{mail:?}");
    lose(&house, 1_005_000);
    a.mail();
    house.desk.introduce(&a.id, crate::bus::KindSet::EMPTY);
    let mail = a.mail();
    assert!(mail.len() == 1 && mail[0].contains("Triggered PROVIDER_DISCONNECTED"), "{mail:?}");
}
