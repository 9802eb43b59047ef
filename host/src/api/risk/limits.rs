//! `GET /risk/limits`: the limits that hold for every instance, and those that all instances share.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::trading::{HostLimits, RiskConfig, RiskLimits};

#[derive(Serialize, ToSchema)]
#[schema(as = HostRiskLimits)]
pub(crate) struct Limits {
    /// Of each instance by itself.
    limits: RiskLimits,
    /// Of all instances of a provider together.
    host: HostLimits,
}

impl From<RiskConfig> for Limits {
    fn from(config: RiskConfig) -> Self {
        Self { limits: config.limits, host: config.host }
    }
}

about! {
    /// The risk limits of the host.
    []
}

pub(crate) async fn get(State(api): State<Api>, _: Query<()>) -> Json<Limits> {
    Json(api.desk.risk().into())
}
