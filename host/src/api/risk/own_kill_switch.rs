//! `POST` and `DELETE /risk/instances/{id}/kill-switch`: stops the orders of one instance, and lets them go again, its breaches
//! and its circuit breaker with it. An answer says that it is on the disk.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::kill_switch::Request;
use super::on_record;
use crate::api::error::ApiError;
use crate::api::extract::{By, MaybeBody, Query, Segment};
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::RiskState;

#[derive(Serialize)]
pub(crate) struct Switched {
    /// `engaged`, `reset` or `notEngaged`.
    status: &'static str,
    id: InstanceId,
    #[serde(flatten)]
    state: RiskState,
}

pub(crate) async fn engage(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
    by: By,
    MaybeBody(request): MaybeBody<Request>,
) -> Result<Json<Switched>, ApiError> {
    let id = api.instances.get(&id)?.id;
    let order = request.unwrap_or_default().order(&api, by)?;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        on_record(desk.stop(&id, order)?).await?;
        Ok(Json(Switched { status: "engaged", state: desk.risk_state(&id), id }))
    })
    .await
}

pub(crate) async fn reset(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<Switched>, ApiError> {
    let id = api.instances.get(&id)?.id;
    let desk = Arc::clone(&api.desk);
    api.carry_through(async move {
        let (released, written) = desk.release(&id)?;
        on_record(written).await?;
        let status = if released { "reset" } else { "notEngaged" };
        Ok(Json(Switched { status, state: desk.risk_state(&id), id }))
    })
    .await
}
