//! `GET /strategies/modules/{selector}`: one strategy, seen from the revision that the selector means now, or meant at a time.

use axum::Json;
use axum::extract::State;

use super::moment::Moment;
use super::view::Module;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// One strategy, seen from the revision that the selector means.
    [InvalidSelector, InvalidName, StrategyNotFound, TagNotFound, HashNotFound]
}

pub(crate) async fn get(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    Query(moment): Query<Moment>,
) -> Result<Json<Module>, ApiError> {
    let summary = match moment.at {
        Some(at) => api.catalogue.summary_at(&selector, at)?,
        None => api.catalogue.summary(&selector)?,
    };
    Ok(Json(Module::of(summary, &api)))
}
