//! `POST /strategy/instances/{id}/start`: answers once its first guest takes events.

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
#[schema(as = StartStatus)]
enum Word {
    Ok,
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StartAction)]
enum Action {
    Start,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Started)]
pub(crate) struct Done {
    status: Word,
    /// The instance.
    id: String,
    action: Action,
}

about! {
    /// Starts an instance; answers once its first guest takes events.
    [InvalidInstance, InstanceNotFound, InstanceRunning, ProviderUnavailable, RevisionInvalid, StrategyValidationFailed, ConfigInvalid, StartFailed, TagNotFound, HashNotFound, StrategyNotFound, CapacityReached, LimitsInvalid, StoreUnavailable, NotReady]
}

pub(crate) async fn start(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<Done>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        instances.start(&id).await?;
        Ok(Json(Done { status: Word::Ok, id, action: Action::Start }))
    })
    .await
}
