//! `POST /providers/{name}/start`: begins to start it; the answer does not wait for that.

use std::sync::Arc;

use axum::extract::State;

use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::{Begun, about};
use crate::api::state::Api;

about! {
    /// Begins to start a provider; the answer does not wait for that.
    [ProviderNotFound, ProviderRunning, StoreUnavailable]
}

pub(crate) async fn start(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<Begun<Detail>, ApiError> {
    let providers = Arc::clone(&api.providers);
    let record = api.carry_through(async move { Ok(providers.start(&name).await?) }).await?;
    Ok(Begun(Detail::of(&api, &record)))
}
