//! `GET /strategy/instances`: one row per instance, by id.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::state::Api;
use crate::instances::InstanceSummary;

#[derive(Serialize)]
pub(crate) struct Listing {
    instances: Vec<InstanceSummary>,
}

pub(crate) async fn list(State(api): State<Api>, _: Query<()>) -> Result<Json<Listing>, ApiError> {
    Ok(Json(Listing { instances: api.instances.list() }))
}
