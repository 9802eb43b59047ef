//! `GET /risk/instances/{id}/limits`: limits of one instance on top of the host's. Of each pair the stricter counts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::{Desk, RiskLimits, RiskOverrides};

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceRiskLimits)]
pub(crate) struct OwnLimits {
    /// The instance.
    id: InstanceId,
    /// What was set for it; null when nothing was.
    #[schema(required)]
    own: Option<RiskOverrides>,
    /// What holds for every instance.
    host: RiskLimits,
    /// What counts.
    effective: RiskLimits,
}

impl OwnLimits {
    fn of(desk: &Desk, id: InstanceId) -> Json<Self> {
        Json(Self { own: desk.instance_limits(&id), host: desk.risk().limits, effective: desk.effective_limits(&id), id })
    }
}

about! {
    /// The risk limits of one instance: its own, the host's, and what counts.
    [InstanceNotFound]
}

pub(crate) async fn get(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<OwnLimits>, ApiError> {
    Ok(OwnLimits::of(&api.desk, api.instances.get(&id)?.id))
}

/// Replaces them; none lets the host's count alone.
pub(super) async fn set(api: &Api, id: InstanceId, limits: Option<RiskOverrides>) -> Result<Json<OwnLimits>, ApiError> {
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        on_record(desk.set_instance_limits(&id, limits)).await?;
        Ok(OwnLimits::of(&desk, id))
    })
    .await
}
