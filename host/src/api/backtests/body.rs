//! What a client sends to have a run.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::openapi::examples;
use crate::api::openapi::spelling::AnyName;
use crate::sandbox::LimitOverrides;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewBacktest, examples(examples::backtest))]
pub(crate) struct NewBacktest {
    /// The id to be; made up when left out.
    #[schema(value_type = Option<AnyName>, nullable = false)]
    pub(super) id: Option<String>,
    /// What to run.
    pub(super) strategy: Strategy,
    /// Built-in tapes, and files of the host's folder of market data, by name; at least one.
    #[schema(min_items = 1)]
    pub(super) data: Vec<String>,
    /// Settings of the paper adapter that differ from its defaults.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) venue: Map<String, Value>,
    /// Limits that differ from the host's.
    #[serde(default)]
    pub(super) limits: LimitOverrides,
    /// Of `Math.random`; follows from the configuration when left out.
    pub(super) seed: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewBacktestStrategy)]
pub(crate) struct Strategy {
    /// Any selector.
    pub(super) identifier: String,
    /// The strategy's own configuration. `dry_run` is false unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) config: Map<String, Value>,
}
