//! A revision made ready for one instance: compiled, its configuration checked, what it wants to hear. Everything about a
//! revision that can be refused is refused here, before anything of the instance changes. Must not know of tasks.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::InstanceError;
use super::restart::RestartConfig;
use super::revision::{self, RevisionError};
use super::roster::Instances;
use super::seed::SEED_FIELD;
use super::slot::Pin;
use super::spec::InstanceSpec;
use crate::base::ProviderName;
use crate::bus::{Filter, KindSet};
use crate::compile::{CompileError, check_config};
use crate::market::Symbol;
use crate::sandbox::metadata::{ConfigField, Metadata};
use crate::sandbox::{Limits, Program};
use crate::trading::TradingAccount;

/// What is the same for all guests of one start.
pub(super) struct Prepared {
    pub spec: Arc<InstanceSpec>,
    pub pin: Pin,
    pub ways: Ways,
    pub program: Arc<Program>,
    /// Validated, defaults filled in.
    pub config: Map<String, Value>,
    pub dry_run: bool,
    /// The number of this start: part of client order ids, never used twice.
    pub run: u64,
}

/// The host's ways with an instance's own over them.
#[derive(Clone)]
pub(super) struct Ways {
    pub limits: Limits,
    pub restart: RestartConfig,
}

impl Ways {
    /// What a client asks for.
    pub(super) fn of(host: &Instances, spec: &InstanceSpec) -> Result<Self, InstanceError> {
        let limits = host.floors.sandbox.config().limits.with(&spec.limits)?;
        Ok(Self { limits, restart: spec.restart.over(host.config.restart) })
    }

    /// What is on record: limits that this host no longer allows fall back to the host's, with a line in its log.
    pub(super) fn on_record(host: &Instances, spec: &InstanceSpec) -> Self {
        Self::of(host, spec).unwrap_or_else(|error| {
            tracing::warn!(instance = %spec.id, %error, "the limits on record are not allowed any more: the host's are used");
            let limits = host.floors.sandbox.config().limits.clone();
            Self { limits, restart: spec.restart.over(host.config.restart) }
        })
    }
}

impl Prepared {
    /// Compiles the revision, or takes it from the cache, and checks the configuration against it.
    pub(super) async fn of(host: &Instances, spec: Arc<InstanceSpec>, pin: Pin, run: u64) -> Result<Self, InstanceError> {
        let program = host.program(&spec, &pin).await?;
        let config = validated(&spec, program.metadata())?;
        let dry_run = is_dry_run(&config);
        let ways = Ways::on_record(host, &spec);
        Ok(Self { spec, pin, ways, program, config, dry_run, run })
    }

    /// Who trades.
    pub(super) fn account(&self) -> TradingAccount {
        account(&self.spec, &self.pin, self.run, self.dry_run)
    }

    /// The kinds of event that the strategy declared.
    pub(super) fn kinds(&self) -> KindSet {
        self.program.metadata().events.iter().copied().collect()
    }

    /// What the mailbox is to hold: what the strategy declared. Own reports and risk events come in any case.
    pub(super) fn filters(&self) -> Vec<Filter> {
        let kinds = self.kinds();
        let filter = |(provider, symbols): (ProviderName, Vec<Symbol>)| Filter { provider, symbols, kinds };
        feeds(&self.spec).into_iter().map(filter).collect()
    }
}

/// The configuration with defaults filled in. `seed` may always be given: it belongs to the host, not to the strategy.
fn validated(spec: &InstanceSpec, metadata: &Metadata) -> Result<Map<String, Value>, InstanceError> {
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

/// An instance as the desk knows it.
pub(super) fn account(spec: &InstanceSpec, pin: &Pin, run: u64, dry_run: bool) -> TradingAccount {
    TradingAccount { instance: spec.id.clone(), revision: pin.hash, run, scope: feeds(spec), dry_run, limits: None }
}

/// Providers with their symbols, in the order in which guests know them.
pub(super) fn feeds(spec: &InstanceSpec) -> Vec<(ProviderName, Vec<Symbol>)> {
    spec.scope.iter().map(|(provider, scope)| (provider.clone(), scope.symbols.clone())).collect()
}

impl Instances {
    /// The compiled revision of a pin.
    async fn program(&self, spec: &InstanceSpec, pin: &Pin) -> Result<Arc<Program>, InstanceError> {
        revision::program(&self.floors.catalogue, &self.floors.compiler, pin.hash).await.map_err(|error| match error {
            RevisionError::Catalogue(source) => InstanceError::Selector { id: spec.id.clone(), source: Box::new(source) },
            RevisionError::Compile(error) => error.into(),
        })
    }

    /// Makes sure that the revision of `pin` is still there, whatever is being deleted at this moment. To be called once the use
    /// is registered: then either this sees the deletion, or the deletion sees the use.
    pub(super) async fn confirm(&self, spec: &InstanceSpec, pin: &Pin) -> Result<(), InstanceError> {
        let (catalogue, hash) = (Arc::clone(&self.floors.catalogue), pin.hash);
        let asked = tokio::task::spawn_blocking(move || catalogue.confirm(&hash)).await;
        let confirmed = asked
            .map_err(|error| InstanceError::Compile(CompileError::Host(format!("asking for a revision ended early: {error}"))))?;
        confirmed.map(drop).map_err(|source| InstanceError::Selector { id: spec.id.clone(), source: Box::new(source) })
    }
}
