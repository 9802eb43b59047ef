//! Every provider of the host: set up, replaced, started, stopped and deleted by an operator, and kept on record. Must not
//! know of instances or HTTP. What happens at the start of the host is in `restore`.
//!
//! Of one provider one change happens at a time. The database says first what is to be, then it happens: so a host that dies
//! in between comes back with what was asked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::broadcast;

use super::account;
use super::error::ProvidersError;
use super::made::{Made, known};
use super::metrics::ProviderMetrics;
use super::record::{Entry, ProviderNews, ProviderRecord, ProviderSpec};
use super::settings::{SettingIssue, Settings};
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, InstanceId, ProviderName, Timestamp};
use crate::store::{Desired, ProviderRow, Store, StoreError, WriteOp};
use crate::trading::{Desk, ProviderStatus, ProviderWatch};

/// News that wait for one listener; one that is slower misses the oldest.
const NEWS: usize = 1_024;

/// Process lifetime.
pub struct Providers {
    pub(super) store: Store,
    pub(super) desk: Arc<Desk>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lifecycle: Lifecycle,
    /// Where simulated venues keep their logs.
    data_dir: PathBuf,
    metrics: ProviderMetrics,
    entries: RwLock<BTreeMap<ProviderName, Arc<Entry>>>,
    news: broadcast::Sender<ProviderNews>,
}

impl Providers {
    /// Without any; [`Providers::restore`] brings back those on record.
    pub fn new(
        store: Store,
        desk: Arc<Desk>,
        clock: Arc<dyn Clock>,
        lifecycle: Lifecycle,
        metrics: &Metrics,
        data_dir: &Path,
    ) -> Arc<Self> {
        let (metrics, news) = (ProviderMetrics::new(metrics), broadcast::Sender::new(NEWS));
        Arc::new(Self { store, desk, clock, lifecycle, data_dir: data_dir.to_owned(), metrics, entries: RwLock::default(), news })
    }

    /// Every change of status from now on.
    pub fn news(&self) -> broadcast::Receiver<ProviderNews> {
        self.news.subscribe()
    }

    /// All of them, by name.
    pub fn list(&self) -> Vec<ProviderRecord> {
        self.read().values().map(|entry| entry.record()).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ProvidersError::NotFound`].
    pub fn get(&self, name: &str) -> Result<ProviderRecord, ProvidersError> {
        Ok(self.entry(name)?.record())
    }

    /// Puts a provider on record and, if it is enabled, begins to start it: what is returned is still `pending`.
    ///
    /// # Errors
    /// What is missing or wrong in the specification, the name is taken, the database.
    pub async fn create(self: &Arc<Self>, spec: ProviderSpec) -> Result<ProviderRecord, ProvidersError> {
        let name = spec.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).ok_or(ProvidersError::NameRequired)?;
        let adapter = known(spec.adapter.as_deref())?;
        let name = ProviderName::new(name)?;
        if self.read().contains_key(&name) {
            return Err(ProvidersError::Exists(name));
        }
        let wrong = |issues| ProvidersError::Settings { name: name.clone(), issues };
        let settings = Settings::given(spec.settings, &adapter, None).map_err(wrong)?;
        let made = self.make(&name, adapter.identifier, &settings).await?.map_err(wrong)?;
        let row = ProviderRow {
            name: name.clone(),
            adapter: adapter.identifier.to_owned(),
            config: settings.to_stored(),
            desired: desired(spec.enabled),
            started: false,
            account_from: self.store.newest_execution().await?,
            created_at: Timestamp::ZERO,
            updated_at: Timestamp::ZERO,
        };
        let entry = Entry::new(row.clone(), Some(made.clone()), None);
        let turn = entry.turn.lock().await;
        self.insert(&entry)?;
        if let Err(error) = self.save(row).await {
            self.remove(&entry);
            self.metrics.forget(&name);
            return Err(error.into());
        }
        self.desk.attach(made.provider());
        let record = entry.record();
        drop(turn);
        if spec.enabled {
            self.start_soon(&entry);
        }
        Ok(record)
    }

    /// Puts other settings in the place of a provider's, all of them but secrets that are left out. One that runs is stopped before
    /// (the open orders of a simulated venue expire), and started afterwards if it is enabled: the record says how that went.
    ///
    /// # Errors
    /// What is missing or wrong in the specification, then nothing has changed; the database.
    pub async fn replace(self: &Arc<Self>, name: &str, spec: ProviderSpec) -> Result<ProviderRecord, ProvidersError> {
        let entry = self.entry(name)?;
        if spec.name.as_deref().map(str::trim).is_some_and(|given| !given.is_empty() && given != name) {
            return Err(ProvidersError::NameMismatch);
        }
        let adapter = known(spec.adapter.as_deref())?;
        let _turn = self.turn(&entry).await?;
        let mut row = entry.state().row.clone();
        let before = Settings::stored(row.config.clone());
        let before = (row.adapter == adapter.identifier).then_some(&before);
        let wrong = |issues| ProvidersError::Settings { name: entry.name.clone(), issues };
        let settings = Settings::given(spec.settings, &adapter, before).map_err(wrong)?;
        let made = self.make(&entry.name, adapter.identifier, &settings).await?.map_err(wrong)?;

        row.adapter = adapter.identifier.to_owned();
        row.config = settings.to_stored();
        row.desired = desired(spec.enabled);
        row.started |= spec.enabled;
        self.save(row.clone()).await?;
        self.halt(&entry).await;
        self.desk.detach(&entry.name);
        // What has just expired or was matched before is a part of the account that comes.
        self.store.writer().flush().await?;
        let changes = account::changes(&self.store, &[(entry.name.clone(), row.account_from)].into()).await?;
        if let (Made::Simulated(provider), Some(changes)) = (&made, changes.get(&entry.name)) {
            provider.set_account(changes);
        }
        self.desk.attach(made.provider());
        {
            let mut state = entry.state();
            (state.row, state.made, state.startup_error) = (row, Some(made), None);
        }
        if spec.enabled {
            self.bring_up(&entry).await;
        } else {
            self.note(&entry, None);
        }
        Ok(entry.record())
    }

    /// Stops a provider if it runs, and forgets it. What was traded there stays on record.
    ///
    /// # Errors
    /// [`ProvidersError::InUse`] when `users` says so, [`ProvidersError::NotFound`], the database.
    pub async fn delete(&self, name: &str, users: impl FnOnce() -> Vec<InstanceId>) -> Result<(), ProvidersError> {
        let entry = self.entry(name)?;
        let _turn = self.turn(&entry).await?;
        let users = users();
        if !users.is_empty() {
            return Err(ProvidersError::InUse { name: entry.name.clone(), users });
        }
        self.store.writer().commit(vec![WriteOp::DeleteProvider(entry.name.clone())]).await?;
        self.halt(&entry).await;
        self.desk.detach(&entry.name);
        entry.state().gone = true;
        self.remove(&entry);
        self.metrics.forget(&entry.name);
        tracing::info!(provider = %entry.name, "provider removed");
        Ok(())
    }

    /// Begins to start a provider; it runs again after a restart of the host.
    ///
    /// # Errors
    /// [`ProvidersError::AlreadyRunning`], [`ProvidersError::NotFound`], the database.
    pub async fn start(self: &Arc<Self>, name: &str) -> Result<ProviderRecord, ProvidersError> {
        let entry = self.entry(name)?;
        let turn = self.turn(&entry).await?;
        if entry.status().is_up() {
            return Err(ProvidersError::AlreadyRunning(entry.name.clone()));
        }
        self.want(&entry, true).await?;
        self.start_soon(&entry);
        drop(turn);
        Ok(entry.record())
    }

    /// Stops a provider; it stays stopped after a restart of the host. The open orders of a simulated venue expire.
    ///
    /// # Errors
    /// [`ProvidersError::NotRunning`], [`ProvidersError::NotFound`], the database.
    pub async fn stop(&self, name: &str) -> Result<ProviderRecord, ProvidersError> {
        let entry = self.entry(name)?;
        let _turn = self.turn(&entry).await?;
        if !entry.status().is_up() {
            return Err(ProvidersError::NotRunning(entry.name.clone()));
        }
        self.want(&entry, false).await?;
        self.halt(&entry).await;
        Ok(entry.record())
    }

    /// Whether this bearer token may post events to the provider.
    pub fn may_post(&self, name: &str, token: &[u8]) -> bool {
        let Ok(entry) = self.entry(name) else { return false };
        let state = entry.state();
        matches!(&state.made, Some(Made::Extension(provider)) if provider.knows(token))
    }

    /// Passes on events to every instance that listens; the number of the last one. Payloads are JSON texts within the limits of
    /// [`super::extension`].
    ///
    /// # Errors
    /// [`ProvidersError::NotFound`], [`ProvidersError::TakesNoEvents`], [`ProvidersError::NotRunning`].
    pub fn post(&self, name: &str, payloads: Vec<String>) -> Result<u64, ProvidersError> {
        let entry = self.entry(name)?;
        let made = entry.state().made.clone();
        match made {
            Some(Made::Extension(provider)) => {
                provider.post(payloads).ok_or_else(|| ProvidersError::NotRunning(entry.name.clone()))
            }
            Some(Made::Simulated(_)) | None => Err(ProvidersError::TakesNoEvents(entry.name.clone())),
        }
    }

    /// On a thread that may wait for the disk.
    pub(super) async fn make(
        &self,
        name: &ProviderName,
        adapter: &str,
        settings: &Settings,
    ) -> Result<Result<Made, Vec<SettingIssue>>, StoreError> {
        let (name, adapter, settings, clock) = (name.clone(), adapter.to_owned(), settings.clone(), Arc::clone(&self.clock));
        let data_dir = self.data_dir.clone();
        let made = tokio::task::spawn_blocking(move || Made::new(&name, &adapter, &settings, &clock, &data_dir)).await;
        // Only the end of the process cancels such work, and then the database is closed, too.
        made.map_err(|_| StoreError::Closed)
    }

    /// Starts a provider in a task of its own.
    fn start_soon(self: &Arc<Self>, entry: &Arc<Entry>) {
        let (this, entry) = (Arc::clone(self), Arc::clone(entry));
        entry.state().starting = true;
        self.note(&entry, None);
        self.lifecycle.spawn(async move {
            let _turn = entry.turn.lock().await;
            if entry.state().starting {
                this.bring_up(&entry).await;
            }
        });
    }

    /// Starts a provider, under its turn. What goes wrong is kept with it.
    pub(super) async fn bring_up(self: &Arc<Self>, entry: &Arc<Entry>) {
        let result = self.try_bring_up(entry).await;
        {
            let mut state = entry.state();
            state.starting = false;
            state.startup_error = result.as_ref().err().cloned();
        }
        self.note(entry, result.err());
    }

    async fn try_bring_up(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<(), String> {
        self.mark_started(entry).await.map_err(|error| error.to_string())?;
        let (made, row) = {
            let state = entry.state();
            (state.made.clone(), state.row.clone())
        };
        let made = match made {
            Some(made) => made,
            // What kept it from being made may be mended: a tape that is back.
            None => {
                let settings = Settings::stored(row.config);
                let made = self.make(&entry.name, &row.adapter, &settings).await.map_err(|error| error.to_string())?;
                let made = made.map_err(|issues| issues.first().map(ToString::to_string).unwrap_or_default())?;
                self.desk.attach(made.provider());
                self.desk.recover(&made.provider()).await;
                entry.state().made = Some(made.clone());
                made
            }
        };
        let watch = Arc::new(Watch { roster: Arc::downgrade(self), entry: Arc::downgrade(entry) });
        let outlet = self.desk.outlet(&entry.name, &self.lifecycle).watched(watch);
        made.provider().start(outlet).await.map_err(|error| error.message)
    }

    /// Stops what runs, under its turn.
    async fn halt(&self, entry: &Arc<Entry>) {
        let made = {
            let mut state = entry.state();
            state.starting = false;
            state.made.clone()
        };
        if let Some(made) = made {
            made.provider().stop().await;
        }
        self.note(entry, None);
    }

    /// Puts on record that it was started once: from then on it is `stopped` when it does not run, and no longer `pending`.
    async fn mark_started(&self, entry: &Entry) -> Result<(), StoreError> {
        let mut row = entry.state().row.clone();
        if !row.started {
            row.started = true;
            self.save(row.clone()).await?;
            entry.state().row = row;
        }
        Ok(())
    }

    async fn want(&self, entry: &Entry, running: bool) -> Result<(), StoreError> {
        let mut row = entry.state().row.clone();
        (row.desired, row.started) = (desired(running), true);
        self.save(row.clone()).await?;
        entry.state().row = row;
        Ok(())
    }

    async fn save(&self, row: ProviderRow) -> Result<(), StoreError> {
        self.store.writer().commit(vec![WriteOp::UpsertProvider(Box::new(row))]).await
    }

    /// Tells everyone where a provider stands when that is another place than the last time.
    pub(super) fn note(&self, entry: &Entry, reason: Option<String>) {
        let (name, status) = {
            let mut state = entry.state();
            let status = state.status();
            if state.told == status || state.gone {
                return;
            }
            state.told = status;
            (&entry.name, status)
        };
        self.metrics.set(name, status);
        let why = reason.as_deref().unwrap_or("as asked");
        match status {
            ProviderStatus::Failed => tracing::error!(provider = %name, why, "provider failed"),
            ProviderStatus::Reconnecting => tracing::warn!(provider = %name, why, "provider lost its connection and tries again"),
            status => tracing::info!(provider = %name, %status, "provider is {status}"),
        }
        // Nobody may be listening.
        let _ = self.news.send(ProviderNews { name: name.clone(), status, reason });
    }

    pub(super) fn insert(&self, entry: &Arc<Entry>) -> Result<(), ProvidersError> {
        let mut entries = self.write();
        if entries.contains_key(&entry.name) {
            return Err(ProvidersError::Exists(entry.name.clone()));
        }
        entries.insert(entry.name.clone(), Arc::clone(entry));
        self.metrics.set(&entry.name, ProviderStatus::Pending);
        Ok(())
    }

    fn remove(&self, entry: &Entry) {
        self.write().remove(&entry.name);
    }

    /// Waits until nobody else changes it.
    async fn turn<'a>(&self, entry: &'a Entry) -> Result<tokio::sync::MutexGuard<'a, ()>, ProvidersError> {
        let turn = entry.turn.lock().await;
        if entry.state().gone { Err(ProvidersError::NotFound) } else { Ok(turn) }
    }

    pub(super) fn entry(&self, name: &str) -> Result<Arc<Entry>, ProvidersError> {
        self.read().get(name).cloned().ok_or(ProvidersError::NotFound)
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<ProviderName, Arc<Entry>>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<ProviderName, Arc<Entry>>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn desired(running: bool) -> Desired {
    if running { Desired::Running } else { Desired::Stopped }
}

/// Hears what a provider says of itself.
struct Watch {
    roster: std::sync::Weak<Providers>,
    entry: std::sync::Weak<Entry>,
}

impl ProviderWatch for Watch {
    fn status_changed(&self, status: ProviderStatus, reason: Option<&str>) {
        let (Some(roster), Some(entry)) = (self.roster.upgrade(), self.entry.upgrade()) else { return };
        if status == ProviderStatus::Failed {
            entry.state().startup_error = reason.map(str::to_owned);
        }
        roster.note(&entry, reason.map(str::to_owned));
    }

    fn connection_tried(&self) {
        if let (Some(roster), Some(entry)) = (self.roster.upgrade(), self.entry.upgrade()) {
            roster.metrics.tried(&entry.name);
        }
    }
}
