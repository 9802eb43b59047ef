//! `PUT /strategies/modules/{selector}`: an upload that takes the place of a revision. The old one stays, callable by its hash; the
//! tags by which the selector found it move to the new one.

use axum::Json;
use axum::extract::State;

use super::upload::{self, Upload, Uploaded};
use crate::api::error::ApiError;
use crate::api::extract::{Body, By, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::catalogue::Selector;

about! {
    /// Uploads a source that takes the place of a revision.
    ///
    /// The old revision stays, callable by its hash; the tags by which the selector found it move to the new one.
    [InvalidSelector, InvalidName, InvalidTag, TooManyTags, InvalidFileName, ReservedTag, StrategyNotFound, TagNotFound, HashNotFound, SourceRequired, SourceTooLarge, StrategyValidationFailed, RegistryInvalid, CatalogueFlat, TooManyUploads]
}

pub(crate) async fn replace(
    State(api): State<Api>,
    Segment(selector): Segment<String>,
    by: By,
    _: Query<()>,
    Body(upload): Body<Upload>,
) -> Result<Json<Uploaded>, ApiError> {
    // Told before the source is compiled.
    api.catalogue.resolve(&selector)?;
    let replaces: Selector = selector.parse().map_err(crate::catalogue::CatalogueError::from)?;
    let (_, uploaded) = upload::store(&api, upload, Some(replaces), by).await?;
    Ok(Json(uploaded))
}
