//! `POST /strategy/instances/{id}/stop`: the handler at hand may finish. Its open orders stay where they are.

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
#[schema(as = StopStatus)]
enum Word {
    Ok,
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StopAction)]
enum Action {
    Stop,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Stopped)]
pub(crate) struct Done {
    status: Word,
    /// The instance.
    id: String,
    action: Action,
}

about! {
    /// Stops an instance. The handler at hand may finish; open orders stay where they are.
    [InstanceNotFound, InstanceNotRunning, StoreUnavailable, NotReady]
}

pub(crate) async fn stop(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<Done>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        instances.stop(&id).await?;
        Ok(Json(Done { status: Word::Ok, id, action: Action::Stop }))
    })
    .await
}
