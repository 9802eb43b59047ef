//! `DELETE /providers/{name}`: stops it if it runs and forgets it, unless instances have it in their scope. What was traded
//! there stays on record.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProviderRemovedStatus)]
enum Word {
    Removed,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ProviderRemoved)]
pub(crate) struct Removed {
    status: Word,
    /// The provider.
    name: String,
}

about! {
    /// Stops a provider if it runs and forgets it, unless instances have it in their scope.
    ///
    /// What was traded there stays on record.
    [ProviderNotFound, ProviderInUse, StoreUnavailable]
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<Json<Removed>, ApiError> {
    let (providers, instances) = (Arc::clone(&api.providers), Arc::clone(&api.instances));
    api.carry_through(async move {
        providers.delete(&name, || instances.users_of_provider(&name)).await?;
        Ok(Json(Removed { status: Word::Removed, name }))
    })
    .await
}
