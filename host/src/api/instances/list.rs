//! `GET /strategy/instances`: one row per instance, by id.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::instances::InstanceSummary;

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceListing)]
pub(crate) struct Listing {
    /// By id.
    instances: Vec<InstanceSummary>,
}

about! {
    /// Every instance in one row, by id.
    []
}

pub(crate) async fn list(State(api): State<Api>, _: Query<()>) -> Result<Json<Listing>, ApiError> {
    Ok(Json(Listing { instances: api.instances.list() }))
}
