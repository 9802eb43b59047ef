//! `POST /strategy/instances/{id}/stop`: the handler at hand may finish, reports that wait are delivered, then `onStop` is called.
//! Its open orders stay where they are unless `orders=cancel`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::left_orders::OnStop;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;
use crate::instances::LeftOrders;

#[derive(Serialize)]
pub(crate) struct Stopped {
    status: &'static str,
    id: String,
    action: &'static str,
    /// What was done about its open orders, when there were any and they were not to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<LeftOrders>,
}

pub(crate) async fn stop(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(OnStop(wish)): Query<OnStop>,
) -> Result<Json<Stopped>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        let orders = instances.stop(&id, wish).await?;
        Ok(Json(Stopped { status: "ok", id, action: "stop", orders }))
    })
    .await
}
