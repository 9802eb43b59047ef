//! A mailbox that goes on with other filters: what it keeps, and that it is then like any other.

use super::*;

#[tokio::test]
async fn other_filters_keep_own_events_and_what_both_ask_for() {
    use EventKind::{BalanceUpdate, Extension, RiskControl, Ticker, Trade};
    let metrics = Metrics::new();
    let bus = Bus::new(&metrics, BusConfig { mailbox_events: 4 });
    let mailbox = bus.open(&id("a"), &everything()).unwrap();
    for (n, (kind, symbol)) in
        (1..).zip([(Trade, "BTC-USDT"), (Ticker, "BTC-USDT"), (Ticker, "ETH-USDT"), (Extension, "BTC-USDT")])
    {
        bus.publish(&event(kind, symbol, n));
    }
    bus.post(&id("a"), event(RiskControl, "BTC-USDT", 5));
    // One symbol and one kind fewer, one kind more than before.
    mailbox.refilter(&[filter("p", &["ETH-USDT"], KindSet::EMPTY.with(Ticker).with(BalanceUpdate))]);
    assert_eq!(mailbox.len(), 2);
    bus.publish(&event(Trade, "ETH-USDT", 6));
    bus.publish(&event(Ticker, "BTC-USDT", 7));
    // The pair has another place than before: it must still be known as the one whose older ticker gives way.
    for n in 8..12 {
        bus.publish(&event(Ticker, "ETH-USDT", n));
    }
    bus.publish(&event(BalanceUpdate, "ETH-USDT", 12));
    assert_eq!(mailbox.dropped().of(Ticker), 2, "3 and 8 are out of date");
    assert_eq!(mailbox.dropped().total(), 2, "what nobody asks for any more was not dropped");
    assert_eq!(drain(&mailbox), [5, 9, 10, 11, 12]);
    assert!(settled(&bus).await, "what left is no work");
    assert!(bus.post(&id("a"), event(RiskControl, "BTC-USDT", 13)));
    assert_eq!(drain(&mailbox), [13]);
    drop(mailbox);
    assert!(metrics.render().contains("sandpit_bus_mailboxes 0"));
}

proptest! {
    /// After other filters came in, a mailbox goes on like a fresh one with these filters that was given what waited.
    #[test]
    fn other_filters_leave_a_mailbox_like_a_fresh_one(
        before in prop::collection::vec((0..4_usize, 0..2_usize), 0..20),
        after in prop::collection::vec((0..4_usize, 0..2_usize), 0..20),
        kinds in prop::collection::vec(0..3_usize, 0..3),
        symbols in 1..3_usize,
    ) {
        let known = [EventKind::Trade, EventKind::Ticker, EventKind::BookSnapshot, EventKind::RiskControl];
        let pairs = ["BTC-USDT", "ETH-USDT"];
        let other = [filter("p", &pairs[2 - symbols..], kinds.iter().map(|kind| known[*kind]).collect())];
        let give = |bus: &Arc<Bus>, event: &Arc<Event>| {
            if event.kind() == EventKind::RiskControl { bus.post(&id("a"), Arc::clone(event)); } else { bus.publish(event); }
        };
        let numbered = |from: u64, deeds: &[(usize, usize)]| {
            (from..).zip(deeds).map(|(n, (kind, symbol))| event(known[*kind], pairs[*symbol], n)).collect::<Vec<_>>()
        };
        let (early, late) = (numbered(1, &before), numbered(100, &after));
        let open = |filters: &[Filter], events: &[Arc<Event>]| {
            let bus = bus(5);
            let mailbox = bus.open(&id("a"), filters).unwrap();
            events.iter().for_each(|event| give(&bus, event));
            (bus, mailbox)
        };
        let (_, witness) = open(&everything(), &early);
        let waiting: Vec<_> = std::iter::from_fn(|| witness.try_recv()).collect();
        let (there, moved) = open(&everything(), &early);
        let dropped = moved.dropped().total();
        moved.refilter(&other);
        let (here, fresh) = open(&other, &waiting);
        for event in &late {
            give(&there, event);
            give(&here, event);
            prop_assert_eq!(moved.len(), fresh.len());
        }
        prop_assert_eq!(moved.dropped().total() - dropped, fresh.dropped().total());
        prop_assert_eq!(drain(&moved), drain(&fresh));
    }
}
