//! `GET /strategies`: the metadata of every strategy's default revision, by name. Invalid ones are left out; they are listed
//! with their diagnostics under `/strategies/modules`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::view::shown;
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::state::Api;
use crate::catalogue::ListFilter;
use crate::sandbox::Metadata;

#[derive(Serialize)]
pub(crate) struct Listing {
    strategies: Vec<Metadata>,
}

pub(crate) async fn list(State(api): State<Api>, _: Query<()>) -> Result<Json<Listing>, ApiError> {
    let modules = api.catalogue.list(&ListFilter::default()).modules;
    Ok(Json(Listing { strategies: modules.iter().filter_map(|module| module.metadata.as_deref()).map(shown).collect() }))
}
