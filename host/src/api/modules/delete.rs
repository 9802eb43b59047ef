//! `DELETE /strategies/modules/{selector}`: by bare name the whole strategy, otherwise one revision with the tags on it.
//! Instances that pin a revision keep it, also those that are stopped.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    _: Query<()>,
) -> Result<StatusCode, ApiError> {
    let (catalogue, instances) = (Arc::clone(&api.catalogue), Arc::clone(&api.instances));
    api.carry_through_blocking(move || {
        catalogue.delete(&selector, |hash| instances.users_of(hash).into_iter().map(|user| user.id).collect())?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
