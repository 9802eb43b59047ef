//! `GET /healthz`: the process answers. Open to everybody: says nothing about what runs.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = LiveStatus)]
enum Word {
    Ok,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Live {
    /// Always `ok`.
    status: Word,
}

about! {
    /// The process lives.
    []
}

pub(crate) async fn live(_: Query<()>) -> Result<Json<Live>, ApiError> {
    Ok(Json(Live { status: Word::Ok }))
}
