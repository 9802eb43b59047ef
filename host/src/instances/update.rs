//! A change of an instance: its configuration, limits, answers to faults, autostart. Its strategy and its scope it keeps for life,
//! and its pin too: only a refresh moves it to another revision. Must not know of HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::MutexGuard;

use super::changing::Trouble;
use super::error::InstanceError;
use super::persist;
use super::prepared::{Prepared, Ways};
use super::restart::RestartRule;
use super::roster::Instances;
use super::slot::{Slot, Task};
use super::spec::{InstanceSpec, ScopeRequest, parse_scopes, trimmed};
use super::view::InstanceView;
use crate::sandbox::{LimitOverrides, LogLevel};

/// The body of `PUT /strategy/instances/{id}`. What is left out stays as it is; what is given replaces the whole of it.
#[derive(Clone, Debug, Default)]
pub struct ChangeRequest {
    /// Must be the instance's.
    pub id: Option<String>,
    /// Must be the stored selector or the bare name of its strategy.
    pub identifier: Option<String>,
    /// Must be those of its scope.
    pub providers: Option<Vec<String>>,
    /// Must be its own.
    pub scope: Option<BTreeMap<String, ScopeRequest>>,
    /// The strategy's configuration.
    pub config: Option<Map<String, Value>>,
    /// Instead of the host's limits.
    pub limits: Option<LimitOverrides>,
    /// Instead of the host's answers to faults.
    pub restart: Option<RestartRule>,
    /// Whether it starts by itself.
    pub autostart: Option<bool>,
}

impl ChangeRequest {
    /// The spec to be.
    fn over(self, spec: &InstanceSpec, strategy: &str) -> Result<InstanceSpec, InstanceError> {
        let id = trimmed(self.id.as_deref()).ok_or(InstanceError::IdRequired)?;
        if id != spec.id.as_str() {
            return Err(InstanceError::IdMismatch);
        }
        let refuse = |what| InstanceError::Immutable { id: spec.id.clone(), what };
        if let Some(identifier) = trimmed(self.identifier.as_deref())
            && identifier != spec.selector
            && identifier != strategy
        {
            return Err(refuse("strategy is"));
        }
        let same = |names: BTreeSet<&str>| names.iter().copied().eq(spec.scope.keys().map(|name| name.as_str()));
        let named = self.providers.as_ref().map(|names| names.iter().map(|name| name.trim()).collect());
        let scoped = self.scope.as_ref().map(|scope| scope.keys().map(|name| name.trim()).collect());
        if ![named, scoped].into_iter().flatten().all(same) {
            return Err(refuse("providers are"));
        }
        if let Some(scope) = &self.scope
            && parse_scopes(scope)? != spec.scope
        {
            return Err(refuse("scope assignments are"));
        }
        let restart = self.restart.unwrap_or(spec.restart);
        restart.validate()?;
        Ok(InstanceSpec {
            id: spec.id.clone(),
            selector: spec.selector.clone(),
            scope: spec.scope.clone(),
            config: self.config.unwrap_or_else(|| spec.config.clone()),
            limits: self.limits.unwrap_or_else(|| spec.limits.clone()),
            restart,
            autostart: self.autostart.unwrap_or(spec.autostart),
        })
    }
}

impl Instances {
    /// Changes one. A running instance goes on with another configuration or limits in the same task and with the same mailbox: no
    /// report is lost, and if `create(env)` fails, the guest starts again as it was. Other changes take no new guest.
    ///
    /// # Errors
    /// [`InstanceError::NotFound`], what is missing or immutable, a configuration or limits that do not fit the pinned revision,
    /// [`InstanceError::NotTaken`], the database.
    pub async fn update(&self, id: &str, request: ChangeRequest) -> Result<InstanceView, InstanceError> {
        let slot = self.slot(id)?;
        let mut task = slot.task.lock().await;
        self.still_there(&slot)?;
        let (before, pin) = (slot.spec(), slot.pin());
        let spec = Arc::new(request.over(&before, pin.name.as_str())?);
        if spec != before {
            self.change(&slot, &mut task, spec).await?;
        }
        drop(task);
        Ok(self.view(&slot))
    }

    /// The task lock is held.
    pub(super) async fn change(
        &self,
        slot: &Arc<Slot>,
        task: &mut MutexGuard<'_, Option<Task>>,
        spec: Arc<InstanceSpec>,
    ) -> Result<(), InstanceError> {
        let before = slot.spec();
        let ways = Ways::of(self, &spec)?;
        let mut prepared = Prepared::of(self, Arc::clone(&spec), slot.pin(), slot.state().run + 1).await?;
        prepared.ways = ways;
        let other_guest = spec.config != before.config || spec.limits != before.limits;
        if let Some(running) = task.as_ref().filter(|_| other_guest && slot.status().is_running()) {
            match self.move_running(slot, running, prepared).await {
                Ok(Some(_)) => {
                    slot.update(|state| state.beside = None);
                    return Ok(());
                }
                // It ended by itself meanwhile.
                Ok(None) => prepared = Prepared::of(self, spec, slot.pin(), slot.state().run).await?,
                Err(trouble) => return Err(not_taken(slot, trouble)),
            }
        }
        self.change_at_rest(slot, &prepared).await
    }

    /// No guest is touched: what is asked for is all there is to change.
    async fn change_at_rest(&self, slot: &Slot, to: &Prepared) -> Result<(), InstanceError> {
        let before = slot.state();
        slot.update(|state| {
            state.spec = Arc::clone(&to.spec);
            state.limits = to.ways.limits.clone();
            state.restart = to.ways.restart;
            state.dry_run = to.dry_run;
        });
        if let Err(error) = persist::save(&self.floors.store, slot).await {
            slot.update(|state| {
                (state.spec, state.limits, state.restart) = (before.spec, before.limits, before.restart);
                state.dry_run = before.dry_run;
            });
            return Err(error.into());
        }
        slot.log.host(LogLevel::Info, "what was asked of it was changed", slot.now());
        Ok(())
    }
}

fn not_taken(slot: &Slot, trouble: Trouble) -> InstanceError {
    let failure = trouble.failure();
    InstanceError::NotTaken { id: slot.id.clone(), code: failure.code, message: failure.message, blame: failure.blame }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn spec() -> InstanceSpec {
        let body = json!({
            "id": "i1", "strategy": { "identifier": "delay:v2", "config": { "a": 1 } },
            "scope": { "p": { "symbols": ["BTC-USDT"] } },
        });
        InstanceSpec::parse(serde_json::from_value(body).unwrap()).unwrap()
    }

    fn change(request: ChangeRequest) -> Result<InstanceSpec, String> {
        request.over(&spec(), "delay").map_err(|error| error.to_string())
    }

    fn named(id: &str) -> ChangeRequest {
        ChangeRequest { id: Some(id.to_owned()), ..ChangeRequest::default() }
    }

    fn scope(provider: &str, symbol: &str) -> Option<BTreeMap<String, ScopeRequest>> {
        Some(BTreeMap::from([(provider.to_owned(), ScopeRequest { symbols: vec![symbol.to_owned()] })]))
    }

    #[test]
    fn what_an_instance_keeps_for_life_is_named_in_the_gateways_words() {
        assert_eq!(change(ChangeRequest::default()).unwrap_err(), "id required");
        assert_eq!(change(named("i2")).unwrap_err(), "instance id mismatch");
        for other in ["momentum", "delay:v1", "delay@sha256:00"] {
            let request = ChangeRequest { identifier: Some(other.to_owned()), ..named("i1") };
            assert_eq!(change(request).unwrap_err(), "strategy is immutable for i1");
        }
        let cases = [
            (ChangeRequest { scope: scope("q", "BTC-USDT"), ..named("i1") }, "providers are immutable for i1"),
            (ChangeRequest { providers: Some(vec!["p".into(), "q".into()]), ..named("i1") }, "providers are immutable for i1"),
            (ChangeRequest { scope: scope("p", "ETH-USDT"), ..named("i1") }, "scope assignments are immutable for i1"),
        ];
        for (request, text) in cases {
            assert_eq!(change(request).unwrap_err(), text);
        }
    }

    #[test]
    fn what_is_left_out_stays_and_what_is_given_replaces_the_whole() {
        assert_eq!(change(named(" i1 ")).unwrap(), spec());
        let config = json!({ "b": 2 }).as_object().cloned();
        let request = ChangeRequest {
            identifier: Some("delay".to_owned()),
            providers: Some(vec![" p ".to_owned()]),
            scope: scope("p", " btc-usdt "),
            config: config.clone(),
            autostart: Some(true),
            ..named("i1")
        };
        let changed = change(request).unwrap();
        assert_eq!(changed, InstanceSpec { config: config.unwrap(), autostart: true, ..spec() });
        assert_eq!(changed.selector, "delay:v2");
    }
}
