//! `DELETE /strategy/instances/{id}`: stops it if it runs and forgets it. Its open orders are cancelled unless `orders=keep`; what
//! was ordered and executed stays in the database.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::left_orders::OnDelete;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::instances::LeftOrders;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RemovedStatus)]
enum Word {
    Removed,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InstanceRemoved)]
pub(crate) struct Removed {
    status: Word,
    /// The instance.
    id: String,
    /// What was done about its open orders, when there were any and they were not to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    orders: Option<LeftOrders>,
}

about! {
    /// Stops an instance if it runs and forgets it. Its open orders are cancelled unless they are to be kept.
    ///
    /// What it ordered and what was executed stays in the database.
    [InstanceNotFound, StoreUnavailable, NotReady]
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(OnDelete(wish)): Query<OnDelete>,
) -> Result<Json<Removed>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        let orders = instances.delete(&id, wish).await?;
        Ok(Json(Removed { status: Word::Removed, id, orders }))
    })
    .await
}
