//! `POST /strategy/instances/{id}/stop`: the handler at hand may finish. Its open orders stay where they are.

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

pub(crate) async fn stop(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<Done>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        instances.stop(&id).await?;
        Ok(Json(Done { status: "ok", id, action: "stop" }))
    })
    .await
}
