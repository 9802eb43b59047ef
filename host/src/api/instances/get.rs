//! `GET /strategy/instances/{id}`: what it runs, where it stands, what it has used and what went wrong.

use axum::Json;
use axum::extract::State;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::instances::InstanceView;

about! {
    /// What an instance runs, where it stands, what it has used and what went wrong.
    [InstanceNotFound]
}

pub(crate) async fn get(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<InstanceView>, ApiError> {
    Ok(Json(api.instances.get(&id)?))
}
