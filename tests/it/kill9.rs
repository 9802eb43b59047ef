//! `kill -9` of the real binary at random moments while strategies order as hard as they can, twenty times over the same data:
//! what the venue's own log says is what the host knows after each start, to the last decimal, and nothing is sent twice.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::support::process::Host;
use crate::support::{Client, eventually};
use rust_decimal::Decimal;
use sandpit::base::metrics::Metrics;
use sandpit::base::{Clock as _, InstanceId, ProviderName, SystemClock};
use sandpit::bus::{Bus, BusConfig};
use sandpit::market::{ExecutionReport, Fill, OrderRequest, OrderState, ReportState, Side};
use sandpit::providers::paper::log::{LogEntry, Told, entries, folder};
use sandpit::providers::paper::{ADAPTER, PaperConfig, PaperProvider, Speed};
use sandpit::store::{Desired, ExecutionFilter, OrderFilter, ProviderRow, Store, StoreConfig, WriteOp};
use sandpit::trading::{Desk, Journal, Provider, RiskConfig};
use serde_json::{Value, json};

const KILLS: u32 = 20;

const VENUE: &str = "floor";

/// Half of them buy, half of them sell: the desk lets nobody meet himself.
const INSTANCES: [(&str, &str, &str); 5] = [
    ("buys-btc", "buy", "BTC-USDT"),
    ("sells-btc", "sell", "BTC-USDT"),
    ("buys-eth", "buy", "ETH-USDT"),
    ("sells-eth", "sell", "ETH-USDT"),
    ("buys-more", "buy", "BTC-USDT"),
];

/// An order at the market, one that crosses the spread, one that rests far away, and a cancel of the oldest, in turn.
const HAMMER: &str = r#"
module.exports = {
  metadata: { name: "hammer", tag: "v1", displayName: "Hammer", events: ["Trade", "ExecReport"],
    config: [{ name: "side", type: "string", default: "buy" }, { name: "every", type: "int", default: 3 },
             { name: "dry_run", type: "bool", default: false }] },
  create({ config, helpers, runtime }) {
    const { side, every } = config;
    let trades = 0;
    const at = (percent) => (runtime.getLastPrice() * (1 + (side === "buy" ? percent : -percent) / 100)).toFixed(2);
    const turns = [
      () => runtime.submitMarketOrder(null, side, "0.002"),
      () => runtime.submitOrder(null, side, "0.003", at(0.01)),
      () => runtime.submitOrder(null, side, "0.002", at(-0.8)),
      () => { const [oldest] = runtime.openOrders(); if (oldest) runtime.cancelOrder(oldest.clientOrderId); },
    ];
    return {
      onTrade() {
        if (trades === 0) helpers.log(`position ${runtime.position().quantity}`);
        trades += 1;
        if (trades % every) return;
        try { turns[(trades / every) % turns.length](); } catch (error) { helpers.log(`refused ${error.code}`); }
      },
      onOrderExpired: (ctx, evt, report) => helpers.log(`expired ${report.clientOrderId}`),
    };
  },
};
"#;

const CONFIG: &str = r#"
[risk.limits]
maxPositionSize = "100000"
maxNotionalValue = "1000000000"
orderThrottle = "1000"
orderBurst = 100
maxConcurrentOrders = 12
killSwitchEnabled = false

[sandbox.limits]
deadlineMs = 10000
loadDeadlineMs = 30000
"#;

fn log(data_dir: &Path) -> PathBuf {
    folder(data_dir, &ProviderName::new(VENUE).unwrap())
}

fn settings() -> PaperConfig {
    PaperConfig { speed: Speed::Times(20), ..PaperConfig::default() }
}

/// Random enough, and the same again for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((mixed ^ (mixed >> 27)) >> 11) % bound
    }
}

/// What the venue wrote.
#[derive(Default)]
struct Heard {
    sessions: usize,
    /// What the account had when the last session began.
    balances: BTreeMap<String, Decimal>,
    orders: HashMap<String, Vec<ExecutionReport>>,
    /// In the order of the first word about them.
    named: Vec<OrderRequest>,
    fills: Vec<(OrderRequest, Fill)>,
}

impl Heard {
    fn read(data_dir: &Path) -> Vec<LogEntry> {
        entries(&log(data_dir)).unwrap().map(Result::unwrap).collect()
    }

    fn of(entries: &[LogEntry]) -> Self {
        let mut told = Self::default();
        for entry in entries {
            match entry {
                LogEntry::Session { balances, .. } => {
                    told.sessions += 1;
                    told.balances = balances.iter().map(|one| (one.currency.to_string(), one.total)).collect();
                }
                LogEntry::Told(one) => {
                    let Told { order, report } = &**one;
                    let reports = told.orders.entry(order.client_order_id.to_string()).or_default();
                    if reports.is_empty() {
                        told.named.push(order.clone());
                    }
                    reports.push(report.clone());
                    told.fills.extend(report.fill.clone().map(|fill| (order.clone(), fill)));
                }
            }
        }
        told
    }

    /// Without what the session that plays now has said.
    fn before_the_last_session(entries: &[LogEntry]) -> Self {
        let last = entries.iter().rposition(|entry| matches!(entry, LogEntry::Session { .. })).unwrap();
        let mut told = Self::of(&entries[..last]);
        let begun = Self::of(&entries[last..=last]);
        (told.sessions, told.balances) = (told.sessions + 1, begun.balances);
        told
    }

    /// What the matches made of the account.
    fn account(&self) -> BTreeMap<String, Decimal> {
        let begin = settings().balances;
        let mut account: BTreeMap<_, _> = begin.iter().map(|(name, amount)| (name.to_string(), amount.value())).collect();
        for (order, fill) in &self.fills {
            let mut change = |currency: &str, amount| *account.entry(currency.to_owned()).or_default() += amount;
            let quantity = order.side.signed(fill.quantity);
            change(order.symbol.base_currency(), quantity);
            change(order.symbol.quote_currency(), -quantity * fill.price);
            change(&fill.fee_asset, -fill.fee);
        }
        account
    }

    fn position(&self, instance: &str) -> Decimal {
        let own = self.fills.iter().filter(|(order, _)| order.instance.as_str() == instance);
        own.map(|(order, fill)| order.side.signed(fill.quantity)).sum()
    }

    /// The venue heard of every order once, said everything in an order's order of life, and gave no execution id twice.
    fn assert_sound(&self) {
        let mut ids = BTreeSet::new();
        assert!(self.fills.iter().all(|(_, fill)| ids.insert(fill.execution_id.clone())), "an execution id twice");
        for (id, reports) in &self.orders {
            let mut state = OrderState::Pending;
            for report in reports {
                state = state.after(report.state).unwrap_or_else(|error| panic!("{id}: {error}: {reports:#?}"));
            }
            assert!(matches!(reports[0].state, ReportState::Ack | ReportState::Rejected | ReportState::Expired), "{reports:#?}");
        }
    }
}

/// A data directory whose one provider plays at 20x, and no built-in strategy.
async fn prepare(data_dir: &Path) {
    std::fs::create_dir_all(data_dir.join("strategies")).unwrap();
    std::fs::write(data_dir.join("strategies/registry.json"), "{}").unwrap();
    let clock = Arc::new(SystemClock::new());
    let store = Store::open(data_dir, &StoreConfig::default(), clock.clone(), &Metrics::new()).await.unwrap();
    let row = ProviderRow {
        name: ProviderName::new(VENUE).unwrap(),
        adapter: ADAPTER.to_owned(),
        config: serde_json::to_value(settings()).unwrap(),
        desired: Desired::Running,
        started: false,
        account_from: 0,
        created_at: clock.now(),
        updated_at: clock.now(),
    };
    let seeded = WriteOp::SetMeta { name: "seeded.provider".to_owned(), value: clock.now().to_rfc3339() };
    store.writer().commit(vec![WriteOp::UpsertProvider(Box::new(row)), seeded]).await.unwrap();
    assert!(store.close(Duration::from_secs(10)).await);
}

async fn launch(client: &Client) {
    client.post("/strategies/modules", json!({ "source": HAMMER })).await.expect(201);
    for (id, side, symbol) in INSTANCES {
        let strategy = json!({ "identifier": "hammer", "config": { "side": side } });
        let body = json!({ "id": id, "strategy": strategy, "scope": { VENUE: { "symbols": [symbol] } } });
        client.post("/strategy/instances", body).await.expect(201);
        client.start(id).await;
    }
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no decimal text")).parse().unwrap()
}

/// The newest rows of a list, newest first.
async fn rows(client: &Client, id: &str, what: &str) -> Vec<Value> {
    let listing = client.get(&format!("/strategy/instances/{id}/{what}?limit=500")).await.expect(200);
    listing[what].as_array().unwrap().clone()
}

/// Compares what a client sees of one instance with what the venue said before its last session. The list routes show the
/// newest 500, and the instance orders on meanwhile.
async fn compare(client: &Client, id: &str, told: &Heard, expired: &[String]) {
    let (orders, executions) = (rows(client, id, "orders").await, rows(client, id, "executions").await);
    let run = client.instance(id).await["run"].as_u64().unwrap();
    let mut shown = HashMap::new();
    for row in orders.iter().filter(|row| row["state"] != "DENIED") {
        let order = row["id"].as_str().unwrap();
        assert!(shown.insert(order, row).is_none(), "{order} is shown twice");
        if row["run"].as_u64().unwrap() < run {
            match told.orders.get(order).and_then(|reports| reports.last()) {
                Some(last) => {
                    assert_eq!(row["state"], last.state.as_str(), "{row:#}\n{last:#?}");
                    assert_eq!(decimal(&row["filledQuantity"]), last.filled_quantity, "{row:#}\n{last:#?}");
                }
                None => assert_eq!(row["state"], "UNKNOWN", "the venue never heard of it: {row:#}"),
            }
        }
    }
    let own = told.named.iter().filter(|order| order.instance.as_str() == id);
    for order in own.rev().take(100) {
        assert!(shown.contains_key(order.client_order_id.as_str()), "the venue knows {order:?}, the host does not");
    }
    let mut shown = HashMap::new();
    for row in &executions {
        assert!(shown.insert(row["executionId"].as_str().unwrap(), row).is_none(), "twice: {row:#}");
    }
    let own = told.fills.iter().filter(|(order, _)| order.instance.as_str() == id);
    for (order, fill) in own.rev().take(100) {
        let row = shown.get(fill.execution_id.as_str()).unwrap_or_else(|| panic!("not on record: {order:?} {fill:?}"));
        assert_eq!(row["orderId"], order.client_order_id.as_str());
        assert_eq!((decimal(&row["price"]), decimal(&row["quantity"])), (fill.price, fill.quantity), "{row:#}");
        assert_eq!((decimal(&row["fee"]), row["side"] == "Buy"), (fill.fee, order.side == Side::Buy), "{row:#}");
    }
    let position = format!("position {}", told.position(id).normalize());
    eventually("it runs, knows its position and heard what became of its orders", async || {
        let log = client.log_texts(id).await;
        let begun = log.iter().find(|line| line.starts_with("position "))?;
        assert_eq!(*begun, position, "{id}");
        expired.iter().all(|order| log.contains(&format!("expired {order}"))).then_some(())
    })
    .await;
}

/// After a start: the log against everything that a client sees.
async fn check(host: &Host, data_dir: &Path, starts: usize) -> usize {
    let entries = Heard::read(data_dir);
    let told = Heard::before_the_last_session(&entries);
    told.assert_sound();
    assert_eq!(told.sessions, starts);
    assert_eq!(told.account(), told.balances, "the account is what it began with and the sum of all matches");
    for (id, ..) in INSTANCES {
        // What the venue ended when it was started again nobody can have known before.
        let last = entries.iter().rposition(|entry| matches!(entry, LogEntry::Session { .. })).unwrap();
        let ended = entries[..last].iter().rev().map_while(|entry| match entry {
            LogEntry::Told(one) if one.report.reason.as_deref() == Some("venue session ended") => Some(&one.order),
            _ => None,
        });
        let own = ended.filter(|order| order.instance.as_str() == id);
        let expired: Vec<_> = own.map(|order| order.client_order_id.to_string()).collect();
        compare(&host.client, id, &told, &expired).await;
    }
    told.orders.len()
}

/// With nobody left who trades: every order and execution there ever was.
async fn check_all(data_dir: &Path) -> (usize, usize, usize) {
    let (clock, metrics) = (Arc::new(SystemClock::new()), Metrics::new());
    let store = Store::open(data_dir, &StoreConfig::default(), clock.clone(), &metrics).await.unwrap();
    let desk =
        Desk::new(RiskConfig::default(), Bus::new(&metrics, BusConfig::default()), Some(Journal::new(store.writer())), &metrics);
    desk.restore(&store).await.unwrap();
    let venue = PaperProvider::new(ProviderName::new(VENUE).unwrap(), settings(), clock).unwrap();
    let venue: Arc<dyn Provider> = Arc::new(venue.with_log(&log(data_dir)));
    desk.attach(Arc::clone(&venue));
    desk.recover(&venue).await;
    store.writer().flush().await.unwrap();

    let told = Heard::of(&Heard::read(data_dir));
    told.assert_sound();
    let (mut known, mut executed, mut unknown) = (BTreeSet::new(), 0, 0);
    let fills: HashMap<_, _> = told.fills.iter().map(|(order, fill)| (&fill.execution_id, (order, fill))).collect();
    for (id, ..) in INSTANCES {
        let id: InstanceId = id.parse().unwrap();
        for row in store.orders(&OrderFilter::of(id.clone(), 10_000_000)).await.unwrap() {
            let order = row.request.client_order_id.as_str();
            assert!(known.insert(order.to_owned()), "{order} twice");
            let Some(last) = told.orders.get(order).and_then(|reports| reports.last()) else {
                assert!(matches!(row.state, OrderState::Unknown | OrderState::Denied), "never at the venue: {row:?}");
                unknown += usize::from(row.state == OrderState::Unknown);
                continue;
            };
            assert_eq!(row.state.as_str(), last.state.as_str(), "{row:?}\n{last:?}");
            assert_eq!((row.filled_quantity, row.average_price), (last.filled_quantity, last.average_price), "{row:?}");
            assert!(row.state.is_final(), "in flight without being open at the venue: {row:?}");
        }
        for row in store.executions(&ExecutionFilter::of(id.clone(), 10_000_000)).await.unwrap() {
            let (order, fill) = fills[&row.fill.execution_id];
            assert_eq!((&row.fill, &row.client_order_id, &row.instance), (fill, &order.client_order_id, &order.instance));
            executed += 1;
        }
        let held: Decimal = desk.positions(&id).iter().map(|(.., position)| position.quantity).sum();
        assert_eq!(held, told.position(id.as_str()), "{id}");
        assert!(desk.open_orders(&id, None, None).is_empty());
    }
    assert_eq!(executed, told.fills.len());
    assert!(told.orders.keys().all(|order| known.contains(order)), "the venue knows an order that is not on record");
    assert!(store.close(Duration::from_secs(10)).await);
    (told.orders.len(), executed, unknown)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_kills_lose_nothing_and_repeat_nothing() {
    let chosen = std::env::var("SANDPIT_KILL9_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = chosen.unwrap_or_else(|| SystemClock::new().now().as_nanos());
    println!("SANDPIT_KILL9_SEED={seed}");
    let mut dice = Dice(seed);
    let dir = tempfile::tempdir().unwrap();
    prepare(dir.path()).await;
    let mut host = Host::start(dir.path(), CONFIG).await;
    launch(&host.client).await;
    let (mut recovered, mut orders) = (BTreeMap::<&str, f64>::new(), 0);
    for kill in 1..=KILLS {
        // One in five dies as soon as it runs.
        let wait = if dice.below(5) == 0 { dice.below(30) } else { 100 + dice.below(900) };
        tokio::time::sleep(Duration::from_millis(wait)).await;
        host.kill();
        host = Host::start(dir.path(), CONFIG).await;
        let known = check(&host, dir.path(), kill as usize + 1).await;
        assert!(known >= orders);
        orders = known;
        for found in ["orders", "reports", "fills", "unknown", "unanswered"] {
            let count = host.client.metric("sandpit_recovery_total", &format!("found=\"{found}\"")).await;
            *recovered.entry(found).or_default() += count;
        }
        assert_eq!(host.client.metric("sandpit_odd_reports_total", "").await, 0.0);
    }
    host.kill();
    let (orders, executions, unknown) = check_all(dir.path()).await;
    println!("{orders} orders at the venue, {executions} executions, {unknown} never arrived; recovered: {recovered:?}");
    assert!(orders > 500 && executions > 300, "that was not hard");
    assert!(recovered["reports"] > 0.0 && recovered["unknown"] + recovered["fills"] > 0.0, "no kill hit anything: {recovered:?}");
    assert_eq!(recovered["unanswered"], 0.0);
}
