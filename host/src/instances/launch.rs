//! From a prepared revision to a task: the mailbox is opened here, and what all guests of the task share is made.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::actor::Actor;
use super::error::InstanceError;
use super::moving::ORDERS_WAITING;
use super::prepared::{Prepared, feeds};
use super::priority::{ComputeBudget, Priority};
use super::restart::RestartPolicy;
use super::roster::Instances;
use super::saved::Saved;
use super::seed::seed_of;
use super::slot::{Slot, Task};
use super::spec::InstanceSpec;
use crate::base::{Clock, Timestamp};
use crate::bus::Mailbox;
use crate::sandbox::{GuestSetup, Pace};
use crate::trading::{Desk, ProviderStatus};

/// Everything a task needs, made and checked.
pub(super) struct Launch {
    prepared: Prepared,
    pace: Arc<dyn Clock>,
    mailbox: Mailbox,
    saved: Saved,
}

impl Launch {
    /// Checks the providers, prepares the revision, opens the mailbox.
    pub(super) async fn prepare(host: &Instances, slot: &Slot) -> Result<Self, InstanceError> {
        let (spec, floors) = (slot.spec(), &host.floors);
        let pace = running_provider_clock(host, &spec)?;
        let prepared = Prepared::of(host, spec, slot.pin(), slot.state().run).await?;
        let saved = Saved::read(&floors.store, &slot.id).await?;
        let mailbox = floors.bus.open(&slot.id, &prepared.filters())?;
        slot.update(|state| {
            state.engine_hash = Some(prepared.program.engine_hash());
            state.dry_run = prepared.dry_run;
        });
        Ok(Self { prepared, pace, mailbox, saved })
    }

    /// Starts the task; the receiver says what became of its first guest.
    pub(super) fn spawn(self, host: &Instances, slot: &Arc<Slot>) -> (Task, oneshot::Receiver<Result<(), InstanceError>>) {
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let (moves, orders) = mpsc::channel(ORDERS_WAITING);
        host.floors.desk.admit(self.prepared.account());
        let surroundings = Surroundings {
            desk: Arc::clone(&host.floors.desk),
            saved: self.saved,
            pace: self.mailbox.sleeping_clock(Arc::clone(&self.pace)),
            hard: hard.clone(),
        };
        let actor = Actor {
            slot: Arc::clone(slot),
            store: host.floors.store.clone(),
            surroundings,
            policy: RestartPolicy::new(self.prepared.ways.restart),
            prepared: self.prepared,
            mailbox: self.mailbox,
            pace: self.pace,
            soft: soft.clone(),
            moves: orders,
            held: VecDeque::new(),
            budget: ComputeBudget::new(slot.state().limits.fuel_per_second, slot.now()),
            low_priority: host.low_priority(),
        };
        slot.set_priority(Priority::Normal);
        let (tell, told) = oneshot::channel();
        let (this, watched) = (host.this.clone(), Arc::clone(slot));
        let join = host.floors.lifecycle.spawn(async move {
            actor.run(tell).await;
            if let Some(host) = this.upgrade() {
                host.task_ended(&watched);
            }
        });
        (Task { moves, soft, hard, join }, told)
    }
}

/// What all guests of one task share, whichever revision they are of.
pub(super) struct Surroundings {
    pub desk: Arc<Desk>,
    pub saved: Saved,
    /// The clock of its first provider, as its sleeping guests see it.
    pub pace: Arc<dyn Clock>,
    /// Ends a guest that does not finish by itself.
    pub hard: CancellationToken,
}

impl Surroundings {
    /// The parts of a guest that are used up by it.
    pub(super) fn setup(&self, slot: &Slot, prepared: &Prepared, time: Timestamp) -> GuestSetup {
        let spec = &prepared.spec;
        GuestSetup {
            instance: spec.id.clone(),
            seed: seed_of(&spec.id, &spec.config),
            config: prepared.config.clone(),
            feeds: feeds(spec),
            limits: prepared.ways.limits.clone(),
            dry_run: prepared.dry_run,
            desk: Some(Arc::clone(&self.desk)),
            pace: Pace::Live(Arc::clone(&self.pace)),
            log: Arc::clone(&slot.log) as _,
            saved: Box::new(self.saved.clone()),
            time,
            cancel: self.hard.clone(),
        }
    }
}

/// Every provider of the scope must run; gives the clock of the first that has symbols, which timers and sleeps are measured by.
pub(super) fn running_provider_clock(host: &Instances, spec: &InstanceSpec) -> Result<Arc<dyn Clock>, InstanceError> {
    let mut first = None;
    for (name, scope) in &spec.scope {
        // One that only lost its connection comes back by itself; the instance is told.
        let works = |status: ProviderStatus| matches!(status, ProviderStatus::Running | ProviderStatus::Reconnecting);
        let provider = host.floors.desk.provider(name.as_str()).filter(|provider| works(provider.status()));
        let provider = provider.ok_or_else(|| InstanceError::ProviderUnavailable(name.clone()))?;
        if !scope.symbols.is_empty() {
            first = first.or_else(|| Some(provider.clock()));
        }
    }
    first.ok_or(InstanceError::SymbolsRequired)
}
