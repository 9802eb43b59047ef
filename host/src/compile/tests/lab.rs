//! What the tests of sandbox and compiler stand on: a compiler, events, and a log that is kept.

use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, Digest, InstanceId, ManualClock, ProviderName, Timestamp};
use crate::bus::{Bus, BusConfig};
use crate::compile::{CompileError, Compiled, Compiler, CompilerConfig, Diagnostic, Source, SourceFile, check_config};
use crate::market::{
    ClientOrderId, DecimalText, Event, Instrument, InstrumentKind, OrderRequest, Payload, Side, Symbol, Trade, decimal,
};
use crate::sandbox::{
    Guest, GuestSetup, Limits, LogLevel, LogSink, Pace, Program, Sandbox, SandboxConfig, SavedInMemory, StartError, Started,
};
use crate::trading::{
    Approved, Balance, Desk, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus, RiskConfig, TradingAccount,
};

/// When the tests take place.
pub(super) const BEGIN: Timestamp = Timestamp::from_millis(1_723_161_600_000);

/// One compiler per test process: the engine is compiled once.
static COMPILER: LazyLock<Compiler> = LazyLock::new(|| compiler(SandboxConfig::default()));

pub(super) fn shared() -> &'static Compiler {
    &COMPILER
}

/// With native code kept between tests: the engine takes a second to compile.
pub(super) fn compiler(config: SandboxConfig) -> Compiler {
    let metrics = Metrics::new();
    let sandbox = Sandbox::new(SandboxConfig { max_guests: 50, ..config }, &metrics).unwrap();
    let cache_dir = Some(cache_dir());
    Compiler::new(&sandbox, &CompilerConfig { cache_dir, cache_bytes: 1 << 30, ..CompilerConfig::default() }, &metrics).unwrap()
}

/// Where native code is kept between tests: beside the test binary.
pub(super) fn cache_dir() -> PathBuf {
    std::env::current_exe().unwrap().with_file_name("sandpit-test-code")
}

/// A source around the body of `create`.
pub(super) fn strategy(body: &str) -> String {
    format!(
        "module.exports = {{\n  metadata: {{ name: 'probe', tag: 'v1', displayName: 'Probe', events: ['Trade'], additionalConfig: true }},\n  \
         create(env) {{ const log = env.helpers.log; {body} }},\n}};\n"
    )
}

/// A source around the body of `onTrade`.
pub(super) fn on_trade(body: &str) -> String {
    strategy(&format!("return {{ onTrade(ctx, evt, trade, price) {{ {body} }} }};"))
}

pub(super) async fn compile(text: &str) -> Result<Compiled, Vec<Diagnostic>> {
    compile_source(&Source::single("probe.js", text).unwrap()).await
}

pub(super) async fn compile_source(source: &Source) -> Result<Compiled, Vec<Diagnostic>> {
    match shared().compile(source).await {
        Ok(compiled) => Ok(compiled),
        Err(CompileError::Diagnostics(diagnostics)) => Err(diagnostics),
        Err(error) => panic!("{error}"),
    }
}

/// From the cache, when an earlier test or run has compiled it.
pub(super) async fn program(source: &Source) -> Result<Arc<Program>, Vec<Diagnostic>> {
    match shared().program(source).await {
        Ok(program) => Ok(program),
        Err(CompileError::Diagnostics(diagnostics)) => Err(diagnostics),
        Err(error) => panic!("{error}"),
    }
}

/// The only diagnostic of a source that is wrong.
pub(super) async fn diagnostic(text: &str) -> Diagnostic {
    let mut diagnostics = compile(text).await.map(|_| ()).unwrap_err();
    assert_eq!(diagnostics.len(), 1, "{diagnostics:?}");
    diagnostics.remove(0)
}

/// Keeps every line.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<(LogLevel, String)>>>);

impl LogSink for Lines {
    fn line(&self, level: LogLevel, text: &str, _: Timestamp) {
        self.0.lock().unwrap().push((level, text.to_owned()));
    }
}

impl Lines {
    pub(super) fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
    }

    pub(super) fn warnings(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().filter(|(level, _)| *level == LogLevel::Warn).map(|(_, text)| text.clone()).collect()
    }
}

/// What a test may want to look at or change.
pub(super) struct Lab {
    pub(super) lines: Lines,
    pub(super) saved: SavedInMemory,
    pub(super) cancel: CancellationToken,
    pub(super) limits: Limits,
    pub(super) pace: Pace,
    pub(super) seed: u64,
    pub(super) config: Map<String, Value>,
    pub(super) desk: Arc<Desk>,
    pub(super) venue: Arc<Venue>,
}

/// The usual limits, but for the wall clock: tests share the machine with each other. Those about deadlines set their own.
pub(super) fn unhurried() -> Limits {
    Limits { deadline_ms: 10_000, load_deadline_ms: 20_000, ..Limits::default() }
}

impl Default for Lab {
    fn default() -> Self {
        let (desk, venue) = desk();
        Self {
            desk,
            venue,
            lines: Lines::default(),
            saved: SavedInMemory::default(),
            cancel: CancellationToken::new(),
            limits: unhurried(),
            pace: Pace::Virtual,
            seed: 7,
            config: Map::new(),
        }
    }
}

impl Lab {
    pub(super) async fn start(&self, program: &Program) -> Result<(Guest, Started), StartError> {
        Guest::start(program, self.setup(program)).await
    }

    pub(super) fn setup(&self, program: &Program) -> GuestSetup {
        GuestSetup {
            instance: InstanceId::new("probe-1").unwrap(),
            config: check_config(program.metadata(), &self.config).unwrap_or_default(),
            seed: self.seed,
            feeds: scope(),
            limits: self.limits.clone(),
            dry_run: false,
            desk: Some(self.desk.clone()),
            pace: self.pace.clone(),
            log: Arc::new(self.lines.clone()),
            saved: Box::new(self.saved.clone()),
            time: BEGIN,
            cancel: self.cancel.clone(),
        }
    }

    /// A guest of a source whose `onTrade` has this body.
    pub(super) async fn guest(&self, body: &str) -> Guest {
        let program = program(&Source::single("probe.js", on_trade(body)).unwrap()).await.unwrap();
        self.start(&program).await.unwrap().0
    }
}

/// A venue that takes every order and says nothing.
pub(super) struct Venue {
    name: ProviderName,
    clock: Arc<ManualClock>,
    instruments: Arc<[Instrument]>,
    pub(super) orders: Mutex<Vec<OrderRequest>>,
}

#[async_trait]
impl Provider for Venue {
    fn name(&self) -> &ProviderName {
        &self.name
    }
    fn adapter(&self) -> &'static str {
        "test"
    }
    fn status(&self) -> ProviderStatus {
        ProviderStatus::Running
    }
    fn instruments(&self) -> Arc<[Instrument]> {
        self.instruments.clone()
    }
    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }
    fn submit(&self, order: Approved<OrderRequest>) {
        self.orders.lock().unwrap().push((*order).clone());
    }
    fn cancel(&self, _: &ClientOrderId, _: Timestamp) {}
    fn balances(&self) -> Vec<Balance> {
        let amount = |text: &str| decimal::parse(text).unwrap();
        vec![Balance { currency: "USDT".into(), total: amount("1000000.50"), available: amount("999999.5") }]
    }
    fn is_paper(&self) -> bool {
        true
    }
    async fn query(&self, _: &[OrderRequest]) -> Vec<OrderAnswer> {
        Vec::new()
    }
    async fn start(self: Arc<Self>, _: Outlet) -> Result<(), ProviderError> {
        Ok(())
    }
    async fn stop(&self) {}
}

/// A desk that trades `BTC-USDT` at `paper` for the instance `probe-1`.
fn desk() -> (Arc<Desk>, Arc<Venue>) {
    let amount = |text: &str| decimal::parse(text).unwrap();
    let instrument = Instrument {
        symbol: symbol("BTC-USDT"),
        kind: InstrumentKind::Spot,
        venue: "test".into(),
        price_increment: amount("0.01"),
        quantity_increment: amount("0.00001"),
        min_notional: amount("0"),
        min_quantity: amount("0.00001"),
        max_quantity: amount("9000"),
    };
    let venue = Arc::new(Venue {
        name: provider(),
        clock: Arc::new(ManualClock::new(BEGIN)),
        instruments: Arc::new([instrument]),
        orders: Mutex::new(Vec::new()),
    });
    let metrics = Metrics::new();
    let desk = Desk::new(RiskConfig::default(), Bus::new(&metrics, BusConfig::default()), None, &metrics);
    desk.attach(venue.clone());
    let instance = InstanceId::new("probe-1").unwrap();
    desk.admit(TradingAccount {
        instance: instance.clone(),
        revision: Digest::of(b"probe"),
        run: 1,
        scope: scope(),
        dry_run: false,
        limits: None,
    });
    desk.set_active(&instance, true);
    desk.outlet(&provider(), &Lifecycle::new()).observe(&Arc::new(trade(1)));
    (desk, venue)
}

/// What the instance follows, sorted by provider.
fn scope() -> Vec<(ProviderName, Vec<Symbol>)> {
    vec![
        (ProviderName::new("paper").unwrap(), vec![symbol("BTC-USDT"), symbol("ETH-USDT")]),
        (ProviderName::new("second").unwrap(), vec![symbol("SOL-USDT")]),
    ]
}

pub(super) fn provider() -> ProviderName {
    ProviderName::new("paper").unwrap()
}

pub(super) fn symbol(text: &str) -> Symbol {
    Symbol::new(text).unwrap()
}

/// The n-th trade, `n` milliseconds after the beginning; received two milliseconds later.
pub(super) fn trade(n: u64) -> Event {
    let time = Timestamp::from_millis(1_723_161_600_000 + n);
    Event {
        provider: provider(),
        symbol: Some(symbol("BTC-USDT")),
        sequence: n,
        ingest_time: Timestamp::from_millis(1_723_161_600_002 + n),
        emit_time: time,
        payload: Payload::Trade(Trade {
            trade_id: format!("t{n}").as_str().into(),
            side: if n.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            price: DecimalText::parse(&format!("{}.5", 60_000 + n % 100)).unwrap(),
            quantity: DecimalText::parse("0.25").unwrap(),
            time,
        }),
    }
}

/// A file of `tests/guests`, with the other files of its folder when it is the `main.js` of one.
pub(super) fn guest_source(path: &std::path::Path) -> Source {
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    if name(path) != "main.js" {
        return Source::single(&name(path), std::fs::read(path).unwrap()).unwrap();
    }
    let folder = std::fs::read_dir(path.parent().unwrap()).unwrap();
    let files = folder
        .map(|entry| entry.unwrap().path())
        .map(|path| SourceFile { path: name(&path), bytes: std::fs::read(path).unwrap() });
    Source::several("main.js", files.collect()).unwrap()
}
