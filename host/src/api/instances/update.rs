//! `PUT /strategy/instances/{id}`: another configuration, other limits, another answer to faults. A running instance goes on with
//! them; strategy, providers and scope are kept for life.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::create::Symbols;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query, Segment};
use crate::api::openapi::{about, examples};
use crate::api::state::Api;
use crate::instances::{ChangeRequest, InstanceView, RestartRule, ScopeRequest};
use crate::sandbox::LimitOverrides;

/// The whole of what is given is replaced, what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = InstanceChange, examples(examples::change))]
pub(crate) struct Change {
    /// The instance's.
    #[schema(required, nullable = false)]
    id: Option<String>,
    /// Its configuration; the identifier must be the stored selector or the bare name.
    strategy: Option<Strategy>,
    /// Must be those of its scope.
    providers: Option<Vec<String>>,
    /// Must be its own.
    scope: Option<BTreeMap<String, Symbols>>,
    /// Limits that differ from the host's.
    limits: Option<LimitOverrides>,
    /// Answers to faults that differ from the host's.
    restart: Option<RestartRule>,
    /// Whether it starts whenever the host starts.
    autostart: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = InstanceChangeStrategy)]
struct Strategy {
    /// The stored selector or the bare name.
    identifier: Option<String>,
    /// The whole of it.
    config: Option<Map<String, Value>>,
    /// Accepted and ignored like the next two, because clients send back what they have read: the pin stays as it is.
    #[serde(rename = "selector")]
    #[schema(value_type = Option<Value>)]
    _selector: Option<IgnoredAny>,
    /// Ignored.
    #[serde(rename = "tag")]
    #[schema(value_type = Option<Value>)]
    _tag: Option<IgnoredAny>,
    /// Ignored.
    #[serde(rename = "hash")]
    #[schema(value_type = Option<Value>)]
    _hash: Option<IgnoredAny>,
}

about! {
    /// Gives an instance another configuration, other limits, other answers to faults. A running one goes on with them.
    ///
    /// Strategy, providers and scope are kept for life, and so is the pin until a refresh. What is left out stays as it is.
    [InstanceNotFound, InvalidInstance, InvalidName, InstanceImmutable, InstanceBusy, ConfigInvalid, LimitsInvalid, StartFailed, RevisionInvalid, HashNotFound, CapacityReached, StoreUnavailable, NotReady]
}

pub(crate) async fn update(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
    Body(change): Body<Change>,
) -> Result<Json<InstanceView>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move { Ok(Json(instances.update(&id, change.into()).await?)) }).await
}

impl From<Change> for ChangeRequest {
    fn from(change: Change) -> Self {
        let (identifier, config) = change.strategy.map_or((None, None), |given| (given.identifier, given.config));
        let symbols = |(provider, given): (String, Symbols)| (provider, ScopeRequest { symbols: given.symbols });
        Self {
            id: change.id,
            identifier,
            providers: change.providers,
            scope: change.scope.map(|scope| scope.into_iter().map(symbols).collect()),
            config,
            limits: change.limits,
            restart: change.restart,
            autostart: change.autostart,
        }
    }
}
