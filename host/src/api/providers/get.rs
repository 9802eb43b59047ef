//! `GET /providers/{name}`: one connection to a venue, with its instruments.

use axum::Json;
use axum::extract::State;

use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// One connection to a venue, with its instruments.
    [ProviderNotFound]
}

pub(crate) async fn get(State(api): State<Api>, Segment(name): Segment<String>, _: Query<()>) -> Result<Json<Detail>, ApiError> {
    let record = api.providers.get(&name)?;
    Ok(Json(Detail::of(&api, &record)))
}
