//! `GET /openapi.json`: the description of every route. The same for the life of the process.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::about;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::state::Api;

about! {
    /// The description of the control plane, OpenAPI 3.1.
    []
}

/// An OpenAPI document.
#[derive(Clone, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(as = OpenApi, value_type = Object)]
pub(crate) struct Description(Arc<Value>);

pub(crate) async fn get(State(api): State<Api>, _: Query<()>) -> Result<Json<Description>, ApiError> {
    Ok(Json(Description(Arc::clone(api.description().value()))))
}
