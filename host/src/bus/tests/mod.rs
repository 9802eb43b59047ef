//! What the bus guarantees: order, loss, idleness.

mod refilter;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, InstanceId, ManualClock, ProviderName, Timestamp};
use crate::market::{
    BalanceUpdate, BookSnapshot, DecimalText, Event, EventKind, Payload, RiskControl, RiskStatus, Side, Symbol, Ticker, Trade,
};

fn bus(capacity: usize) -> Arc<Bus> {
    Bus::new(&Metrics::new(), BusConfig { mailbox_events: capacity })
}

fn id(text: &str) -> InstanceId {
    InstanceId::new(text).unwrap()
}

fn filter(provider: &str, symbols: &[&str], kinds: KindSet) -> Filter {
    let symbols = symbols.iter().map(|symbol| Symbol::new(symbol).unwrap()).collect();
    Filter { provider: ProviderName::new(provider).unwrap(), symbols, kinds }
}

fn everything() -> Vec<Filter> {
    vec![filter("p", &["BTC-USDT", "ETH-USDT"], KindSet::PUBLIC)]
}

fn payload(kind: EventKind, n: u64) -> Payload {
    let text = || DecimalText::parse(&n.to_string()).unwrap();
    let time = Timestamp::from_nanos(n);
    match kind {
        EventKind::Trade => {
            Payload::Trade(Trade { trade_id: "t".into(), side: Side::Buy, price: text(), quantity: text(), time })
        }
        EventKind::Ticker => {
            Payload::Ticker(Ticker { last_price: text(), bid_price: text(), ask_price: text(), volume_24h: text(), time })
        }
        EventKind::BookSnapshot => Payload::BookSnapshot(BookSnapshot {
            bids: vec![],
            asks: vec![],
            checksum: "".into(),
            last_update: time,
            first_update_id: n,
            final_update_id: n,
        }),
        EventKind::BalanceUpdate => {
            Payload::BalanceUpdate(BalanceUpdate { currency: "USDT".into(), total: text(), available: text(), time })
        }
        EventKind::RiskControl => Payload::RiskControl(Box::new(RiskControl {
            instance: id("a"),
            status: RiskStatus::Triggered,
            reason: String::new(),
            breach_type: "RATE_LIMIT",
            metrics: Default::default(),
            kill_switch_engaged: false,
            circuit_breaker_open: false,
            time,
        })),
        _ => Payload::Extension("{}".to_owned()),
    }
}

/// Event number `n` of `p`.
fn event(kind: EventKind, symbol: &str, n: u64) -> Arc<Event> {
    Arc::new(Event {
        provider: ProviderName::new("p").unwrap(),
        symbol: Some(Symbol::new(symbol).unwrap()),
        sequence: n,
        ingest_time: Timestamp::from_nanos(n),
        emit_time: Timestamp::from_nanos(n),
        payload: payload(kind, n),
    })
}

fn drain(mailbox: &Mailbox) -> Vec<u64> {
    let taken = std::iter::from_fn(|| mailbox.try_recv()).map(|event| event.sequence).collect();
    mailbox.done();
    taken
}

#[test]
fn a_mailbox_hears_what_it_asked_for_and_no_more() {
    let bus = bus(16);
    let trades = bus.open(&id("trades"), &[filter("p", &["BTC-USDT"], KindSet::EMPTY.with(EventKind::Trade))]).unwrap();
    let other = bus.open(&id("other"), &[filter("q", &["BTC-USDT"], KindSet::PUBLIC)]).unwrap();
    let extensions =
        bus.open(&id("extensions"), &[filter("p", &["SOL-USDT"], KindSet::EMPTY.with(EventKind::Extension))]).unwrap();
    let balances = bus.open(&id("balances"), &[filter("p", &["SOL-USDT", "ETH-USDT"], KindSet::PUBLIC)]).unwrap();
    let elsewhere = bus.open(&id("elsewhere"), &[filter("p", &["SOL-EUR"], KindSet::PUBLIC)]).unwrap();
    let published = [
        (EventKind::Trade, "BTC-USDT"),
        (EventKind::Ticker, "BTC-USDT"),
        (EventKind::Trade, "ETH-USDT"),
        (EventKind::Extension, "BTC-USDT"),
        (EventKind::BalanceUpdate, "BTC-USDT"),
    ];
    for (n, (kind, symbol)) in (1..).zip(published) {
        bus.publish(&event(kind, symbol, n));
    }
    assert_eq!(drain(&trades), [1]);
    assert_eq!(drain(&other), Vec::<u64>::new());
    assert_eq!(drain(&extensions), [4], "whatever their symbol");
    assert_eq!(drain(&balances), [3, 4, 5], "a balance of USDT once, though two symbols have it");
    assert_eq!(drain(&elsewhere), [4]);
}

#[test]
fn own_events_are_posted_to_one_and_can_not_be_published() {
    let bus = bus(16);
    let (a, b) = (bus.open(&id("a"), &everything()).unwrap(), bus.open(&id("b"), &everything()).unwrap());
    bus.publish(&event(EventKind::RiskControl, "BTC-USDT", 1));
    assert!(bus.post(&id("a"), event(EventKind::RiskControl, "BTC-USDT", 2)));
    assert!(!bus.post(&id("nobody"), event(EventKind::RiskControl, "BTC-USDT", 3)));
    assert_eq!((drain(&a), drain(&b)), (vec![2], vec![]));
}

#[test]
fn one_instance_has_one_mailbox_until_it_is_dropped() {
    let metrics = Metrics::new();
    let bus = Bus::new(&metrics, BusConfig::default());
    let first = bus.open(&id("a"), &everything()).unwrap();
    assert_eq!(bus.open(&id("a"), &everything()).err(), Some(BusError::AlreadyOpen(id("a"))));
    assert!(metrics.render().contains("sandpit_bus_mailboxes 1"));
    drop(first);
    let again = bus.open(&id("a"), &everything()).unwrap();
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 1));
    assert_eq!(drain(&again), [1]);
    assert!(metrics.render().contains("sandpit_bus_mailboxes 1"));
}

#[test]
fn a_full_mailbox_keeps_the_newest_ticker_and_book_and_every_own_event() {
    use EventKind::{BookSnapshot, RiskControl, Ticker, Trade};
    let metrics = Metrics::new();
    let bus = Bus::new(&metrics, BusConfig { mailbox_events: 4 });
    let mailbox = bus.open(&id("a"), &everything()).unwrap();
    let arrivals = [Ticker, BookSnapshot, RiskControl, Trade, Trade];
    for (n, kind) in (1..).zip(arrivals) {
        let event = event(kind, "BTC-USDT", n);
        if kind == RiskControl { assert!(bus.post(&id("a"), event)) } else { bus.publish(&event) }
    }
    // Full: the only ticker and book stay, the oldest trade goes.
    bus.publish(&event(Trade, "BTC-USDT", 6));
    // A newer ticker makes the older one the oldest that is out of date.
    bus.publish(&event(Ticker, "BTC-USDT", 7));
    // A ticker of another symbol does not.
    bus.publish(&event(Ticker, "ETH-USDT", 8));
    let dropped = mailbox.dropped();
    assert_eq!((dropped.of(Trade), dropped.of(Ticker), dropped.of(BookSnapshot), dropped.total()), (2, 1, 0, 3));
    assert_eq!(drain(&mailbox), [2, 3, 6, 7, 8]);
    let text = metrics.render();
    assert!(text.contains(r#"sandpit_bus_dropped_total{kind="Trade"} 2"#), "{text}");
    assert!(text.contains("sandpit_bus_work 0"), "{text}");
}

/// The rules in their simplest form: a list that is searched from the front.
#[derive(Default)]
struct Model(Vec<(EventKind, usize, u64)>);

impl Model {
    fn push(&mut self, event: (EventKind, usize, u64), capacity: usize) {
        let own = |kind| kind == EventKind::RiskControl;
        let state = |kind| matches!(kind, EventKind::Ticker | EventKind::BookSnapshot);
        self.0.push(event);
        if own(event.0) || self.0.iter().filter(|(kind, ..)| !own(*kind)).count() <= capacity {
            return;
        }
        let newer = |at: usize| self.0[at + 1..].iter().any(|(kind, symbol, _)| (*kind, *symbol) == (self.0[at].0, self.0[at].1));
        let outdated = |at: &usize| !own(self.0[*at].0) && (!state(self.0[*at].0) || newer(*at));
        let first_market = (0..self.0.len()).find(|at| !own(self.0[*at].0));
        let victim = (0..self.0.len()).find(outdated).or(first_market).unwrap();
        self.0.remove(victim);
    }
}

proptest! {
    #[test]
    fn queues_follow_the_model(
        capacity in 1..8_usize,
        deeds in prop::collection::vec((0..6_usize, 0..2_usize), 0..200),
    ) {
        let kinds = [EventKind::Trade, EventKind::Ticker, EventKind::BookSnapshot, EventKind::RiskControl, EventKind::BalanceUpdate];
        let bus = bus(capacity);
        let mailbox = bus.open(&id("a"), &everything()).unwrap();
        let mut model = Model::default();
        for (n, (deed, symbol)) in (1..).zip(deeds) {
            if let Some(&kind) = kinds.get(deed) {
                let event = event(kind, ["BTC-USDT", "ETH-USDT"][symbol], n);
                if kind == EventKind::RiskControl { bus.post(&id("a"), event); } else { bus.publish(&event); }
                model.push((kind, symbol, n), capacity);
            } else {
                let expected = (!model.0.is_empty()).then(|| model.0.remove(0).2);
                prop_assert_eq!(mailbox.try_recv().map(|event| event.sequence), expected);
            }
            prop_assert_eq!(mailbox.len(), model.0.len());
        }
        prop_assert_eq!(drain(&mailbox), model.0.into_iter().map(|(.., n)| n).collect::<Vec<_>>());
    }
}

/// Whether `settle` completes without anybody else doing anything.
async fn settled(bus: &Bus) -> bool {
    tokio::time::timeout(Duration::from_millis(20), bus.settle()).await.is_ok()
}

#[tokio::test]
async fn settle_waits_for_what_waits_and_for_what_is_in_hand() {
    let bus = bus(4);
    assert!(settled(&bus).await);
    let mailbox = bus.open(&id("a"), &everything()).unwrap();
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 1));
    assert!(!settled(&bus).await, "it waits");
    mailbox.recv().await;
    assert!(!settled(&bus).await, "it is in hand");
    mailbox.done();
    mailbox.done();
    assert!(settled(&bus).await);
    for n in 0..100 {
        bus.publish(&event(EventKind::Trade, "BTC-USDT", n));
        bus.post(&id("a"), event(EventKind::RiskControl, "BTC-USDT", n));
    }
    mailbox.recv().await;
    assert!(!settled(&bus).await);
    drop(mailbox);
    assert!(settled(&bus).await, "nobody will ever handle them");
    let hold = bus.hold();
    assert!(!settled(&bus).await);
    drop(hold);
    assert!(settled(&bus).await);
}

#[tokio::test]
async fn a_timer_is_known_before_the_event_is_done_and_fires_before_what_comes_later() {
    let bus = bus(4);
    let mailbox = Arc::new(bus.open(&id("a"), &everything()).unwrap());
    let manual = Arc::new(ManualClock::new(Timestamp::from_nanos(10)));
    let clock: Arc<dyn Clock> = Arc::<ManualClock>::clone(&manual);
    let wait = mailbox.recv_until(Timestamp::from_nanos(20), &clock);
    tokio::pin!(wait);
    assert!(futures_util::poll!(wait.as_mut()).is_pending());
    assert!(settled(&bus).await, "the timer is not due");
    manual.advance_to(Timestamp::from_nanos(25));
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 25));
    assert!(!settled(&bus).await, "it is due now, and nobody has polled the owner yet");
    assert_eq!(wait.await, Wake::Timer);
    assert!(!settled(&bus).await);
    assert!(matches!(mailbox.recv_until(Timestamp::from_nanos(30), &clock).await, Wake::Event(event) if event.sequence == 25));
    mailbox.done();
    assert!(settled(&bus).await, "the wait is over and so is its alarm");
    manual.advance_to(Timestamp::from_nanos(40));
    assert!(settled(&bus).await);
}

#[tokio::test]
async fn a_sleeper_does_not_hold_up_the_clock_it_waits_for() {
    let bus = bus(4);
    let mailbox = bus.open(&id("a"), &everything()).unwrap();
    let manual = Arc::new(ManualClock::new(Timestamp::from_nanos(10)));
    let clock = mailbox.sleeping_clock(Arc::<ManualClock>::clone(&manual));
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 1));
    mailbox.recv().await;
    let sleep = clock.sleep_until(Timestamp::from_nanos(20));
    tokio::pin!(sleep);
    assert!(futures_util::poll!(sleep.as_mut()).is_pending());
    assert!(settled(&bus).await);
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 2));
    assert!(settled(&bus).await, "what comes meanwhile waits for the sleeper");
    manual.advance_to(Timestamp::from_nanos(20));
    assert!(!settled(&bus).await, "it is to wake up");
    sleep.await;
    assert!(!settled(&bus).await, "event 1 is in hand again");
    assert_eq!(drain(&mailbox), [2]);
    assert!(settled(&bus).await);
}

#[tokio::test]
async fn a_sleep_that_is_given_up_leaves_nothing_behind() {
    let bus = bus(4);
    let mailbox = bus.open(&id("a"), &everything()).unwrap();
    let manual = Arc::new(ManualClock::new(Timestamp::from_nanos(10)));
    let clock = mailbox.sleeping_clock(Arc::<ManualClock>::clone(&manual));
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 1));
    mailbox.recv().await;
    let mut sleep = clock.sleep_until(Timestamp::from_nanos(20));
    assert!(futures_util::poll!(sleep.as_mut()).is_pending());
    drop(sleep);
    assert!(!settled(&bus).await);
    mailbox.done();
    assert!(settled(&bus).await);
    let mut sleep = clock.sleep_until(Timestamp::from_nanos(20));
    assert!(futures_util::poll!(sleep.as_mut()).is_pending());
    bus.publish(&event(EventKind::Trade, "BTC-USDT", 2));
    assert!(!settled(&bus).await, "with nothing in hand a sleep is no excuse");
}

/// Owners on other threads that handle, sleep and set timers, a publisher that goes in step with them: each step must find
/// everybody done with the step before, and none may be missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lockstep_loses_no_wake_up() {
    const OWNERS: usize = 8;
    const STEPS: u64 = 3_000;
    let (bus, lifecycle) = (bus(4), Lifecycle::new());
    let clock = Arc::new(ManualClock::new(Timestamp::ZERO));
    let handled = Arc::new(AtomicUsize::new(0));
    for n in 0..OWNERS {
        let mailbox = bus.open(&id(&format!("i{n}")), &everything()).unwrap();
        let (clock, handled, stop) = (Arc::<ManualClock>::clone(&clock), Arc::clone(&handled), lifecycle.soft_stop().clone());
        lifecycle.spawn(async move {
            let pace: Arc<dyn Clock> = clock;
            let sleeping = mailbox.sleeping_clock(Arc::clone(&pace));
            let mut timer = Timestamp::from_nanos(2);
            loop {
                let wake = tokio::select! {
                    () = stop.cancelled() => return,
                    wake = mailbox.recv_until(timer, &pace) => wake,
                };
                match wake {
                    Wake::Event(event) => {
                        if (event.sequence + n as u64).is_multiple_of(7) {
                            sleeping.sleep_until(event.ingest_time.plus(Duration::from_nanos(1))).await;
                        }
                        if event.sequence % 3 == n as u64 % 3 {
                            tokio::task::yield_now().await;
                        }
                    }
                    // Never behind by more than one step.
                    Wake::Timer => {
                        assert!(pace.now().since(timer) <= Duration::from_nanos(1), "timer {timer} at {}", pace.now());
                        timer = timer.plus(Duration::from_nanos(2));
                    }
                }
                handled.fetch_add(1, Ordering::AcqRel);
            }
        });
    }
    let play = async {
        for step in 1..=STEPS {
            clock.advance_to(Timestamp::from_nanos(step));
            bus.settle().await;
            bus.publish(&event(EventKind::Trade, "BTC-USDT", step));
            bus.settle().await;
        }
        clock.advance_to(Timestamp::from_nanos(STEPS + 1));
        bus.settle().await;
    };
    tokio::time::timeout(Duration::from_secs(60), play).await.expect("a wake-up was lost");
    // Every event and every second step's timer, at every owner; nothing dropped, though a mailbox holds four.
    let expected = OWNERS * (STEPS as usize + usize::try_from(STEPS / 2).unwrap());
    let seen = handled.load(Ordering::Acquire);
    assert!(lifecycle.shutdown(Duration::from_secs(5)).await);
    assert!((expected..=expected + OWNERS).contains(&seen), "{seen} of {expected}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_owner_that_only_waits_is_always_woken() {
    let (bus, lifecycle) = (bus(1024), Lifecycle::new());
    let mailbox = bus.open(&id("a"), &everything()).unwrap();
    let owner = lifecycle.spawn(async move {
        let mut sum = 0;
        for _ in 0..20_000 {
            sum += mailbox.recv().await.sequence;
        }
        sum
    });
    let publisher = Arc::clone(&bus);
    lifecycle.spawn(async move {
        for n in 1..=10_000 {
            publisher.post(&id("a"), event(EventKind::RiskControl, "BTC-USDT", n));
        }
    });
    for n in 1..=10_000 {
        bus.post(&id("a"), event(EventKind::RiskControl, "BTC-USDT", n));
    }
    let sum = tokio::time::timeout(Duration::from_secs(30), owner).await.expect("a wake-up was lost").unwrap();
    assert_eq!(sum, 10_000 * 10_001);
}
