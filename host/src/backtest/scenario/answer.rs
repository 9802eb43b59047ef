//! What became of a scenario.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;

use crate::backtest::PlayReport;
use crate::backtest::report::PlayedCall;

/// One thing that was expected and is not so, or a step that could not happen.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failing {
    /// The place in the document: `steps[4].expect.orders[0].side`, `expect.exceptions`.
    pub at: String,
    /// In words.
    pub message: String,
    /// What the document says; absent when the words say it all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
    /// What was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<Value>,
}

impl Failing {
    pub(super) fn of_step(at: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at: at.into(), message: message.into(), expected: None, actual: None }
    }
}

/// The answer of one scenario.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioAnswer {
    /// As the document says.
    pub name: Option<String>,
    /// Nothing failed.
    pub ok: bool,
    /// What did.
    pub failures: Vec<Failing>,
    /// All that the strategy did.
    #[serde(flatten)]
    pub report: PlayReport,
    /// Each call of the guest, the first 10,000.
    pub calls: Vec<PlayedCall>,
    /// By symbol, of several providers by `provider:SYMBOL`; flat ones are left out.
    pub positions: BTreeMap<String, Decimal>,
    /// What `helpers.save` stored last; null for nothing.
    pub saved: Value,
}
