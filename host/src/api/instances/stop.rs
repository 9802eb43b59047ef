//! `POST /strategy/instances/{id}/stop`: the handler at hand may finish, reports that wait are delivered, then `onStop` is called.
//! Its open orders stay where they are unless `orders=cancel`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::left_orders::OnStop;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::instances::LeftOrders;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = StopStatus)]
enum Word {
    Ok,
}

/// What was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = StopAction)]
enum Action {
    Stop,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Stopped {
    status: Word,
    /// The instance.
    id: String,
    action: Action,
    /// What was done about its open orders, when there were any and they were not to be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    orders: Option<LeftOrders>,
}

about! {
    /// Stops an instance. The handler at hand may finish, and reports that wait are delivered.
    ///
    /// Its open orders stay where they are unless they are to be cancelled.
    [InstanceNotFound, InstanceNotRunning, StoreUnavailable, NotReady]
}

pub(crate) async fn stop(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(OnStop(wish)): Query<OnStop>,
) -> Result<Json<Stopped>, ApiError> {
    let instances = Arc::clone(&api.instances);
    api.carry_through(async move {
        let orders = instances.stop(&id, wish).await?;
        Ok(Json(Stopped { status: Word::Ok, id, action: Action::Stop, orders }))
    })
    .await
}
