//! A restart of the host while the venue lives on: what it said meanwhile is asked for and booked once.

use std::time::Duration;

use super::venue::Asked;
use super::*;
use crate::base::SystemClock;
use crate::market::OrderState;
use crate::market::ReportState::{Ack, Cancelled, Filled, Partial};
use crate::store::{ExecutionFilter, NewOrder, OrderFilter, OrderRow, Store, StoreConfig, WriteOp};
use crate::trading::{Provider, ProviderStatus, Recovery};

async fn open(dir: &tempfile::TempDir) -> Store {
    let clock = Arc::new(SystemClock::new());
    Store::open(dir.path(), &StoreConfig::default(), clock, &Metrics::new()).await.unwrap()
}

async fn house(store: &Store) -> House {
    House::with(RiskConfig::default(), Some(Journal::new(store.writer())), true).await
}

/// Another host with the same database, before its provider starts.
async fn again(store: &Store, venue: &Arc<Venue>) -> House {
    let metrics = Metrics::new();
    let bus = Bus::new(&metrics, BusConfig::default());
    let desk = Desk::new(RiskConfig::default(), Arc::clone(&bus), Some(Journal::new(store.writer())), &metrics);
    desk.restore(store).await.unwrap();
    desk.attach(Arc::<Venue>::clone(venue));
    House { metrics, bus, desk, venue: Arc::clone(venue) }
}

async fn recover(house: &House) -> Recovery {
    let venue: Arc<dyn Provider> = Arc::<Venue>::clone(&house.venue);
    house.desk.recover(&venue).await
}

async fn row(store: &Store, id: &ClientOrderId) -> OrderRow {
    store.writer().flush().await.unwrap();
    let rows = store.orders(&OrderFilter::of(name("a"), 100)).await.unwrap();
    rows.into_iter().find(|row| row.request.client_order_id == *id).unwrap()
}

/// Three orders at the venue, of which one was filled; then the database is gone, and the venue says more.
async fn cut_off(dir: &tempfile::TempDir) -> (Arc<Venue>, [ClientOrderId; 3]) {
    let store = open(dir).await;
    let before = house(&store).await;
    let a = before.instance("a");
    let ids = [a.buy("2", "100"), a.buy("3", "99.5"), a.buy("1", "99")];
    before.desk.settle().await;
    before.venue.say(&ids[0], Filled, Some(("2", "100")));
    before.venue.say(&ids[1], Ack, None);
    before.venue.say(&ids[1], Partial, Some(("1", "99.5")));
    let mut lost = before.desk.open_orders(&a.id, None, None)[1].request.clone();
    lost.client_order_id = ClientOrderId::made("lost");
    let lost = NewOrder { request: lost, hash: Digest::of(b"source"), run: 1, state: OrderState::Pending, reason: None };
    store.writer().commit(vec![WriteOp::InsertOrder(Box::new(lost))]).await.unwrap();
    assert!(store.close(Duration::from_secs(5)).await);
    before.venue.say(&ids[1], Partial, Some(("0.5", "99.4")));
    before.venue.say(&ids[1], Cancelled, None);
    before.venue.say(&ids[2], Ack, None);
    (Arc::clone(&before.venue), ids)
}

#[tokio::test]
async fn what_was_missed_is_booked_once_and_reaches_its_owner_first() {
    let dir = tempfile::tempdir().unwrap();
    let (venue, ids) = cut_off(&dir).await;
    let asked = venue.asked();
    let store = open(&dir).await;
    let after = again(&store, &venue).await;
    assert_eq!(after.desk.open_orders(&name("a"), None, None).len(), 3, "nothing is guessed before the venue was asked");
    let found = recover(&after).await;
    assert_eq!(found, Recovery { orders: 3, unknown: 1, unanswered: 0, reports: 3, fills: 1 });
    assert_eq!(recover(&after).await, Recovery { orders: 1, ..Recovery::default() }, "only the resting one is left to ask");
    assert_eq!(venue.asked(), asked, "nothing was sent");
    assert_eq!(after.metric(r#"sandpit_recovery_total{found="fills",provider="paper"}"#), "1");
    assert_eq!(after.metric(r#"sandpit_orders_total{outcome="unknown",provider="paper"}"#), "1");

    let two = row(&store, &ids[1]).await;
    assert_eq!((two.state, two.filled_quantity, two.average_price), (OrderState::Cancelled, dec("1.5"), dec("99.466666666667")));
    assert_eq!(row(&store, &ids[2]).await.state, OrderState::Acknowledged);
    let lost = row(&store, &ClientOrderId::made("lost")).await;
    assert_eq!((lost.state, lost.venue_order_id.as_deref()), (OrderState::Unknown, None));
    assert!(lost.reason.unwrap().starts_with("unknown: ") && lost.completed_at.is_some());
    let executions = store.executions(&ExecutionFilter::of(name("a"), 100)).await.unwrap();
    let ids_of: Vec<_> = executions.iter().rev().map(|row| row.fill.execution_id.as_str()).collect();
    assert_eq!(ids_of, ["x1", "x2", "x3"]);

    // What the venue says before the owner runs waits behind what was missed.
    after.venue.start_again(after.desk.outlet(after.venue.name(), &Lifecycle::new()));
    after.venue.say(&ids[2], Filled, Some(("1", "99")));
    let a = after.instance("a");
    assert!(a.mail().is_empty(), "it had no mailbox when it became active");
    after.desk.set_active(&a.id, true);
    let mail = a.mail();
    let told: Vec<_> = mail.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    let two = &ids[1];
    assert_eq!(
        told[..4],
        [
            format!("{two} PARTIAL 1.5 1.5 -"),
            format!("{two} CANCELLED 1.5 0 -"),
            format!("{} ACK 0 1 -", ids[2]),
            format!("lost EXPIRED 0 0 {}", mail[3].split_once("0 0 ").unwrap().1),
        ],
        "{mail:#?}"
    );
    assert_eq!((told.len(), told[4].contains("FILLED")), (5, true));
    assert_eq!(after.desk.position(&a.id, None, None).unwrap().quantity, dec("4.5"));
    after.venue.say(&ids[0], Cancelled, None);
    after.venue.outlet().publish(events::trade("BTC-USDT", "100", 1_000_000));
    a.sent.set(100);
    let id = a.buy("1", "100");
    tokio::time::timeout(Duration::from_secs(10), after.desk.settle()).await.unwrap();
    assert_eq!(venue.asked().last(), Some(&Asked::Submit(id.to_string())));
    after.venue.say(&id, Ack, None);
    assert_eq!(a.mail().len(), 1, "what comes later is not kept any more");
}

#[tokio::test]
async fn a_recovery_that_was_cut_off_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (venue, ids) = cut_off(&dir).await;
    {
        // It books everything and dies before anything is written.
        let store = open(&dir).await;
        let second = again(&store, &venue).await;
        assert!(store.close(Duration::from_secs(5)).await);
        assert_eq!(recover(&second).await.fills, 1);
    }
    let store = open(&dir).await;
    let third = again(&store, &venue).await;
    assert_eq!(recover(&third).await.fills, 1);
    assert_eq!(row(&store, &ids[1]).await.filled_quantity, dec("1.5"));
    assert_eq!(third.desk.positions(&name("a"))[0].2.quantity, dec("3.5"));
}

#[tokio::test]
async fn what_the_venue_cannot_be_asked_about_stays_open() {
    let dir = tempfile::tempdir().unwrap();
    let (venue, _) = cut_off(&dir).await;
    venue.set_status(ProviderStatus::Failed);
    let store = open(&dir).await;
    let after = again(&store, &venue).await;
    assert_eq!(recover(&after).await, Recovery { orders: 3, unanswered: 3, ..Recovery::default() });
    assert_eq!(after.desk.open_orders(&name("a"), None, None).len(), 3);
}

#[tokio::test]
async fn an_order_row_that_ran_ahead_of_its_executions_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let (venue, ids) = cut_off(&dir).await;
    let store = open(&dir).await;
    let mut ahead = row(&store, &ids[1]).await;
    ahead.filled_quantity = dec("1.5");
    let update = crate::store::OrderUpdate {
        provider: ahead.request.provider,
        client_order_id: ahead.request.client_order_id,
        state: ahead.state,
        venue_order_id: None,
        filled_quantity: ahead.filled_quantity,
        average_price: ahead.average_price,
        reason: None,
        acknowledged_at: None,
        completed_at: None,
    };
    store.writer().commit(vec![WriteOp::UpdateOrder(Box::new(update))]).await.unwrap();
    let after = again(&store, &venue).await;
    assert_eq!(recover(&after).await.fills, 1);
    let mended = row(&store, &ids[1]).await;
    assert_eq!((mended.filled_quantity, mended.state), (dec("1.5"), OrderState::Cancelled));
}
