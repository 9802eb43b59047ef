//! `DELETE /providers/{name}`: stops it if it runs and forgets it, unless instances have it in their scope. What was traded
//! there stays on record.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

#[derive(Serialize)]
pub(crate) struct Removed {
    status: &'static str,
    name: String,
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<Json<Removed>, ApiError> {
    let (providers, instances) = (Arc::clone(&api.providers), Arc::clone(&api.instances));
    api.carry_through(async move {
        providers.delete(&name, || instances.users_of_provider(&name)).await?;
        Ok(Json(Removed { status: "removed", name }))
    })
    .await
}
