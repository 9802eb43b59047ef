//! Events as JavaScript objects: `evt` and its payload, field by field when the author reads them.

mod payload;

use std::cell::OnceCell;

use crate::feeds;
use crate::js::{Atom, Fields, JsResult, LazyClass, Value, atoms};
use crate::time::rfc3339;
use crate::wit::sandpit::strategy::events::{self as wit, Envelope, Event};
use payload::Payload;

/// What kind of event it is: the index into the names of `evt.type`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Trade,
    Ticker,
    BookSnapshot,
    KlineSummary,
    InstrumentUpdate,
    BalanceUpdate,
    ExecReport,
    RiskControl,
    Extension,
}

const KINDS: [&str; 9] = [
    "Trade",
    "Ticker",
    "BookSnapshot",
    "KlineSummary",
    "InstrumentUpdate",
    "BalanceUpdate",
    "ExecReport",
    "RiskControl",
    "Extension",
];

/// The fields of one lazy object: `evt` itself, or one of the payloads.
pub enum Data {
    Event(Header),
    Payload(Payload),
}

/// `evt`: the envelope and its payload.
pub struct Header {
    envelope: Envelope,
    kind: Kind,
    /// The symbol of an event outside the feeds.
    symbol: Option<Value>,
    payload: Value,
}

/// The names and words that events need, made before the snapshot.
struct Vocabulary {
    class: LazyClass<Data>,
    header: &'static [Atom],
    payload: payload::Names,
    kinds: [Value; 9],
}

thread_local! {
    static VOCABULARY: OnceCell<&'static Vocabulary> = const { OnceCell::new() };
}

fn vocabulary() -> &'static Vocabulary {
    VOCABULARY.with(|cell| *cell.get().expect("prepare runs before the first event"))
}

/// Registers the class of event objects and interns every name. Once, before the snapshot.
pub fn prepare() -> JsResult<()> {
    let words = KINDS.iter().map(|kind| Value::string(kind)).collect::<JsResult<Vec<_>>>()?;
    let Ok(kinds) = words.try_into() else { unreachable!("one word per kind") };
    let vocabulary = Vocabulary {
        class: LazyClass::register()?,
        header: atoms(&[
            "eventId",
            "routingVersion",
            "provider",
            "symbol",
            "type",
            "seqProvider",
            "ingestTs",
            "emitTs",
            "payload",
        ]),
        payload: payload::Names::intern()?,
        kinds,
    };
    VOCABULARY.with(|cell| cell.set(Box::leak(Box::new(vocabulary)))).ok();
    Ok(())
}

/// An event ready for its handler.
pub struct Delivery {
    pub event: Value,
    pub payload: Value,
}

/// Makes the objects of an event.
pub fn deliver(envelope: Envelope, event: Event) -> JsResult<Delivery> {
    let class = &vocabulary().class;
    let provider = envelope.provider;
    let place = envelope.symbol;
    let outside = |symbol: &str| if place.is_none() { Value::string(symbol).map(Some) } else { Ok(None) };
    let mut symbol = None;
    let (kind, payload) = match event {
        Event::Trade(trade) => (Kind::Trade, Payload::Trade(trade)),
        Event::Ticker(ticker) => (Kind::Ticker, Payload::Ticker(ticker)),
        Event::BookSnapshot(book) => (Kind::BookSnapshot, Payload::Book(book)),
        Event::KlineSummary(kline) => (Kind::KlineSummary, Payload::Kline(Box::new(kline))),
        Event::InstrumentUpdate(instrument) => {
            symbol = outside(&instrument.symbol)?;
            (Kind::InstrumentUpdate, Payload::InstrumentUpdate(Box::new(instrument)))
        }
        Event::BalanceUpdate(balance) => (Kind::BalanceUpdate, Payload::Balance(balance)),
        Event::ExecutionReport(report) => {
            symbol = outside(&report.symbol)?;
            (Kind::ExecReport, Payload::Report(Box::new(report)))
        }
        Event::RiskControl(risk) => {
            symbol = outside(&risk.symbol)?;
            (Kind::RiskControl, Payload::Risk(Box::new(payload::Risk { risk, provider })))
        }
        Event::Extension(json) => {
            let payload = Value::from_json(&json)?;
            return header(class, envelope, Kind::Extension, None, payload);
        }
    };
    let payload = class.object(Data::Payload(payload))?;
    header(class, envelope, kind, symbol, payload)
}

fn header(class: &LazyClass<Data>, envelope: Envelope, kind: Kind, symbol: Option<Value>, payload: Value) -> JsResult<Delivery> {
    let event = class.object(Data::Event(Header { envelope, kind, symbol, payload: payload.clone() }))?;
    Ok(Delivery { event, payload })
}

/// A time as a JavaScript string.
fn time(nanoseconds: u64) -> JsResult<Value> {
    let text = rfc3339(nanoseconds);
    Value::string(std::str::from_utf8(&text).unwrap_or_default())
}

impl Fields for Data {
    fn names(&self) -> &'static [Atom] {
        match self {
            Data::Event(_) => vocabulary().header,
            Data::Payload(payload) => payload.names(&vocabulary().payload),
        }
    }

    fn value(&self, index: usize) -> JsResult<Value> {
        match self {
            Data::Event(header) => header.value(index),
            Data::Payload(payload) => payload.value(index, &vocabulary().payload),
        }
    }

    fn is_object(&self, index: usize) -> bool {
        match self {
            Data::Event(_) => false,
            Data::Payload(payload) => payload.is_object(index),
        }
    }

    fn held(&self) -> Option<&Value> {
        match self {
            Data::Event(header) => Some(&header.payload),
            Data::Payload(_) => None,
        }
    }
}

impl Header {
    fn value(&self, index: usize) -> JsResult<Value> {
        match index {
            0 => self.event_id(),
            1 => Ok(Value::number(1.0)),
            2 => Ok(feeds::provider(self.envelope.provider)),
            3 => Ok(self.symbol()),
            4 => Ok(vocabulary().kinds[self.kind as usize].clone()),
            5 => Ok(Value::number(self.envelope.sequence as f64)),
            6 => time(self.envelope.ingest_time),
            7 => time(self.envelope.emit_time),
            _ => Ok(self.payload.clone()),
        }
    }

    fn symbol(&self) -> Value {
        match (&self.symbol, self.envelope.symbol) {
            (Some(outside), _) => outside.clone(),
            (None, Some(place)) => feeds::symbol(self.envelope.provider, place),
            (None, None) => feeds::no_symbol(),
        }
    }

    /// `binance:BTCUSDT:Trade:17`.
    fn event_id(&self) -> JsResult<Value> {
        let mut id = feeds::provider(self.envelope.provider).to_text()?;
        id.push(':');
        id.extend(self.symbol().to_text()?.chars().filter(|letter| *letter != '-'));
        id.push(':');
        id.push_str(KINDS[self.kind as usize]);
        id.push(':');
        id.push_str(&self.envelope.sequence.to_string());
        Value::string(&id)
    }
}

/// The price of a trade as the number that `onTrade` gets; none when it is not a number.
pub fn trade_price(trade: &wit::Trade) -> Option<f64> {
    trade.price.parse().ok().filter(|price: &f64| price.is_finite())
}
