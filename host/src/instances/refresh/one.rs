//! What a refresh does to one instance. The instance's task lock is held all the while, so that starts, stops and deletions wait.

use std::sync::Arc;

use tokio::sync::MutexGuard;

use super::{InstanceOutcome, RefreshError, RefreshReason};
use crate::base::Blame;
use crate::catalogue::CatalogueError;
use crate::instances::changing::Trouble;
use crate::instances::failure::Failure;
use crate::instances::persist;
use crate::instances::prepared::Prepared;
use crate::instances::roster::Instances;
use crate::instances::slot::{Pin, Slot, Task};
use crate::sandbox::LogLevel;

impl From<Failure> for RefreshError {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, message: failure.message }
    }
}

impl Instances {
    /// None when the instance was deleted meanwhile.
    pub(super) async fn refresh_one(&self, slot: &Arc<Slot>) -> Option<InstanceOutcome> {
        let mut task = slot.task.lock().await;
        self.still_there(slot).ok()?;
        let (pin, was_running) = (slot.pin(), slot.status().is_running());
        let mut outcome = InstanceOutcome {
            id: slot.id.clone(),
            reason: RefreshReason::AlreadyPinned,
            hash: pin.hash,
            previous_hash: None,
            was_running,
            state_carried: false,
            error: None,
        };
        let to = match self.floors.catalogue.resolve(&slot.spec().selector) {
            Ok(resolved) => Pin { name: resolved.name, hash: resolved.hash, tag: resolved.tag },
            Err(error) => {
                outcome.reason = RefreshReason::Retired;
                outcome.error = Some(self.retire(slot, &mut task, &error).await.into());
                return Some(outcome);
            }
        };
        if to.hash == pin.hash {
            self.settle_pin(slot).await;
            return Some(outcome);
        }
        let moved = self.move_to(slot, &mut task, to).await;
        outcome.hash = slot.pin().hash;
        outcome.previous_hash = Some(pin.hash).filter(|before| *before != outcome.hash);
        match moved {
            Ok(state_carried) => {
                outcome.reason = RefreshReason::Refreshed;
                outcome.state_carried = state_carried;
            }
            Err(failure) => {
                slot.log.host(LogLevel::Warn, format!("refresh failed: {}: {}", failure.code, failure.message), slot.now());
                outcome.reason = RefreshReason::Failed;
                outcome.error = Some(failure.into());
            }
        }
        Some(outcome)
    }

    /// Its selector means nothing any more: it is stopped and keeps its pin, so that an operator can start it by hand.
    async fn retire(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>, error: &CatalogueError) -> Failure {
        let failure = Failure { code: error.code(), message: error.to_string(), blame: Blame::Client };
        if !slot.status().is_running() {
            return failure;
        }
        slot.update(|state| state.wanted = false);
        self.halt(slot, task).await;
        let message = format!("stopped by a refresh, because its selector `{}` means no revision: {error}", slot.spec().selector);
        slot.failed(Failure { code: "retired", message, blame: Blame::Client }.at(slot.now()), LogLevel::Error);
        if let Err(error) = persist::save(&self.floors.store, slot).await {
            tracing::error!(instance = %slot.id, %error, "the stop of an instance was not written");
        }
        failure
    }

    /// Changes over to another revision. Says whether there is saved state for it.
    async fn move_to(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>, to: Pin) -> Result<bool, Failure> {
        // In use from here on, so that nobody deletes it under our hands.
        slot.update(|state| state.beside = Some(to.hash));
        let moved = self.change_over(slot, task, to).await;
        if !matches!(moved, Err(Trouble::NotRecorded(_))) {
            slot.update(|state| state.beside = None);
        }
        moved.map_err(Trouble::failure)
    }

    async fn change_over(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>, to: Pin) -> Result<bool, Trouble> {
        self.confirm(&slot.spec(), &to).await?;
        if let Some(running) = task.as_ref().filter(|_| slot.status().is_running()) {
            // Compiled and checked while the old guest goes on.
            let prepared = Prepared::of(self, slot.spec(), to.clone(), slot.state().run + 1).await?;
            if let Some(carried) = self.move_running(slot, running, prepared).await? {
                return Ok(carried);
            }
        }
        if let Some(ended) = task.take() {
            // It ended by itself, in quarantine or refused.
            let _ = ended.join.await;
        }
        self.move_pin(slot, to).await
    }

    /// Nothing runs: the pin is all there is to change.
    async fn move_pin(&self, slot: &Slot, to: Pin) -> Result<bool, Trouble> {
        let before = slot.state();
        let prepared = Prepared::of(self, slot.spec(), to, before.run).await?;
        slot.take_over(&prepared);
        if let Err(error) = persist::save(&self.floors.store, slot).await {
            slot.update(|state| {
                state.pin = before.pin;
                state.dry_run = before.dry_run;
                state.engine_hash = before.engine_hash;
            });
            return Err(error.into());
        }
        slot.log.host(LogLevel::Info, format!("pinned to revision {}", prepared.pin.hash), slot.now());
        let saved = self.floors.store.saved_state(&slot.id).await;
        Ok(saved.is_ok_and(|saved| saved.is_some()))
    }

    /// It is pinned to what its selector resolves to. A move that the disk refused to take is written again.
    async fn settle_pin(&self, slot: &Slot) {
        if slot.state().beside.is_some() && persist::save(&self.floors.store, slot).await.is_ok() {
            slot.update(|state| state.beside = None);
        }
    }
}
