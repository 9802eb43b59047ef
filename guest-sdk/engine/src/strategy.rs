//! One strategy: its module, what it exports, the handlers that `create` returned. Knows which handler an event belongs
//! to, and nothing of how events look to JavaScript.

use std::cell::{Cell, RefCell};

use crate::diagnostics::{exception, load_failure, metadata_missing, plain_exception, unusable_source};
use crate::events::{self, Arrival, Delivery, Payload};
use crate::globals::{self, clock, log, random};
use crate::js::{JsResult, Value, throw_type_error};
use crate::wit::sandpit::strategy::events::{Envelope, PlainTrade, ReportState};
use crate::wit::sandpit::strategy::log::Level;
use crate::wit::sandpit::strategy::types::{Diagnostic, Exception, Handlers, Metadata, Setup, SourceFile, Started};
use crate::{decimal, feeds, metadata, modules, runtime, text};

/// The handlers in the order of the flags in `wit/types.wit`.
const HANDLERS: [&str; 15] = [
    "onTrade",
    "onTicker",
    "onBookSnapshot",
    "onKlineSummary",
    "onInstrumentUpdate",
    "onBalanceUpdate",
    "onOrderAcknowledged",
    "onOrderPartialFill",
    "onOrderFilled",
    "onOrderCancelled",
    "onOrderExpired",
    "onOrderRejected",
    "onRiskControl",
    "onExtensionEvent",
    "onStop",
];
const ON_TRADE: usize = 0;
const ON_ORDER_REJECTED: usize = 11;
const ON_EXTENSION: usize = 13;
const ON_STOP: usize = 14;

/// What `load` leaves in the snapshot.
struct Loaded {
    exports: Value,
    metadata: Result<Metadata, Diagnostic>,
    /// `env` without its `config`; none when the metadata is unusable.
    env: Option<Value>,
}

/// What `create` returned, held for the life of the guest.
struct Strategy {
    /// The handler object: `this` of every handler.
    object: Value,
    handlers: [Option<Value>; 15],
    /// `ctx`, the first argument of every handler.
    context: Value,
}

thread_local! {
    static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
    /// Never dropped, so that a handler can be borrowed while it runs.
    static STRATEGY: Cell<Option<&'static Strategy>> = const { Cell::new(None) };
    /// What the last trade's handler threw, until the host asks.
    static THROWN: RefCell<Option<Exception>> = const { RefCell::new(None) };
}

/// Evaluates the module. No import can be called from here.
pub fn load(entry: &str, files: Vec<SourceFile>) -> Result<(), Diagnostic> {
    if let Some(file) = files.iter().find(|file| file.text.contains('\0')) {
        let message = format!("{} is not a text file: it contains NUL bytes", file.path);
        return Err(unusable_source(&message, "Upload JavaScript source text."));
    }
    runtime::start().map_err(|error| unusable_source(&error, "The engine could not start."))?;
    modules::set_files(files);
    let loaded = load_module(entry).map_err(|_| load_failure())?;
    LOADED.set(Some(loaded));
    runtime::settle();
    runtime::collect();
    Ok(())
}

fn load_module(entry: &str) -> JsResult<Loaded> {
    text::prepare()?;
    globals::install()?;
    events::prepare()?;
    let exports = modules::exports(entry)?;
    let metadata = metadata::read(&exports);
    let env = metadata.as_ref().ok().map(make_env).transpose()?;
    Ok(Loaded { exports, metadata, env })
}

fn make_env(metadata: &Metadata) -> JsResult<Value> {
    let (metadata, events) = metadata::objects(metadata)?;
    let env = Value::object()?;
    env.define_str("config", Value::UNDEFINED)?;
    env.define_str("metadata", metadata)?;
    env.define_str("events", events)?;
    env.define_str("helpers", globals::helpers()?)?;
    env.define_str("runtime", globals::runtime()?)?;
    Ok(env)
}

/// What the metadata says.
pub fn describe() -> Result<Metadata, Diagnostic> {
    LOADED.with_borrow(|loaded| loaded.as_ref().map_or_else(|| Err(metadata_missing()), |loaded| loaded.metadata.clone()))
}

/// Calls `create` and finds the handlers.
pub fn start(setup: Setup) -> Result<Started, Exception> {
    globals::open();
    clock::set_now(setup.time);
    random::seed(setup.seed);
    let loaded = LOADED.with_borrow(|loaded| Some((loaded.as_ref()?.exports.clone(), loaded.as_ref()?.env.clone()?)));
    let Some((exports, env)) = loaded else {
        return Err(plain_exception("create", "the module has no usable metadata"));
    };
    let started = create(&exports, &env, &setup).map_err(|_| exception("create"));
    runtime::settle();
    started
}

fn create(exports: &Value, env: &Value, setup: &Setup) -> JsResult<Started> {
    feeds::set(&setup.feeds)?;
    env.define_str("config", Value::from_json(&setup.config)?)?;
    env.freeze()?;
    let create = exports.get_str(c"create")?;
    if !create.is_function() {
        return Err(throw_type_error("export \"create\" not callable"));
    }
    let object = create.call(&Value::UNDEFINED, std::slice::from_ref(env))?;
    if object.is_promise() {
        return Err(throw_type_error("create must return the handler object itself, not a promise"));
    }
    if !object.is_object() {
        return Err(throw_type_error("create must return an object with handlers"));
    }
    let (handlers, flags) = find_handlers(&object)?;
    let wants_cross_provider_events = wants_cross_provider_events(&object);
    let context = Value::object()?;
    context.define_str("instanceId", Value::string(&setup.instance_id)?)?;
    context.freeze()?;
    STRATEGY.set(Some(Box::leak(Box::new(Strategy { object, handlers, context }))));
    Ok(Started { handlers: flags, wants_cross_provider_events })
}

fn find_handlers(object: &Value) -> JsResult<([Option<Value>; 15], Handlers)> {
    let mut handlers = [const { None }; 15];
    let mut flags = Handlers::empty();
    for (index, name) in HANDLERS.iter().enumerate() {
        let name = std::ffi::CString::new(*name).unwrap_or_default();
        let handler = object.get_str(&name)?;
        if handler.is_nullish() {
            continue;
        }
        if !handler.is_function() {
            return Err(throw_type_error(&format!("handler {} is not a function", HANDLERS[index])));
        }
        handlers[index] = Some(handler);
        flags = flags | Handlers::from_bits_retain(1 << index);
    }
    Ok((handlers, flags))
}

/// A function, asked once, or a plain value; one that throws is logged and means no.
fn wants_cross_provider_events(object: &Value) -> bool {
    let wanted = object
        .get_str(c"wantsCrossProviderEvents")
        .and_then(|wanted| if wanted.is_function() { wanted.call(object, &[]) } else { Ok(wanted) });
    wanted.map(|wanted| wanted.truthy()).unwrap_or_else(|_| {
        let error = exception("wantsCrossProviderEvents");
        log::write(Level::Warn, &format!("wantsCrossProviderEvents: {}", error.message));
        false
    })
}

/// Calls the handler of one event.
pub fn on_event(envelope: Envelope, arrival: Arrival) -> Result<(), Exception> {
    let Some(strategy) = STRATEGY.get() else { return Ok(()) };
    let index = handler_of(&arrival);
    let Some(handler) = &strategy.handlers[index] else { return Ok(()) };
    clock::set_now(envelope.emit_time);
    let result = match last_argument(index, &arrival) {
        Some(last) => last.and_then(|last| call(strategy, handler, envelope, arrival, last)),
        // A trade whose price is no number: there is nothing to call the handler with.
        None => return Ok(()),
    };
    let result = result.map_err(|_| exception(HANDLERS[index]));
    runtime::settle();
    result
}

/// Calls the handler for a trade that came as numbers; whether it threw.
pub fn on_trade(envelope: Envelope, trade: PlainTrade) -> bool {
    let Err(exception) = on_event(envelope, Arrival::plain(trade)) else { return false };
    THROWN.set(Some(exception));
    true
}

/// What it threw.
pub fn thrown() -> Option<Exception> {
    THROWN.take()
}

fn call(strategy: &Strategy, handler: &Value, envelope: Envelope, arrival: Arrival, last: Value) -> JsResult<()> {
    let Delivery { event, payload } = arrival.deliver(envelope)?;
    let args = [strategy.context.clone(), event, payload, last];
    let count = if args[3].is_undefined() { 3 } else { 4 };
    let result = handler.call(&strategy.object, &args[..count]).map(drop);
    let [_, event, payload, _] = args;
    Delivery { event, payload }.done();
    result
}

/// What `onTrade` and `onOrderRejected` get beside the payload; `undefined` for the others.
fn last_argument(index: usize, arrival: &Arrival) -> Option<JsResult<Value>> {
    match arrival {
        Arrival::Fields(Payload::PlainTrade(PlainTrade { price, .. })) => {
            Some(Ok(Value::number(decimal::number_of(price.units, price.scale))))
        }
        Arrival::Fields(Payload::Trade(trade)) => decimal::to_number(&trade.price).map(|price| Ok(Value::number(price))),
        Arrival::Fields(Payload::Report(report)) if index == ON_ORDER_REJECTED => {
            Some(Value::string(report.reject_reason.as_deref().unwrap_or_default()))
        }
        _ => Some(Ok(Value::UNDEFINED)),
    }
}

fn handler_of(arrival: &Arrival) -> usize {
    let payload = match arrival {
        Arrival::Fields(payload) => payload,
        Arrival::Json(_) => return ON_EXTENSION,
    };
    match payload {
        Payload::PlainTrade(_) | Payload::Trade(_) => ON_TRADE,
        Payload::Ticker(_) => 1,
        Payload::Book(_) => 2,
        Payload::Kline(_) => 3,
        Payload::InstrumentUpdate(_) => 4,
        Payload::Balance(_) => 5,
        Payload::Report(report) => match report.state {
            ReportState::Ack => 6,
            ReportState::Partial => 7,
            ReportState::Filled => 8,
            ReportState::Cancelled => 9,
            ReportState::Expired => 10,
            ReportState::Rejected => ON_ORDER_REJECTED,
        },
        Payload::Risk(_) => 12,
    }
}

/// Runs the callback of a timer.
pub fn on_timer(time: u64, timer: u32) -> Result<(), Exception> {
    clock::set_now(time);
    let (name, result) = clock::fire(timer);
    let result = result.map_err(|_| exception(name));
    runtime::settle();
    result
}

/// Calls `onStop`.
pub fn stop(time: u64) -> Result<(), Exception> {
    let Some(strategy) = STRATEGY.get() else { return Ok(()) };
    let Some(handler) = &strategy.handlers[ON_STOP] else { return Ok(()) };
    clock::set_now(time);
    let result = handler.call(&strategy.object, std::slice::from_ref(&strategy.context)).map(drop);
    let result = result.map_err(|_| exception(HANDLERS[ON_STOP]));
    runtime::settle();
    result
}
