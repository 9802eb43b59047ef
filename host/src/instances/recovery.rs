//! What an instance does after a fault: it waits for its next guest, or goes into quarantine. How long and when is decided in
//! `restart`.

use std::sync::Arc;
use std::time::Duration;

use super::actor::{Actor, Recovered};
use super::failure::Failure;
use super::persist;
use super::restart::{Answer, RestartWhen};
use super::status::Step;
use crate::market::{Event, EventKind};
use crate::sandbox::LogLevel;
use crate::store::StoreError;

/// Reports that are kept for an instance that waits for its next guest. Far above what its open orders can cause.
const HELD_REPORTS: usize = 4_096;

impl Actor {
    /// After a fault: waits out the backoff.
    pub(super) async fn recover(&mut self, failure: Failure) -> Recovered {
        self.note_failure(failure);
        self.note_mailbox();
        self.slot.step(Step::Fault);
        if self.soft.is_cancelled() {
            return Recovered::End;
        }
        self.policy.configure(self.slot.update(|state| state.restart));
        let wait = match self.policy.on_fault(self.slot.now()) {
            Answer::Wait(wait) => wait,
            Answer::Quarantine => {
                self.quarantine();
                return Recovered::End;
            }
        };
        self.slot.follows("restart", format!("a fresh guest starts in {} s", wait.as_secs_f64()), LogLevel::Warn);
        loop {
            let recovered = self.wait_out(wait).await;
            if !matches!(recovered, Recovered::Retry) {
                return recovered;
            }
            match self.count_run().await {
                Ok(()) => break,
                // Without a number of its own the guest would name its orders like its predecessor did.
                Err(error) => self.slot.follows("restart", format!("not started again yet: {error}"), LogLevel::Error),
            }
        }
        self.slot.step(Step::Retry);
        self.slot.update(|state| state.counters.restarts += 1);
        self.slot.metrics().restarts.inc();
        Recovered::Retry
    }

    /// Guests count their events from 1, so each needs a run of its own: client order ids are made of both.
    async fn count_run(&mut self) -> Result<(), StoreError> {
        let run = self.slot.state().run + 1;
        persist::reserve_runs(&self.store, &self.slot, run).await?;
        self.slot.update(|state| state.run = run);
        self.prepared.run = run;
        self.surroundings.desk.admit(self.prepared.account());
        Ok(())
    }

    /// The next start of the host leaves it there too.
    fn quarantine(&self) {
        let again = self.slot.spec().restart.policy == RestartWhen::Always;
        let window = Duration::from_millis(self.slot.update(|state| state.restart.window_ms));
        let message = if again {
            format!("too many faults: quarantined for {} s", window.as_secs_f64())
        } else {
            "too many faults: quarantined until an operator starts it".to_owned()
        };
        self.slot.step(Step::Quarantine);
        self.slot.update(|state| state.wanted = again);
        self.slot.follows("quarantine", message, LogLevel::Error);
        persist::save_soon(&self.store, &self.slot);
    }

    /// Market data that comes meanwhile is gone, own reports are held for the next guest.
    async fn wait_out(&mut self, wait: Duration) -> Recovered {
        let over = tokio::time::sleep(wait);
        tokio::pin!(over);
        loop {
            let order = tokio::select! {
                biased;
                () = self.soft.cancelled() => return Recovered::End,
                () = &mut over => return Recovered::Retry,
                Some(order) = self.moves.recv() => order,
                event = self.mailbox.recv() => {
                    self.hold(event);
                    continue;
                }
            };
            if let Some(guest) = self.move_on_early(order).await {
                return Recovered::Moved(Box::new(guest));
            }
        }
    }

    pub(super) fn hold(&mut self, event: Arc<Event>) {
        let own = matches!(event.kind(), EventKind::ExecReport | EventKind::RiskControl);
        if own && self.held.len() < HELD_REPORTS {
            self.held.push_back(event);
        } else {
            self.slot.update(|state| state.counters.skipped += 1);
            self.slot.metrics().skipped.inc();
        }
    }
}
