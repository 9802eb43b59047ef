//! `POST /strategy/instances/{id}/start`: answers once its first guest takes events.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

#[derive(Serialize)]
pub(crate) struct Done {
    status: &'static str,
    id: String,
    action: &'static str,
}

pub(crate) async fn start(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<Done>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        instances.start(&id).await?;
        Ok(Json(Done { status: "ok", id, action: "start" }))
    })
    .await
}
