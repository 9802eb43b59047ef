//! How the control plane lets a running instance change over, whatever it changes to: the order is given, waited for, and put on
//! record. The instance's task lock is held all the while. What the task does with the order is in `moving`.

use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::error::InstanceError;
use super::failure::Failure;
use super::moving::{Claim, Move};
use super::persist;
use super::prepared::Prepared;
use super::roster::Instances;
use super::slot::{Slot, Task};
use crate::base::Blame;

/// Why a change did not come about as asked.
pub(super) enum Trouble {
    /// What was there before goes on.
    Refused(Failure),
    /// The instance has changed, but the disk does not know: a restart of the host would undo it.
    NotRecorded(Failure),
}

impl Trouble {
    pub(super) fn failure(self) -> Failure {
        match self {
            Self::Refused(failure) | Self::NotRecorded(failure) => failure,
        }
    }
}

impl<E: Into<InstanceError>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Refused(Failure::from(&error.into()))
    }
}

impl Instances {
    /// Lets the task of a running instance change over between two events; says whether there is saved state for the new guest.
    /// None when the task has ended by itself meanwhile. `to` has the run after the present one.
    pub(super) async fn move_running(&self, slot: &Slot, running: &Task, to: Prepared) -> Result<Option<bool>, Trouble> {
        // On the disk before a guest can order, also the run of the guest that goes back should this one not start.
        persist::reserve_runs(&self.floors.store, slot, to.run + 1).await?;
        let (answer, mut told) = oneshot::channel();
        let claim = Claim::default();
        let grace = Duration::from_millis(self.config.stop_grace_ms);
        match running.moves.try_send(Move { to, claim: claim.clone(), answer }) {
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
}

fn busy(grace: Duration) -> Failure {
    let message = format!(
        "the handler at hand did not finish within {} ms (instances.stopGraceMs), so nothing was changed: ask again, or stop the instance first",
        grace.as_millis()
    );
    Failure { code: "instance_busy", message, blame: Blame::Guest }
}
