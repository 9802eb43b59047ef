//! `PUT /risk/instances/{id}/limits`: replaces the limits of one instance.

use axum::Json;
use axum::extract::State;

use super::limits_body::{self, OwnLimitsBody};
use super::own_limits::{OwnLimits, set};
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Replaces the risk limits of one instance.
    ///
    /// Each may be left out. Of each pair the stricter of the host's and the instance's counts: nothing is loosened.
    [InstanceNotFound, RiskLimitsInvalid, StoreUnavailable]
}

pub(crate) async fn put(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
    Body(OwnLimitsBody(body)): Body<OwnLimitsBody>,
) -> Result<Json<OwnLimits>, ApiError> {
    let id = api.instances.get(&id)?.id;
    let limits = limits_body::overrides(body)?;
    set(&api, id, Some(limits)).await
}
