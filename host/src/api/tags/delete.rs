//! `DELETE /strategies/modules/{name}/tags/{tag}`: takes the pointer away; the revision stays.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::if_match::IfMatch;
use crate::api::error::ApiError;
use crate::api::extract::{By, FromQuery, Parameters, Query, Segments};
use crate::api::state::Api;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::strategy_name;

pub(crate) struct Wanted {
    allow_orphan: bool,
    reason: Option<String>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self { allow_orphan: parameters.flag("allowOrphan")?, reason: parameters.one("reason")? })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deleted {
    status: &'static str,
    strategy: StrategyName,
    tag: Tag,
    hash: Option<Digest>,
    allow_orphan: bool,
    generation: Option<u64>,
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
    let status = "tag_deleted";
    let (strategy, tag, hash, generation) = (gone.strategy, gone.tag, gone.hash, gone.generation);
    Ok(Json(Deleted { status, strategy, tag, hash, allow_orphan, generation }))
}
