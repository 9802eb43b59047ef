//! `GET /providers`: every connection to a venue, by name.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::Summary;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;

#[derive(Serialize, ToSchema)]
#[schema(as = ProviderListing)]
pub(crate) struct Listing {
    /// By name.
    providers: Vec<Summary>,
}

about! {
    /// Every connection to a venue, by name. Secrets are never shown.
    []
}

pub(crate) async fn list(State(api): State<Api>, _: Query<()>) -> Result<Json<Listing>, ApiError> {
    let providers = api.providers.list().iter().map(|record| Summary::of(&api, record)).collect();
    Ok(Json(Listing { providers }))
}
