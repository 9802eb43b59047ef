//! The desk with a real database: durable before the venue, refused when it cannot be, all there after a restart.

use std::time::Duration;

use super::venue::Asked;
use super::*;
use crate::base::SystemClock;
use crate::market::{OrderState, ReportState};
use crate::store::{ExecutionFilter, NewOrder, OrderFilter, Store, StoreConfig, WriteOp};

async fn open(dir: &tempfile::TempDir) -> Store {
    let clock = Arc::new(SystemClock::new());
    Store::open(dir.path(), &StoreConfig::default(), clock, &Metrics::new()).await.unwrap()
}

async fn house(store: &Store) -> House {
    House::with(RiskConfig::default(), Some(Journal::new(store.writer())), true).await
}

#[tokio::test]
async fn the_venue_sees_an_order_only_after_its_intent_is_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let house = house(&store).await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    // One thread: nothing was written yet, and the guest has its id.
    assert!(house.venue.asked().is_empty());
    house.desk.settle().await;
    assert_eq!(house.venue.asked(), [Asked::Submit(id.to_string())]);
    let rows = store.orders(&OrderFilter::of(a.id.clone(), 10)).await.unwrap();
    assert_eq!((rows.len(), rows[0].state, rows[0].run), (1, OrderState::Pending, 1));

    house.venue.say(&id, ReportState::Ack, None);
    house.venue.say(&id, ReportState::Filled, Some(("1", "99.5")));
    store.writer().flush().await.unwrap();
    let rows = store.orders(&OrderFilter::of(a.id.clone(), 10)).await.unwrap();
    assert_eq!((rows[0].state, rows[0].filled_quantity, rows[0].average_price), (OrderState::Filled, dec("1"), dec("99.5")));
    assert_eq!(rows[0].venue_order_id.as_deref(), Some(&*format!("v-{id}")));
    assert!(rows[0].acknowledged_at.is_some() && rows[0].completed_at.is_some());
    let executions = store.executions(&ExecutionFilter::of(a.id.clone(), 10)).await.unwrap();
    assert_eq!((executions.len(), executions[0].fill.price), (1, dec("99.5")));
}

#[tokio::test]
async fn a_cancel_before_the_venue_has_the_order_is_passed_on_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let house = house(&store).await;
    let a = house.instance("a");
    let id = a.buy("1", "100");
    house.desk.cancel(&a.id, id.as_str(), Timestamp::from_millis(1_001_000)).unwrap();
    house.desk.settle().await;
    assert_eq!(house.venue.asked(), [Asked::Submit(id.to_string()), Asked::Cancel(id.to_string())]);
}

#[tokio::test]
async fn an_order_that_cannot_be_recorded_is_never_sent() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let house = house(&store).await;
    let a = house.instance("a");
    // Another instance used the chosen id in an earlier life of the host.
    let mut request = a
        .house
        .desk
        .submit(OrderDraft { client_order_id: Some("first"), ..a.draft(Side::Buy, "1", Some("100")) })
        .map(|_| house.desk.open_orders(&a.id, None, None).remove(0).request)
        .unwrap();
    house.desk.settle().await;
    (request.client_order_id, request.instance) = (ClientOrderId::made("taken"), name("before"));
    let older = NewOrder { request, hash: Digest::of(b"old"), run: 7, state: OrderState::Filled, reason: None };
    store.writer().commit(vec![WriteOp::InsertOrder(Box::new(older))]).await.unwrap();

    house.desk.submit(OrderDraft { client_order_id: Some("taken"), ..a.draft(Side::Buy, "1", Some("100")) }).unwrap();
    house.desk.settle_posts(&a).await;
    let mail = a.mail();
    assert!(mail[0].contains("taken REJECTED 0 0 denied: journal_unavailable:"), "{mail:?}");
    assert_eq!(house.venue.asked(), [Asked::Submit("first".to_owned())]);

    assert!(store.close(Duration::from_secs(5)).await);
    let id = a.buy("1", "100");
    assert!(a.mail()[0].contains(&format!("{id} REJECTED 0 0 denied: journal_unavailable:")));
    assert_eq!(house.desk.open_orders(&a.id, None, None).len(), 1, "their slots are free again");
    assert_eq!(house.desk.risk_state(&a.id).breaches, 0);
}

impl Desk {
    /// Like `settle` with somebody who reads the mail: waits until the journal has told the instance.
    async fn settle_posts(&self, instance: &Instance<'_>) {
        while instance.mailbox.is_empty() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn denied_orders_are_on_record_up_to_the_bound() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let house = house(&store).await;
    let a = house.instance("a");
    for nth in 0..500 {
        let draft = OrderDraft { requested_at: Timestamp::from_millis(1_000_000), nth, ..a.draft(Side::Buy, "1", Some("200")) };
        house.desk.submit(draft).unwrap_err();
    }
    store.writer().flush().await.unwrap();
    let rows = store.orders(&OrderFilter::of(a.id.clone(), 1000)).await.unwrap();
    assert_eq!(rows.len(), 20);
    assert!(rows.iter().all(|row| row.state == OrderState::Denied));
    assert!(rows[19].reason.as_deref().unwrap().starts_with("denied: price_outside_band: price 200"));
}
