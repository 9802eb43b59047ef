//! `GET /healthz`: the process answers. Open to everybody: says nothing about what runs.

use axum::Json;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::extract::Query;

#[derive(Serialize)]
pub(crate) struct Live {
    status: &'static str,
}

pub(crate) async fn live(_: Query<()>) -> Result<Json<Live>, ApiError> {
    Ok(Json(Live { status: "ok" }))
}
