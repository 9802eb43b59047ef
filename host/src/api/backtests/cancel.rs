//! `POST /backtests/{id}/cancel`: asks a run to end.

use axum::Json;
use axum::extract::State;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::backtest::jobs::JobRecord;

about! {
    /// Asks a run to end. One that is over stays as it is.
    ///
    /// One that waits is cancelled at once, one that is played some thousand records later.
    [BacktestNotFound]
}

pub(crate) async fn cancel(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    _: Query<()>,
) -> Result<Json<JobRecord>, ApiError> {
    let work = api.clone();
    api.carry_through_blocking(move || Ok(Json(work.backtests.cancel(&id)?))).await
}
