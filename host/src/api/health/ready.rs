//! `GET /readyz`: everything is restored, the database takes writes, and requests will be carried out. Open to everybody: a load balancer has no token.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::error::{ApiError, Code};
use crate::api::extract::Query;
use crate::api::state::Api;

#[derive(Serialize)]
pub(crate) struct Ready {
    status: &'static str,
}

pub(crate) async fn ready(State(api): State<Api>, _: Query<()>) -> Result<Json<Ready>, ApiError> {
    api.store.healthy()?;
    if api.readiness.is_ready() {
        return Ok(Json(Ready { status: "ready" }));
    }
    Err(ApiError::new(Code::NotReady, "the host is starting or stopping; try again in a moment"))
}
