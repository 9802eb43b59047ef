//! `GET /strategies/{name}`: the metadata of one strategy's default revision.

use axum::Json;
use axum::extract::State;

use super::view::shown;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;
use crate::catalogue::strategy_name;
use crate::sandbox::Metadata;

pub(crate) async fn get(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<Json<Metadata>, ApiError> {
    let hash = api.catalogue.resolve(strategy_name(&name)?.as_str())?.hash;
    Ok(Json(shown(api.catalogue.revision(&hash)?.metadata()?)))
}
