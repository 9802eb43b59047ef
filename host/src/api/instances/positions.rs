//! `GET /strategy/instances/{id}/positions`: what it holds per provider and symbol, with profit and fees, and their sums per
//! quote currency.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::instances::view::tidy;
use crate::trading::{Holding, Profit, ProfitLine};

#[derive(Serialize, ToSchema)]
#[schema(as = PositionListing)]
pub(crate) struct Listing {
    /// By provider and symbol.
    positions: Vec<Holding>,
    /// Of all of them, per quote currency.
    #[schema(value_type = BTreeMap<String, ProfitLine>)]
    totals: Profit,
    /// Of the positions listed.
    count: usize,
}

about! {
    /// What an instance holds per provider and symbol, with profit and fees, and their sums per quote currency.
    [InstanceNotFound]
}

pub(crate) async fn positions(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<Listing>, ApiError> {
    let instance = api.instances.get(&id)?.id;
    let positions = api.desk.holdings(&instance);
    Ok(Json(Listing { count: positions.len(), totals: tidy(api.desk.profit(&instance)), positions }))
}
