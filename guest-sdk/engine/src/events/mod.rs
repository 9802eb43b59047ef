//! Events as JavaScript objects: `evt` and its payload, field by field when the author reads them.

mod payload;

use std::cell::OnceCell;

use crate::feeds;
use crate::js::{Atom, Fields, JsResult, LazyClass, Value, atoms};
use crate::time::rfc3339;
use crate::wit::sandpit::strategy::events::{Envelope, Event, PlainTrade};

pub use payload::Payload;

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
    /// Of an object between two events.
    None,
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

impl Delivery {
    /// The handler is done: what it did not keep serves the next event.
    pub fn done(self) {
        let class = &vocabulary().class;
        // The event holds its payload, so it goes first.
        class.give_back(self.event);
        class.give_back(self.payload);
    }
}

/// An event as it arrived, moved out of the ABI's record at once: that record is as large as the largest event.
pub enum Arrival {
    Fields(Payload),
    /// An extension: any JSON value.
    Json(String),
}

impl Arrival {
    #[inline(always)]
    pub fn new(event: Event, provider: u16) -> Arrival {
        Arrival::Fields(match event {
            Event::Trade(trade) => Payload::Trade(trade),
            Event::Ticker(ticker) => Payload::Ticker(ticker),
            Event::BookSnapshot(book) => Payload::Book(book),
            Event::KlineSummary(kline) => Payload::Kline(Box::new(kline)),
            Event::InstrumentUpdate(instrument) => Payload::InstrumentUpdate(Box::new(instrument)),
            Event::BalanceUpdate(balance) => Payload::Balance(balance),
            Event::ExecutionReport(report) => Payload::Report(Box::new(report)),
            Event::RiskControl(risk) => Payload::Risk(Box::new(payload::Risk { risk, provider })),
            Event::Extension(json) => return Arrival::Json(json),
        })
    }

    /// Of a trade that came as numbers.
    #[inline(always)]
    pub fn plain(trade: PlainTrade) -> Arrival {
        Arrival::Fields(Payload::PlainTrade(trade))
    }

    /// Makes the objects of the event.
    pub fn deliver(self, envelope: Envelope) -> JsResult<Delivery> {
        let class = &vocabulary().class;
        let (kind, symbol, payload) = match self {
            Arrival::Json(json) => (Kind::Extension, None, Value::from_json(&json)?),
            Arrival::Fields(payload) => {
                let own = if envelope.symbol.is_none() { payload.symbol() } else { None };
                (payload.kind(), own.map(Value::string).transpose()?, class.object(Data::Payload(payload))?)
            }
        };
        let event = class.object(Data::Event(Header { envelope, kind, symbol, payload: payload.clone() }))?;
        Ok(Delivery { event, payload })
    }
}

/// A time as a JavaScript string.
fn time(nanoseconds: u64) -> JsResult<Value> {
    let text = rfc3339(nanoseconds);
    Value::string(std::str::from_utf8(&text).unwrap_or_default())
}

impl Fields for Data {
    #[inline(always)]
    fn names(&self) -> &'static [Atom] {
        match self {
            Data::Event(_) => vocabulary().header,
            Data::Payload(payload) => payload.names(&vocabulary().payload),
            Data::None => &[],
        }
    }

    #[inline(always)]
    fn value(&self, index: usize) -> JsResult<Value> {
        match self {
            Data::Event(header) => header.value(index),
            Data::Payload(payload) => payload.value(index, &vocabulary().payload),
            Data::None => Ok(Value::UNDEFINED),
        }
    }

    #[inline(always)]
    fn is_object(&self, index: usize) -> bool {
        match self {
            Data::Payload(payload) => payload.is_object(index),
            Data::Event(_) | Data::None => false,
        }
    }

    fn held(&self) -> Option<&Value> {
        match self {
            Data::Event(header) => Some(&header.payload),
            Data::Payload(_) | Data::None => None,
        }
    }

    fn none() -> Self {
        Data::None
    }
}

impl Header {
    #[inline(always)]
    fn value(&self, index: usize) -> JsResult<Value> {
        match index {
            2 => Ok(feeds::provider(self.envelope.provider)),
            3 => Ok(self.symbol()),
            4 => Ok(vocabulary().kinds[self.kind as usize].clone()),
            8 => Ok(self.payload.clone()),
            _ => self.made_value(index),
        }
    }

    /// The fields that have to be made. Apart, so that reading the others stays a short function.
    #[inline(never)]
    fn made_value(&self, index: usize) -> JsResult<Value> {
        match index {
            0 => self.event_id(),
            1 => Ok(Value::number(1.0)),
            5 => Ok(Value::number(self.envelope.sequence as f64)),
            6 => time(self.envelope.ingest_time),
            _ => time(self.envelope.emit_time),
        }
    }

    #[inline(always)]
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
