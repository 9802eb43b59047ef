//! The scenario document: JSON, every key known, every mistake with its place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use smol_str::SmolStr;

use super::expect::Expectations;
use super::figure::Figure;
use super::step::Step;
use crate::backtest::Chaos;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::Symbol;
use crate::sandbox::LimitOverrides;

/// 8 August 2024, 00:00 UTC: the clock before the first step when a document names no other.
const USUAL_START: Timestamp = Timestamp::from_millis(1_723_075_200_000);

/// A document that is none.
#[derive(Debug, thiserror::Error)]
#[error("{at}: {message}")]
pub struct DocumentError {
    /// Such as `steps[3].trade.price`; `the document` when it has no place.
    pub at: String,
    /// What is wrong, and what is allowed.
    pub message: String,
}

impl DocumentError {
    pub(super) fn new(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into() }
    }
}

/// One scenario as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in words.
    #[serde(default)]
    pub name: Option<String>,
    /// The path of a source, or a selector. Who runs the document resolves it.
    #[serde(default)]
    pub strategy: Option<String>,
    /// Of the strategy. Orders are sent unless it says `"dry_run": true`.
    #[serde(default)]
    pub config: Map<String, Value>,
    /// That differ from a host's.
    #[serde(default)]
    pub limits: LimitOverrides,
    /// Of `Math.random`.
    #[serde(default)]
    pub seed: Option<u64>,
    /// Its id.
    #[serde(default)]
    pub instance: Option<InstanceId>,
    /// The clock before the first step, RFC 3339.
    #[serde(default)]
    start: Option<String>,
    /// Who answers orders.
    #[serde(default)]
    pub venue: Option<VenueKind>,
    /// Where it trades.
    #[serde(default)]
    pub(super) providers: BTreeMap<ProviderName, Place>,
    /// What goes wrong at a paper venue, drawn from a seed.
    #[serde(default)]
    pub chaos: Option<Chaos>,
    /// Names of tapes or paths of data files, played before the steps. Who runs the document opens them.
    #[serde(default, deserialize_with = "one_or_several")]
    pub tape: Vec<String>,
    /// What happens, in this order.
    #[serde(default)]
    pub(super) steps: Vec<Step>,
    /// What must hold at the end.
    #[serde(default)]
    pub(super) expect: Expectations,
}

/// Who answers orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum VenueKind {
    /// Nothing happens to an order until a step says so.
    Manual,
    /// The paper venue, against the market of the steps or the tape.
    Paper,
}

/// One venue.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Place {
    /// What is traded there; `BTC-USDT` when it is left out.
    #[serde(default)]
    pub(super) symbols: Vec<Symbol>,
    pub(super) latency_ms: Option<u64>,
    pub(super) maker_fee_bps: Option<u32>,
    pub(super) taker_fee_bps: Option<u32>,
    pub(super) slippage_bps: Option<u32>,
    pub(super) queue: Option<String>,
    pub(super) balances: Option<BTreeMap<SmolStr, Figure>>,
    pub(super) price_increment: Option<Figure>,
    pub(super) quantity_increment: Option<Figure>,
}

impl Scenario {
    /// The documents of a text: one, or those of an array.
    ///
    /// # Errors
    /// [`DocumentError`] when it is no JSON, or has no scenario.
    pub fn split(json: &str) -> Result<Vec<Value>, DocumentError> {
        let value: Value = serde_json::from_str(json).map_err(|error| {
            DocumentError::new(format!("line {}, column {}", error.line(), error.column()), format!("this is no JSON: {error}"))
        })?;
        match value {
            Value::Array(documents) if documents.is_empty() => {
                Err(DocumentError::new("the document", "no scenario: an array has at least one"))
            }
            Value::Array(documents) => Ok(documents),
            document => Ok(vec![document]),
        }
    }

    /// Reads one. Its places begin with `prefix`.
    ///
    /// # Errors
    /// [`DocumentError`] with the place of the first mistake.
    pub fn of(document: Value, prefix: &str) -> Result<Self, DocumentError> {
        let read: Result<Self, _> = serde_path_to_error::deserialize(document);
        let scenario = read.map_err(|error| {
            let (path, message) = (error.path().to_string(), error.inner().to_string());
            let at = match (prefix, path.as_str()) {
                ("", "." | "") => "the document".to_owned(),
                (prefix, "." | "") => prefix.to_owned(),
                ("", path) => path.to_owned(),
                (prefix, path) => format!("{prefix}.{path}"),
            };
            DocumentError::new(at, message)
        })?;
        scenario.check(prefix)?;
        Ok(scenario)
    }

    fn check(&self, prefix: &str) -> Result<(), DocumentError> {
        let dot = if prefix.is_empty() { "" } else { "." };
        for (place, step) in self.steps.iter().enumerate() {
            step.check().map_err(|message| DocumentError::new(format!("{prefix}{dot}steps[{place}]"), message))?;
        }
        if self.steps.is_empty() && self.tape.is_empty() {
            return Err(DocumentError::new(
                format!("{prefix}{dot}steps"),
                "nothing happens: write `steps`, or name a `tape` to play",
            ));
        }
        if !self.tape.is_empty() && self.venue() == VenueKind::Manual {
            return Err(DocumentError::new(
                format!("{prefix}{dot}venue"),
                "a tape has a market of its own, which answers orders: leave `venue` out, or write \"paper\"",
            ));
        }
        if self.chaos.is_some() && self.venue() == VenueKind::Manual {
            return Err(DocumentError::new(
                format!("{prefix}{dot}chaos"),
                "at a manual venue the steps say what goes wrong: leave `chaos` out, or write \"venue\": \"paper\"",
            ));
        }
        self.start().map(drop).map_err(|error| DocumentError { at: format!("{prefix}{dot}{}", error.at), ..error })
    }

    /// Who answers orders: a tape's market when there is one, else the steps.
    pub fn venue(&self) -> VenueKind {
        self.venue.unwrap_or(if self.tape.is_empty() { VenueKind::Manual } else { VenueKind::Paper })
    }

    /// The clock before the first step.
    pub(super) fn start(&self) -> Result<Timestamp, DocumentError> {
        let Some(text) = &self.start else { return Ok(USUAL_START) };
        let latest = Timestamp::from_nanos(u64::MAX / 4);
        let time = Timestamp::from_rfc3339(text).filter(|time| (Timestamp::from_nanos(1)..latest).contains(time));
        time.ok_or_else(|| DocumentError::new("start", "a time is expected, such as \"2024-08-08T00:00:00Z\", 1970 to 2116"))
    }
}

fn one_or_several<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Names {
        One(String),
        Several(Vec<String>),
    }
    match Names::deserialize(deserializer) {
        Ok(Names::One(name)) => Ok(vec![name]),
        Ok(Names::Several(names)) => Ok(names),
        Err(_) => Err(serde::de::Error::custom("the name of a tape or data file, or an array of names, is expected")),
    }
}
