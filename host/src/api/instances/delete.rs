//! `DELETE /strategy/instances/{id}`: stops it if it runs and forgets it. Its orders and executions stay in the database.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

#[derive(Serialize)]
pub(crate) struct Removed {
    status: &'static str,
    id: String,
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<Removed>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        instances.delete(&id).await?;
        Ok(Json(Removed { status: "removed", id }))
    })
    .await
}
