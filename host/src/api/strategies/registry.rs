//! `GET /strategies/registry`: `registry.json` as it stands, with who uses what, for audits and for comparing two days.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::catalogue::Problem;
use crate::instances::Usage;

#[derive(Serialize, ToSchema)]
#[schema(as = RegistryExport)]
pub(crate) struct Export {
    /// The file.
    #[schema(value_type = Object)]
    registry: Value,
    /// Of every revision that ever ran.
    usage: Vec<Usage>,
    /// Lines of the registry that are not used, because they break a rule.
    problems: Vec<Problem>,
}

about! {
    /// `registry.json` as it stands, with who uses what.
    []
}

pub(crate) async fn export(State(api): State<Api>, _: Query<()>) -> Result<Json<Export>, ApiError> {
    let catalogue = Arc::clone(&api.catalogue);
    // It waits for changes that are under way, which wait for the disk.
    let registry = tokio::task::spawn_blocking(move || {
        if let Err(error) = catalogue.save() {
            tracing::warn!(%error, "registry.json could not be brought up to date");
        }
        catalogue.registry()
    });
    let registry = registry.await.map_err(ApiError::internal)?;
    Ok(Json(Export { registry, usage: api.instances.usages(), problems: api.catalogue.problems() }))
}
