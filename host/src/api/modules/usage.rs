//! `GET /strategies/modules/{selector}/usage`: who uses a revision, and since when.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{Digest, StrategyName};
use crate::instances::{InstanceSummary, Usage};

pub(crate) struct Wanted {
    include_stopped: bool,
    limit: Option<usize>,
    offset: usize,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            include_stopped: parameters.says("Also stopped instances that pin it.").flag("includeStopped")?,
            limit: parameters.says("At most so many instances; without it all.").count("limit")?,
            offset: parameters.says("So many are skipped.").count("offset")?.unwrap_or(0),
        })
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct RevisionUsage {
    /// As it was sent.
    selector: String,
    strategy: StrategyName,
    hash: Digest,
    usage: Usage,
    /// A page of those that run; of all that pin the revision, when asked for.
    instances: Vec<InstanceSummary>,
    /// Without paging.
    total: usize,
    /// So many were skipped.
    offset: usize,
    /// As it was given.
    #[schema(required)]
    limit: Option<usize>,
}

about! {
    /// Who uses a revision, and since when.
    [InvalidSelector, InvalidName, StrategyNotFound, TagNotFound, HashNotFound]
}

pub(crate) async fn usage(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<RevisionUsage>, ApiError> {
    let resolved = api.catalogue.resolve(&selector)?;
    let mut instances = api.instances.by_revision(&resolved.hash, wanted.include_stopped);
    let total = instances.len();
    let offset = wanted.offset.min(total);
    instances.drain(..offset);
    instances.truncate(wanted.limit.unwrap_or(usize::MAX));
    let usage = api.instances.usage(&resolved.name, resolved.hash);
    let (strategy, hash, limit) = (resolved.name, resolved.hash, wanted.limit);
    Ok(Json(RevisionUsage { selector, strategy, hash, usage, instances, total, offset, limit }))
}
