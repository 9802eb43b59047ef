//! A running strategy: one store with its budgets, called once per event. Knows nothing of mailboxes, restarts or tags.

mod direct;

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;
use wasmtime::Store;

use direct::Direct;

use crate::base::Timestamp;
use crate::market::{Event, Payload, Symbol};
use crate::sandbox::Sandbox;
use crate::sandbox::bindings::types::{self, Handlers};
use crate::sandbox::bindings::{Strategy, events as wit};
use crate::sandbox::call::{Watch, classify, supervise};
use crate::sandbox::convert::{self, InstrumentTexts, Levels, ReportTexts};
use crate::sandbox::fault::{Exception, Fault, FaultCode, StartError};
use crate::sandbox::handlers::{CREATE, HANDLERS, STOP, TIMER, handler_of};
use crate::sandbox::program::Program;
use crate::sandbox::setup::GuestSetup;
use crate::sandbox::state::{ARGUMENT_BYTES, Live, Phase, State};

/// What `create` returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The names of the handlers that exist.
    pub handlers: Vec<&'static str>,
    /// Without it an instance may have only one provider.
    pub wants_cross_provider_events: bool,
    /// What `create` used.
    pub fuel: u64,
}

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// False when the strategy has no handler for it: then nothing ran.
    pub called: bool,
    /// What the handler threw: the guest lives on.
    pub exception: Option<Box<Exception>>,
    /// What the handler used, prices of helpers included.
    pub fuel: u64,
    /// The handler: `onTrade`, `timer`, `onStop`...
    pub handler: &'static str,
}

/// What a guest has used since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Of the last call.
    pub fuel_last: u64,
    /// Of the most expensive call.
    pub fuel_max: u64,
    /// Of all calls.
    pub fuel_total: u64,
    /// Bytes of linear memory and tables; they never shrink, so this is the peak too.
    pub memory_bytes: u64,
    /// Calls of exports, `create` included.
    pub calls: u64,
}

/// A started strategy. Instance lifetime: after a fault it is dead, and every call gives the same fault again.
pub struct Guest {
    sandbox: Sandbox,
    /// None once it has failed: a store is never used again after a trap.
    running: Option<Running>,
    cancel: CancellationToken,
    handlers: Handlers,
    fuel_per_event: u64,
    deadline: Duration,
    levels: Levels,
    usage: Usage,
    /// Emit time minus ingest time of the last event, in nanoseconds: what timers see between events.
    skew_nanos: i64,
    last_fault: Option<Fault>,
}

struct Running {
    store: Store<State>,
    exports: Strategy,
    /// Where time is moved by hand: called without a fiber on a thread that has room.
    direct: Option<Direct>,
    _alive: Alive,
}

/// Counts the guests that are alive.
struct Alive(prometheus::IntGauge);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A store with its limiter, its turn-taking and its bounds on what crosses in one call.
pub(crate) fn new_store(sandbox: &Sandbox, state: State, fuel: u64) -> wasmtime::Result<Store<State>> {
    let mut store = Store::new(sandbox.engine(), state);
    store.limiter(|state| &mut state.limiter);
    store.set_fuel(fuel)?;
    if sandbox.config().yield_fuel.is_some() {
        // Once said, and be it for none, every call has to be made on a fiber.
        store.fuel_async_yield_interval(sandbox.config().yield_fuel)?;
    }
    store.set_hostcall_fuel(ARGUMENT_BYTES);
    // The world has no resources.
    store.set_max_component_handles(16);
    Ok(store)
}

impl Guest {
    /// Instantiates the program and calls `create`.
    ///
    /// # Errors
    /// [`StartError::Exception`] when `create` threw or returned nothing usable, [`StartError::Fault`] when it broke a limit.
    pub async fn start(program: &Program, setup: GuestSetup) -> Result<(Self, Started), StartError> {
        let sandbox = program.sandbox.clone();
        let fuel = setup.limits.fuel_per_create;
        let cancel = setup.cancel.clone();
        let deadline = Duration::from_millis(setup.limits.deadline_ms);
        let fuel_per_event = setup.limits.fuel_per_event;
        let (state, texts) = setup.split();
        let symbols = texts.symbols();
        let feeds = texts.feeds(&symbols);
        let host = |error: wasmtime::Error| Fault::new(FaultCode::HostBug, CREATE, format!("no store: {error:#}"));
        let mut store = new_store(&sandbox, state, fuel).map_err(host)?;

        let watch = || Watch { clock: sandbox.clock(), deadline, cancel: &cancel };
        let called = async {
            let exports = supervise(program.pre.instantiate_async(&mut store), watch()).await?;
            let started = supervise(exports.call_start(&mut store, texts.setup(&feeds)), watch()).await?;
            Ok((exports, started))
        };
        let (exports, started) = match called.await {
            Ok(called) => called,
            Err(error) => {
                let fault = classify(&error, CREATE, fuel, store.data_mut());
                sandbox.count_fault(fault.code);
                return Err(fault.into());
            }
        };
        let started = started.map_err(|exception| StartError::Exception(Box::new(exception.into())))?;

        sandbox.guests().inc();
        let direct = sandbox.is_by_hand().then(|| Direct::of(&exports, &store)).flatten();
        let running = Running { store, exports, direct, _alive: Alive(sandbox.guests().clone()) };
        let mut guest = Self {
            sandbox,
            running: Some(running),
            cancel,
            handlers: started.handlers,
            fuel_per_event,
            deadline,
            levels: Levels::default(),
            usage: Usage::default(),
            skew_nanos: 0,
            last_fault: None,
        };
        guest.count(fuel);
        let started = Started {
            handlers: HANDLERS.iter().filter(|(flag, _)| guest.handlers.contains(*flag)).map(|(_, name)| *name).collect(),
            wants_cross_provider_events: started.wants_cross_provider_events,
            fuel: guest.usage.fuel_last,
        };
        Ok((guest, started))
    }

    /// Takes in what the event says about the market, then calls its handler, when there is one.
    ///
    /// # Errors
    /// [`Fault`] when the guest broke a limit or the host failed; the guest is dead then.
    pub async fn deliver(&mut self, event: &Event) -> Result<Delivery, Fault> {
        if let Some(delivered) = self.deliver_at_once(event) {
            return delivered;
        }
        let (flag, handler) = handler_of(&event.payload);
        let Some(envelope) = self.observe(event, self.handlers.contains(flag))? else {
            return Ok(Delivery { called: false, exception: None, fuel: 0, handler });
        };
        match &event.payload {
            Payload::Trade(trade) => match convert::plain_trade(trade) {
                Some(plain) => self.call_plain(handler, envelope, plain).await,
                None => {
                    let id = trade.trade_id.text();
                    self.call(handler, envelope, convert::trade(trade, &id)).await
                }
            },
            Payload::Ticker(ticker) => self.call(handler, envelope, convert::ticker(ticker)).await,
            Payload::BookSnapshot(book) => {
                let levels = self.levels.fill(book);
                let delivery = self.call(handler, envelope, levels.event(book)).await;
                self.levels.put_back(levels);
                delivery
            }
            Payload::KlineSummary(bar) => self.call(handler, envelope, convert::kline(bar)).await,
            Payload::InstrumentUpdate(instrument) => {
                let texts = InstrumentTexts::new(instrument);
                self.call(handler, envelope, texts.event(instrument)).await
            }
            Payload::BalanceUpdate(balance) => self.call(handler, envelope, convert::balance(balance)).await,
            Payload::ExecReport(both) => {
                let (order, report) = &**both;
                let texts = ReportTexts::new(order, report);
                self.call(handler, envelope, texts.event(order, report)).await
            }
            Payload::RiskControl(risk) => {
                let metrics = convert::risk_metrics(risk);
                let symbol = event.symbol.as_ref().map_or("", Symbol::as_str);
                self.call(handler, envelope, convert::risk(risk, symbol, &metrics)).await
            }
            Payload::Extension(json) => self.call(handler, envelope, wit::Event::Extension(json)).await,
        }
    }

    /// Calls the first timer that is due at `now`; none when none is. Call it again until then.
    ///
    /// # Errors
    /// As for [`Guest::deliver`].
    pub async fn fire(&mut self, now: Timestamp) -> Result<Option<Delivery>, Fault> {
        let skew_nanos = self.skew_nanos;
        let Some(live) = self.live()? else { return Ok(None) };
        let Some(due) = live.timers.take_due(now) else { return Ok(None) };
        let seen = Timestamp::from_nanos(due.due.as_nanos().saturating_add_signed(skew_nanos));
        live.begin(Phase::Handler, due.due, seen);
        let (running, watch) = self.ready()?;
        let call = running.exports.call_on_timer(&mut running.store, seen.as_nanos(), due.timer);
        let result = supervise(call, watch).await;
        self.conclude(TIMER, result).map(Some)
    }

    /// When the next timer is due, in the instance's time.
    pub fn next_timer(&self) -> Option<Timestamp> {
        self.running.as_ref()?.store.data().live.as_ref()?.timers.next().map(|timer| timer.due)
    }

    /// Calls `onStop`, when there is one. Drop the guest afterwards.
    ///
    /// # Errors
    /// As for [`Guest::deliver`].
    pub async fn stop(&mut self, at: Timestamp) -> Result<Delivery, Fault> {
        let called = self.handlers.contains(Handlers::ON_STOP);
        let skew_nanos = self.skew_nanos;
        let Some(live) = self.live()?.filter(|_| called) else {
            return Ok(Delivery { called: false, exception: None, fuel: 0, handler: STOP });
        };
        let seen = Timestamp::from_nanos(at.as_nanos().saturating_add_signed(skew_nanos));
        live.begin(Phase::Stop, at, seen);
        let (running, watch) = self.ready()?;
        let call = running.exports.call_stop(&mut running.store, seen.as_nanos());
        let result = supervise(call, watch).await;
        self.conclude(STOP, result)
    }

    /// What it has used so far.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// The instance's time: of its last event and what it slept since.
    pub fn now(&self) -> Option<Timestamp> {
        self.running.as_ref()?.store.data().live.as_ref().map(|live| live.now)
    }

    /// Why it is dead, if it is.
    pub fn fault(&self) -> Option<&Fault> {
        self.last_fault.as_ref()
    }

    /// Updates the market state and the guest's time. None when there is nothing to call: no handler, or not its provider.
    fn observe(&mut self, event: &Event, called: bool) -> Result<Option<wit::Envelope>, Fault> {
        let skew_nanos = self.skew_nanos;
        let Some(live) = self.live()? else { return Ok(None) };
        let Some(provider) = live.feeds.place(event.provider.as_str()) else { return Ok(None) };
        let Some(feed) = live.feeds.get_mut(provider) else { return Ok(None) };
        let symbol = event.symbol.as_ref().and_then(|symbol| feed.place(symbol.as_str()));
        if let Some(state) = symbol.and_then(|symbol| feed.state_mut(symbol)) {
            state.observe(&event.payload);
        }
        let mut envelope = convert::envelope(event, provider, symbol);
        live.begin_event(provider, event.ingest_time, event.emit_time);
        if matches!(event.payload, Payload::Extension(_)) {
            // A signal has no market's time: it happens when it arrives, by the instance's own.
            live.seen = Timestamp::from_nanos(live.now.as_nanos().saturating_add_signed(skew_nanos));
            (envelope.ingest_time, envelope.emit_time) = (live.now.as_nanos(), live.seen.as_nanos());
        } else if live.feeds.first() == Some(provider) {
            self.skew_nanos = event.emit_time.as_nanos().wrapping_sub(event.ingest_time.as_nanos()).cast_signed();
        }
        Ok(called.then_some(envelope))
    }

    async fn call(&mut self, handler: &'static str, envelope: wit::Envelope, event: wit::Event<'_>) -> Result<Delivery, Fault> {
        let (running, watch) = self.ready()?;
        let call = running.exports.call_on_event(&mut running.store, envelope, event);
        let result = supervise(call, watch).await;
        self.conclude(handler, result)
    }

    async fn call_plain(
        &mut self,
        handler: &'static str,
        envelope: wit::Envelope,
        trade: wit::PlainTrade,
    ) -> Result<Delivery, Fault> {
        let (Running { store, exports, .. }, watch) = self.ready()?;
        let call = async {
            let threw = exports.call_on_trade(&mut *store, envelope, trade).await?;
            let thrown = if threw { exports.call_thrown(&mut *store).await? } else { None };
            Ok(thrown.map_or(Ok(()), Err))
        };
        let result = supervise(call, watch).await;
        self.conclude(handler, result)
    }

    /// What helpers work with; the fault again when the guest is dead.
    fn live(&mut self) -> Result<Option<&mut Live>, Fault> {
        match &mut self.running {
            Some(running) => Ok(running.store.data_mut().live.as_deref_mut()),
            None => Err(dead(self.last_fault.as_ref())),
        }
    }
}

impl Guest {
    /// A fresh budget for one call.
    fn ready(&mut self) -> Result<(&mut Running, Watch<'_>), Fault> {
        let Some(running) = self.running.as_mut() else { return Err(dead(self.last_fault.as_ref())) };
        let watch = Watch { clock: self.sandbox.clock(), deadline: self.deadline, cancel: &self.cancel };
        match running.store.set_fuel(self.fuel_per_event) {
            Ok(()) => Ok((running, watch)),
            Err(error) => Err(Fault::new(FaultCode::HostBug, "host", format!("fuel is off: {error:#}"))),
        }
    }

    /// Counts what the call used; after a trap drops the store.
    fn conclude(
        &mut self,
        handler: &'static str,
        result: wasmtime::Result<Result<(), types::Exception>>,
    ) -> Result<Delivery, Fault> {
        self.count(self.fuel_per_event);
        match result {
            Ok(outcome) => {
                let exception = outcome.err().map(|exception| Box::new(exception.into()));
                Ok(Delivery { called: true, exception, fuel: self.usage.fuel_last, handler })
            }
            Err(error) => {
                let fault = match &mut self.running {
                    Some(running) => classify(&error, handler, self.fuel_per_event, running.store.data_mut()),
                    None => dead(None),
                };
                self.running = None;
                self.sandbox.count_fault(fault.code);
                self.last_fault = Some(fault.clone());
                Err(fault)
            }
        }
    }

    fn count(&mut self, budget: u64) {
        let Some(running) = &self.running else { return };
        let used = budget.saturating_sub(running.store.get_fuel().unwrap_or_default());
        self.usage.fuel_last = used;
        self.usage.fuel_max = self.usage.fuel_max.max(used);
        self.usage.fuel_total = self.usage.fuel_total.saturating_add(used);
        self.usage.memory_bytes = running.store.data().limiter.used_bytes();
        self.usage.calls += 1;
    }
}

impl std::fmt::Debug for Guest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guest").field("usage", &self.usage).field("fault", &self.last_fault).finish_non_exhaustive()
    }
}

fn dead(fault: Option<&Fault>) -> Fault {
    fault.cloned().unwrap_or_else(|| Fault::new(FaultCode::HostBug, "host", "the guest is gone"))
}
