//! `POST /providers`: puts a connection to a venue on record. Unless it is not enabled it is started afterwards: the answer does
//! not wait for that.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use super::body::Setup;
use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query};
use crate::api::state::Api;
use crate::providers::ProviderSpec;

pub(crate) async fn create(
    State(api): State<Api>,
    _: Query<()>,
    Body(setup): Body<Setup>,
) -> Result<impl IntoResponse, ApiError> {
    let (spec, providers) = (ProviderSpec::try_from(setup)?, Arc::clone(&api.providers));
    let record = api.carry_through(async move { Ok(providers.create(spec).await?) }).await?;
    let location = format!("/providers/{}", record.name);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(Detail::of(&api, record))))
}
