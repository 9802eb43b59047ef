//! The instances of the host: create, start, stop, delete, and what the control plane reads of them. Must not know of HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::MutexGuard;

use super::error::InstanceError;
use super::launch::Launch;
use super::logs::{LogConfig, LogPage, LogQuery, LogRing};
use super::metrics::InstanceMetrics;
use super::persist;
use super::prepared::Prepared;
use super::priority::LowPriority;
use super::restart::RestartConfig;
use super::slot::{Pin, Shared, Slot, State, Task};
use super::spec::{InstanceSpec, LaunchRequest};
use super::status::{LastError, Status, Step};
use super::usage::{Usage, UsageIndex};
use super::view::{InstanceSummary, InstanceView, RevisionUser};
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, Digest, InstanceId, StrategyName};
use crate::bus::Bus;
use crate::catalogue::Catalogue;
use crate::compile::Compiler;
use crate::sandbox::{LogLevel, Sandbox};
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
}

impl Default for InstancesConfig {
    fn default() -> Self {
        Self {
            max: 1_000,
            stop_grace_ms: 2_000,
            refresh_parallel: 8,
            restart: RestartConfig::default(),
            log: LogConfig::default(),
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

/// What a restart of the host brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restored {
    /// Instances that exist again.
    pub known: usize,
    /// Of these, the ones that run again.
    pub started: usize,
    /// Ids that should run but could not be started, with the reason.
    pub failed: Vec<(InstanceId, String)>,
}

/// All instances of the host. Process lifetime.
pub struct Instances {
    pub(super) floors: Floors,
    pub(super) config: InstancesConfig,
    slots: RwLock<BTreeMap<InstanceId, Arc<Slot>>>,
    shared: Arc<Shared>,
    low_priority: Arc<LowPriority>,
}

impl Instances {
    /// None yet; [`Instances::restore`] brings back those of the last run.
    pub fn new(floors: Floors, config: InstancesConfig) -> Arc<Self> {
        let shared = Shared {
            clock: Arc::clone(&floors.clock),
            metrics: InstanceMetrics::new(&floors.metrics),
            usage: UsageIndex::default(),
            writer: floors.store.writer(),
        };
        let instances =
            Arc::new(Self { floors, config, slots: RwLock::default(), shared: Arc::new(shared), low_priority: Arc::default() });
        let weak = Arc::downgrade(&instances);
        instances.floors.desk.on_denial(Box::new(move |request, denial| {
            if let Some(slot) = weak.upgrade().and_then(|instances| instances.slot(request.instance.as_str()).ok()) {
                let text = format!("order {} {denial}", request.client_order_id);
                slot.log.host(LogLevel::Warn, text, slot.now());
            }
        }));
        instances
    }

    /// Creates an instance without starting it.
    ///
    /// # Errors
    /// In this order: what is missing or malformed, an unknown selector, a taken id, a configuration or limits that do not
    /// fit, too many instances, the database.
    pub async fn create(&self, request: LaunchRequest) -> Result<InstanceView, InstanceError> {
        let spec = InstanceSpec::parse(request)?;
        let resolved = self.floors.catalogue.resolve(&spec.selector);
        let resolved = resolved.map_err(|source| InstanceError::Selector { id: spec.id.clone(), source: Box::new(source) })?;
        let pin = Pin { name: resolved.name, hash: resolved.hash, tag: resolved.tag };
        if self.slot(spec.id.as_str()).is_ok() {
            return Err(InstanceError::Exists(spec.id));
        }
        let prepared = Prepared::of(self, &spec, pin, 0).await?;
        let limits = self.floors.sandbox.config().limits.with(&spec.limits)?;
        let now = self.floors.clock.now();
        let mut state = State::new(prepared.pin, limits, now);
        state.dry_run = prepared.dry_run;
        state.run = persist::last_run(&self.floors.store, &spec.id).await?;
        let slot = Slot::new(spec, state, LogRing::new(self.config.log), Arc::clone(&self.shared));
        self.insert(&slot)?;
        if let Err(error) = self.register(&slot).await {
            self.remove(&slot);
            return Err(error);
        }
        Ok(self.view(&slot))
    }

    /// The use of its revision shows since the insertion: what is left is to see that it was not deleted just before.
    async fn register(&self, slot: &Slot) -> Result<(), InstanceError> {
        self.confirm(&slot.spec, &slot.pin()).await?;
        Ok(persist::save_new(&self.floors.store, slot).await?)
    }

    /// All of them, by id.
    pub fn list(&self) -> Vec<InstanceSummary> {
        self.all().iter().map(|slot| self.summary(slot)).collect()
    }

    /// Those pinned to a revision, by id.
    pub fn by_revision(&self, hash: &Digest, include_stopped: bool) -> Vec<InstanceSummary> {
        let all = self.all();
        let users = all.iter().filter(|slot| slot.pin().hash == *hash && (include_stopped || slot.status().is_running()));
        users.map(|slot| self.summary(slot)).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`].
    pub fn get(&self, id: &str) -> Result<InstanceView, InstanceError> {
        Ok(self.view(&*self.slot(id)?))
    }

    /// Starts one and waits until its first guest takes events: some hundred microseconds when its revision is compiled.
    /// A quarantined instance begins with a clean slate.
    ///
    /// # Errors
    /// It runs already, a provider is down, the revision does not compile, `create(env)` failed.
    #[tracing::instrument(name = "start instance", skip_all, fields(instance = id))]
    pub async fn start(&self, id: &str) -> Result<InstanceView, InstanceError> {
        let slot = self.slot(id)?;
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        if slot.status().is_running() {
            return Err(InstanceError::AlreadyRunning);
        }
        self.count_run(&slot);
        // On the disk before the guest can order: a run number that came twice would repeat client order ids.
        persist::save(&self.floors.store, &slot).await?;
        if let Err(error) = self.launch(&slot, &mut task).await {
            slot.update(|state| state.wanted = false);
            persist::save(&self.floors.store, &slot).await?;
            return Err(error);
        }
        drop(task);
        Ok(self.view(&slot))
    }

    /// Stops one: the handler at hand may finish, then `onStop` is called. Its open orders stay where they are. Stopping a
    /// quarantined instance takes it out of quarantine.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`], [`InstanceError::NotRunning`], the database.
    pub async fn stop(&self, id: &str) -> Result<InstanceView, InstanceError> {
        let slot = self.slot(id)?;
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        if !slot.status().is_running() && slot.status() != Status::Quarantined {
            return Err(InstanceError::NotRunning);
        }
        slot.update(|state| state.wanted = false);
        self.halt(&slot, &mut task).await;
        persist::save(&self.floors.store, &slot).await?;
        drop(task);
        Ok(self.view(&slot))
    }

    /// Stops one if it runs, and forgets it. Its orders and executions stay in the database.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`], the database.
    pub async fn delete(&self, id: &str) -> Result<(), InstanceError> {
        let slot = self.slot(id)?;
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        self.halt(&slot, &mut task).await;
        persist::delete(&self.floors.store, &slot.spec.id).await?;
        self.floors.desk.dismiss(&slot.spec.id);
        self.remove(&slot);
        Ok(())
    }

    /// A part of the log of one.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`].
    pub fn logs(&self, id: &str, query: LogQuery) -> Result<LogPage, InstanceError> {
        Ok(self.slot(id)?.log.page(query))
    }

    /// Who keeps a revision from being deleted: every instance pinned to it or about to be, running or not.
    pub fn users_of(&self, hash: &Digest) -> Vec<RevisionUser> {
        let users = self.all().into_iter().filter(|slot| slot.uses(hash));
        users.map(|slot| RevisionUser { id: slot.spec.id.clone(), running: slot.status().is_running() }).collect()
    }

    /// Instances with this provider in their scope, running or not.
    pub fn users_of_provider(&self, provider: &str) -> Vec<InstanceId> {
        let users = self.all().into_iter().filter(|slot| slot.spec.scope.contains_key(provider));
        users.map(|slot| slot.spec.id.clone()).collect()
    }

    /// The use of one revision.
    pub fn usage(&self, strategy: &StrategyName, hash: Digest) -> Usage {
        self.shared.usage.of(strategy, hash)
    }

    /// Every entry of the usage index, by strategy and hash: revisions that some instance ever ran on this host.
    pub fn usages(&self) -> Vec<Usage> {
        self.shared.usage.all()
    }

    /// Brings back the instances of the last run, pinned as they were, and starts those that ran.
    ///
    /// # Errors
    /// The database cannot be read. An instance that does not start is logged and reported, and stops nobody else.
    pub async fn restore(&self) -> Result<Restored, InstanceError> {
        self.shared.usage.restore(self.floors.store.usages().await?);
        let limits = &self.floors.sandbox.config().limits;
        let records = persist::load(&self.floors.store, limits, self.floors.clock.now()).await?;
        let mut restored = Restored { known: records.len(), ..Restored::default() };
        let mut wanted = Vec::new();
        for record in records {
            let log = LogRing::new(self.config.log);
            let slot = Slot::new(record.spec, record.state, log, Arc::clone(&self.shared));
            self.write().insert(slot.spec.id.clone(), Arc::clone(&slot));
            if slot.state().wanted {
                self.count_run(&slot);
                wanted.push(slot);
            }
        }
        persist::save_all(&self.floors.store, &wanted).await?;
        for slot in wanted {
            let mut task = slot.task.lock().await;
            match self.launch(&slot, &mut task).await {
                Ok(()) => restored.started += 1,
                Err(error) => {
                    let note = LastError::new("start_refused", error.to_string(), error.blame(), slot.now());
                    slot.failed(note, LogLevel::Error);
                    restored.failed.push((slot.spec.id.clone(), error.to_string()));
                }
            }
        }
        Ok(restored)
    }

    /// Stops all of them at once, within the grace. They run again after the next [`Instances::restore`].
    pub async fn shutdown(&self) {
        let slots = self.all();
        let stops = slots.iter().map(|slot| async {
            let mut task = slot.task.lock().await;
            self.halt(slot, &mut task).await;
        });
        futures_util::future::join_all(stops).await;
    }

    /// The threads of guests that exceed their compute budget.
    pub(super) fn low_priority(&self) -> Arc<LowPriority> {
        Arc::clone(&self.low_priority)
    }

    /// A new start: it is to run, and its client order ids will be new ones.
    fn count_run(&self, slot: &Slot) {
        slot.update(|state| {
            state.wanted = true;
            state.run += 1;
            state.last_error = None;
        });
    }

    /// Makes and starts the task; gives what became of the first guest.
    async fn launch(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>) -> Result<(), InstanceError> {
        if let Some(ended) = task.take() {
            // It ended by itself, in quarantine or refused; nothing of it may still run beside its successor.
            let _ = ended.join.await;
        }
        self.confirm(&slot.spec, &slot.pin()).await?;
        let launch = Launch::prepare(self, slot).await?;
        slot.step(Step::Start);
        let (started, ready) = launch.spawn(self, slot);
        **task = Some(started);
        match ready.await {
            Ok(outcome) => outcome,
            Err(_) => Err(InstanceError::ShuttingDown),
        }
    }

    /// Stops the task if there is one: softly, then hard. Leaves the status `stopped` (or `created`).
    pub(super) async fn halt(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>) {
        if slot.status().is_running() || slot.status() == Status::Quarantined {
            slot.step(Step::Stop);
        }
        if let Some(mut running) = task.take() {
            running.soft.cancel();
            let grace = Duration::from_millis(self.config.stop_grace_ms);
            if tokio::time::timeout(grace, &mut running.join).await.is_err() {
                running.hard.cancel();
                if tokio::time::timeout(grace, &mut running.join).await.is_err() {
                    running.join.abort();
                }
            }
        }
        if slot.status() == Status::Stopping {
            slot.step(Step::End);
        }
    }

    fn insert(&self, slot: &Arc<Slot>) -> Result<(), InstanceError> {
        let mut slots = self.write();
        let refused = if slots.contains_key(&slot.spec.id) {
            Some(InstanceError::Exists(slot.spec.id.clone()))
        } else {
            (slots.len() >= self.config.max).then_some(InstanceError::TooMany { limit: self.config.max })
        };
        if let Some(error) = refused {
            slot.forget();
            return Err(error);
        }
        slots.insert(slot.spec.id.clone(), Arc::clone(slot));
        Ok(())
    }

    fn remove(&self, slot: &Slot) {
        slot.forget();
        self.write().remove(&slot.spec.id);
    }

    fn slot(&self, id: &str) -> Result<Arc<Slot>, InstanceError> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(id).cloned().ok_or(InstanceError::NotFound)
    }

    /// Asked once the task lock is held: somebody else may have deleted it meanwhile, and made another one of the same id.
    pub(super) fn still_there(&self, slot: &Arc<Slot>) -> Result<(), InstanceError> {
        let there = self.slot(slot.spec.id.as_str()).is_ok_and(|there| Arc::ptr_eq(&there, slot));
        there.then_some(()).ok_or(InstanceError::NotFound)
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<InstanceId, Arc<Slot>>> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self, slot: &Slot) -> InstanceView {
        InstanceView::of(slot, &self.shared.usage, &self.floors)
    }

    fn summary(&self, slot: &Slot) -> InstanceSummary {
        InstanceSummary::of(slot, &self.shared.usage, &self.floors.catalogue)
    }
}
