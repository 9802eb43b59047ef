//! The task of a running instance: it alone owns the guest and the mailbox. Events, timers, faults and the way back from
//! them are here; who starts and stops it is in `roster`, how it goes on with another revision in `moving`,
//! what it does after a fault in `recovery`.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::error::InstanceError;
use super::failure::Failure;
use super::launch::Surroundings;
use super::metrics::InstanceMetrics;
use super::moving::Move;
use super::prepared::Prepared;
use super::priority::{ComputeBudget, LowPriority, Priority};
use super::restart::RestartPolicy;
use super::slot::Slot;
use super::status::{LastError, Step};
use crate::base::{Blame, Clock, Timestamp};
use crate::bus::{Mailbox, Wake};
use crate::market::Event;
use crate::sandbox::{Delivery, Exception, Fault, FaultCode, Guest, LogLevel};
use crate::store::Store;

/// Timers that fire before the instance is asked whether it should stop, move or give way: one that sets itself anew may be due again
/// before it is done.
const TIMERS_PER_TURN: usize = 64;

/// How often the figures of the mailbox are copied for the view, in events.
const MAILBOX_EVERY: u64 = 64;

/// The task's own belongings.
pub(super) struct Actor {
    pub slot: Arc<Slot>,
    pub store: Store,
    pub surroundings: Surroundings,
    /// What the next guest is made of.
    pub prepared: Prepared,
    pub mailbox: Mailbox,
    /// The clock of its first provider: timers are due by it.
    pub pace: Arc<dyn Clock>,
    pub policy: RestartPolicy,
    pub soft: CancellationToken,
    /// Orders to go on with another revision; taken between two events.
    pub moves: mpsc::Receiver<Move>,
    /// Own reports that came while no guest was there.
    pub held: VecDeque<Arc<Event>>,
    /// Says on which threads it runs.
    pub budget: ComputeBudget,
    pub low_priority: Arc<LowPriority>,
}

/// How the caller of `start` learns what became of the first guest.
pub(super) type Ready = oneshot::Sender<Result<(), InstanceError>>;

/// How the life of one guest ended.
enum Ended {
    /// The instance was asked to stop.
    Stopped,
    /// The first guest could not be made; the caller knows why.
    Refused,
    /// The guest is gone.
    Faulted(Failure),
    /// It is well, and is to go on on other threads.
    Elsewhere(Box<Guest>),
}

/// What ends the service of a guest that is well.
enum Asked {
    Stop,
    Move(Box<Move>),
    /// Its priority changed.
    Hop,
}

/// What follows a fault.
pub(super) enum Recovered {
    /// The backoff is over: a fresh guest is to start.
    Retry,
    /// The instance was moved meanwhile: its new guest runs already.
    Moved(Box<Guest>),
    /// It is to end.
    End,
}

impl Actor {
    /// Lives through as many guests as the restart policy allows.
    pub(super) async fn run(mut self, ready: Ready) {
        let mut ready = Some(ready);
        let mut running = None;
        loop {
            let ended;
            (self, ended) = self.live_in_place(ready.take(), running.take()).await;
            if let Ended::Elsewhere(guest) = ended {
                running = Some(*guest);
                continue;
            }
            self.slot.update(|state| state.counters.guest_gone());
            self.set_active(false);
            match ended {
                Ended::Stopped | Ended::Refused | Ended::Elsewhere(_) => break,
                Ended::Faulted(failure) => match self.recover(failure).await {
                    Recovered::Retry => {}
                    Recovered::Moved(guest) => running = Some(*guest),
                    Recovered::End => break,
                },
            }
        }
    }

    /// Lives on the threads of its priority.
    async fn live_in_place(mut self, mut ready: Option<Ready>, running: Option<Guest>) -> (Self, Ended) {
        let low = self.budget.priority() == Priority::Low;
        let threads = Arc::clone(&self.low_priority);
        let live = async move {
            // A panic is ours, never the guest's; it costs this guest and nobody else.
            let live = AssertUnwindSafe(self.live(&mut ready, running));
            let ended = live.catch_unwind().await.unwrap_or_else(|panic| {
                Ended::Faulted(Fault::new(FaultCode::HostBug, "host", panic_text(panic.as_ref())).into())
            });
            (self, ended)
        };
        if !low {
            return live.await;
        }
        match threads.spawn(live) {
            Err(live) => live.await,
            Ok(there) => match there.await {
                Ok(lived) => lived,
                // It catches its panics and nobody else ends it; its threads end after all instances.
                Err(_) => std::future::pending().await,
            },
        }
    }

    /// The life of guests that follow each other without a fault, from `create(env)` (unless the first one runs already) to the end.
    async fn live(&mut self, ready: &mut Option<Ready>, running: Option<Guest>) -> Ended {
        let mut guest = match running {
            Some(guest) => guest,
            None => match self.start(&self.prepared).await {
                Ok(guest) => {
                    self.ready();
                    guest
                }
                Err(error) => return self.not_started(error, ready.take()),
            },
        };
        if let Some(ready) = ready.take() {
            // Nobody listens any more when the caller's connection is gone: the instance runs all the same.
            let _ = ready.send(Ok(()));
        }
        loop {
            match self.serve(&mut guest).await {
                Ok(Asked::Move(order)) => match self.move_on(guest, *order).await {
                    Ok(next) => guest = next,
                    Err(failure) => return Ended::Faulted(failure),
                },
                Ok(Asked::Stop) => {
                    self.set_active(false);
                    if let Err(fault) = self.hand_out(&mut guest).await {
                        // It is over for the guest either way; there is nothing left that could take its leave.
                        self.note_failure(fault.into());
                        return Ended::Stopped;
                    }
                    self.farewell(&mut guest).await;
                    return Ended::Stopped;
                }
                Ok(Asked::Hop) => return Ended::Elsewhere(Box::new(guest)),
                Err(fault) if fault.code == FaultCode::Cancelled => return Ended::Stopped,
                Err(fault) => return Ended::Faulted(fault.into()),
            }
        }
    }

    /// Makes a guest; the instance's state is not touched by it.
    pub(super) async fn start(&self, prepared: &Prepared) -> Result<Guest, InstanceError> {
        let begun = self.slot.now();
        let setup = self.surroundings.setup(&self.slot, prepared, self.pace.now());
        let started = Guest::start(&prepared.program, setup).await;
        let (guest, started) = started.map_err(|source| InstanceError::Start { id: self.slot.id.clone(), source })?;
        if prepared.spec.scope.len() > 1 && !started.wants_cross_provider_events {
            return Err(InstanceError::CrossProvider(prepared.pin.name.to_string()));
        }
        self.slot.metrics().start_seconds.observe(self.slot.now().since(begun).as_secs_f64());
        self.slot.update(|state| state.counters.observe(&guest.usage()));
        Ok(guest)
    }

    /// The guest that was started takes events and may trade. Each is told the instruments and balances of its scope: it knows nothing
    /// of what the guest before it heard.
    pub(super) fn ready(&self) {
        self.surroundings.desk.introduce(&self.slot.id, self.prepared.kinds());
        self.set_active(true);
        self.slot.step(Step::Ready);
    }

    fn set_active(&self, active: bool) {
        self.surroundings.desk.set_active(&self.slot.id, active);
    }

    /// The first failure of a start is the caller's answer; a later one counts as a fault.
    fn not_started(&self, error: InstanceError, ready: Option<Ready>) -> Ended {
        let failure = Failure::from(&error);
        let Some(ready) = ready else { return Ended::Faulted(failure) };
        self.note_failure(failure);
        self.slot.step(Step::Refuse);
        let _ = ready.send(Err(error));
        Ended::Refused
    }

    /// Handles what comes until the instance is asked for something else.
    async fn serve(&mut self, guest: &mut Guest) -> Result<Asked, Fault> {
        while let Some(event) = self.held.pop_front() {
            self.deliver(guest, &event).await?;
        }
        let mut handled: u64 = 0;
        loop {
            let due = guest.next_timer();
            let wake = tokio::select! {
                biased;
                () = self.soft.cancelled() => return Ok(Asked::Stop),
                Some(order) = self.moves.recv() => return Ok(Asked::Move(Box::new(order))),
                wake = next(&self.mailbox, &self.pace, due) => wake,
            };
            match wake {
                Wake::Event(event) => {
                    self.deliver(guest, &event).await?;
                    self.note_latency();
                }
                Wake::Timer => self.fire(guest).await?,
            }
            if self.weigh(guest) {
                return Ok(Asked::Hop);
            }
            handled += 1;
            if handled.is_multiple_of(MAILBOX_EVERY) {
                self.note_mailbox();
            }
        }
    }

    /// Own reports that wait are delivered before the guest takes its leave: it may save what it knows of its orders. Market data is
    /// not, and what comes from here on is too late.
    async fn hand_out(&mut self, guest: &mut Guest) -> Result<(), Fault> {
        for _ in 0..self.mailbox.len() {
            let Some(event) = self.mailbox.try_recv() else { break };
            self.hold(event);
        }
        while let Some(event) = self.held.pop_front() {
            self.deliver(guest, &event).await?;
        }
        Ok(())
    }

    async fn deliver(&self, guest: &mut Guest, event: &Event) -> Result<(), Fault> {
        let kind = InstanceMetrics::kind(event.kind());
        let begun = self.slot.now();
        let delivery = guest.deliver(event).await;
        self.account(guest, kind, begun, delivery)
    }

    /// Calls the timers that are due.
    async fn fire(&self, guest: &mut Guest) -> Result<(), Fault> {
        for _ in 0..TIMERS_PER_TURN {
            let begun = self.slot.now();
            match guest.fire(self.pace.now()).await {
                Ok(None) => return Ok(()),
                Ok(Some(delivery)) => self.account(guest, InstanceMetrics::TIMER, begun, Ok(delivery))?,
                Err(fault) => return self.account(guest, InstanceMetrics::TIMER, begun, Err(fault)),
            }
        }
        Ok(())
    }

    fn account(
        &self,
        guest: &Guest,
        kind: &'static str,
        begun: Timestamp,
        delivery: Result<Delivery, Fault>,
    ) -> Result<(), Fault> {
        let metrics = self.slot.metrics();
        let usage = guest.usage();
        let delivery = match delivery {
            Ok(delivery) => delivery,
            Err(fault) => {
                self.slot.update(|state| state.counters.observe(&usage));
                return Err(fault);
            }
        };
        self.slot.update(|state| {
            state.counters.observe(&usage);
            match (delivery.called, kind == InstanceMetrics::TIMER) {
                (true, true) => state.counters.timers += 1,
                (true, false) => state.counters.delivered += 1,
                (false, _) => state.counters.skipped += 1,
            }
        });
        if delivery.called {
            metrics.handler_seconds.with_label_values(&[kind]).observe(self.slot.now().since(begun).as_secs_f64());
            metrics.delivered.with_label_values(&[kind]).inc();
            metrics.fuel.observe(delivery.fuel as f64);
        } else {
            metrics.skipped.inc();
        }
        if let Some(exception) = &delivery.exception {
            self.note_exception(exception);
        }
        Ok(())
    }

    /// Whether the guest is to go on on other threads.
    fn weigh(&mut self, guest: &Guest) -> bool {
        let changed = self.budget.observe(guest.usage().fuel_total, self.slot.now());
        if changed {
            let priority = self.budget.priority();
            self.slot.set_priority(priority);
            tracing::debug!(instance = %self.slot.id, ?priority, "priority by compute budget");
        }
        changed
    }

    fn note_latency(&self) {
        let took = self.mailbox.arrival().elapsed();
        self.slot.note_latency(took);
        self.slot.metrics().latency.observe(took.as_secs_f64());
    }

    fn note_exception(&self, exception: &Exception) {
        self.slot.update(|state| state.counters.exceptions += 1);
        self.slot.metrics().exceptions.inc();
        let error = LastError::new("exception", exception.to_string(), Blame::Guest, self.slot.now());
        self.slot.failed(error, LogLevel::Error);
    }

    pub(super) fn note_failure(&self, failure: Failure) {
        self.slot.update(|state| state.counters.faults += 1);
        self.slot.failed(failure.at(self.slot.now()), LogLevel::Error);
    }

    pub(super) fn note_mailbox(&self) {
        let (dropped, queued) = (self.mailbox.dropped(), self.mailbox.len());
        self.slot.metrics().mailbox.observe(queued as f64);
        self.slot.update(|state| {
            state.dropped = dropped;
            state.queued = queued;
        });
    }

    /// Lets the guest save its state. Whatever goes wrong here is noted; the guest ends all the same.
    pub(super) async fn farewell(&self, guest: &mut Guest) {
        self.set_active(false);
        match guest.stop(self.pace.now()).await {
            Ok(delivery) => {
                if let Some(exception) = &delivery.exception {
                    self.note_exception(exception);
                }
            }
            Err(fault) if fault.code == FaultCode::Cancelled => {}
            Err(fault) => self.note_failure(fault.into()),
        }
        self.slot.update(|state| state.counters.observe(&guest.usage()));
        self.note_mailbox();
    }
}

/// Waits for an event or for the next timer. Asking for the next says that the one before is done.
async fn next(mailbox: &Mailbox, pace: &Arc<dyn Clock>, due: Option<Timestamp>) -> Wake {
    match due {
        Some(due) => mailbox.recv_until(due, pace).await,
        None => Wake::Event(mailbox.recv().await),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    format!("the host panicked: {}", text.unwrap_or_else(|| "no message".to_owned()))
}
