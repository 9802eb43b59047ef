//! Instances that start without anybody asking at that moment: at the start of the host, when their provider is there again, when
//! their quarantine is over. And their common end with the host.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::MutexGuard;

use super::error::InstanceError;
use super::failure::{Failure, PROVIDER_UNAVAILABLE};
use super::feed::FeedEnd;
use super::launch::running_provider_clock;
use super::news::{News, ProviderNews};
use super::persist;
use super::prepared::{Ways, account};
use super::restart::RestartWhen;
use super::roster::Instances;
use super::slot::{Slot, Task};
use super::status::Status;
use crate::base::{InstanceId, ProviderName};
use crate::sandbox::LogLevel;
use crate::trading::ProviderStatus;

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

impl Instances {
    /// Brings back the instances of the last run, pinned as they were, and starts those that ran and those that start with the
    /// host. A quarantined one stays where it is. One whose provider is not there waits for it.
    ///
    /// # Errors
    /// The database cannot be read. An instance that does not start is logged and reported, and stops nobody else.
    pub async fn restore(&self) -> Result<Restored, InstanceError> {
        self.shared.usage.restore(self.floors.store.usages().await?);
        let records = persist::load(&self.floors.store).await?;
        let mut restored = Restored { known: records.len(), ..Restored::default() };
        let mut wanted = Vec::new();
        for mut record in records {
            // What was ordered says more than what was noted: a run number that came twice would repeat client order ids.
            record.run = record.run.max(persist::last_run(&self.floors.store, &record.spec.id).await?);
            record.wanted |= record.spec.autostart && record.quarantined_at.is_none();
            let ways = Ways::on_record(self, &record.spec);
            let slot = self.new_slot(record.state(ways, self.floors.clock.now()));
            let state = slot.state();
            self.floors.desk.admit(account(&state.spec, &state.pin, state.run, state.dry_run));
            self.write().insert(slot.id.clone(), Arc::clone(&slot));
            match (state.wanted, state.status == Status::Quarantined) {
                (true, false) => wanted.push(slot),
                (true, true) => self.leave_quarantine_later(&slot),
                (false, _) => {}
            }
        }
        let (able, waiting): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|slot| running_provider_clock(self, &slot.spec()).is_ok());
        able.iter().for_each(|slot| self.count_run(slot));
        persist::save_all(&self.floors.store, &able).await?;
        for slot in able.iter().chain(&waiting) {
            let mut task = slot.task.lock().await;
            match self.launch(slot, &mut task).await {
                Ok(()) => restored.started += 1,
                Err(error) => restored.failed.push((slot.id.clone(), self.not_started(slot, &error).message)),
            }
        }
        Ok(restored)
    }

    /// Starts one that is wanted, with the task lock held; gives why it did not. It stays wanted all the same: a provider may come
    /// back, and the next start of the host tries again.
    pub(super) async fn start_wanted(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>) -> Option<Failure> {
        let started = match running_provider_clock(self, &slot.spec()) {
            Ok(_) => self.start_counted(slot, task).await,
            Err(error) => Err(error),
        };
        let failure = self.not_started(slot, &started.err()?);
        // Its provider may have come between our look and our note, and then nobody will tell us of it.
        if failure.code == PROVIDER_UNAVAILABLE
            && running_provider_clock(self, &slot.spec()).is_ok()
            && let Some(this) = self.this.upgrade()
        {
            let slot = Arc::clone(slot);
            self.floors.lifecycle.spawn(this.start_soon(slot));
        }
        Some(failure)
    }

    fn not_started(&self, slot: &Slot, error: &InstanceError) -> Failure {
        let failure = Failure::from(error);
        // The first guest of a task has noted itself why it is not there.
        if !matches!(error, InstanceError::Start { .. } | InstanceError::CrossProvider(_)) {
            slot.failed(failure.clone().at(slot.now()), LogLevel::Error);
        }
        persist::save_soon(&self.floors.store, slot);
        failure
    }

    async fn start_counted(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>) -> Result<(), InstanceError> {
        self.count_run(slot);
        persist::save(&self.floors.store, slot).await?;
        self.launch(slot, task).await
    }

    /// Takes in what became of a provider: those that have it in their scope are told, and those that wait for it start.
    pub fn provider_changed(self: &Arc<Self>, name: &ProviderName, status: ProviderStatus, reason: Option<&str>) {
        let now = self.floors.clock.now();
        let news = Arc::new(ProviderNews { name: name.clone(), status, reason: reason.map(str::to_owned), at: now });
        let text = match reason {
            Some(reason) => format!("provider {name} is {status}: {reason}"),
            None => format!("provider {name} is {status}"),
        };
        let level =
            if matches!(status, ProviderStatus::Running | ProviderStatus::Starting) { LogLevel::Info } else { LogLevel::Warn };
        for slot in self.all() {
            if !slot.spec().scope.contains_key(name) {
                continue;
            }
            slot.feed.push(News::Provider(Arc::clone(&news)));
            slot.log.host(level, text.clone(), now);
            if status == ProviderStatus::Running && waits_for_provider(&slot) {
                let this = Arc::clone(self);
                self.floors.lifecycle.spawn(this.start_soon(slot));
            }
        }
    }

    fn start_soon(self: Arc<Self>, slot: Arc<Slot>) -> BoxFuture<'static, ()> {
        Box::pin(async move { self.start_waiting(&slot).await })
    }

    async fn start_waiting(&self, slot: &Arc<Slot>) {
        let mut task = slot.task.lock().await;
        // Somebody may have stopped, started or deleted it while we waited for the lock.
        if self.still_there(slot).is_ok() && waits_for_provider(slot) {
            self.start_wanted(slot, &mut task).await;
        }
    }

    /// The task of an instance has ended.
    pub(super) fn task_ended(&self, slot: &Arc<Slot>) {
        if slot.status() == Status::Quarantined && slot.spec().restart.policy == RestartWhen::Always {
            self.leave_quarantine_later(slot);
        }
    }

    /// Starts a quarantined instance again when its window has passed, unless somebody acts before.
    fn leave_quarantine_later(&self, slot: &Arc<Slot>) {
        let (this, slot, since) = (self.this.clone(), Arc::clone(slot), slot.state().since);
        let window = Duration::from_millis(slot.state().restart.window_ms);
        let (wait, over) = (window.saturating_sub(slot.now().since(since)), self.floors.lifecycle.soft_stop().clone());
        self.floors.lifecycle.spawn(async move {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = over.cancelled() => return,
            }
            let Some(this) = this.upgrade() else { return };
            let mut task = slot.task.lock().await;
            let state = slot.state();
            let still = state.status == Status::Quarantined && state.since == since && state.wanted;
            if still && state.spec.restart.policy == RestartWhen::Always && this.still_there(&slot).is_ok() {
                slot.follows("restart", "the quarantine is over".to_owned(), LogLevel::Warn);
                this.start_wanted(&slot, &mut task).await;
            }
        });
    }

    /// Stops all of them at once, within the grace. They run again after the next [`Instances::restore`].
    pub async fn shutdown(&self) {
        let slots = self.all();
        let stops = slots.iter().map(|slot| async {
            let mut task = slot.task.lock().await;
            self.halt(slot, &mut task).await;
            slot.feed.end(FeedEnd::HostStops);
        });
        futures_util::future::join_all(stops).await;
    }
}

/// Wanted, at rest, and what kept it from starting was its provider.
fn waits_for_provider(slot: &Slot) -> bool {
    let state = slot.state();
    let kept = state.last_error.is_some_and(|error| error.code == PROVIDER_UNAVAILABLE);
    state.wanted && kept && matches!(state.status, Status::Created | Status::Stopped)
}
