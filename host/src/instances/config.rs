//! What an operator can set about instances, and the floors that they stand on.

use std::sync::Arc;

use super::feed::FeedConfig;
use super::logs::LogConfig;
use super::restart::RestartConfig;
use crate::base::Clock;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::bus::Bus;
use crate::catalogue::Catalogue;
use crate::compile::Compiler;
use crate::sandbox::Sandbox;
use crate::store::Store;
use crate::trading::Desk;

/// How instances are run. Section `instances` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InstancesConfig {
    /// Instances that may exist, running or not. 1,000: each costs about half a megabyte when idle.
    pub max: usize,
    /// Milliseconds that a handler gets to finish when its instance is asked to stop; then it is cut off.
    pub stop_grace_ms: u64,
    /// Instances that a refresh moves to another revision at the same time. 8: most of a move is waiting for the disk and for the
    /// event at hand.
    pub refresh_parallel: usize,
    /// How faults are answered.
    pub restart: RestartConfig,
    /// How much of each log is kept.
    pub log: LogConfig,
    /// How much of what happened is kept for streams, and how many there may be.
    pub feed: FeedConfig,
}

impl Default for InstancesConfig {
    fn default() -> Self {
        Self {
            max: 1_000,
            stop_grace_ms: 2_000,
            refresh_parallel: 8,
            restart: RestartConfig::default(),
            log: LogConfig::default(),
            feed: FeedConfig::default(),
        }
    }
}

/// The floors below, as `app` built them.
#[derive(Clone)]
pub struct Floors {
    /// Says which revision a selector means.
    pub catalogue: Arc<Catalogue>,
    /// Has the limits of instances that ask for no others.
    pub sandbox: Sandbox,
    /// Makes programs of revisions.
    pub compiler: Arc<Compiler>,
    /// The one door for orders.
    pub desk: Arc<Desk>,
    /// Where mailboxes are opened.
    pub bus: Arc<Bus>,
    /// Where instances outlive the process.
    pub store: Store,
    /// The machine's clock.
    pub clock: Arc<dyn Clock>,
    /// Tasks are started through it.
    pub lifecycle: Lifecycle,
    /// The registry.
    pub metrics: Metrics,
}
