//! `DELETE /strategy/instances/{id}`: stops it if it runs and forgets it. Its open orders are cancelled unless `orders=keep`; what
//! was ordered and executed stays in the database.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::left_orders::OnDelete;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;
use crate::instances::LeftOrders;

#[derive(Serialize)]
pub(crate) struct Removed {
    status: &'static str,
    id: String,
    /// What was done about its open orders, when there were any and they were not to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders: Option<LeftOrders>,
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(OnDelete(wish)): Query<OnDelete>,
) -> Result<Json<Removed>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        let orders = instances.delete(&id, wish).await?;
        Ok(Json(Removed { status: "removed", id, orders }))
    })
    .await
}
