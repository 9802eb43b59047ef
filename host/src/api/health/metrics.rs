//! `GET /metrics`: the Prometheus text format. Behind the token, because it names strategies, instances and how they trade;
//! Prometheus sends one with `authorization: { credentials_file: ... }`.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::state::Api;

pub(crate) async fn metrics(State(api): State<Api>, _: Query<()>) -> Result<impl IntoResponse, ApiError> {
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], api.metrics.render()))
}
