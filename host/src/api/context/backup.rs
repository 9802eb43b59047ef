//! `GET /context/backup`: providers, instances and limits as one document, without secrets.

use axum::Json;
use axum::extract::State;

use super::document::{Backup, VERSION};
use super::{providers, risk};
use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Providers, instances and limits as one document, without secrets.
    [StoreUnavailable]
}

pub(crate) async fn backup(State(api): State<Api>, _: Query<()>) -> Result<Json<Backup>, ApiError> {
    Ok(Json(Backup {
        version: VERSION,
        created_at: api.clock.now().to_rfc3339(),
        providers: providers::backup(&api),
        lambdas: api.instances.backup(),
        risk: risk::backup(&api),
    }))
}
