//! `DELETE /strategy/instances/{id}`: stops it if it runs and forgets it. Its orders and executions stay in the database.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RemovedStatus)]
enum Word {
    Removed,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceRemoved)]
pub(crate) struct Removed {
    status: Word,
    /// The instance.
    id: String,
}

about! {
    /// Stops an instance if it runs and forgets it. Its orders and executions stay in the database.
    [InstanceNotFound, StoreUnavailable, NotReady]
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<Removed>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        instances.delete(&id).await?;
        Ok(Json(Removed { status: Word::Removed, id }))
    })
    .await
}
