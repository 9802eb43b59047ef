//! `DELETE /strategies/modules/{name}/tags/{tag}`: takes the pointer away; the revision stays.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::if_match::IfMatch;
use crate::api::error::ApiError;
use crate::api::extract::{By, FromQuery, Parameters, Query, Segments};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::strategy_name;

pub(crate) struct Wanted {
    allow_orphan: bool,
    reason: Option<String>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            allow_orphan: parameters.says("Also when it is the last tag on its revision.").flag("allowOrphan")?,
            reason: parameters.reason()?,
        })
    }
}

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TagDeletedStatus)]
enum Word {
    TagDeleted,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TagDeleted)]
pub(crate) struct Deleted {
    status: Word,
    strategy: StrategyName,
    tag: Tag,
    /// Where it pointed.
    #[schema(required)]
    hash: Option<Digest>,
    /// As it was given.
    allow_orphan: bool,
    /// The number of the change.
    #[schema(required)]
    generation: Option<u64>,
}

about! {
    /// Takes a tag away; the revision stays.
    [InvalidName, StrategyNotFound, TagNotFound, LatestProtected, WouldOrphan, TagMoved, RegistryInvalid, CatalogueFlat]
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segments(name, tag): Segments<String, Tag>,
    IfMatch(expected): IfMatch,
    by: By,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Deleted>, ApiError> {
    let name = strategy_name(&name)?;
    let (cause, allow_orphan) = (by.because(wanted.reason)?, wanted.allow_orphan);
    let catalogue = Arc::clone(&api.catalogue);
    let gone = api.carry_through_blocking(move || Ok(catalogue.unassign(&name, &tag, allow_orphan, expected, &cause)?)).await?;
    api.counters().tag_deleted(&gone.strategy, &gone.tag, allow_orphan);
    let status = Word::TagDeleted;
    let (strategy, tag, hash, generation) = (gone.strategy, gone.tag, gone.hash, gone.generation);
    Ok(Json(Deleted { status, strategy, tag, hash, allow_orphan, generation }))
}
