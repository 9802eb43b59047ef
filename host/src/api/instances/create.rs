//! `POST /strategy/instances`: makes an instance of a revision, and starts it if `autostart` says so. Whether its provider
//! exists is asked at its start.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::api::extract::{Body, Query};
use crate::api::state::Api;
use crate::instances::{LaunchRequest, RestartRule, ScopeRequest, StrategyRequest};
use crate::sandbox::LimitOverrides;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewInstance {
    id: Option<String>,
    strategy: Option<Strategy>,
    #[serde(default)]
    scope: BTreeMap<String, Symbols>,
    #[serde(default)]
    limits: LimitOverrides,
    #[serde(default)]
    restart: RestartRule,
    #[serde(default)]
    autostart: bool,
    /// Accepted and ignored, because clients of the gateway send back what they have read; the scope says it all.
    #[serde(rename = "providers")]
    _providers: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Strategy {
    identifier: Option<String>,
    #[serde(default)]
    config: Map<String, Value>,
    /// Accepted and ignored like `providers`: the identifier says it all.
    #[serde(rename = "selector")]
    _selector: Option<IgnoredAny>,
    #[serde(rename = "tag")]
    _tag: Option<IgnoredAny>,
    #[serde(rename = "hash")]
    _hash: Option<IgnoredAny>,
}

/// The symbols of one provider.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Symbols {
    #[serde(default)]
    pub(super) symbols: Vec<String>,
}

pub(crate) async fn create(
    State(api): State<Api>,
    _: Query<()>,
    Body(new): Body<NewInstance>,
) -> Result<impl IntoResponse, ApiError> {
    let instances = Arc::clone(&api.instances);
    let view = api.carry_through(async move { Ok(instances.create(new.into()).await?) }).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, view.links.this.clone())], Json(view)))
}

impl From<NewInstance> for LaunchRequest {
    fn from(new: NewInstance) -> Self {
        let strategy = new.strategy.map(|given| StrategyRequest { identifier: given.identifier, config: given.config });
        let scope = new.scope.into_iter().map(|(provider, given)| (provider, ScopeRequest { symbols: given.symbols }));
        Self { id: new.id, strategy, scope: scope.collect(), limits: new.limits, restart: new.restart, autostart: new.autostart }
    }
}
