//! `GET /adapters/{id}`: one kind of provider. Case counts.

use axum::Json;

use crate::api::error::{ApiError, Code};
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::providers::{AdapterInfo, adapter};

about! {
    /// One kind of provider; case counts.
    [AdapterNotFound]
}

pub(crate) async fn get(Segment(id): Segment<String>, _: Query<()>) -> Result<Json<AdapterInfo>, ApiError> {
    adapter(&id).map(Json).ok_or_else(|| ApiError::new(Code::AdapterNotFound, "adapter not found; GET /adapters lists them"))
}
