//! What a refresh does to one instance. The instance's task lock is held all the while, so that starts, stops and deletions wait.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{MutexGuard, oneshot};

use super::{InstanceOutcome, RefreshError, RefreshReason};
use crate::base::Blame;
use crate::catalogue::CatalogueError;
use crate::instances::error::InstanceError;
use crate::instances::failure::Failure;
use crate::instances::moving::{Claim, Move};
use crate::instances::persist;
use crate::instances::prepared::Prepared;
use crate::instances::roster::Instances;
use crate::instances::slot::{Pin, Slot, Task};
use crate::sandbox::LogLevel;

/// Why a move did not come about as asked.
enum Trouble {
    /// What was there before goes on.
    Refused(Failure),
    /// The instance has moved, but the disk does not know: a restart of the host would undo it.
    NotRecorded(Failure),
}

impl<E: Into<InstanceError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Refused(Failure::from(&error.into()))
    }
}

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
            id: slot.spec.id.clone(),
            reason: RefreshReason::AlreadyPinned,
            hash: pin.hash,
            previous_hash: None,
            was_running,
            state_carried: false,
            error: None,
        };
        let to = match self.floors.catalogue.resolve(&slot.spec.selector) {
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
        let message = format!("stopped by a refresh, because its selector `{}` means no revision: {error}", slot.spec.selector);
        slot.failed(Failure { code: "retired", message, blame: Blame::Client }.at(slot.now()), LogLevel::Error);
        if let Err(error) = persist::save(&self.floors.store, slot).await {
            tracing::error!(instance = %slot.spec.id, %error, "the stop of an instance was not written");
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
        moved.map_err(|trouble| match trouble {
            Trouble::Refused(failure) | Trouble::NotRecorded(failure) => failure,
        })
    }

    async fn change_over(&self, slot: &Arc<Slot>, task: &mut MutexGuard<'_, Option<Task>>, to: Pin) -> Result<bool, Trouble> {
        self.confirm(&slot.spec, &to).await?;
        if let Some(running) = task.as_ref().filter(|_| slot.status().is_running())
            && let Some(carried) = self.move_running(slot, running, to.clone()).await?
        {
            return Ok(carried);
        }
        if let Some(ended) = task.take() {
            // It ended by itself, in quarantine or refused.
            let _ = ended.join.await;
        }
        self.move_pin(slot, to).await
    }

    /// Lets the task of a running instance change over between two events. None when the task has ended by itself meanwhile.
    async fn move_running(&self, slot: &Slot, running: &Task, to: Pin) -> Result<Option<bool>, Trouble> {
        let run = slot.state().run;
        // Compiled and checked while the old guest goes on; and on the disk before a guest can order.
        let prepared = Prepared::of(self, &slot.spec, to, run + 1).await?;
        persist::reserve_runs(&self.floors.store, slot, run + 2).await?;
        let (answer, mut told) = oneshot::channel();
        let claim = Claim::default();
        let grace = Duration::from_millis(self.config.stop_grace_ms);
        match running.moves.try_send(Move { to: prepared, back_run: run + 2, claim: claim.clone(), answer }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(Trouble::Refused(busy(grace))),
            Err(TrySendError::Closed(_)) => return Ok(None),
        }
        let answered = match tokio::time::timeout(grace, &mut told).await {
            Ok(answered) => answered,
            Err(_) if claim.take() => return Err(Trouble::Refused(busy(grace))),
            Err(_) => told.await,
        };
        let moved = match answered {
            Ok(moved) => moved,
            Err(_) if !slot.status().is_running() => return Ok(None),
            Err(_) => Err(Failure {
                code: "host_bug",
                message: "the host failed while it replaced the guest; its log says more".to_owned(),
                blame: Blame::Host,
            }),
        };
        let recorded = persist::save(&self.floors.store, slot).await;
        match (moved, recorded) {
            (Err(failure), _) => Err(Trouble::Refused(failure)),
            (Ok(carried), Ok(())) => Ok(Some(carried)),
            (Ok(_), Err(error)) => {
                let hash = slot.pin().hash;
                let message =
                    format!("it runs {hash} now, but that is not on record and a restart of the host would undo it: {error}");
                Err(Trouble::NotRecorded(Failure { code: error.code(), message, blame: Blame::Host }))
            }
        }
    }

    /// Nothing runs: the pin is all there is to change.
    async fn move_pin(&self, slot: &Slot, to: Pin) -> Result<bool, Trouble> {
        let before = slot.state();
        let prepared = Prepared::of(self, &slot.spec, to, before.run).await?;
        slot.repin(&prepared);
        if let Err(error) = persist::save(&self.floors.store, slot).await {
            slot.update(|state| {
                state.pin = before.pin;
                state.dry_run = before.dry_run;
                state.engine_hash = before.engine_hash;
            });
            return Err(error.into());
        }
        slot.log.host(LogLevel::Info, format!("pinned to revision {}", prepared.pin.hash), slot.now());
        let saved = self.floors.store.saved_state(&slot.spec.id).await;
        Ok(saved.is_ok_and(|saved| saved.is_some()))
    }

    /// It is pinned to what its selector resolves to. A move that the disk refused to take is written again.
    async fn settle_pin(&self, slot: &Slot) {
        if slot.state().beside.is_some() && persist::save(&self.floors.store, slot).await.is_ok() {
            slot.update(|state| state.beside = None);
        }
    }
}

fn busy(grace: Duration) -> Failure {
    let message = format!(
        "the handler at hand did not finish within {} ms (instances.stopGraceMs), so nothing was changed: refresh again, or stop the instance first",
        grace.as_millis()
    );
    Failure { code: "instance_busy", message, blame: Blame::Guest }
}
