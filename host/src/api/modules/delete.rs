//! `DELETE /strategies/modules/{selector}`: by bare name the whole strategy, otherwise one revision with the tags on it.
//! Instances that pin a revision keep it, also those that are stopped.

use std::sync::Arc;

use axum::extract::State;
use axum::response::NoContent;

use crate::api::error::ApiError;
use crate::api::extract::{By, FromQuery, Parameters, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

pub(crate) struct Wanted {
    reason: Option<String>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self { reason: parameters.reason()? })
    }
}

about! {
    /// Deletes a revision with the tags on it, or by bare name a whole strategy.
    ///
    /// Instances that pin a revision keep it, also those that are stopped.
    [InvalidSelector, InvalidName, StrategyNotFound, TagNotFound, HashNotFound, RevisionInUse, RegistryInvalid, CatalogueFlat]
}

pub(crate) async fn delete(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    by: By,
    Query(wanted): Query<Wanted>,
) -> Result<NoContent, ApiError> {
    let cause = by.because(wanted.reason)?;
    let (catalogue, instances) = (Arc::clone(&api.catalogue), Arc::clone(&api.instances));
    api.carry_through_blocking(move || {
        catalogue.delete(&selector, |hash| instances.users_of(hash).into_iter().map(|user| user.id).collect(), &cause)?;
        Ok(NoContent)
    })
    .await
}
