//! `PUT /providers/{name}`: other settings in the place of all that it has, secrets that are left out excepted. A provider that runs
//! is stopped before, and started again before the answer unless it is not enabled.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::body::Setup;
use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::providers::ProviderSpec;

about! {
    /// Replaces all settings of a provider, secrets that are left out excepted.
    ///
    /// One that runs is stopped before, and started again before the answer unless it is not enabled.
    [InvalidProvider, ProviderNotFound, ConfigInvalid, StoreUnavailable]
}

pub(crate) async fn replace(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
    Body(setup): Body<Setup>,
) -> Result<Json<Detail>, ApiError> {
    let (spec, providers) = (ProviderSpec::try_from(setup)?, Arc::clone(&api.providers));
    let record = api.carry_through(async move { Ok(providers.replace(&name, spec).await?) }).await?;
    Ok(Json(Detail::of(&api, &record)))
}
