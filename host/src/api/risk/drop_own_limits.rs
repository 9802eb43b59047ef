//! `DELETE /risk/instances/{id}/limits`: lets the host's limits count alone for one instance.

use axum::Json;
use axum::extract::State;

use super::own_limits::{OwnLimits, set};
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Takes away the risk limits of one instance: the host's count alone.
    [InstanceNotFound, StoreUnavailable]
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<OwnLimits>, ApiError> {
    let id = api.instances.get(&id)?.id;
    set(&api, id, None).await
}
