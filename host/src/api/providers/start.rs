//! `POST /providers/{name}/start`: begins to start it; the answer does not wait for that.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;

use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

pub(crate) async fn start(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<impl IntoResponse, ApiError> {
    let providers = Arc::clone(&api.providers);
    let record = api.carry_through(async move { Ok(providers.start(&name).await?) }).await?;
    Ok((StatusCode::ACCEPTED, Json(Detail::of(&api, record))))
}
