//! `GET /risk/instances/{id}`: where one instance stands: breaches, kill switch, how far a flatten has come, its money of today.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::{RiskLimits, RiskState};

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceRisk)]
pub(crate) struct Standing {
    /// The instance.
    id: InstanceId,
    #[serde(flatten)]
    state: RiskState,
    /// What counts for it.
    limits: RiskLimits,
}

about! {
    /// Where one instance stands with risk: breaches, kill switch, how far a flatten is, its money of today, its limits.
    [InstanceNotFound]
}

pub(crate) async fn get(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<Standing>, ApiError> {
    let id = api.instances.get(&id)?.id;
    Ok(Json(Standing { state: api.desk.risk_state(&id), limits: api.desk.effective_limits(&id), id }))
}
