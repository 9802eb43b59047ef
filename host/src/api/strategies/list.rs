//! `GET /strategies`: the metadata of every strategy's default revision as of the last refresh, by name (decision 6). Invalid
//! ones are left out; they are listed with their diagnostics under `/strategies/modules`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::shown;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::sandbox::Metadata;

#[derive(Serialize, ToSchema)]
#[schema(as = StrategyListing)]
pub(crate) struct Listing {
    /// By name.
    strategies: Vec<Metadata>,
}

about! {
    /// The metadata of every strategy's default revision, by name, as of the last refresh.
    ///
    /// Invalid ones are left out; `/strategies/modules` lists them with what is wrong.
    []
}

pub(crate) async fn list(State(api): State<Api>, _: Query<()>) -> Result<Json<Listing>, ApiError> {
    Ok(Json(Listing { strategies: api.catalogue.loaded().iter().map(|metadata| shown(metadata)).collect() }))
}
