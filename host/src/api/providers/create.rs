//! `POST /providers`: puts a connection to a venue on record. Unless it is not enabled it is started afterwards: the answer does
//! not wait for that.

use std::sync::Arc;

use axum::extract::State;

use super::body::Setup;
use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Body, Query};
use crate::api::openapi::{BegunAt, about};
use crate::api::state::Api;
use crate::providers::ProviderSpec;

about! {
    /// Puts a connection to a venue on record.
    ///
    /// Unless it is not enabled it is started afterwards: the answer does not wait for that.
    [InvalidProvider, InvalidName, ProviderExists, ConfigInvalid, StoreUnavailable]
}

pub(crate) async fn create(State(api): State<Api>, _: Query<()>, Body(setup): Body<Setup>) -> Result<BegunAt<Detail>, ApiError> {
    let (spec, providers) = (ProviderSpec::try_from(setup)?, Arc::clone(&api.providers));
    let record = api.carry_through(async move { Ok(providers.create(spec).await?) }).await?;
    let location = format!("/providers/{}", record.name);
    Ok(BegunAt { location, view: Detail::of(&api, &record) })
}
