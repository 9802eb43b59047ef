//! `GET /strategies/modules/{name}/tags`: the tags of a strategy, with the last move of each.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::{TagEvent, strategy_name};

#[derive(Serialize, ToSchema)]
#[schema(as = TagListing)]
pub(crate) struct Listing {
    strategy: StrategyName,
    /// By name.
    tags: Vec<Pointer>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = TagPointer)]
struct Pointer {
    tag: Tag,
    hash: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    moved: Option<TagEvent>,
}

about! {
    /// The tags of a strategy, with the last move of each.
    [InvalidName, StrategyNotFound]
}

pub(crate) async fn list(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<Json<Listing>, ApiError> {
    let strategy = strategy_name(&name)?;
    let tags = api.catalogue.tags(&strategy)?.into_iter();
    let tags = tags.map(|(tag, hash, moved)| Pointer { tag, hash, moved }).collect();
    Ok(Json(Listing { strategy, tags }))
}
