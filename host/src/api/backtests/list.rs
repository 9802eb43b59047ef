//! `GET /backtests`: every run in one row, the newest first, in pages.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::backtest::jobs::JobRecord;

pub(crate) struct Wanted {
    limit: u32,
    offset: usize,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let limit = parameters.limit(50, 500)?;
        Ok(Self { limit, offset: parameters.says("So many are skipped.").count("offset")?.unwrap_or(0) })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = BacktestListing)]
pub(crate) struct Listing {
    /// A page of them, the newest first.
    backtests: Vec<JobRecord>,
    /// Without paging.
    total: usize,
}

about! {
    /// Every run over recorded data, the newest first.
    []
}

pub(crate) async fn list(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Result<Json<Listing>, ApiError> {
    let (backtests, total) = api.backtests.list(wanted.offset, wanted.limit as usize);
    Ok(Json(Listing { backtests, total }))
}
