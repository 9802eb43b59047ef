//! `PUT /strategy/instances/{id}`: another configuration, other limits, another answer to faults. A running instance goes on with
//! them; strategy, providers and scope are kept for life.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::create::Symbols;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query, Segment};
use crate::api::state::Api;
use crate::instances::{ChangeRequest, InstanceView, RestartRule, ScopeRequest};
use crate::sandbox::LimitOverrides;

/// The whole of what is given is replaced, what is left out stays.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Change {
    id: Option<String>,
    strategy: Option<Strategy>,
    providers: Option<Vec<String>>,
    scope: Option<BTreeMap<String, Symbols>>,
    limits: Option<LimitOverrides>,
    restart: Option<RestartRule>,
    autostart: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Strategy {
    identifier: Option<String>,
    config: Option<Map<String, Value>>,
    /// Accepted and ignored like the next two, because clients send back what they have read: the pin stays as it is.
    #[serde(rename = "selector")]
    _selector: Option<IgnoredAny>,
    #[serde(rename = "tag")]
    _tag: Option<IgnoredAny>,
    #[serde(rename = "hash")]
    _hash: Option<IgnoredAny>,
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
