//! `GET /strategies/modules/{selector}`: one strategy, seen from the revision that the selector means now.

use axum::Json;
use axum::extract::State;

use super::view::Module;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

pub(crate) async fn get(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    _: Query<()>,
) -> Result<Json<Module>, ApiError> {
    Ok(Json(Module::of(api.catalogue.summary(&selector)?, &api)))
}
