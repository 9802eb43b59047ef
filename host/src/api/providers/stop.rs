//! `POST /providers/{name}/stop`: answers once no event and no report comes any more. Open orders of a simulated venue expire.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;

use super::view::Detail;
use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Stops a provider; the answer comes once no event and no report comes any more.
    [ProviderNotFound, ProviderNotRunning, StoreUnavailable]
}

pub(crate) async fn stop(State(api): State<Api>, Segment(name): Segment<String>, _: Query<()>) -> Result<Json<Detail>, ApiError> {
    let providers = Arc::clone(&api.providers);
    let record = api.carry_through(async move { Ok(providers.stop(&name).await?) }).await?;
    Ok(Json(Detail::of(&api, &record)))
}
