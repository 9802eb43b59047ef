//! The configuration: one section per floor, each with its defaults, read from defaults < TOML file < environment < flags.
//! Must not know what the floors do with it.
//!
//! Keys are camelCase, as in the JSON of the control plane. In the environment a key is spelled in capitals with `_` between
//! words and `__` between sections: `instances.stopGraceMs` is `SANDPIT_INSTANCES__STOP_GRACE_MS`. A key that nobody knows is
//! an error wherever it stands, so that a misspelled limit does not silently become the default.

mod load;
#[cfg(test)]
mod page;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::api::{ApiConfig, ApiConfigError};
use crate::backtest::jobs::JobsConfig;
use crate::bus::BusConfig;
use crate::catalogue::CatalogueConfig;
use crate::compile::CompilerConfig;
use crate::instances::InstancesConfig;
use crate::sandbox::{LimitError, SandboxConfig};
use crate::store::StoreConfig;
use crate::telemetry::{TelemetryConfig, TelemetryError};
use crate::trading::RiskConfig;

pub use load::{ConfigError, Flags, load};

/// Everything that can be set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Config {
    /// Where the database, the compiled cache and the admin token are. Default `.sandpit` in the working folder.
    pub data_dir: PathBuf,
    /// Where the strategies are. Default `strategies` in the data directory; filled with the built-in ones when it is empty.
    pub strategies_dir: Option<PathBuf>,
    /// The log of the host.
    pub log: LogSection,
    /// The database.
    pub store: StoreConfig,
    /// Mailboxes.
    pub bus: BusConfig,
    /// What orders may be.
    pub risk: RiskConfig,
    /// The WebAssembly runtime, and what each instance may use.
    pub sandbox: SandboxConfig,
    /// Sources and their compilation.
    pub compile: CompilerConfig,
    /// Revisions and tags.
    pub catalogue: CatalogueConfig,
    /// Instances: how many, how they stop and how they come back.
    pub instances: InstancesConfig,
    /// Runs over recorded data: how many, and where the data is.
    pub backtests: JobsConfig,
    /// The control plane.
    pub api: ApiConfig,
    /// A collector of traces and metrics.
    pub telemetry: TelemetryConfig,
    /// How the host ends.
    pub shutdown: ShutdownSection,
}

/// The log of the host itself; the logs of strategies are read through the control plane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogSection {
    /// For people or for machines.
    pub format: LogFormat,
    /// A filter in the syntax of `tracing_subscriber::EnvFilter`. Default `info`.
    pub filter: String,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line each.
    #[default]
    Human,
    /// One JSON object each.
    Json,
}

/// How long each part of the shutdown may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ShutdownSection {
    /// Milliseconds for tasks to finish and for the database to write what waits, after the instances have stopped.
    pub grace_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from(".sandpit"),
            strategies_dir: None,
            log: LogSection::default(),
            store: StoreConfig::default(),
            bus: BusConfig::default(),
            risk: RiskConfig::default(),
            sandbox: SandboxConfig::default(),
            compile: CompilerConfig::default(),
            catalogue: CatalogueConfig::default(),
            instances: InstancesConfig::default(),
            backtests: JobsConfig::default(),
            api: ApiConfig::default(),
            telemetry: TelemetryConfig::default(),
            shutdown: ShutdownSection::default(),
        }
    }
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info".to_owned() }
    }
}

impl Default for ShutdownSection {
    fn default() -> Self {
        Self { grace_ms: 2_000 }
    }
}

/// A value that no floor could work with.
#[derive(Debug, thiserror::Error)]
pub enum InvalidConfig {
    /// In `api`.
    #[error(transparent)]
    Api(#[from] ApiConfigError),
    /// In `sandbox.limits`.
    #[error("sandbox.{0}")]
    Limits(#[from] LimitError),
    /// In `telemetry`.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// Elsewhere.
    #[error("{key} is {given}: it must be {rule}")]
    Value {
        /// The key, with its section.
        key: &'static str,
        /// What was set.
        given: u64,
        /// What is allowed.
        rule: &'static str,
    },
}

impl Config {
    /// Where the strategies are.
    pub fn strategies_dir(&self) -> PathBuf {
        self.strategies_dir.clone().unwrap_or_else(|| self.data_dir.join("strategies"))
    }

    /// How sources are compiled; native code is kept in the data directory unless another place was set.
    pub fn compiler(&self) -> CompilerConfig {
        let cache_dir = self.compile.cache_dir.clone().unwrap_or_else(|| self.data_dir.join("cache"));
        CompilerConfig { cache_dir: Some(cache_dir), ..self.compile.clone() }
    }

    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`InvalidConfig`] naming the key.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        self.api.validate()?;
        self.sandbox.limits.validate()?;
        self.telemetry.validate()?;
        let instances = &self.instances;
        let at_least_one = [
            ("instances.max", instances.max as u64),
            ("instances.restart.backoffFirstMs", instances.restart.backoff_first_ms),
            ("instances.restart.maxFaults", u64::from(instances.restart.max_faults)),
            ("instances.restart.windowMs", instances.restart.window_ms),
            ("instances.log.lines", instances.log.lines as u64),
            ("instances.feed.events", instances.feed.events as u64),
            ("backtests.concurrency", u64::from(self.backtests.concurrency)),
            ("backtests.queue", self.backtests.queue as u64),
            ("backtests.keep", self.backtests.keep as u64),
            ("store.queueRequests", self.store.queue_requests as u64),
            ("store.groupRequests", self.store.group_requests as u64),
            ("store.readers", u64::from(self.store.readers)),
        ];
        match at_least_one.into_iter().find(|(_, given)| *given == 0) {
            Some((key, given)) => Err(InvalidConfig::Value { key, given, rule: "at least 1" }),
            None => Ok(()),
        }
    }
}
