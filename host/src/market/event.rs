//! What happens: the nine kinds of event of the wire, made once and shared by everyone who hears of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, ToSmolStr as _};
use utoipa::ToSchema;

use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::{DecimalText, ExecutionReport, Instrument, OrderRequest, Side, Symbol};

/// The names of the kinds of event: what `metadata.events` lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventKind {
    /// A public trade.
    Trade,
    /// Best bid and ask, last price.
    Ticker,
    /// The top of the book.
    BookSnapshot,
    /// What became of one of our orders.
    ExecReport,
    /// A bar.
    KlineSummary,
    /// An instrument was listed or changed.
    InstrumentUpdate,
    /// A balance of the account changed.
    BalanceUpdate,
    /// Our risk check was breached or cleared.
    RiskControl,
    /// A signal from outside.
    Extension,
}

impl EventKind {
    /// All of them, in the order of the gateway's documentation.
    pub const ALL: [Self; 9] = [
        Self::BookSnapshot,
        Self::Trade,
        Self::Ticker,
        Self::ExecReport,
        Self::KlineSummary,
        Self::InstrumentUpdate,
        Self::BalanceUpdate,
        Self::RiskControl,
        Self::Extension,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "Trade",
            Self::Ticker => "Ticker",
            Self::BookSnapshot => "BookSnapshot",
            Self::ExecReport => "ExecReport",
            Self::KlineSummary => "KlineSummary",
            Self::InstrumentUpdate => "InstrumentUpdate",
            Self::BalanceUpdate => "BalanceUpdate",
            Self::RiskControl => "RiskControl",
            Self::Extension => "Extension",
        }
    }

    /// The reverse of [`EventKind::as_str`]; case counts.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that happened. Immutable; shared as `Arc<Event>` between all mailboxes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who says so.
    pub provider: ProviderName,
    /// What it is about; none for balances and extensions.
    pub symbol: Option<Symbol>,
    /// Counts from 1 per provider, symbol and kind.
    pub sequence: u64,
    /// When the provider received it.
    pub ingest_time: Timestamp,
    /// When the venue says it happened: the time that a handler sees.
    pub emit_time: Timestamp,
    /// What happened.
    pub payload: Payload,
}

/// What happened, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A public trade.
    Trade(Trade),
    /// Best bid and ask, last price.
    Ticker(Ticker),
    /// The top of the book.
    BookSnapshot(BookSnapshot),
    /// A bar.
    KlineSummary(Box<Kline>),
    /// An instrument was listed or changed.
    InstrumentUpdate(Box<Instrument>),
    /// A balance of the account changed.
    BalanceUpdate(BalanceUpdate),
    /// What became of an order, with the order: for the instance that sent it alone.
    ExecReport(Box<(OrderRequest, ExecutionReport)>),
    /// Our risk check was breached or cleared.
    RiskControl(Box<RiskControl>),
    /// Any JSON value, as text.
    Extension(String),
}

impl Event {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        self.payload.kind()
    }
}

impl Payload {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        match self {
            Payload::Trade(_) => EventKind::Trade,
            Payload::Ticker(_) => EventKind::Ticker,
            Payload::BookSnapshot(_) => EventKind::BookSnapshot,
            Payload::KlineSummary(_) => EventKind::KlineSummary,
            Payload::InstrumentUpdate(_) => EventKind::InstrumentUpdate,
            Payload::BalanceUpdate(_) => EventKind::BalanceUpdate,
            Payload::ExecReport(_) => EventKind::ExecReport,
            Payload::RiskControl(_) => EventKind::RiskControl,
            Payload::Extension(_) => EventKind::Extension,
        }
    }
}

/// The venue's id of a trade: nearly always a number, which then is never written out unless somebody asks for its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TradeId {
    /// Plain digits without leading zeros.
    Number(u64),
    /// Anything else.
    Text(SmolStr),
}

impl TradeId {
    /// As the venue writes it.
    pub fn text(&self) -> SmolStr {
        match self {
            Self::Number(number) => number.to_smolstr(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<u64> for TradeId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for TradeId {
    fn from(text: &str) -> Self {
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'));
        match text.parse() {
            Ok(number) if canonical => Self::Number(number),
            _ => Self::Text(text.into()),
        }
    }
}

/// A public trade. `side` is the aggressor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// The venue's id.
    pub trade_id: TradeId,
    /// Who took liquidity.
    pub side: Side,
    /// Quote currency.
    pub price: DecimalText,
    /// Base currency.
    pub quantity: DecimalText,
    /// When it was matched.
    pub time: Timestamp,
}

/// Best bid and ask with the last price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticker {
    /// Absent before the first trade.
    pub last_price: DecimalText,
    /// Absent when the side is empty.
    pub bid_price: DecimalText,
    /// Absent when the side is empty.
    pub ask_price: DecimalText,
    /// Base currency; what the provider saw itself when the venue does not say.
    pub volume_24h: DecimalText,
    /// Of the venue.
    pub time: Timestamp,
}

/// One price of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Quote currency.
    pub price: DecimalText,
    /// Base currency, above 0.
    pub quantity: DecimalText,
}

/// The top of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookSnapshot {
    /// Best first.
    pub bids: Vec<Level>,
    /// Best first.
    pub asks: Vec<Level>,
    /// The venue's checksum, zero length when it gives none.
    pub checksum: SmolStr,
    /// Of the newest change in it.
    pub last_update: Timestamp,
    /// First venue update id in it; 0 when unknown.
    pub first_update_id: u64,
    /// Last venue update id in it; 0 when unknown.
    pub final_update_id: u64,
}

/// A bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kline {
    /// First price.
    pub open_price: DecimalText,
    /// Last price.
    pub close_price: DecimalText,
    /// Highest price.
    pub high_price: DecimalText,
    /// Lowest price.
    pub low_price: DecimalText,
    /// Base currency.
    pub volume: DecimalText,
    /// Beginning, inclusive.
    pub open_time: Timestamp,
    /// End, exclusive.
    pub close_time: Timestamp,
}

/// A balance of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceUpdate {
    /// The currency.
    pub currency: SmolStr,
    /// All of it.
    pub total: DecimalText,
    /// What open orders do not hold.
    pub available: DecimalText,
    /// Of the venue.
    pub time: Timestamp,
}

/// Whether a breach began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RiskStatus {
    /// A limit was breached.
    Triggered,
    /// The kill switch or circuit breaker was reset.
    Cleared,
}

/// News from our own risk check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskControl {
    /// Whose order it was.
    pub instance: InstanceId,
    /// Breached or cleared.
    pub status: RiskStatus,
    /// In words.
    pub reason: String,
    /// The gateway's breach type: `RATE_LIMIT`, `PRICE_BAND`...
    pub breach_type: &'static str,
    /// The numbers behind it.
    pub metrics: BTreeMap<String, String>,
    /// Nothing is sent until an operator resets it.
    pub kill_switch_engaged: bool,
    /// Nothing is sent until the cooldown is over.
    pub circuit_breaker_open: bool,
    /// When.
    pub time: Timestamp,
}
