//! `GET`, `PUT` and `DELETE /risk/instances/{id}/limits`: limits of one instance on top of the host's. Of each pair the
//! stricter counts.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};

use super::limits_body;
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query, Segment};
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::{Desk, RiskLimits, RiskOverrides};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnLimits {
    id: InstanceId,
    /// What was set for it; null when nothing was.
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

pub(crate) async fn get(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<Json<OwnLimits>, ApiError> {
    Ok(OwnLimits::of(&api.desk, api.instances.get(&id)?.id))
}

pub(crate) async fn put(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
    Body(body): Body<Map<String, Value>>,
) -> Result<Json<OwnLimits>, ApiError> {
    let id = api.instances.get(&id)?.id;
    let limits = limits_body::overrides(body)?;
    set(&api, id, Some(limits)).await
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<OwnLimits>, ApiError> {
    let id = api.instances.get(&id)?.id;
    set(&api, id, None).await
}

async fn set(api: &Api, id: InstanceId, limits: Option<RiskOverrides>) -> Result<Json<OwnLimits>, ApiError> {
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        on_record(desk.set_instance_limits(&id, limits)).await?;
        Ok(OwnLimits::of(&desk, id))
    })
    .await
}
