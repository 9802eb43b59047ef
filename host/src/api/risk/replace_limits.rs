//! `PUT /risk/limits`: replaces the limits that hold for every instance. What is set here counts over the configuration file
//! from then on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::limits::Limits;
use super::limits_body::{self, HostLimitsBody};
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::trading::RiskConfig;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RiskUpdatedStatus)]
enum Word {
    Updated,
}

#[derive(Serialize, ToSchema)]
#[schema(as = RiskLimitsUpdated)]
pub(crate) struct Updated {
    status: Word,
    #[serde(flatten)]
    limits: Limits,
}

about! {
    /// Replaces the risk limits of the host.
    ///
    /// They hold at once, also for running instances, and are on the disk when they are answered.
    [RiskLimitsInvalid, StoreUnavailable]
}

pub(crate) async fn put(
    State(api): State<Api>,
    _: Query<()>,
    Body(HostLimitsBody(body)): Body<HostLimitsBody>,
) -> Result<Json<Updated>, ApiError> {
    let wanted = limits_body::host_limits(body)?;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        let before = desk.risk();
        let host = wanted.host.unwrap_or_else(|| before.host.clone());
        let config = RiskConfig { limits: wanted.limits, host, ..before };
        on_record(desk.set_risk(config.clone())).await?;
        Ok(Json(Updated { status: Word::Updated, limits: config.into() }))
    })
    .await
}
