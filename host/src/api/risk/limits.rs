//! `GET` and `PUT /risk/limits`: the limits that hold for every instance, and those that all instances share. What is set here
//! counts over the configuration file from then on.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};

use super::limits_body;
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query};
use crate::api::state::Api;
use crate::trading::{HostLimits, RiskConfig, RiskLimits};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Limits {
    /// Of each instance.
    limits: RiskLimits,
    /// Of all instances of a provider together.
    host: HostLimits,
}

impl From<RiskConfig> for Limits {
    fn from(config: RiskConfig) -> Self {
        Self { limits: config.limits, host: config.host }
    }
}

#[derive(Serialize)]
pub(crate) struct Updated {
    status: &'static str,
    #[serde(flatten)]
    limits: Limits,
}

pub(crate) async fn get(State(api): State<Api>, _: Query<()>) -> Json<Limits> {
    Json(api.desk.risk().into())
}

pub(crate) async fn put(
    State(api): State<Api>,
    _: Query<()>,
    Body(body): Body<Map<String, Value>>,
) -> Result<Json<Updated>, ApiError> {
    let wanted = limits_body::host_limits(body)?;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        let before = desk.risk();
        let host = wanted.host.unwrap_or_else(|| before.host.clone());
        let config = RiskConfig { limits: wanted.limits, host, ..before };
        on_record(desk.set_risk(config.clone())).await?;
        Ok(Json(Updated { status: "updated", limits: config.into() }))
    })
    .await
}
