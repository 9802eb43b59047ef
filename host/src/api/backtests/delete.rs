//! `DELETE /backtests/{id}`: forgets a run that is over, and its report.

use axum::extract::State;
use axum::response::NoContent;

use crate::api::error::ApiError;
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;

about! {
    /// Forgets a run that is over, and its report.
    [BacktestNotFound, BacktestNotOver]
}

pub(crate) async fn delete(State(api): State<Api>, Segment(id): Segment<String>, _: Query<()>) -> Result<NoContent, ApiError> {
    let work = api.clone();
    api.carry_through_blocking(move || Ok(work.backtests.remove(&id)?)).await?;
    Ok(NoContent)
}
