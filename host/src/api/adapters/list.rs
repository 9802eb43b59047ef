//! `GET /adapters`: every kind of provider that this host has, with the settings that it takes.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::extract::Query;
use crate::api::openapi::about;
use crate::providers::{AdapterInfo, adapters};

#[derive(Serialize, ToSchema)]
#[schema(as = AdapterListing)]
pub(crate) struct Listing {
    /// By identifier.
    adapters: Vec<AdapterInfo>,
}

about! {
    /// Every kind of provider that this host has, with the settings that it takes.
    []
}

pub(crate) async fn list(_: Query<()>) -> Json<Listing> {
    Json(Listing { adapters: adapters() })
}
