//! The inputs of a run, readable, and their hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::backtest::chaos::Chaos;
use crate::backtest::request::{PlayRequest, PlayVenue};
use crate::backtest::settings::SettingsError;
use crate::base::{Digest, InstanceId, ProviderName, canonical};
use crate::instances::RestartConfig;
use crate::market::Symbol;
use crate::providers::csv::Increments;
use crate::sandbox::{Limits, Program, wasmtime_version};
use crate::trading::RiskConfig;

/// A recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InputData {
    /// At which venue.
    pub provider: ProviderName,
    /// Whose market it is.
    pub symbol: Symbol,
    /// Of its bytes; of a tape, of its records.
    pub hash: Digest,
    /// Of the instrument as the recording has it: increments, minima, currencies, precisions.
    pub instrument: Digest,
    /// Of prices, where one was given for a CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<Decimal>,
    /// Of quantities, where one was given for a CSV file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<Decimal>,
}

/// All that decides what comes out of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Inputs {
    /// The hash of the source.
    pub revision: Digest,
    /// The hash of the JavaScript engine.
    pub engine: Digest,
    /// The version of Sandpit.
    pub host: String,
    /// The version of wasmtime in it.
    pub wasmtime: String,
    /// Of the strategy, with defaults filled in.
    pub config: Map<String, Value>,
    /// In the order that it was given.
    pub data: Vec<InputData>,
    /// The symbols that are followed; all of the data when empty.
    pub symbols: Vec<Symbol>,
    /// Of `Math.random`; text, because not every reader of JSON has 64 bits.
    pub seed: String,
    /// The id of the instance: the beginning of its client order ids.
    pub instance: InstanceId,
    /// What the guest may use.
    pub limits: Limits,
    /// What orders may be.
    pub risk: RiskConfig,
    /// How faults are answered.
    pub restart: RestartConfig,
    /// What was to go wrong.
    #[serde(default)]
    pub chaos: Chaos,
    /// The settings of each venue.
    pub venues: BTreeMap<ProviderName, Map<String, Value>>,
}

impl Inputs {
    pub(super) fn of<'a>(request: &'a PlayRequest) -> Self {
        let data = |venue: &'a PlayVenue| {
            let (provider, increments) = (&venue.provider, &venue.increments);
            let origins = venue.market.origins().into_iter().zip(venue.market.instruments());
            origins.map(move |(origin, instrument)| InputData {
                instrument: canonical::digest(&instrument),
                tick: increments.ticks.get(&origin.symbol).map(Decimal::normalize),
                lot: increments.lots.get(&origin.symbol).map(Decimal::normalize),
                provider: provider.clone(),
                symbol: origin.symbol,
                hash: origin.digest,
            })
        };
        Self {
            revision: request.program.source_hash(),
            engine: request.program.engine_hash(),
            host: env!("CARGO_PKG_VERSION").to_owned(),
            wasmtime: wasmtime_version().to_owned(),
            config: request.config.clone(),
            data: request.venues.iter().flat_map(data).collect(),
            symbols: request.symbols.clone(),
            seed: request.seed().to_string(),
            instance: request.instance.clone(),
            limits: request.limits.clone(),
            risk: request.risk.clone(),
            restart: request.restart,
            chaos: request.chaos.clone(),
            venues: request.venues.iter().map(|venue| (venue.provider.clone(), venue.settings())).collect(),
        }
    }

    /// SHA-256 over their canonical JSON.
    pub fn digest(&self) -> Digest {
        canonical::digest(self)
    }

    /// The ticks and lots that were given.
    pub fn increments(&self) -> Increments {
        let given = |of: fn(&InputData) -> Option<Decimal>| {
            self.data.iter().filter_map(move |data| Some((data.symbol.clone(), of(data)?))).collect()
        };
        Increments { ticks: given(|data| data.tick), lots: given(|data| data.lot) }
    }

    /// The run that has them, with a program and venues that were found for it.
    ///
    /// # Errors
    /// [`SettingsError`] when a venue of today no longer has such settings.
    pub fn request(&self, program: Arc<Program>, mut venues: Vec<PlayVenue>) -> Result<PlayRequest, SettingsError> {
        for venue in &mut venues {
            if let Some(settings) = self.venues.get(&venue.provider) {
                venue.configure(settings)?;
            }
        }
        Ok(PlayRequest {
            venues,
            symbols: self.symbols.clone(),
            config: self.config.clone(),
            limits: self.limits.clone(),
            risk: self.risk.clone(),
            restart: self.restart,
            chaos: self.chaos.clone(),
            instance: self.instance.clone(),
            // What is no number was never written by us, and then differs.
            seed: self.seed.parse().ok(),
            ..PlayRequest::new(program)
        })
    }
}
