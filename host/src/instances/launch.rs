//! From a pinned revision to a task: everything that can be refused is refused here, before anything runs.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::actor::{Actor, MakeSetup};
use super::error::InstanceError;
use super::restart::RestartPolicy;
use super::revision::{self, RevisionError};
use super::roster::Instances;
use super::saved::Saved;
use super::seed::{SEED_FIELD, seed_of};
use super::slot::{Pin, Slot, Task};
use super::spec::InstanceSpec;
use crate::base::{Clock, ProviderName};
use crate::bus::{Filter, KindSet, Mailbox};
use crate::compile::check_config;
use crate::market::Symbol;
use crate::sandbox::metadata::{ConfigField, Metadata};
use crate::sandbox::{GuestSetup, Limits, Pace, Program};
use crate::trading::{ProviderStatus, TradingAccount};

/// Everything a task needs, made and checked.
pub(super) struct Launch {
    program: Arc<Program>,
    config: Map<String, Value>,
    dry_run: bool,
    pace: Arc<dyn Clock>,
    mailbox: Mailbox,
    saved: Saved,
    account: TradingAccount,
}

impl Launch {
    /// Checks the providers, compiles the revision (or takes it from the cache), checks the configuration, opens the mailbox.
    pub(super) async fn prepare(host: &Instances, slot: &Slot) -> Result<Self, InstanceError> {
        let (spec, pin, floors) = (&slot.spec, slot.pin(), &host.floors);
        let pace = running_provider_clock(host, spec)?;
        let program = host.program(spec, &pin).await?;
        let config = validated(spec, program.metadata())?;
        let dry_run = is_dry_run(&config);
        let saved = Saved::read(&floors.store, &spec.id).await?;
        let mailbox = floors.bus.open(&spec.id, &filters(spec, program.metadata()))?;
        let account = TradingAccount {
            instance: spec.id.clone(),
            revision: pin.hash,
            run: slot.state().run,
            scope: feeds(spec),
            dry_run,
            limits: None,
        };
        slot.update(|state| {
            state.engine_hash = Some(program.engine_hash());
            state.dry_run = dry_run;
        });
        Ok(Self { program, config, dry_run, pace, mailbox, saved, account })
    }

    /// Starts the task; the receiver says what became of its first guest.
    pub(super) fn spawn(self, host: &Instances, slot: &Arc<Slot>) -> (Task, oneshot::Receiver<Result<(), InstanceError>>) {
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        host.floors.desk.admit(self.account);
        let setup = Setup {
            spec: slot.spec.clone(),
            config: self.config,
            dry_run: self.dry_run,
            limits: slot.state().limits,
            pace: self.mailbox.sleeping_clock(Arc::clone(&self.pace)),
        };
        let (desk, log, saved, cancel) = (Arc::clone(&host.floors.desk), Arc::clone(&slot.log), self.saved, hard.clone());
        let make_setup: MakeSetup = Box::new(move |time| GuestSetup {
            instance: setup.spec.id.clone(),
            seed: seed_of(&setup.spec.id, &setup.spec.config),
            config: setup.config.clone(),
            feeds: feeds(&setup.spec),
            limits: setup.limits.clone(),
            dry_run: setup.dry_run,
            desk: Some(Arc::clone(&desk)),
            pace: Pace::Live(Arc::clone(&setup.pace)),
            log: log.clone(),
            saved: Box::new(saved.clone()),
            time,
            cancel: cancel.clone(),
        });
        let actor = Actor {
            slot: Arc::clone(slot),
            desk: Arc::clone(&host.floors.desk),
            store: host.floors.store.clone(),
            program: self.program,
            make_setup,
            mailbox: self.mailbox,
            pace: self.pace,
            policy: RestartPolicy::new(host.config.restart),
            soft: soft.clone(),
            held: VecDeque::new(),
        };
        let (tell, told) = oneshot::channel();
        let join = host.floors.lifecycle.spawn(actor.run(tell));
        (Task { soft, hard, join }, told)
    }
}

/// What stays the same for all guests of one start.
struct Setup {
    spec: InstanceSpec,
    config: Map<String, Value>,
    dry_run: bool,
    limits: Limits,
    pace: Arc<dyn Clock>,
}

/// Every provider of the scope must run; gives the clock of the first, which timers and sleeps are measured by.
fn running_provider_clock(host: &Instances, spec: &InstanceSpec) -> Result<Arc<dyn Clock>, InstanceError> {
    let mut first = None;
    for name in spec.scope.keys() {
        let provider = host.floors.desk.provider(name.as_str()).filter(|provider| provider.status() == ProviderStatus::Running);
        let provider = provider.ok_or_else(|| InstanceError::ProviderUnavailable(name.clone()))?;
        first = first.or_else(|| Some(provider.clock()));
    }
    first.ok_or(InstanceError::SymbolsRequired)
}

/// The configuration with defaults filled in. `seed` may always be given: it belongs to the host, not to the strategy.
pub(super) fn validated(spec: &InstanceSpec, metadata: &Metadata) -> Result<Map<String, Value>, InstanceError> {
    let mut given = spec.config.clone();
    if !metadata.config.iter().any(|field: &ConfigField| field.name == SEED_FIELD) {
        given.shift_remove(SEED_FIELD);
    }
    check_config(metadata, &given).map_err(|issues| InstanceError::Config { id: spec.id.clone(), issues })
}

/// True unless the configuration says `dry_run: false` (decision 18 and the gateway's rule).
pub fn is_dry_run(config: &Map<String, Value>) -> bool {
    config.get("dry_run") != Some(&Value::Bool(false))
}

/// What the mailbox is to hold: what the strategy declared. Own reports and risk events come in any case.
fn filters(spec: &InstanceSpec, metadata: &Metadata) -> Vec<Filter> {
    let kinds: KindSet = metadata.events.iter().copied().collect();
    let filter = |(provider, symbols): (ProviderName, Vec<Symbol>)| Filter { provider, symbols, kinds };
    feeds(spec).into_iter().map(filter).collect()
}

fn feeds(spec: &InstanceSpec) -> Vec<(ProviderName, Vec<Symbol>)> {
    spec.scope.iter().map(|(provider, scope)| (provider.clone(), scope.symbols.clone())).collect()
}

impl Instances {
    /// The compiled revision of a pin.
    pub(super) async fn program(&self, spec: &InstanceSpec, pin: &Pin) -> Result<Arc<Program>, InstanceError> {
        revision::program(&self.floors.catalogue, &self.floors.compiler, pin.hash).await.map_err(|error| match error {
            RevisionError::Catalogue(source) => InstanceError::Selector { id: spec.id.clone(), source },
            RevisionError::Compile(error) => error.into(),
        })
    }
}
