//! Instances as they go into a backup, and back from one: with their pins, without secrets, at rest. Must not know of HTTP.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::backup_switch::KillSwitchBackup;
use super::error::InstanceError;
use super::persist;
use super::prepared::{Prepared, Ways};
use super::restart::RestartRule;
use super::roster::Instances;
use super::secrets;
use super::slot::{Pin, Slot};
use super::spec::{InstanceSpec, LaunchRequest, ScopeRequest, StrategyRequest};
use crate::base::InstanceId;
use crate::sandbox::{LimitOverrides, LogLevel};
use crate::store::Desired;

/// One instance in a backup. One of the gateway has `id`, `strategy` and `scope`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct InstanceBackup {
    /// Its id.
    pub id: String,
    /// What it runs.
    pub strategy: StrategyBackup,
    /// Names of the scope; read back from `scope`.
    pub providers: Vec<String>,
    /// Provider to symbols.
    pub scope: BTreeMap<String, ScopeBackup>,
    /// Its own limits.
    pub limits: LimitOverrides,
    /// Its own answers to faults.
    pub restart: RestartRule,
    /// Whether it starts with the host.
    pub autostart: bool,
    /// Whether it was to run. It comes back stopped all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<Desired>,
    /// Its kill switch; absent when it was not engaged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill_switch: Option<KillSwitchBackup>,
    /// Paths of secrets that were left out: they have to be entered again.
    pub secrets_left_out: Vec<String>,
}

/// What an instance runs, in a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StrategyBackup {
    /// Bare name.
    pub identifier: String,
    /// What it follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The tag that its pin came through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The revision that it is pinned to; without one it is what the selector means at the time of the restore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Without secrets.
    pub config: Map<String, Value>,
}

/// The symbols of one provider, in a backup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScopeBackup {
    /// What it follows there.
    pub symbols: Vec<String>,
}

/// What a restore does to one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// It was not there.
    Created,
    /// It was there and is otherwise now: stopped, unless only its kill switch was otherwise.
    Changed,
    /// It is as the backup says, running or not.
    Unchanged,
}

impl Instances {
    /// All of them, by id.
    pub fn backup(&self) -> Vec<InstanceBackup> {
        self.all().iter().map(|slot| backup_of(slot, self.kill_switch(&slot.id))).collect()
    }

    /// Makes one instance what a backup says: at rest, pinned as it was. Secrets that the backup does not have stay where they are
    /// known. With `dry_run` it only says what would happen.
    ///
    /// # Errors
    /// What is malformed, a revision that is not there, a configuration or limits that do not fit it, the database. Then nothing has
    /// changed, except that a running instance that cannot be written is stopped.
    pub async fn put_back(&self, mut backup: InstanceBackup, dry_run: bool) -> Result<PutBack, InstanceError> {
        let (id, switch) = (backup.id.trim().to_owned(), backup.kill_switch.take());
        let done = self.put_back_spec(backup, dry_run).await?;
        // Not there when it was only asked what would happen, or gone again.
        let Ok(slot) = self.slot(&id) else { return Ok(done) };
        let switched = self.put_back_switch(&slot.id, switch, dry_run).await?;
        Ok(if switched && done == PutBack::Unchanged { PutBack::Changed } else { done })
    }

    async fn put_back_spec(&self, backup: InstanceBackup, dry_run: bool) -> Result<PutBack, InstanceError> {
        let there = self.slot(backup.id.trim()).ok();
        let (mut spec, pin) = self.read_back(backup)?;
        let Some(slot) = there else {
            // Everything about it that can be refused is refused here.
            Ways::of(self, &spec)?;
            Prepared::of(self, Arc::new(spec.clone()), pin.clone(), 0).await?;
            if !dry_run {
                self.create_pinned(spec, pin).await?;
            }
            return Ok(PutBack::Created);
        };
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        secrets::keep_known(&mut spec.config, &slot.spec().config);
        if spec == *slot.spec() && pin.hash == slot.pin().hash {
            return Ok(PutBack::Unchanged);
        }
        let ways = Ways::of(self, &spec)?;
        slot.update(|state| state.beside = Some(pin.hash));
        let changed = async {
            self.confirm(&spec, &pin).await?;
            let prepared = Prepared { ways, ..Prepared::of(self, Arc::new(spec), pin, slot.state().run).await? };
            if !dry_run {
                slot.update(|state| state.wanted = false);
                self.halt(&slot, &mut task).await;
                self.become_of_backup(&slot, &prepared).await?;
            }
            Ok(PutBack::Changed)
        };
        let changed = changed.await;
        slot.update(|state| state.beside = None);
        changed
    }

    async fn become_of_backup(&self, slot: &Slot, to: &Prepared) -> Result<(), InstanceError> {
        let before = slot.state();
        slot.take_over(to);
        if let Err(error) = persist::save(&self.floors.store, slot).await {
            slot.update(|state| {
                (state.spec, state.pin, state.dry_run) = (before.spec, before.pin, before.dry_run);
                (state.limits, state.restart) = (before.limits, before.restart);
            });
            return Err(error.into());
        }
        self.floors.desk.admit(to.account());
        slot.log.host(LogLevel::Info, "put back to what a backup says", slot.now());
        Ok(())
    }

    /// The spec and the pin that a backup means.
    fn read_back(&self, backup: InstanceBackup) -> Result<(InstanceSpec, Pin), InstanceError> {
        let StrategyBackup { identifier, selector, tag, hash, config } = backup.strategy;
        let selector = selector.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| identifier.clone());
        let scope = backup.scope.into_iter().map(|(provider, scope)| (provider, ScopeRequest { symbols: scope.symbols }));
        let spec = InstanceSpec::parse(LaunchRequest {
            id: Some(backup.id),
            strategy: Some(StrategyRequest { identifier: Some(selector), config }),
            scope: scope.collect(),
            limits: backup.limits,
            restart: backup.restart,
            autostart: backup.autostart,
        })?;
        let pinned = match &hash {
            Some(hash) if identifier.trim().is_empty() => hash.clone(),
            Some(hash) => format!("{}@{hash}", identifier.trim()),
            None => spec.selector.clone(),
        };
        let resolved = self.floors.catalogue.resolve(&pinned);
        let resolved = resolved.map_err(|source| InstanceError::Selector { id: spec.id.clone(), source: Box::new(source) })?;
        let tag = tag.and_then(|tag| tag.parse().ok()).or(resolved.tag);
        Ok((spec, Pin { name: resolved.name, hash: resolved.hash, tag }))
    }

    /// Ids of all instances.
    pub fn ids(&self) -> Vec<InstanceId> {
        self.all().iter().map(|slot| slot.id.clone()).collect()
    }
}

fn backup_of(slot: &Slot, kill_switch: Option<KillSwitchBackup>) -> InstanceBackup {
    let state = slot.state();
    let spec = &state.spec;
    let (mut config, mut secrets_left_out) = (spec.config.clone(), Vec::new());
    secrets::strip(&mut config, "strategy.config", &mut secrets_left_out);
    let symbols = |scope: &super::spec::ProviderScope| scope.symbols.iter().map(ToString::to_string).collect();
    InstanceBackup {
        id: spec.id.to_string(),
        strategy: StrategyBackup {
            identifier: state.pin.name.to_string(),
            selector: Some(spec.selector.clone()),
            tag: state.pin.tag.as_ref().map(ToString::to_string),
            hash: Some(state.pin.hash.to_string()),
            config,
        },
        providers: spec.scope.keys().map(ToString::to_string).collect(),
        scope: spec.scope.iter().map(|(name, scope)| (name.to_string(), ScopeBackup { symbols: symbols(scope) })).collect(),
        limits: spec.limits.clone(),
        restart: spec.restart,
        autostart: spec.autostart,
        desired: Some(if state.wanted { Desired::Running } else { Desired::Stopped }),
        kill_switch,
        secrets_left_out,
    }
}
