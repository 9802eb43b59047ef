//! `GET /readyz`: everything is restored, the database takes writes, and requests will be carried out. Open to everybody: a load balancer has no token.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{ApiError, Code};
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ReadyStatus)]
enum Word {
    Ready,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Always `ready`.
    status: Word,
}

about! {
    /// Requests will be carried out.
    ///
    /// Everything is restored, and the database takes writes.
    [NotReady, StoreUnavailable]
}

pub(crate) async fn ready(State(api): State<Api>, _: Query<()>) -> Result<Json<Ready>, ApiError> {
    api.store.healthy()?;
    if api.readiness.is_ready() {
        return Ok(Json(Ready { status: Word::Ready }));
    }
    Err(ApiError::new(Code::NotReady, "the host is starting or stopping; try again in a moment"))
}
