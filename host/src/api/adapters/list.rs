//! `GET /adapters`: every kind of provider that this host has, with the settings that it takes.

use axum::Json;
use serde::Serialize;

use crate::api::extract::Query;
use crate::providers::{AdapterInfo, adapters};

#[derive(Serialize)]
pub(crate) struct Listing {
    adapters: Vec<AdapterInfo>,
}

pub(crate) async fn list(_: Query<()>) -> Json<Listing> {
    Json(Listing { adapters: adapters() })
}
