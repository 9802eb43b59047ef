//! What a client sends to have a run.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::openapi::examples;
use crate::api::openapi::spelling::{AnyName, AnySelector};
use crate::backtest::Chaos;
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
    /// Built-in tapes, and files of the host's folder of market data (tapes, CSV), by name; at least one, at most 64, none twice.
    /// `kraken:BTC-USDT=day.csv` says at which provider and of which symbol.
    #[schema(min_items = 1, max_items = 64)]
    pub(super) data: Vec<String>,
    /// Settings of the paper adapter that differ from its defaults, at each provider.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) venue: Map<String, Value>,
    /// Limits that differ from the host's.
    #[serde(default)]
    pub(super) limits: LimitOverrides,
    /// Of `Math.random`; follows from the configuration when left out.
    pub(super) seed: Option<u64>,
    /// Trouble drawn from a seed, as on the command line: `seed=7,rejectPpm=1000,outageEvery=60s,outageFor=5s`.
    #[schema(value_type = Option<String>, nullable = false)]
    pub(super) chaos: Option<Chaos>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewBacktestStrategy)]
pub(crate) struct Strategy {
    /// What to run.
    #[schema(value_type = AnySelector)]
    pub(super) identifier: String,
    /// The strategy's own configuration. `dry_run` is false unless it says otherwise.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(super) config: Map<String, Value>,
}
