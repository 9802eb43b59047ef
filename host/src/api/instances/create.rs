//! `POST /strategy/instances`: makes an instance of a revision, and starts it if `autostart` says so. Whether its provider
//! exists is asked at its start.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Body, Query};
use crate::api::openapi::spelling::AnyName;
use crate::api::openapi::{Created, about, examples};
use crate::api::state::Api;
use crate::instances::{InstanceView, LaunchRequest, RestartRule, ScopeRequest, StrategyRequest};
use crate::sandbox::LimitOverrides;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(examples(examples::instance))]
pub(crate) struct NewInstance {
    /// The id to be.
    #[schema(value_type = AnyName)]
    id: Option<String>,
    /// What to run.
    #[schema(required, nullable = false)]
    strategy: Option<Strategy>,
    /// Where: provider to symbols; at least one symbol over all.
    #[serde(default)]
    #[schema(value_type = BTreeMap<AnyName, Symbols>, required)]
    scope: BTreeMap<String, Symbols>,
    /// Limits that differ from the host's.
    #[serde(default)]
    limits: LimitOverrides,
    /// Answers to faults that differ from the host's.
    #[serde(default)]
    restart: RestartRule,
    /// Whether it starts now and whenever the host starts.
    #[serde(default)]
    autostart: bool,
    /// Accepted and ignored, because clients of the gateway send back what they have read; the scope says it all.
    #[serde(rename = "providers")]
    #[schema(value_type = Option<Value>)]
    _providers: Option<IgnoredAny>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewInstanceStrategy)]
struct Strategy {
    /// Any selector.
    #[schema(required, nullable = false)]
    identifier: Option<String>,
    /// The strategy's own configuration.
    #[serde(default)]
    #[schema(value_type = Object)]
    config: Map<String, Value>,
    /// Accepted and ignored like `providers`: the identifier says it all.
    #[serde(rename = "selector")]
    #[schema(value_type = Option<Value>)]
    _selector: Option<IgnoredAny>,
    /// Accepted and ignored.
    #[serde(rename = "tag")]
    #[schema(value_type = Option<Value>)]
    _tag: Option<IgnoredAny>,
    /// Accepted and ignored.
    #[serde(rename = "hash")]
    #[schema(value_type = Option<Value>)]
    _hash: Option<IgnoredAny>,
}

/// The symbols of one provider.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInstanceSymbols)]
pub(crate) struct Symbols {
    /// Such as `BTC-USDT`; case does not matter.
    #[serde(default)]
    pub(super) symbols: Vec<String>,
}

about! {
    /// Makes an instance of a revision, and starts it if `autostart` says so.
    ///
    /// Whether its provider exists is asked at its start. A start that fails is told by `lastError`.
    [InvalidInstance, InvalidName, InvalidSelector, TagNotFound, HashNotFound, StrategyNotFound, InstanceExists, RevisionInvalid, ConfigInvalid, LimitsInvalid, CapacityReached, StoreUnavailable, NotReady]
}

pub(crate) async fn create(
    State(api): State<Api>,
    _: Query<()>,
    Body(new): Body<NewInstance>,
) -> Result<Created<InstanceView>, ApiError> {
    let instances = Arc::clone(&api.instances);
    let view = api.carry_through(async move { Ok(instances.create(new.into()).await?) }).await?;
    Ok(Created { location: view.links.this.clone(), view })
}

impl From<NewInstance> for LaunchRequest {
    fn from(new: NewInstance) -> Self {
        let strategy = new.strategy.map(|given| StrategyRequest { identifier: given.identifier, config: given.config });
        let scope = new.scope.into_iter().map(|(provider, given)| (provider, ScopeRequest { symbols: given.symbols }));
        Self { id: new.id, strategy, scope: scope.collect(), limits: new.limits, restart: new.restart, autostart: new.autostart }
    }
}
