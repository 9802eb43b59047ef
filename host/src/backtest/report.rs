//! The answer of a play. Two plays of the same input give the same bytes: only what follows from program, tape and
//! configuration is in it, never the machine's time.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::ledger::{PlayedFill, PlayedOrder};
use super::numbers::Measured;
use super::request::PlayVenue;
use crate::base::{Digest, ProviderName, StrategyName, Tag};
use crate::market::Symbol;
use crate::providers::paper::Origin;
use crate::sandbox::{Exception, Fault, LogLevel};
use crate::trading::{Balance, Profit};

/// What was played.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedStrategy {
    /// Its name.
    pub name: StrategyName,
    /// The tag its source gives itself.
    pub tag: Option<Tag>,
    /// Of its source.
    pub hash: Digest,
    /// Of the JavaScript engine inside.
    pub engine_hash: Digest,
    /// With defaults filled in.
    pub config: Map<String, Value>,
}

/// A recording that it was played over.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedData {
    /// At which venue.
    pub provider: ProviderName,
    /// Whose market it recorded.
    pub symbol: Symbol,
    /// As it was named.
    pub name: String,
    /// Of its bytes; of a tape, of its records.
    pub hash: Digest,
    /// Records in it.
    pub records: u64,
}

impl PlayedData {
    /// What a venue's recordings say of themselves.
    pub fn of(venue: &PlayVenue) -> Vec<Self> {
        let data = |origin: Origin| Self {
            provider: venue.provider.clone(),
            symbol: origin.symbol,
            name: origin.name,
            hash: origin.digest,
            records: origin.records,
        };
        venue.market.origins().into_iter().map(data).collect()
    }
}

/// Events by what became of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedEvents {
    /// A handler ran, by kind; timers count as `Timer`.
    pub delivered: BTreeMap<SmolStr, u64>,
    /// No handler for them, or no guest at the time.
    pub skipped: u64,
    /// Left out because the guest slept and its mailbox was full, by kind.
    pub dropped: BTreeMap<SmolStr, u64>,
}

/// Fuel of the calls of one handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerFuel {
    /// Calls.
    pub count: u64,
    /// Of the last one.
    pub last: u64,
    /// Of the most expensive one.
    pub max: u64,
    /// Of all.
    pub total: u64,
    /// Half of the calls used no more; exact to a tenth of a percent.
    pub median: u64,
}

/// One line of the strategy, or about it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedLine {
    /// Tape time.
    pub time: String,
    /// How loud.
    pub level: LogLevel,
    /// Without line breaks.
    pub text: String,
}

/// One call of the guest.
#[derive(Clone, Debug, Serialize)]
pub struct PlayedCall {
    /// The handler: `create`, `onTrade`, `timer`...
    pub handler: &'static str,
    /// What it used.
    pub fuel: u64,
    /// Tape time.
    pub time: String,
}

/// A fault and when it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PlayedFault {
    /// Tape time.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The answer of a play.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayReport {
    /// What was played.
    pub strategy: PlayedStrategy,
    /// What it was played over.
    pub data: Vec<PlayedData>,
    /// Tape time of the first record.
    pub from: String,
    /// Tape time of the last record.
    pub to: String,
    /// What the guest heard.
    pub events: PlayedEvents,
    /// All orders, in the order they were sent; denied ones among them.
    pub orders: Vec<PlayedOrder>,
    /// All matches, in their order.
    pub fills: Vec<PlayedFill>,
    /// By currency.
    pub fees: BTreeMap<SmolStr, Decimal>,
    /// By quote currency; what is still held is valued at the last reference price.
    pub profit: Profit,
    /// Numbers by quote currency, the course of equity and prices, and round trips.
    #[serde(flatten)]
    pub measured: Measured,
    /// Of the paper accounts at the end, by provider.
    pub balances: BTreeMap<ProviderName, Vec<Balance>>,
    /// By handler; `create` is among them.
    pub fuel: BTreeMap<String, HandlerFuel>,
    /// Most bytes of memories and tables.
    pub peak_memory_bytes: u64,
    /// Uncaught JavaScript exceptions, the first hundred.
    pub exceptions: Vec<Exception>,
    /// How many there were.
    pub exception_count: u64,
    /// Guests that were thrown away.
    pub faults: Vec<PlayedFault>,
    /// What the strategy logged, the newest lines.
    pub log: Vec<PlayedLine>,
    /// Lines that were left out of `log`.
    pub log_lines_left_out: u64,
}
