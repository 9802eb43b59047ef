//! The instances of the host: create, start, stop, delete, and what the control plane reads of them. Must not know of HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::{MutexGuard, Semaphore};

use super::config::{Floors, InstancesConfig};
use super::error::InstanceError;
use super::feed::{Feed, FeedEnd, FeedReader, Place};
use super::launch::{Launch, running_provider_clock};
use super::logs::{LogPage, LogQuery, LogRing};
use super::metrics::InstanceMetrics;
use super::open_orders::{LeftOrders, OpenOrders};
use super::persist;
use super::prepared::{Prepared, Ways};
use super::priority::LowPriority;
use super::slot::{Pin, Shared, Slot, State, Task};
use super::spec::{InstanceSpec, LaunchRequest};
use super::status::{Status, Step};
use super::usage::{Usage, UsageIndex};
use super::view::{InstanceSummary, InstanceView, RevisionUser};
use crate::base::{Digest, InstanceId, StrategyName};
use crate::sandbox::LogLevel;

/// All instances of the host. Process lifetime.
pub struct Instances {
    pub(super) floors: Floors,
    pub(super) config: InstancesConfig,
    pub(super) this: Weak<Self>,
    pub(super) shared: Arc<Shared>,
    slots: RwLock<BTreeMap<InstanceId, Arc<Slot>>>,
    /// Places for readers of feeds.
    streams: Arc<Semaphore>,
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
        let streams = Arc::new(Semaphore::new(config.feed.streams));
        Arc::new_cyclic(|this: &Weak<Self>| {
            let listener = Weak::clone(this);
            floors.bus.tap(Arc::new(move |instance, event| {
                if let Some(slot) = listener.upgrade().and_then(|host| host.slot(instance.as_str()).ok()) {
                    slot.feed.own(event);
                }
            }));
            let listener = Weak::clone(this);
            floors.desk.on_denial(Box::new(move |request, denial| {
                if let Some(slot) = listener.upgrade().and_then(|host| host.slot(request.instance.as_str()).ok()) {
                    let text = format!("order {} {denial}", request.client_order_id);
                    slot.log.host(LogLevel::Warn, text, slot.now());
                }
            }));
            Self {
                floors,
                config,
                this: Weak::clone(this),
                shared: Arc::new(shared),
                slots: RwLock::default(),
                streams,
                low_priority: Arc::default(),
            }
        })
    }

    /// Creates an instance; it is started too if it asks for that (`autostart`). A start that fails then is told by its view.
    ///
    /// # Errors
    /// In this order: what is missing or malformed, an unknown selector, a taken id, a configuration or limits that do not
    /// fit, too many instances, the database.
    pub async fn create(&self, request: LaunchRequest) -> Result<InstanceView, InstanceError> {
        let spec = InstanceSpec::parse(request)?;
        let resolved = self.floors.catalogue.resolve(&spec.selector);
        let resolved = resolved.map_err(|source| InstanceError::Selector { id: spec.id.clone(), source: Box::new(source) })?;
        let pin = Pin { name: resolved.name, hash: resolved.hash, tag: resolved.tag };
        let slot = self.create_pinned(spec, pin).await?;
        if slot.spec().autostart {
            let mut task = slot.task.lock().await;
            if self.still_there(&slot).is_ok() {
                slot.update(|state| state.wanted = true);
                self.start_wanted(&slot, &mut task).await;
            }
        }
        Ok(self.view(&slot))
    }

    /// Creates an instance that is pinned to a revision, whatever its selector means by now.
    pub(super) async fn create_pinned(&self, spec: InstanceSpec, pin: Pin) -> Result<Arc<Slot>, InstanceError> {
        if self.slot(spec.id.as_str()).is_ok() {
            return Err(InstanceError::Exists(spec.id));
        }
        let spec = Arc::new(spec);
        let prepared = Prepared::of(self, Arc::clone(&spec), pin, 0).await?;
        let ways = Ways::of(self, &spec)?;
        let run = persist::last_run(&self.floors.store, &spec.id).await?;
        let mut state = State::new(spec, prepared.pin.clone(), ways, self.floors.clock.now());
        (state.dry_run, state.run) = (prepared.dry_run, run);
        let slot = self.new_slot(state);
        self.insert(&slot)?;
        if let Err(error) = self.register(&slot).await {
            self.remove(&slot);
            return Err(error);
        }
        // Known to the desk before it ever runs: limits and switches can be set for it.
        self.floors.desk.admit(Prepared { run, ..prepared }.account());
        Ok(slot)
    }

    pub(super) fn new_slot(&self, state: State) -> Arc<Slot> {
        let feed = Feed::new(self.config.feed, self.floors.clock.now());
        Slot::new(state, LogRing::new(self.config.log), feed, Arc::clone(&self.shared))
    }

    /// The use of its revision shows since the insertion: what is left is to see that it was not deleted just before.
    async fn register(&self, slot: &Slot) -> Result<(), InstanceError> {
        self.confirm(&slot.spec(), &slot.pin()).await?;
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
        // Before anything changes: one that waits for its provider goes on waiting.
        running_provider_clock(self, &slot.spec())?;
        let wanted = slot.state().wanted;
        self.count_run(&slot);
        // On the disk before the guest can order: a run number that came twice would repeat client order ids.
        persist::save(&self.floors.store, &slot).await?;
        if let Err(error) = self.launch(&slot, &mut task).await {
            slot.update(|state| state.wanted = wanted);
            persist::save(&self.floors.store, &slot).await?;
            return Err(error);
        }
        drop(task);
        Ok(self.view(&slot))
    }

    /// Stops one: the handler at hand may finish, its reports that wait are delivered, then `onStop` is called. Stopping a
    /// quarantined instance takes it out of quarantine. Gives what was done about its open orders: none when there were none or
    /// they were to be kept.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`], [`InstanceError::NotRunning`], the database.
    pub async fn stop(&self, id: &str, orders: OpenOrders) -> Result<Option<LeftOrders>, InstanceError> {
        let slot = self.slot(id)?;
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        let wanted = slot.state().wanted;
        if !slot.status().is_running() && slot.status() != Status::Quarantined && !wanted {
            return Err(InstanceError::NotRunning);
        }
        slot.update(|state| state.wanted = false);
        self.halt(&slot, &mut task).await;
        persist::save(&self.floors.store, &slot).await?;
        Ok(self.leave_orders(&slot.id, orders))
    }

    /// Stops one if it runs, and forgets it. Its orders and executions stay in the database.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`], the database.
    pub async fn delete(&self, id: &str, orders: OpenOrders) -> Result<Option<LeftOrders>, InstanceError> {
        let slot = self.slot(id)?;
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        self.halt(&slot, &mut task).await;
        persist::delete(&self.floors.store, &slot.id).await?;
        let left = self.leave_orders(&slot.id, orders);
        self.floors.desk.dismiss(&slot.id);
        self.remove(&slot);
        slot.feed.end(FeedEnd::Deleted);
        Ok(left)
    }

    /// Lets someone read what happens to one, from now on or after the last place that it knows.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`], [`InstanceError::TooManyStreams`].
    pub fn listen(&self, id: &str, last: Option<&Place>) -> Result<FeedReader, InstanceError> {
        let slot = self.slot(id)?;
        let place = Arc::clone(&self.streams).try_acquire_owned();
        let place = place.map_err(|_| InstanceError::TooManyStreams { limit: self.config.feed.streams })?;
        Ok(FeedReader::new(Arc::clone(&slot.feed), last, place))
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
        users.map(|slot| RevisionUser { id: slot.id.clone(), running: slot.status().is_running() }).collect()
    }

    /// Instances with this provider in their scope, running or not.
    pub fn users_of_provider(&self, provider: &str) -> Vec<InstanceId> {
        let users = self.all().into_iter().filter(|slot| slot.spec().scope.contains_key(provider));
        users.map(|slot| slot.id.clone()).collect()
    }

    /// The use of one revision.
    pub fn usage(&self, strategy: &StrategyName, hash: Digest) -> Usage {
        self.shared.usage.of(strategy, hash)
    }

    /// Every entry of the usage index, by strategy and hash: revisions that some instance ever ran on this host.
    pub fn usages(&self) -> Vec<Usage> {
        self.shared.usage.all()
    }

    /// The threads of guests that exceed their compute budget.
    pub(super) fn low_priority(&self) -> Arc<LowPriority> {
        Arc::clone(&self.low_priority)
    }

    /// A new start: it is to run, and its client order ids will be new ones.
    pub(super) fn count_run(&self, slot: &Slot) {
        slot.update(|state| {
            state.wanted = true;
            state.run += 1;
            state.last_error = None;
        });
    }

    /// Makes and starts the task; gives what became of the first guest.
    pub(super) async fn launch(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>) -> Result<(), InstanceError> {
        if let Some(ended) = task.take() {
            // It ended by itself, in quarantine or refused; nothing of it may still run beside its successor.
            let _ = ended.join.await;
        }
        self.confirm(&slot.spec(), &slot.pin()).await?;
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
        let refused = if slots.contains_key(&slot.id) {
            Some(InstanceError::Exists(slot.id.clone()))
        } else {
            (slots.len() >= self.config.max).then_some(InstanceError::TooMany { limit: self.config.max })
        };
        if let Some(error) = refused {
            slot.forget();
            return Err(error);
        }
        slots.insert(slot.id.clone(), Arc::clone(slot));
        Ok(())
    }

    fn remove(&self, slot: &Slot) {
        slot.forget();
        self.write().remove(&slot.id);
    }

    pub(super) fn slot(&self, id: &str) -> Result<Arc<Slot>, InstanceError> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.get(id).cloned().ok_or(InstanceError::NotFound)
    }

    /// Asked once the task lock is held: somebody else may have deleted it meanwhile, and made another one of the same id.
    pub(super) fn still_there(&self, slot: &Arc<Slot>) -> Result<(), InstanceError> {
        let there = self.slot(slot.id.as_str()).is_ok_and(|there| Arc::ptr_eq(&there, slot));
        there.then_some(()).ok_or(InstanceError::NotFound)
    }

    pub(super) fn all(&self) -> Vec<Arc<Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    pub(super) fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<InstanceId, Arc<Slot>>> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn view(&self, slot: &Slot) -> InstanceView {
        InstanceView::of(slot, &self.shared.usage, &self.floors)
    }

    fn summary(&self, slot: &Slot) -> InstanceSummary {
        InstanceSummary::of(slot, &self.shared.usage, &self.floors.catalogue)
    }
}
