//! `GET /metrics`: the Prometheus text format. Behind the token, because it names strategies, instances and how they trade;
//! Prometheus sends one with `authorization: { credentials_file: ... }`.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::{Answers, Operation, about};
use crate::api::state::Api;

/// The text format and what is in it.
pub(crate) struct Prometheus(String);

const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl Answers for Prometheus {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_with(200, "The metrics.", Some((TYPE, json!({ "type": "string" }))), &[]);
    }
}

impl IntoResponse for Prometheus {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, TYPE)], self.0).into_response()
    }
}

about! {
    /// Every metric, in the Prometheus text format.
    []
}

pub(crate) async fn metrics(State(api): State<Api>, _: Query<()>) -> Result<Prometheus, ApiError> {
    Ok(Prometheus(api.metrics.render()))
}
