//! What of risk outlives the process: with a real database.

use std::time::Duration;

use super::*;
use crate::base::SystemClock;
use crate::market::ReportState;
use crate::store::{DenialFilter, OrderFilter, Store, StoreConfig};
use crate::trading::{FlattenState, HostLimits, RiskOverrides};

async fn open(dir: &tempfile::TempDir) -> Store {
    let clock = Arc::new(SystemClock::new());
    Store::open(dir.path(), &StoreConfig::default(), clock, &Metrics::new()).await.unwrap()
}

async fn house(store: &Store) -> House {
    let metrics = Metrics::new();
    let bus = Bus::new(&metrics, BusConfig::default());
    let desk = Desk::new(RiskConfig::default(), Arc::clone(&bus), Some(Journal::new(store.writer())), &metrics);
    desk.restore(store).await.unwrap();
    let house = House { metrics, bus, desk, venue: Venue::new("paper", false) };
    house.attach().await;
    house.desk.set_trading(house.venue.name(), true);
    house
}

async fn close(store: Store) {
    assert!(store.close(Duration::from_secs(5)).await);
}

fn denials(a: &Instance<'_>, limit: u32) -> DenialFilter {
    DenialFilter { instance: a.id.clone(), codes: Vec::new(), before: None, limit }
}

#[tokio::test]
async fn limits_switches_and_breaches_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let before = house(&store).await;
    let (a, b) = (before.instance("a"), before.instance("b"));
    let host = HostLimits { max_concurrent_orders: Some(7), ..HostLimits::default() };
    let limits = RiskLimits { max_position_size: dec("20"), max_loss_per_day: Some(dec("9.5")), ..RiskLimits::default() };
    let config = RiskConfig { limits, host, ..RiskConfig::default() };
    before.desk.set_risk(config.clone()).on_disk().await.unwrap();
    let own = RiskOverrides { max_position_size: Some(dec("3")), ..RiskOverrides::default() };
    before.desk.set_instance_limits(&a.id, Some(own.clone())).on_disk().await.unwrap();
    a.order(Side::Buy, "1", "200").unwrap_err();
    before.desk.stop(&b.id, switch(StopVerb::Cancel, "looks odd")).unwrap().on_disk().await.unwrap();
    before.desk.stop_host(switch(StopVerb::Stop, "maintenance")).unwrap().on_disk().await.unwrap();
    let states = [&a, &b].map(|instance| before.desk.risk_state(&instance.id));
    close(store).await;

    let store = open(&dir).await;
    let after = house(&store).await;
    let (a, b) = (after.instance("a"), after.instance("b"));
    assert_eq!(after.desk.risk(), config);
    assert_eq!(after.desk.instance_limits(&a.id), Some(own));
    assert_eq!(after.desk.effective_limits(&a.id).max_position_size, dec("3"));
    assert_eq!([&a, &b].map(|instance| after.desk.risk_state(&instance.id)), states);
    assert_eq!((states[0].breaches, states[1].kill_switch.as_ref().unwrap().who.as_str()), (1, "ann"));
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "kill_switch_engaged");
    after.desk.release_host().unwrap().1.on_disk().await.unwrap();
    after.desk.release(&b.id).unwrap().1.on_disk().await.unwrap();
    after.desk.set_instance_limits(&a.id, None).on_disk().await.unwrap();
    assert_eq!(b.order(Side::Buy, "21", "100").unwrap_err().code, "position_limit");
    close(store).await;

    let store = open(&dir).await;
    let last = house(&store).await;
    let (a, b) = (last.instance("a"), last.instance("b"));
    assert!(last.desk.trading_active(&a.id) && last.desk.trading_active(&b.id));
    assert_eq!((last.desk.instance_limits(&a.id), last.desk.risk_state(&b.id).breaches), (None, 1));
}

#[tokio::test]
async fn an_open_breaker_is_open_after_a_restart_and_closes_by_the_venues_clock() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let before = house(&store).await;
    let a = before.instance("a");
    for _ in 0..3 {
        a.order(Side::Buy, "1", "200").unwrap_err();
    }
    let state = before.desk.risk_state(&a.id);
    assert!(state.circuit_breaker_open);
    close(store).await;
    let store = open(&dir).await;
    let after = house(&store).await;
    let a = after.instance("a");
    let again = after.desk.risk_state(&a.id);
    // The clock of the new session may stand before the old one's: no cooldown lasts longer than it says from there.
    assert_eq!((again.breaches, again.circuit_breaker_open), (3, true));
    assert!(again.until <= state.until);
    after.venue.clock.advance_to(Timestamp::from_millis(1_100_000));
    assert!(after.desk.trading_active(&a.id));
}

#[tokio::test]
async fn a_flatten_goes_on_after_a_restart_and_its_order_ids_never_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let before = house(&store).await;
    let a = before.instance("a");
    let id = a.buy("2", "100");
    before.desk.settle_journal(&store).await;
    before.venue.say(&id, ReportState::Filled, Some(("2", "100")));
    before.desk.stop(&a.id, switch(StopVerb::Flatten, "fire")).unwrap().on_disk().await.unwrap();
    before.desk.settle_journal(&store).await;
    let first = before.desk.open_orders(&a.id, None, None)[0].request.client_order_id.clone();
    before.venue.say(&first, ReportState::Partial, Some(("0.5", "99")));
    before.venue.say(&first, ReportState::Expired, None);
    before.desk.settle_journal(&store).await;
    let second = before.desk.open_orders(&a.id, None, None)[0].request.client_order_id.clone();
    before.venue.say(&second, ReportState::Rejected, None);
    close(store).await;

    let store = open(&dir).await;
    let after = house(&store).await;
    let a = after.instance("a");
    assert_eq!(after.desk.risk_state(&a.id).flatten.unwrap().state, FlattenState::Flattening);
    after.venue.outlet().publish(events::trade("BTC-USDT", "100", 1_000_001));
    after.desk.settle_journal(&store).await;
    let third = after.desk.open_orders(&a.id, None, None)[0].request.clone();
    assert_eq!((third.quantity, third.side), (dec("1.5"), Side::Sell));
    let ids = [&first, &second, &third.client_order_id].map(|id| id.as_str().rsplit('-').next().unwrap().to_owned());
    assert_eq!(ids, ["1", "2", "3"]);
    after.venue.say(&third.client_order_id, ReportState::Filled, Some(("1.5", "99")));
    assert_eq!(after.desk.risk_state(&a.id).flatten.unwrap().state, FlattenState::Flat);
    let rows = store.orders(&OrderFilter::of(a.id.clone(), 10)).await.unwrap();
    assert_eq!(rows.len(), 4);
}

impl Desk {
    /// Until the journal has handed over all orders; the mail of the test's instances is not read.
    async fn settle_journal(&self, store: &Store) {
        // A report, what follows of it, and its order are three turns of the journal.
        for _ in 0..3 {
            store.writer().flush().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_day_is_made_again_from_the_executions_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let before = house(&store).await;
    let a = before.instance("a");
    for (side, price) in [(Side::Buy, "100"), (Side::Sell, "99.5")] {
        let id = a.order(side, "2", price).unwrap();
        before.desk.settle_journal(&store).await;
        before.venue.say(&id, ReportState::Filled, Some(("2", price)));
    }
    close(store).await;
    let store = open(&dir).await;
    let after = house(&store).await;
    let a = after.instance("a");
    let own = RiskOverrides { max_loss_per_day: Some(dec("1.02")), ..RiskOverrides::default() };
    drop(after.desk.set_instance_limits(&a.id, Some(own)));
    let day = &after.desk.risk_state(&a.id).day[0];
    assert_eq!((day.loss, day.fees), (dec("1.02"), dec("0.02")));
    assert_eq!(a.order(Side::Buy, "1", "100").unwrap_err().code, "daily_loss_limit");
}

#[tokio::test]
async fn denials_are_on_record_with_their_numbers_and_the_newest_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let house = house(&store).await;
    let limits = RiskLimits { kill_switch_enabled: false, order_burst: 100_000, ..RiskLimits::default() };
    drop(house.desk.set_risk(RiskConfig { limits, denial_notices_per_second: 100_000, ..RiskConfig::default() }));
    let a = house.instance("a");
    let told = Arc::new(std::sync::Mutex::new(0_u32));
    let counter = Arc::clone(&told);
    house.desk.on_denial(Box::new(move |_, _| *counter.lock().unwrap() += 1));
    for nth in 0..10_700 {
        let draft = OrderDraft { requested_at: Timestamp::from_millis(1_000_000), nth, ..a.draft(Side::Buy, "1", Some("200")) };
        house.desk.submit(draft).unwrap_err();
        if nth.is_multiple_of(1000) {
            store.writer().flush().await.unwrap();
        }
    }
    store.writer().flush().await.unwrap();
    assert_eq!(*told.lock().unwrap(), 10_700);
    let newest = store.denials(&denials(&a, 2)).await.unwrap();
    assert_eq!((newest[0].code.as_str(), newest[0].numbers["bandUpper"].as_str()), ("price_outside_band", Some("101")));
    assert!(newest[0].message.starts_with("price 200 is outside 99 to 101"), "{}", newest[0].message);
    let older = store.denials(&DenialFilter { before: Some(newest[1].seq), ..denials(&a, 1) }).await.unwrap();
    assert_eq!(older[0].seq + 1, newest[1].seq);
    let all = store.denials(&denials(&a, u32::MAX)).await.unwrap();
    assert!(all.len() >= 10_000, "{}", all.len());
    assert!(newest[0].seq - all.last().unwrap().seq < 10_512, "old ones are gone");
    let other = DenialFilter { codes: vec!["rate_limited".to_owned()], ..denials(&a, 10) };
    assert!(store.denials(&other).await.unwrap().is_empty());
    house.desk.dismiss(&a.id);
    store.writer().flush().await.unwrap();
    assert!(store.denials(&denials(&a, 10)).await.unwrap().is_empty());
}
