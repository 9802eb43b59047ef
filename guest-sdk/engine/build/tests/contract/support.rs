//! The committed engine in a small host: canned imports that record what the strategy did. The real host's tests cover
//! snapshots, limits and faults; these cover what JavaScript sees.

use std::sync::OnceLock;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder};

mod bindings {
    wasmtime::component::bindgen!({ path: "../../../wit", world: "strategy" });
}

use bindings::{Strategy, sandpit};

pub use sandpit::strategy::events::{
    BalanceUpdate, BookSnapshot, Envelope, Event, ExecutionReport, Figure, Kline, Level as BookLevel, PlainTrade, ReportState,
    RiskControl, Ticker, Trade,
};
pub use sandpit::strategy::log::Level;
pub use sandpit::strategy::types::*;

use sandpit::strategy::{clock, events, log, market_data, orders, saved_state, types};

/// What the host must allow for native frames so that JavaScript's own limit always comes first.
pub const NATIVE_STACK_BYTES: usize = 8 << 20;

pub const MEMORY_BYTES: usize = 32 << 20;
pub const START_TIME: u64 = 1_723_075_200_000_000_000;

/// A recorded order: provider, side, quantity, price, options.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub provider: Option<String>,
    pub side: &'static str,
    pub quantity: String,
    pub price: Option<String>,
    pub symbol: Option<String>,
    pub time_in_force: Option<&'static str>,
    pub client_order_id: Option<String>,
}

pub struct Host {
    pub lines: Vec<(Level, String)>,
    pub orders: Vec<Order>,
    pub cancelled: Vec<String>,
    pub sleeps: Vec<u64>,
    pub timers: Vec<(u32, u64, bool)>,
    pub cleared: Vec<u32>,
    pub seeds: Vec<u64>,
    pub asked: Vec<(Option<String>, Option<String>)>,
    pub saved: Option<String>,
    pub now: u64,
    pub providers: Vec<String>,
    /// Refuses every order with this code.
    pub refuse: Option<&'static str>,
    pub limits: StoreLimits,
}

impl Host {
    fn new() -> Host {
        Host {
            lines: Vec::new(),
            orders: Vec::new(),
            cancelled: Vec::new(),
            sleeps: Vec::new(),
            timers: Vec::new(),
            cleared: Vec::new(),
            seeds: Vec::new(),
            asked: Vec::new(),
            saved: None,
            now: START_TIME,
            providers: vec!["alpha".to_owned(), "beta".to_owned()],
            refuse: None,
            limits: StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build(),
        }
    }

    fn place(&mut self, order: Order) -> Result<String, orders::OrderError> {
        if let Some(code) = self.refuse {
            return Err(orders::OrderError { code: code.to_owned(), message: format!("refused: {code}") });
        }
        self.orders.push(order);
        Ok(format!("order-{}", self.orders.len()))
    }
}

fn side_name(side: types::Side) -> &'static str {
    match side {
        types::Side::Buy => "buy",
        types::Side::Sell => "sell",
    }
}

fn order(
    provider: Option<String>,
    side: types::Side,
    quantity: String,
    price: Option<String>,
    options: orders::OrderOptions,
) -> Order {
    let time_in_force = options.time_in_force.map(|time_in_force| match time_in_force {
        types::TimeInForce::Gtc => "gtc",
        types::TimeInForce::Ioc => "ioc",
        types::TimeInForce::Fok => "fok",
        types::TimeInForce::PostOnly => "post-only",
    });
    Order {
        provider,
        side: side_name(side),
        quantity,
        price,
        symbol: options.symbol,
        time_in_force,
        client_order_id: options.client_order_id,
    }
}

impl types::Host for Host {}
impl events::Host for Host {}

impl log::Host for Host {
    fn write(&mut self, level: log::Level, text: String) {
        self.lines.push((level, text));
    }
}

impl clock::Host for Host {
    fn now(&mut self) -> u64 {
        self.now
    }
    fn sleep(&mut self, nanoseconds: u64) {
        self.sleeps.push(nanoseconds);
        self.now = self.now.saturating_add(nanoseconds);
    }
    fn set_timer(&mut self, timer: u32, delay_nanoseconds: u64, repeat: bool) -> bool {
        self.timers.push((timer, delay_nanoseconds, repeat));
        self.timers.len() <= 64
    }
    fn clear_timer(&mut self, timer: u32) {
        self.cleared.push(timer);
    }
}

impl market_data::Host for Host {
    fn trading_active(&mut self) -> bool {
        true
    }
    fn dry_run(&mut self) -> bool {
        false
    }
    fn providers(&mut self) -> Vec<String> {
        self.providers.clone()
    }
    fn select_provider(&mut self, seed: u64) -> Option<String> {
        self.seeds.push(seed);
        (!self.providers.is_empty()).then(|| self.providers[(seed % self.providers.len() as u64) as usize].clone())
    }
    fn last(&mut self, provider: Option<String>, symbol: Option<String>) -> Option<String> {
        self.asked.push((provider, symbol));
        Some("100.5".to_owned())
    }
    fn bid(&mut self, _: Option<String>, _: Option<String>) -> Option<String> {
        Some("100".to_owned())
    }
    fn ask(&mut self, _: Option<String>, _: Option<String>) -> Option<String> {
        None
    }
    fn state(&mut self, _: Option<String>, _: Option<String>) -> market_data::MarketState {
        let price = |text: &str| Some(text.to_owned());
        market_data::MarketState { last: price("100.5"), bid: price("100"), ask: price("101"), stale: true }
    }
}

impl orders::Host for Host {
    fn submit_market(
        &mut self,
        provider: Option<String>,
        side: types::Side,
        quantity: String,
        options: orders::OrderOptions,
    ) -> Result<String, orders::OrderError> {
        self.place(order(provider, side, quantity, None, options))
    }
    fn submit_limit(
        &mut self,
        provider: Option<String>,
        side: types::Side,
        quantity: String,
        price: Option<String>,
        options: orders::OrderOptions,
    ) -> Result<String, orders::OrderError> {
        self.place(order(provider, side, quantity, price, options))
    }
    fn cancel(&mut self, client_order_id: String) -> Result<(), orders::OrderError> {
        if let Some(code) = self.refuse {
            return Err(orders::OrderError { code: code.to_owned(), message: "no such order".to_owned() });
        }
        self.cancelled.push(client_order_id);
        Ok(())
    }
    fn open_orders(&mut self, _: Option<String>, _: Option<String>) -> Vec<orders::Order> {
        vec![orders::Order {
            client_order_id: "order-1".to_owned(),
            provider: "alpha".to_owned(),
            symbol: "BTC-USDT".to_owned(),
            side: types::Side::Sell,
            order_type: types::OrderType::Limit,
            quantity: "2".to_owned(),
            filled_quantity: "0.5".to_owned(),
            price: Some("101".to_owned()),
            state: "PARTIAL".to_owned(),
        }]
    }
    fn position(&mut self, _: Option<String>, _: Option<String>) -> Result<orders::OwnPosition, orders::OrderError> {
        Ok(orders::OwnPosition {
            quantity: "-1.5".to_owned(),
            average_price: "100".to_owned(),
            realised_profit: "3.25".to_owned(),
        })
    }
    fn balance(&mut self, _: Option<String>, currency: String) -> Result<orders::AccountBalance, orders::OrderError> {
        Ok(orders::AccountBalance { total: currency, available: "7".to_owned() })
    }
}

impl saved_state::Host for Host {
    fn save(&mut self, value: String) -> Result<(), String> {
        if value.len() > 65_536 {
            return Err("the value is larger than 64 KiB".to_owned());
        }
        self.saved = Some(value);
        Ok(())
    }
    fn load(&mut self) -> Option<String> {
        self.saved.clone()
    }
}

fn engine() -> &'static (Engine, Component) {
    static ENGINE: OnceLock<(Engine, Component)> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let mut config = Config::new();
        config
            .consume_fuel(true)
            .cranelift_nan_canonicalization(true)
            .max_wasm_stack(NATIVE_STACK_BYTES)
            .async_stack_size(2 * NATIVE_STACK_BYTES);
        let engine = Engine::new(&config).expect("the configuration is valid");
        let path = std::env::var("SANDPIT_ENGINE_WASM")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../engine.wasm").to_owned());
        let component = Component::from_file(&engine, path).expect("the committed engine is a component");
        (engine, component)
    })
}

/// One guest in a store of its own.
pub struct Guest {
    pub store: Store<Host>,
    world: Strategy,
}

impl Guest {
    pub fn empty() -> Guest {
        let (engine, component) = engine();
        let mut linker = Linker::new(engine);
        Strategy::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |host| host).expect("imports link once");
        let mut store = Store::new(engine, Host::new());
        store.limiter(|host| &mut host.limits);
        store.set_fuel(u64::MAX / 2).expect("fuel is on");
        let world = Strategy::instantiate(&mut store, component, &linker).expect("the engine instantiates");
        Guest { store, world }
    }

    /// A guest that has loaded one file.
    pub fn load(source: &str) -> Result<Guest, Diagnostic> {
        Guest::load_files("strategy.js", &[("strategy.js", source)])
    }

    pub fn load_files(entry: &str, files: &[(&str, &str)]) -> Result<Guest, Diagnostic> {
        let mut guest = Guest::empty();
        guest.load_into(entry, files)?;
        Ok(guest)
    }

    pub fn load_into(&mut self, entry: &str, files: &[(&str, &str)]) -> Result<(), Diagnostic> {
        let file = |(path, text): &(&str, &str)| SourceFile { path: (*path).to_owned(), text: (*text).to_owned() };
        let files: Vec<SourceFile> = files.iter().map(file).collect();
        self.world.call_load(&mut self.store, entry, &files).expect("load does not trap")
    }

    /// A started guest whose handlers are `handlers`, an object literal; `prepare` runs in `create` before it.
    pub fn with_handlers(prepare: &str, handlers: &str) -> Guest {
        let source = format!(
            "module.exports = {{ metadata: {{ name: 'test', displayName: 'Test', events: ['Trade'] }}, \
             create(env) {{ const {{ helpers, runtime, config }} = env; const log = helpers.log; {prepare}\nreturn {handlers}; }} }};"
        );
        let mut guest = Guest::load(&source).unwrap_or_else(|diagnostic| panic!("{diagnostic:?}"));
        guest.start("{}").unwrap_or_else(|exception| panic!("{exception:?}"));
        guest
    }

    /// Runs `body` in `onTrade` of one trade and gives the lines it logged.
    pub fn run(body: &str) -> Vec<String> {
        let mut guest = Guest::with_handlers("", &format!("{{ onTrade(ctx, evt, payload, price) {{ {body} }} }}"));
        let result = guest.trade(1, "100.5");
        if let Err(exception) = result {
            return vec![format!("thrown: {}", exception.message)];
        }
        guest.lines()
    }

    pub fn describe(&mut self) -> Result<Metadata, Diagnostic> {
        self.world.call_describe(&mut self.store).expect("describe does not trap")
    }

    pub fn start(&mut self, config: &str) -> Result<Started, Exception> {
        self.start_seeded(config, 7)
    }

    pub fn start_seeded(&mut self, config: &str, seed: u64) -> Result<Started, Exception> {
        let feed =
            |provider: &str| Feed { provider: provider.to_owned(), symbols: vec!["BTC-USDT".to_owned(), "ETH-USDT".to_owned()] };
        let setup = Setup {
            instance_id: "i1".to_owned(),
            config: config.to_owned(),
            seed,
            feeds: vec![feed("alpha"), feed("beta")],
            time: START_TIME,
        };
        self.world.call_start(&mut self.store, &setup).expect("start does not trap")
    }

    pub fn try_event(&mut self, envelope: Envelope, event: &Event) -> wasmtime::Result<Result<(), Exception>> {
        self.world.call_on_event(&mut self.store, envelope, event)
    }

    pub fn event(&mut self, event: &Event) -> Result<(), Exception> {
        self.try_event(envelope(1), event).expect("the event does not trap")
    }

    pub fn trade(&mut self, sequence: u64, price: &str) -> Result<(), Exception> {
        self.try_event(envelope(sequence), &trade(price)).expect("the trade does not trap")
    }

    pub fn plain_trade(&mut self, sequence: u64, trade: PlainTrade) -> Result<(), Exception> {
        let threw = self.world.call_on_trade(&mut self.store, envelope(sequence), trade).expect("the trade does not trap");
        let thrown = self.world.call_thrown(&mut self.store).expect("asking does not trap");
        assert_eq!(threw, thrown.is_some());
        thrown.map_or(Ok(()), Err)
    }

    pub fn timer(&mut self, time: u64, timer: u32) -> Result<(), Exception> {
        self.world.call_on_timer(&mut self.store, time, timer).expect("the timer does not trap")
    }

    pub fn stop(&mut self) -> Result<(), Exception> {
        self.world.call_stop(&mut self.store, START_TIME).expect("stop does not trap")
    }

    /// The text of the lines logged so far; they are forgotten.
    pub fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.store.data_mut().lines).into_iter().map(|(_, text)| text).collect()
    }

    /// The fuel that `call` takes.
    pub fn fuel(&mut self, call: impl FnOnce(&mut Guest)) -> u64 {
        let before = self.store.get_fuel().expect("fuel is on");
        call(self);
        before - self.store.get_fuel().expect("fuel is on")
    }
}

pub fn envelope(sequence: u64) -> Envelope {
    Envelope {
        provider: 0,
        symbol: Some(0),
        sequence,
        ingest_time: START_TIME + sequence * 1_000_000_000 + 5,
        emit_time: START_TIME + sequence * 1_000_000_000,
    }
}

pub fn trade(price: &str) -> Event {
    Event::Trade(Trade {
        trade_id: "3720281".to_owned(),
        side: Side::Buy,
        price: price.to_owned(),
        quantity: "0.25".to_owned(),
        time: START_TIME + 123_456_789,
    })
}

/// The same trade as [`trade`] of `units / 10^scale`.
pub fn plain_trade(units: i64, scale: u8) -> PlainTrade {
    PlainTrade {
        trade_id: 3_720_281,
        side: Side::Buy,
        price: Figure { units, scale },
        quantity: Figure { units: 25, scale: 2 },
        time: START_TIME + 123_456_789,
    }
}

/// Runs a test with room for the native frames of deep recursion, as the host's own fibers have.
pub fn with_deep_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(NATIVE_STACK_BYTES + (2 << 20)).spawn(test);
    if let Err(panic) = thread.expect("the thread starts").join() {
        std::panic::resume_unwind(panic);
    }
}
