//! `GET /strategies/modules/{selector}/source`: the bytes of the entry file as they were uploaded.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::moment::Moment;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::{Answers, Operation, about};
use crate::api::state::Api;

/// A source of a strategy.
pub(crate) struct JavaScript(Vec<u8>);

const TYPE: &str = "application/javascript; charset=utf-8";

impl Answers for JavaScript {
    fn describe(operation: &mut Operation<'_>) {
        operation.answers_with(200, "The source.", Some((TYPE, json!({ "type": "string" }))), &[]);
    }
}

impl IntoResponse for JavaScript {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, TYPE)], self.0).into_response()
    }
}

about! {
    /// The bytes of the entry file as they were uploaded.
    [InvalidSelector, InvalidName, StrategyNotFound, TagNotFound, HashNotFound, RevisionInvalid]
}

pub(crate) async fn source(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    Query(moment): Query<Moment>,
) -> Result<JavaScript, ApiError> {
    let resolved = match moment.at {
        Some(at) => api.catalogue.resolve_at(&selector, at)?,
        None => api.catalogue.resolve(&selector)?,
    };
    let hash = resolved.hash;
    let catalogue = Arc::clone(&api.catalogue);
    let source = tokio::task::spawn_blocking(move || catalogue.source(&hash)).await.map_err(ApiError::internal)??;
    Ok(JavaScript(source.entry().bytes.clone()))
}
