//! `POST /strategies/refresh`: takes in what was edited by hand, and moves instances to what their selectors mean now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::api::error::{ApiError, Code};
use crate::api::extract::{MaybeBody, Query};
use crate::api::state::Api;
use crate::base::Digest;
use crate::instances::revision::judge_all;
use crate::instances::{RefreshResult, RefreshTargets};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Targets {
    hashes: Vec<String>,
    strategies: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Refreshed {
    status: &'static str,
    /// One per target as it was sent; without targets one per instance.
    results: Vec<RefreshResult>,
}

pub(crate) async fn refresh(
    State(api): State<Api>,
    _: Query<()>,
    MaybeBody(targets): MaybeBody<Targets>,
) -> Result<Json<Refreshed>, ApiError> {
    let targets = targets.unwrap_or_default().read()?;
    let partial = !targets.hashes.is_empty() || !targets.strategies.is_empty();
    let status = if partial { "partial_refresh" } else { "refreshed" };
    Ok(Json(Refreshed { status, results: run(&api, targets).await? }))
}

/// Loads what is new in the directory, then moves instances.
pub(crate) async fn run(api: &Api, targets: RefreshTargets) -> Result<Vec<RefreshResult>, ApiError> {
    let (catalogue, compiler) = (Arc::clone(&api.catalogue), Arc::clone(&api.compiler));
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        let reader = Arc::clone(&catalogue);
        tokio::task::spawn_blocking(move || reader.reload()).await.map_err(ApiError::internal)??;
        judge_all(&catalogue, &compiler).await;
        catalogue.settle_loaded();
        Ok(instances.refresh(targets).await)
    })
    .await
}

impl Targets {
    fn read(self) -> Result<RefreshTargets, ApiError> {
        let refused = |what: &str| ApiError::new(Code::InvalidBody, format!("body: {what}"));
        let hash = |text: &String| text.trim().parse::<Digest>().map_err(|error| refused(&format!("hashes: {error}")));
        let hashes = self.hashes.iter().map(hash).collect::<Result<_, _>>()?;
        if self.strategies.iter().any(|selector| selector.trim().is_empty()) {
            return Err(refused("strategies: a selector is blank"));
        }
        Ok(RefreshTargets { hashes, strategies: self.strategies })
    }
}
