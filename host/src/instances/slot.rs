//! What the host knows of one instance, shared between the control plane and the instance's task. The lock inside is held
//! for a copy, never across an await.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::counters::Counters;
use super::feed::Feed;
use super::latency::{Latency, LatencyView};
use super::logs::LogRing;
use super::metrics::InstanceMetrics;
use super::moving::Move;
use super::news::{News, StatusNews};
use super::persist;
use super::prepared::{Prepared, Ways, is_dry_run};
use super::priority::Priority;
use super::restart::RestartConfig;
use super::spec::InstanceSpec;
use super::status::{LastError, Status, Step};
use super::usage::UsageIndex;
use crate::base::{Blame, Clock, Digest, InstanceId, StrategyName, Tag, Timestamp};
use crate::bus::DropCounts;
use crate::sandbox::{Limits, LogLevel};
use crate::store::Writer;

/// The revision that an instance is pinned to (decision 12).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub name: StrategyName,
    pub hash: Digest,
    pub tag: Option<Tag>,
}

/// The running half of an instance: how its task is asked, then told, to stop, and how it is asked to go on with another
/// revision.
pub(super) struct Task {
    pub moves: mpsc::Sender<Move>,
    pub soft: CancellationToken,
    pub hard: CancellationToken,
    pub join: tokio::task::JoinHandle<()>,
}

/// What changes in the life of an instance.
#[derive(Clone)]
pub(super) struct State {
    /// What was asked for; a change of the configuration puts another one here.
    pub spec: Arc<InstanceSpec>,
    pub pin: Pin,
    /// The other revision while the instance moves from one to another: it is in use too.
    pub beside: Option<Digest>,
    pub created_at: Timestamp,
    pub status: Status,
    pub since: Timestamp,
    /// Whether it runs again after a restart of the host.
    pub wanted: bool,
    pub run: u64,
    pub last_error: Option<LastError>,
    pub counters: Counters,
    pub engine_hash: Option<Digest>,
    /// The host's limits with its own over them.
    pub limits: Limits,
    /// The host's answers to faults with its own over them.
    pub restart: RestartConfig,
    /// What its validated configuration says.
    pub dry_run: bool,
    pub dropped: DropCounts,
    pub queued: usize,
    pub priority: Priority,
}

impl State {
    /// Of an instance that was never started.
    pub(super) fn new(spec: Arc<InstanceSpec>, pin: Pin, ways: Ways, now: Timestamp) -> Self {
        Self {
            dry_run: is_dry_run(&spec.config),
            spec,
            pin,
            beside: None,
            created_at: now,
            status: Status::Created,
            since: now,
            wanted: false,
            run: 0,
            last_error: None,
            counters: Counters::default(),
            engine_hash: None,
            limits: ways.limits,
            restart: ways.restart,
            dropped: DropCounts::default(),
            queued: 0,
            priority: Priority::Normal,
        }
    }
}

/// One instance. Lives from its creation to its deletion.
pub(super) struct Slot {
    pub id: InstanceId,
    pub log: Arc<LogRing>,
    pub feed: Arc<Feed>,
    /// Held by whoever starts, stops, moves or deletes it: these never overlap.
    pub task: tokio::sync::Mutex<Option<Task>>,
    state: Mutex<State>,
    latency: Mutex<Latency>,
    shared: Arc<Shared>,
}

/// What all instances write to.
pub(super) struct Shared {
    pub clock: Arc<dyn Clock>,
    pub metrics: InstanceMetrics,
    pub usage: UsageIndex,
    pub writer: Writer,
}

impl Shared {
    /// The instance runs this revision from now on.
    fn entered(&self, pin: &Pin, instance: &InstanceId, now: Timestamp) {
        persist::usage_soon(&self.writer, self.usage.started(&pin.name, pin.hash, instance, now));
        self.metrics.revision(pin, 1);
    }

    /// The instance no longer runs this revision.
    fn left(&self, pin: &Pin, instance: &InstanceId, now: Timestamp) {
        if let Some(row) = self.usage.stopped(&pin.name, pin.hash, instance, now) {
            persist::usage_soon(&self.writer, row);
        }
        self.metrics.revision(pin, -1);
    }
}

impl Slot {
    pub(super) fn new(state: State, log: LogRing, feed: Feed, shared: Arc<Shared>) -> Arc<Self> {
        shared.metrics.instances.with_label_values(&[state.status.as_str()]).inc();
        let (id, feed) = (state.spec.id.clone(), Arc::new(feed));
        let log = Arc::new(log.with_feed(Arc::clone(&feed)));
        let latency = Mutex::new(Latency::new(shared.clock.now()));
        let task = tokio::sync::Mutex::new(None);
        Arc::new(Self { id, log, feed, task, state: Mutex::new(state), latency, shared })
    }

    pub(super) fn spec(&self) -> Arc<InstanceSpec> {
        Arc::clone(&self.lock().spec)
    }

    pub(super) fn state(&self) -> State {
        self.lock().clone()
    }

    pub(super) fn status(&self) -> Status {
        self.lock().status
    }

    pub(super) fn pin(&self) -> Pin {
        self.lock().pin.clone()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    pub(super) fn metrics(&self) -> &InstanceMetrics {
        &self.shared.metrics
    }

    /// Changes the state; the figures of the metrics follow from [`Slot::step`] alone.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.lock())
    }

    /// Takes a step of the status table. An illegal one is logged, and the old status is kept.
    pub(super) fn step(&self, step: Step) -> Status {
        let now = self.now();
        let mut state = self.lock();
        let before = state.status;
        match before.after(step) {
            Ok(after) => {
                if after != before {
                    state.status = after;
                    state.since = now;
                }
                let pin = state.pin.clone();
                drop(state);
                self.moved(&pin, before, after, now);
                after
            }
            Err(error) => {
                drop(state);
                tracing::error!(instance = %self.id, %error, "status table");
                before
            }
        }
    }

    /// The instance goes on with another revision or configuration. A revision that it leaves stays in use until [`State::beside`]
    /// is cleared: what is on the disk still says so.
    pub(super) fn take_over(&self, to: &Prepared) {
        let now = self.now();
        let mut state = self.lock();
        let from = std::mem::replace(&mut state.pin, to.pin.clone());
        state.beside = Some(from.hash);
        state.spec = Arc::clone(&to.spec);
        state.limits = to.ways.limits.clone();
        state.restart = to.ways.restart;
        state.dry_run = to.dry_run;
        if state.engine_hash.is_some() {
            state.engine_hash = Some(to.program.engine_hash());
        }
        let runs = state.status.is_running();
        drop(state);
        if runs && from.hash != to.pin.hash {
            self.shared.left(&from, &self.id, now);
            self.shared.entered(&to.pin, &self.id, now);
        }
    }

    /// Which threads its guest runs on from now on.
    pub(super) fn set_priority(&self, priority: Priority) {
        let before = self.update(|state| std::mem::replace(&mut state.priority, priority));
        self.metrics().low_priority.add(i64::from(priority == Priority::Low) - i64::from(before == Priority::Low));
    }

    /// An event took this long from its arrival to the end of its handler.
    pub(super) fn note_latency(&self, took: Duration) {
        let now = self.now();
        self.latency.lock().unwrap_or_else(PoisonError::into_inner).record(took, now);
    }

    pub(super) fn latency(&self) -> LatencyView {
        let now = self.now();
        self.latency.lock().unwrap_or_else(PoisonError::into_inner).view(now)
    }

    /// Whether the instance is pinned to this revision, or about to be.
    pub(super) fn uses(&self, hash: &Digest) -> bool {
        let state = self.lock();
        state.pin.hash == *hash || state.beside.as_ref() == Some(hash)
    }

    /// Notes a failure where operators look: in the view, in the instance's log, in the host's log.
    pub(super) fn failed(&self, error: LastError, level: LogLevel) {
        self.log.host(level, format!("{}: {}", error.code, error.message), self.now());
        self.feed.push(News::Fault(Arc::new(error.clone())));
        tracing::warn!(instance = %self.id, code = error.code, blame = error.blame.as_str(), "{}", error.message);
        self.lock().last_error = Some(error);
    }

    /// Takes the instance out of the figures: it is being deleted.
    pub(super) fn forget(&self) {
        let status = self.status();
        self.shared.metrics.instances.with_label_values(&[status.as_str()]).dec();
    }

    /// Notes what follows from a failure, where operators look: in the instance's log and in its feed.
    pub(super) fn follows(&self, code: &str, message: String, level: LogLevel) {
        let now = self.now();
        self.feed.push(News::Fault(Arc::new(LastError::new(code, message.clone(), Blame::Host, now))));
        self.log.host(level, message, now);
    }

    fn moved(&self, pin: &Pin, before: Status, after: Status, now: Timestamp) {
        if before != after {
            self.feed.push(News::Status(StatusNews { from: before, to: after, at: now }));
        }
        let metrics = &self.shared.metrics;
        metrics.instances.with_label_values(&[before.as_str()]).dec();
        metrics.instances.with_label_values(&[after.as_str()]).inc();
        match (before.is_running(), after.is_running()) {
            (false, true) => self.shared.entered(pin, &self.id, now),
            (true, false) => self.shared.left(pin, &self.id, now),
            _ => {}
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
