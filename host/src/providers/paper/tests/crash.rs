//! The process is killed at every point where an order or a report reaches the disk: before and after the commit of an intent, the
//! venue's log, the commit of a report; and once more while it recovers. Whatever the venue had said is on record after it,
//! exactly once; what never reached the venue ends as unknown, and nothing is sent again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use super::*;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, SystemClock, fail_point};
use crate::bus::{Bus, BusConfig, Filter, Mailbox};
use crate::market::{Event, EventKind, OrderState, Payload};
use crate::providers::paper::log::{LogEntry, Told, entries};
use crate::providers::paper::{PaperConfig, PaperProvider, Speed};
use crate::store::{ExecutionFilter, OrderFilter, Store, StoreConfig};
use crate::trading::{Desk as OrderDesk, Journal, OrderDraft, Provider, Recovery, RiskConfig, RiskLimits, TradingAccount};

const DIR: &str = "SANDPIT_TEST_CRASH_DIR";
const MODE: &str = "SANDPIT_TEST_CRASH_MODE";
const AT: &str = "SANDPIT_TEST_CRASH_AT";

/// Points at which the trading process is killed, from the first order on: some six for each order.
const POINTS: i64 = 36;

struct House {
    store: Store,
    bus: Arc<Bus>,
    desk: Arc<OrderDesk>,
    provider: Arc<PaperProvider>,
}

fn instance() -> InstanceId {
    InstanceId::new("i1").unwrap()
}

impl House {
    /// As the host starts: orders and positions of the last run, the venue with its log, not started yet.
    async fn open(dir: &Path) -> Self {
        let (metrics, clock) = (Metrics::new(), Arc::new(SystemClock::new()));
        let store = Store::open(dir, &StoreConfig::default(), clock.clone(), &metrics).await.unwrap();
        let bus = Bus::new(&metrics, BusConfig::default());
        let thousand = 1_000;
        let limits = RiskLimits {
            max_concurrent_orders: thousand,
            order_throttle: thousand.into(),
            order_burst: thousand,
            ..RiskLimits::default()
        };
        let config = RiskConfig { limits, ..RiskConfig::default() };
        let desk = OrderDesk::new(config, Arc::clone(&bus), Some(Journal::new(store.writer())), &metrics);
        desk.restore(&store).await.unwrap();
        let name = ProviderName::new("paper").unwrap();
        let config = PaperConfig { tapes: vec!["btcusdt-20240808".into()], speed: Speed::Max, ..PaperConfig::default() };
        let provider = PaperProvider::new(name, config, clock).unwrap().with_log(&dir.join("venue"));
        let provider = Arc::new(provider);
        desk.attach(provider.clone());
        Self { store, bus, desk, provider }
    }

    async fn recover(&self) -> Recovery {
        let provider: Arc<dyn Provider> = self.provider.clone();
        let found = self.desk.recover(&provider).await;
        self.store.writer().flush().await.unwrap();
        found
    }

    /// The instance runs, from now on.
    fn run(&self) -> Mailbox {
        let symbols = vec![Symbol::new("BTC-USDT").unwrap()];
        let name = self.provider.name();
        let filter = Filter { provider: name.clone(), symbols: symbols.clone(), kinds: KindSet::EMPTY.with(EventKind::Trade) };
        let mailbox = self.bus.open(&instance(), &[filter]).unwrap();
        self.desk.admit(TradingAccount {
            instance: instance(),
            revision: Digest::of(b"source"),
            run: 1,
            scope: vec![(name.clone(), symbols)],
            dry_run: false,
            limits: None,
        });
        self.desk.set_active(&instance(), true);
        mailbox
    }
}

/// Buys at the market, rests beside it, rests far away, and cancels what rests longest, in turn.
fn answer(desk: &OrderDesk, event: &Event) {
    let Payload::Trade(trade) = &event.payload else { return };
    if !event.sequence.is_multiple_of(3) {
        return;
    }
    let turn = event.sequence / 3 % 4;
    if turn == 3 {
        let open = desk.open_orders(&instance(), None, None);
        if let Some(oldest) = open.first() {
            desk.cancel(&instance(), oldest.request.client_order_id.as_str(), event.ingest_time).unwrap();
        }
        return;
    }
    let price = [None, Some(trade.price.value()), Some((trade.price.value() * dec("0.995")).round_dp(2))][turn as usize];
    let draft = OrderDraft {
        instance: &instance(),
        provider: None,
        symbol: None,
        side: Side::Buy,
        order_type: if price.is_some() { OrderType::Limit } else { OrderType::Market },
        quantity: dec("0.002"),
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

/// Trades until the process ends.
async fn trade(dir: &Path, at: i64) {
    let house = House::open(dir).await;
    let (mailbox, lifecycle) = (house.run(), Lifecycle::new());
    house.provider.clone().start(house.desk.outlet(house.provider.name(), &lifecycle)).await.unwrap();
    fail_point::arm(at);
    loop {
        let event = mailbox.recv().await;
        answer(&house.desk, &event);
        mailbox.done();
    }
}

/// The child.
#[test]
#[ignore = "started by the test below"]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let at = std::env::var(AT).unwrap().parse().unwrap();
    let trades = std::env::var(MODE).unwrap() == "trade";
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        if trades {
            let traded = tokio::time::timeout(Duration::from_secs(30), trade(Path::new(&dir), at)).await;
            panic!("it should have been killed: {traded:?}");
        }
        fail_point::arm(at);
        House::open(Path::new(&dir)).await.recover().await;
        println!("\nrecovered");
        std::process::exit(0);
    });
}

/// What the child said.
async fn killed(dir: &Path, mode: &str, at: i64) -> String {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["providers::paper::tests::crash::child_that_is_killed", "--exact", "--ignored", "--nocapture"]);
    child.env(DIR, dir).env(MODE, mode).env(AT, at.to_string());
    let output = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("recovered") || !output.status.success(), "{said}");
    assert!(!complained.contains("panicked"), "{said}{complained}");
    said
}

/// What the venue said about each order.
fn told(dir: &Path) -> BTreeMap<ClientOrderId, Vec<ExecutionReport>> {
    let mut told: BTreeMap<ClientOrderId, Vec<ExecutionReport>> = BTreeMap::new();
    for entry in entries(&dir.join("venue")).unwrap() {
        if let LogEntry::Told(one) = entry.unwrap() {
            let Told { order, report } = *one;
            assert_eq!(order.client_order_id, report.client_order_id);
            told.entry(order.client_order_id).or_default().push(report);
        }
    }
    told
}

/// What one killed process left, in numbers.
#[derive(Debug, Default)]
struct Found {
    recovery: Recovery,
    /// Orders that the venue ended because its process had died.
    ended: usize,
    /// The second process was killed in the middle of its recovery.
    twice: bool,
}

/// Brings the house up again and compares the venue's log with the records.
async fn compare(dir: &Path, at: i64) -> Found {
    let house = House::open(dir).await;
    let recovery = house.recover().await;
    let told = told(dir);
    let rows = house.store.orders(&OrderFilter::of(instance(), 10_000)).await.unwrap();
    let executions = house.store.executions(&ExecutionFilter::of(instance(), 10_000)).await.unwrap();
    let mut ended = 0;
    for row in &rows {
        let id = &row.request.client_order_id;
        let Some(last) = told.get(id).and_then(|reports| reports.last()) else {
            assert_eq!(row.state, OrderState::Unknown, "point {at}: {id} never reached the venue");
            assert!(row.reason.as_deref().is_some_and(|reason| reason.starts_with("unknown: ")), "{row:?}");
            continue;
        };
        assert_eq!(row.state.as_str(), last.state.as_str(), "point {at}: {id}, {last:?}");
        assert_eq!((row.filled_quantity, row.average_price), (last.filled_quantity, last.average_price), "{id}");
        ended += usize::from(last.reason.as_deref() == Some("venue session ended"));
    }
    let on_record: BTreeSet<_> = rows.iter().map(|row| row.request.client_order_id.clone()).collect();
    assert!(told.keys().all(|id| on_record.contains(id)), "point {at}: the venue knows an order that is not on record");
    let fills: BTreeMap<_, _> =
        told.values().flatten().filter_map(|report| Some((report.fill.clone()?.execution_id, report))).collect();
    assert_eq!(executions.len(), fills.len(), "point {at}");
    for row in &executions {
        assert_eq!(fills[&row.fill.execution_id].fill.as_ref(), Some(&row.fill), "point {at}");
        assert_eq!(fills[&row.fill.execution_id].client_order_id, row.client_order_id);
    }
    let held: Decimal = executions.iter().map(|row| row.side.signed(row.fill.quantity)).sum();
    let positions = house.desk.positions(&instance());
    assert_eq!(positions.first().map_or(Decimal::ZERO, |(.., position)| position.quantity), held, "point {at}");
    assert!(house.desk.open_orders(&instance(), None, None).is_empty());

    // Its owner hears of all of it once it runs, and is never ahead of its venue's time.
    let mailbox = house.run();
    let now = house.provider.clock().now();
    let mut mail = 0;
    while let Some(event) = mailbox.try_recv() {
        assert!(matches!(event.payload, Payload::ExecReport(_)) && event.emit_time <= now);
        mail += 1;
    }
    assert_eq!(mail, recovery.reports + recovery.unknown, "point {at}");
    assert_eq!(house.recover().await, Recovery::default(), "nothing is left to ask");
    assert_eq!(self::told(dir), told, "nothing was sent");
    Found { recovery, ended, twice: false }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_venue_said_is_on_record_once_wherever_the_host_is_killed() {
    let mut all = Vec::new();
    for at in 0..POINTS {
        let dir = tempfile::tempdir().unwrap();
        killed(dir.path(), "trade", at).await;
        // What a kill in the middle of the recovery leaves is recovered, too.
        let twice = !killed(dir.path(), "recover", at % 6).await.contains("recovered");
        all.push(Found { twice, ..compare(dir.path(), at).await });
    }
    let any = |found: &dyn Fn(&Found) -> bool| all.iter().filter(|one| found(one)).count();
    let unknown = any(&|one| one.recovery.unknown > 0);
    let (reports, fills) = (any(&|one| one.recovery.reports > 0), any(&|one| one.recovery.fills > 0));
    let (ended, twice) = (any(&|one| one.ended > 0), any(&|one| one.twice));
    println!("of {POINTS} points: {unknown} unknown, {reports} reports, {fills} fills, {ended} ended, {twice} killed twice");
    // A recovery that was not killed leaves nothing to find, so not every point shows everything.
    assert!(unknown > 0 && reports > 0 && ended > 0 && twice > 5, "the points do not reach what they are to show");
}
