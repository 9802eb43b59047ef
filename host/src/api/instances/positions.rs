//! `GET /strategy/instances/{id}/positions`: what it holds per provider and symbol, with profit and fees, and their sums per
//! quote currency.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::state::Api;
use crate::trading::{Holding, Profit};

#[derive(Serialize)]
pub(crate) struct Listing {
    /// By provider and symbol.
    positions: Vec<Holding>,
    /// Of all of them, per quote currency.
    totals: Profit,
    count: usize,
}

pub(crate) async fn positions(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<Listing>, ApiError> {
    let instance = api.instances.get(&id)?.id;
    let positions = api.desk.holdings(&instance);
    Ok(Json(Listing { count: positions.len(), totals: api.desk.profit(&instance), positions }))
}
