//! What a guest is started with, on both sides of the boundary.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::Symbol;
use crate::sandbox::bindings::types;
use crate::sandbox::feeds::Feeds;
use crate::sandbox::limiter::Limiter;
use crate::sandbox::log::{LogGate, LogSink};
use crate::sandbox::state::{Live, Pace, Phase, State};
use crate::sandbox::timers::Timers;
use crate::sandbox::{Limits, SavedState};
use crate::trading::Desk;

/// What a guest is started with.
pub struct GuestSetup {
    /// Who it is: the beginning of its client order ids.
    pub instance: InstanceId,
    /// The validated configuration with defaults filled in.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Seeds `Math.random`.
    pub seed: u64,
    /// Its providers and their symbols. Sorted by provider when it starts.
    pub feeds: Vec<(ProviderName, Vec<Symbol>)>,
    /// What it may use.
    pub limits: Limits,
    /// Orders are logged, not sent.
    pub dry_run: bool,
    /// The one door for orders; none when only `create` is tried: then orders and positions are refused.
    pub desk: Option<Arc<Desk>>,
    /// How its sleep passes.
    pub pace: Pace,
    /// Where its lines go.
    pub log: Arc<dyn LogSink>,
    /// Where its saved value is kept.
    pub saved: Box<dyn SavedState>,
    /// The time of `create`.
    pub time: Timestamp,
    /// Ends it: a sleeping guest at once, a running one within 100 ms.
    pub cancel: CancellationToken,
}

/// What crosses to the guest, kept while it does.
pub(super) struct Texts {
    instance: InstanceId,
    config: String,
    seed: u64,
    feeds: Vec<(ProviderName, Vec<Symbol>)>,
    time: Timestamp,
}

impl Texts {
    /// The symbols of each feed as texts.
    pub(super) fn symbols(&self) -> Vec<Vec<&str>> {
        self.feeds.iter().map(|(_, symbols)| symbols.iter().map(Symbol::as_str).collect()).collect()
    }

    /// The feeds in the shape that crosses.
    pub(super) fn feeds<'a>(&'a self, symbols: &'a [Vec<&'a str>]) -> Vec<types::Feed<'a>> {
        let feed = |((provider, _), symbols): (&'a (ProviderName, _), &'a Vec<&'a str>)| types::Feed {
            provider: provider.as_str(),
            symbols,
        };
        self.feeds.iter().zip(symbols).map(feed).collect()
    }

    pub(super) fn setup<'a>(&'a self, feeds: &'a [types::Feed<'a>]) -> types::Setup<'a> {
        types::Setup {
            instance_id: self.instance.as_str(),
            config: &self.config,
            seed: self.seed,
            feeds,
            time: self.time.as_nanos(),
        }
    }
}

impl GuestSetup {
    /// What stays with the host and what crosses.
    pub(super) fn split(mut self) -> (State, Texts) {
        self.feeds.sort_by(|a, b| a.0.cmp(&b.0));
        let texts = Texts {
            instance: self.instance.clone(),
            config: serde_json::Value::Object(self.config).to_string(),
            seed: self.seed,
            feeds: self.feeds.clone(),
            time: self.time,
        };
        let live = Live {
            instance: self.instance,
            dry_run: self.dry_run,
            feeds: Feeds::new(self.feeds),
            desk: self.desk,
            pace: self.pace,
            log: self.log,
            gate: LogGate::new(&self.limits, self.time),
            saved: self.saved,
            timers: Timers::new(self.limits.timers),
            phase: Phase::Create,
            now: self.time,
            at: None,
            slept: Duration::ZERO,
            seen: self.time,
            ordinal: 0,
            orders: 0,
            sleeps: 0,
            helper_calls: 0,
            jobs_exceeded: false,
            limits: self.limits,
        };
        let limiter = Limiter::new(live.limits.memory_bytes);
        (State { limiter, cancel: self.cancel, live: Some(Box::new(live)) }, texts)
    }
}
