//! `POST /strategies/refresh`: takes in what was edited by hand, and moves instances to what their selectors mean now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::error::{ApiError, Code};
use crate::api::extract::{MaybeBody, Query};
use crate::api::openapi::spelling::{AnyHash, NotBlank};
use crate::api::openapi::{about, examples};
use crate::api::state::Api;
use crate::base::Digest;
use crate::instances::revision::judge_all;
use crate::instances::{RefreshResult, RefreshTargets};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = RefreshTargets, examples(examples::targets))]
pub(crate) struct Targets {
    /// Revisions: instances that run one of them or follow one of them.
    #[schema(value_type = Vec<AnyHash>)]
    hashes: Vec<String>,
    /// Selectors; a bare name means all instances of the strategy.
    #[schema(value_type = Vec<NotBlank>)]
    strategies: Vec<String>,
}

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RefreshStatus)]
enum Word {
    Refreshed,
    PartialRefresh,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Refreshed {
    /// `partial_refresh` when targets were named.
    status: Word,
    /// One per target as it was sent; without targets one per instance.
    results: Vec<RefreshResult>,
}

about! {
    /// Takes in what was edited by hand, and moves instances to what their selectors mean now.
    ///
    /// Without a body all instances are meant.
    [RegistryInvalid, CatalogueFlat]
}

pub(crate) async fn refresh(
    State(api): State<Api>,
    _: Query<()>,
    MaybeBody(targets): MaybeBody<Targets>,
) -> Result<Json<Refreshed>, ApiError> {
    let targets = targets.unwrap_or_default().read()?;
    let partial = !targets.hashes.is_empty() || !targets.strategies.is_empty();
    let status = if partial { Word::PartialRefresh } else { Word::Refreshed };
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
