//! `GET /strategies/modules/{selector}/source`: the bytes of the entry file as they were uploaded.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::moment::Moment;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

pub(crate) async fn source(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    Query(moment): Query<Moment>,
) -> Result<impl IntoResponse, ApiError> {
    let resolved = match moment.at {
        Some(at) => api.catalogue.resolve_at(&selector, at)?,
        None => api.catalogue.resolve(&selector)?,
    };
    let hash = resolved.hash;
    let catalogue = Arc::clone(&api.catalogue);
    let source = tokio::task::spawn_blocking(move || catalogue.source(&hash)).await.map_err(ApiError::internal)??;
    Ok(([(header::CONTENT_TYPE, "application/javascript; charset=utf-8")], source.entry().bytes.clone()))
}
