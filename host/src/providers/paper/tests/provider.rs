//! The provider with a real desk and bus: in step it gives what its session gives alone; paced it follows the clock.

use std::sync::{Arc, Mutex};

use super::*;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock as _, InstanceId, ManualClock};
use crate::bus::{Bus, BusConfig, Filter, Mailbox};
use crate::market::{EventKind, Payload, Trade};
use crate::providers::paper::{Blueprint, Outages, PaperConfig, PaperProvider, PaperSession, Speed};
use crate::providers::tape::Tape;
use crate::trading::{Desk as OrderDesk, OrderDraft, Provider as _, ProviderStatus, RiskConfig, RiskLimits, TradingAccount};

struct House {
    bus: Arc<Bus>,
    desk: Arc<OrderDesk>,
    wall: Arc<ManualClock>,
    provider: Arc<PaperProvider>,
    lifecycle: Lifecycle,
    id: InstanceId,
}

fn config(speed: Speed) -> PaperConfig {
    PaperConfig { tapes: vec!["btcusdt-20240808".into()], speed, looping: false, ..PaperConfig::default() }
}

impl House {
    fn new(config: PaperConfig) -> Self {
        Self::of(Blueprint::of_tapes(ProviderName::new("paper").unwrap(), config).unwrap())
    }

    fn of(blueprint: Blueprint) -> Self {
        let metrics = Metrics::new();
        let bus = Bus::new(&metrics, BusConfig::default());
        let limits =
            RiskLimits { max_concurrent_orders: 1000, order_throttle: dec("1000"), order_burst: 1000, ..RiskLimits::default() };
        let desk = OrderDesk::new(RiskConfig { limits, ..RiskConfig::default() }, Arc::clone(&bus), None, &metrics);
        let wall = Arc::new(ManualClock::new(Timestamp::from_millis(1_790_000_000_000)));
        let name = ProviderName::new("paper").unwrap();
        let provider = Arc::new(PaperProvider::of(blueprint, wall.clone()).unwrap());
        desk.attach(provider.clone());
        let id = InstanceId::new("i1").unwrap();
        desk.admit(TradingAccount {
            instance: id.clone(),
            revision: Digest::of(b"source"),
            run: 1,
            scope: vec![(name, vec![symbol()])],
            dry_run: false,
            limits: None,
        });
        desk.set_active(&id, true);
        Self { bus, desk, wall, provider, lifecycle: Lifecycle::new(), id }
    }

    async fn start(&self) {
        let outlet = self.desk.outlet(self.provider.name(), &self.lifecycle);
        self.provider.clone().start(outlet).await.unwrap();
    }

    fn mailbox(&self, kinds: KindSet) -> Mailbox {
        let filter = Filter { provider: self.provider.name().clone(), symbols: vec![symbol()], kinds };
        self.bus.open(&self.id, &[filter]).unwrap()
    }

    /// Waits until the tape's clock has reached this, while the machine's stands where it is.
    async fn until(&self, moment: Timestamp) {
        tokio::time::timeout(Duration::from_secs(60), self.provider.clock().sleep_until(moment)).await.unwrap();
    }
}

fn symbol() -> Symbol {
    Symbol::new("BTC-USDT").unwrap()
}

/// The strategy of the test: after every 100th trade it buys a little at the price of the trade, every fourth time at the
/// market. It never sells: the desk lets no order meet another of the same account.
fn answer(trade: &Trade, sequence: u64) -> Option<(OrderType, Decimal, Option<Decimal>)> {
    let number = sequence.is_multiple_of(100).then_some(sequence / 100)?;
    let limit = !number.is_multiple_of(4);
    let order_type = if limit { OrderType::Limit } else { OrderType::Market };
    Some((order_type, dec("0.002"), limit.then(|| trade.price.value())))
}

/// What of a report does not depend on how orders and sessions are named.
fn essence(report: &ExecutionReport) -> String {
    let fill = report.fill.as_ref().map(|fill| (fill.price, fill.quantity, fill.fee, fill.liquidity));
    format!(
        "{} {:?} {} {} {fill:?} {:?}",
        report.venue_order_id, report.state, report.filled_quantity, report.time, report.reason
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_step_the_results_are_those_of_the_session_alone() {
    let house = House::new(config(Speed::Max));
    let mailbox = house.mailbox(KindSet::EMPTY.with(EventKind::Trade));
    let reports = Arc::new(Mutex::new(Vec::new()));
    let (desk, id, kept) = (house.desk.clone(), house.id.clone(), reports.clone());
    house.lifecycle.spawn(async move {
        loop {
            let event = mailbox.recv().await;
            match &event.payload {
                Payload::ExecReport(report) => kept.lock().unwrap().push(essence(&report.1)),
                Payload::Trade(trade) => {
                    if let Some((order_type, quantity, price)) = answer(trade, event.sequence) {
                        let draft = OrderDraft {
                            instance: &id,
                            provider: None,
                            symbol: None,
                            side: Side::Buy,
                            order_type,
                            quantity,
                            price,
                            time_in_force: None,
                            client_order_id: None,
                            requested_at: event.ingest_time,
                            seen_at: event.emit_time,
                            ordinal: event.sequence,
                            nth: 1,
                        };
                        desk.submit(draft).unwrap();
                    }
                }
                _ => {}
            }
            mailbox.done();
        }
    });
    house.start().await;
    let end = house.provider.clock();
    let last = Tape::open("btcusdt-20240808").unwrap().header().end;
    tokio::time::timeout(Duration::from_secs(300), end.sleep_until(last)).await.unwrap();
    while house.provider.status() == ProviderStatus::Running {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    house.provider.stop().await;
    house.bus.settle().await;

    let expected = alone();
    let reports = reports.lock().unwrap();
    assert!(reports.len() > 150, "{} reports", reports.len());
    assert_eq!(*reports, expected.0);
    assert_eq!(house.provider.balances(), expected.1);
}

/// The same strategy, called by hand between the steps of a session.
fn alone() -> (Vec<String>, Vec<crate::trading::Balance>) {
    let tape = Tape::open("btcusdt-20240808").unwrap();
    let setup = config(Speed::Max).venue("paper".parse().unwrap(), "alone".into(), KindSet::PUBLIC).unwrap();
    let mut session = PaperSession::new(setup, &[tape], false, None).unwrap();
    let (mut out, mut reports) = (Vec::new(), Vec::new());
    let mut more = true;
    while more {
        more = session.step(&mut out).unwrap();
        if !more {
            session.close(&mut out);
        }
        for output in out.drain(..) {
            match output {
                Output::Report(report) => reports.push(essence(&report)),
                Output::Event(event) => {
                    let Payload::Trade(trade) = &event.payload else { continue };
                    let Some((order_type, quantity, price)) = answer(trade, event.sequence) else { continue };
                    session.submit(OrderRequest {
                        client_order_id: ClientOrderId::made(format!("o{}", event.sequence)),
                        instance: "i1".parse().unwrap(),
                        provider: "paper".parse().unwrap(),
                        symbol: symbol(),
                        side: Side::Buy,
                        order_type,
                        quantity,
                        price,
                        time_in_force: if price.is_some() { TimeInForce::Gtc } else { TimeInForce::Ioc },
                        requested_at: event.ingest_time,
                    });
                }
            }
        }
    }
    (reports, session.venue().balances())
}

#[tokio::test]
async fn paced_it_follows_the_clock_and_goes_on_after_a_stop() {
    let house = House::new(config(Speed::Times(20)));
    let mailbox = house.mailbox(KindSet::EMPTY.with(EventKind::BookSnapshot));
    let clock = house.provider.clock();
    let begin = clock.now();
    assert_eq!((house.provider.status(), house.provider.is_paper()), (ProviderStatus::Pending, true));
    house.start().await;
    assert_eq!(house.provider.status(), ProviderStatus::Running);
    let outlet = house.desk.outlet(house.provider.name(), &house.lifecycle);
    assert!(house.provider.clone().start(outlet).await.is_err(), "it runs already");

    house.wall.advance_to(house.wall.now().plus(Duration::from_millis(500)));
    house.until(begin.plus(Duration::from_millis(9800))).await;
    let played = clock.now().since(begin);
    assert!(played <= Duration::from_secs(10), "20 times half a second: {played:?}");

    let order = OrderDraft {
        instance: &house.id,
        provider: None,
        symbol: None,
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: dec("0.1"),
        price: None,
        time_in_force: None,
        client_order_id: None,
        requested_at: clock.now(),
        seen_at: clock.now(),
        ordinal: 1,
        nth: 1,
    };
    house.desk.submit(order).unwrap();
    house.wall.advance_to(house.wall.now().plus(Duration::from_millis(100)));
    house.until(begin.plus(Duration::from_millis(11_500))).await;
    let bought = house.provider.balances();
    let btc = bought.iter().find(|balance| balance.currency == "BTC").unwrap();
    assert_eq!(btc.total, dec("10.0999"), "0.1 less 0.1 % fee");

    house.provider.stop().await;
    assert_eq!(house.provider.status(), ProviderStatus::Stopped);
    let stopped_at = clock.now();
    let before = mailbox.len();
    house.wall.advance_to(house.wall.now().plus(Duration::from_secs(10)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!((clock.now(), mailbox.len()), (stopped_at, before), "nothing comes after a stop");

    house.start().await;
    house.wall.advance_to(house.wall.now().plus(Duration::from_millis(100)));
    house.until(stopped_at.plus(Duration::from_millis(1800))).await;
    assert_eq!(house.provider.balances(), bought, "the account is kept");
    house.provider.stop().await;
}

#[tokio::test]
async fn open_orders_expire_when_it_stops() {
    let house = House::new(config(Speed::Times(1)));
    let mailbox = house.mailbox(KindSet::EMPTY);
    house.start().await;
    house.wall.advance_to(house.wall.now().plus(Duration::from_secs(1)));
    house.until(house.provider.clock().now().plus(Duration::from_millis(500))).await;
    let now = house.provider.clock().now();
    for (ordinal, price) in [(1, "61500"), (2, "61600")] {
        let draft = OrderDraft {
            instance: &house.id,
            provider: None,
            symbol: None,
            side: Side::Buy,
            order_type: OrderType::Limit,
            quantity: dec("0.01"),
            price: Some(dec(price)),
            time_in_force: None,
            client_order_id: None,
            requested_at: now,
            seen_at: now,
            ordinal,
            nth: 1,
        };
        house.desk.submit(draft).unwrap();
    }
    house.provider.stop().await;
    let mut states = Vec::new();
    while let Some(event) = mailbox.try_recv() {
        if let Payload::ExecReport(report) = &event.payload {
            states.push(report.1.state);
        }
    }
    assert_eq!(states.iter().filter(|state| **state == ReportState::Expired).count(), 2, "{states:?}");
    assert!(house.provider.balances().iter().all(|balance| balance.total == balance.available));
}

/// Bids from far below to near the market, sent with the first trade; what is reported of them until the tape ends.
async fn reports_of_resting_bids(outages: Option<Outages>) -> (Vec<String>, Vec<String>) {
    let blueprint = Blueprint::of_tapes("paper".parse().unwrap(), config(Speed::Max)).unwrap();
    let house = House::of(Blueprint { outages, ..blueprint });
    let mailbox = house.mailbox(KindSet::EMPTY.with(EventKind::Trade));
    let heard = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let (desk, id, kept) = (house.desk.clone(), house.id.clone(), heard.clone());
    house.lifecycle.spawn(async move {
        let mut sent = false;
        loop {
            let event = mailbox.recv().await;
            match &event.payload {
                Payload::ExecReport(report) => kept.lock().unwrap().0.push(essence(&report.1)),
                Payload::RiskControl(risk) => kept.lock().unwrap().1.push(format!("{:?} {}", risk.status, risk.breach_type)),
                Payload::Trade(trade) if !std::mem::replace(&mut sent, true) => {
                    for nth in 1..=40 {
                        let draft = OrderDraft {
                            instance: &id,
                            provider: None,
                            symbol: None,
                            side: Side::Buy,
                            order_type: OrderType::Limit,
                            quantity: dec("0.002"),
                            price: Some(trade.price.value() - Decimal::from(nth * 4)),
                            time_in_force: None,
                            client_order_id: None,
                            requested_at: event.ingest_time,
                            seen_at: event.emit_time,
                            ordinal: event.sequence,
                            nth,
                        };
                        desk.submit(draft).unwrap();
                    }
                }
                _ => {}
            }
            mailbox.done();
        }
    });
    house.start().await;
    let over = async {
        while matches!(house.provider.status(), ProviderStatus::Running | ProviderStatus::Reconnecting) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), over).await.unwrap();
    house.provider.stop().await;
    house.bus.settle().await;
    std::mem::take(&mut *heard.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_delays_reports_and_changes_none() {
    let outages = Outages { seed: [7; 32], every: Duration::from_secs(20), lasts: Duration::from_secs(8) };
    let (whole, quiet) = reports_of_resting_bids(None).await;
    let (broken, told) = reports_of_resting_bids(Some(outages)).await;
    assert!(whole.len() > 60 && quiet.is_empty(), "{} reports, {quiet:?}", whole.len());
    assert_eq!(broken, whole, "none lost, none twice, none out of order");
    assert!(told.len() >= 8, "{told:?}");
    for (place, told) in told.iter().enumerate() {
        let status = if place % 2 == 0 { "Triggered" } else { "Cleared" };
        assert_eq!(*told, format!("{status} PROVIDER_DISCONNECTED"));
    }
}

#[test]
fn what_cannot_be_played_is_refused() {
    let wall = Arc::new(ManualClock::new(Timestamp::ZERO));
    let made = |tapes: &[&str]| {
        let config = PaperConfig { tapes: tapes.iter().map(ToString::to_string).collect(), ..PaperConfig::default() };
        PaperProvider::new("paper".parse().unwrap(), config, wall.clone()).map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(made(&["btcusdt-20240808", "ethusdt-20240808"]), Ok(()));
    assert_eq!(
        made(&["btc"]).unwrap_err(),
        "tape `btc` is neither a file nor one of the built-in tapes (btcusdt-20240808, ethusdt-20240808)"
    );
    assert!(made(&["btcusdt-20240808", "btcusdt-20240808"]).unwrap_err().contains("two tapes are of BTC-USDT"));
}
