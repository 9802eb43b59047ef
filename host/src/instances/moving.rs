//! How a running instance goes on with another revision or configuration: the same task and mailbox, another guest. Reports that arrive meanwhile
//! wait in the mailbox, so none is lost and none comes twice. Who asks for it, and what is checked before, is in `changing`, `refresh`
//! and `update`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::oneshot;

use super::actor::Actor;
use super::error::InstanceError;
use super::failure::Failure;
use super::persist;
use super::prepared::Prepared;
use super::restart::RestartPolicy;
use super::status::Step;
use crate::sandbox::{Guest, LogLevel};

/// Orders that may wait for a task. More than one waits only while a handler sleeps and the refreshes before were given up.
pub(super) const ORDERS_WAITING: usize = 16;

/// An order to a task.
pub(super) struct Move {
    /// With a run that was free when the order was given; the one after it is for the guest that goes back.
    pub to: Prepared,
    pub claim: Claim,
    pub answer: oneshot::Sender<Moved>,
}

/// What became of it: whether there was saved state for the new revision, or the failure when the instance is where it was before.
pub(super) type Moved = Result<bool, Failure>;

/// Who takes it first, decides: the task that carries the order out, or the one who gave it and no longer waits.
#[derive(Clone, Default)]
pub(super) struct Claim(Arc<AtomicBool>);

impl Claim {
    pub(super) fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl Actor {
    /// Between two events: the guest takes its leave and one of the new revision takes over; if none does, a fresh one of the old.
    /// The failure of that one when it does not start either.
    pub(super) async fn move_on(&mut self, mut guest: Guest, order: Move) -> Result<Guest, Failure> {
        let Move { to, claim, answer } = order;
        if !claim.take() {
            return Ok(guest);
        }
        let to = self.with_free_run(to);
        let back_run = to.run + 1;
        self.farewell(&mut guest).await;
        drop(guest);
        self.slot.update(|state| state.counters.guest_gone());
        let (guest, told) = match self.enter(to).await {
            Ok((guest, carried)) => (Ok(guest), Ok(carried)),
            Err(failure) => {
                self.go_back(back_run, &failure);
                match self.start(&self.prepared).await {
                    Ok(guest) => (Ok(guest), Err(failure)),
                    Err(error) => {
                        let again = Failure::from(&error);
                        let message =
                            format!("{}; the revision before it did not start again either: {}", failure.message, again.message);
                        (Err(again), Err(Failure { message, ..failure }))
                    }
                }
            }
        };
        if guest.is_ok() {
            self.ready();
        }
        // Nobody listens any more when the host is in a hurry: what happened stands all the same.
        let _ = answer.send(told);
        guest
    }

    /// During a backoff: the new revision need not wait it out. None when the backoff goes on.
    pub(super) async fn move_on_early(&mut self, order: Move) -> Option<Guest> {
        let Move { to, claim, answer } = order;
        if !claim.take() {
            return None;
        }
        let to = self.with_free_run(to);
        let back_run = to.run + 1;
        let (guest, told) = match self.enter(to).await {
            Ok((guest, carried)) => {
                self.ready();
                (Some(guest), Ok(carried))
            }
            Err(failure) => {
                self.go_back(back_run, &failure);
                self.slot.step(Step::Fault);
                (None, Err(failure))
            }
        };
        let _ = answer.send(told);
        guest
    }

    /// Starts a guest of the new revision; says whether there was saved state for it. If that fails, nobody will see what it saved.
    async fn enter(&mut self, to: Prepared) -> Result<(Guest, bool), Failure> {
        self.slot.step(Step::Replace);
        self.surroundings.desk.admit(to.account());
        let trial = self.surroundings.saved.trial();
        let carried = trial.had_state();
        let guest = self.start(&to).await.map_err(|error| Failure::from(&error))?;
        let pin = persist::moved(&self.slot, &to);
        trial.pass(pin).map_err(|error| Failure::from(&InstanceError::Store(error)))?;
        // Only now: had it not started, the old revision would miss what it had asked for.
        self.mailbox.refilter(&to.filters());
        self.policy = RestartPolicy::new(to.ways.restart);
        self.budget.set_rate(to.ways.limits.fuel_per_second);
        self.slot.take_over(&to);
        self.slot.update(|state| {
            state.run = to.run;
            state.last_error = None;
        });
        let text = if to.pin.hash == self.prepared.pin.hash {
            format!("goes on with another configuration, run {}", to.run)
        } else {
            format!("moved to revision {}, run {}", to.pin.hash, to.run)
        };
        self.slot.log.host(LogLevel::Info, text, self.slot.now());
        self.prepared = to;
        Ok((guest, carried))
    }

    /// A guest that was started after a fault may have taken the run since the order was given.
    fn with_free_run(&self, to: Prepared) -> Prepared {
        let run = to.run.max(self.slot.state().run + 1);
        Prepared { run, ..to }
    }

    fn go_back(&mut self, run: u64, failure: &Failure) {
        self.prepared.run = run;
        self.slot.update(|state| state.run = run);
        self.surroundings.desk.admit(self.prepared.account());
        let message = format!("{}; rolled back to {}", failure.message, self.prepared.pin.hash);
        self.slot.failed(Failure { message, ..failure.clone() }.at(self.slot.now()), LogLevel::Error);
    }
}
