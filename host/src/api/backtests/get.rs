//! `GET /backtests/{id}`: one run, with its report when it is done.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::backtest::jobs::{JobRecord, JobStatus};

pub(crate) struct Wanted {
    leave_out: bool,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self { leave_out: parameters.says("Leave the report out.").flag("withoutReport")? })
    }
}

/// A run with its report.
#[derive(Serialize, ToSchema)]
#[schema(as = BacktestDetail)]
pub(crate) struct Detail {
    #[serde(flatten)]
    record: JobRecord,
    /// As `sandpit backtest --format json` answers; null until it is done, or when it was to be left out.
    #[schema(value_type = Option<Object>, required)]
    report: Option<Value>,
}

about! {
    /// One run over recorded data, with its report when it is done.
    [BacktestNotFound]
}

pub(crate) async fn get(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Detail>, ApiError> {
    let record = api.backtests.get(&id)?;
    if wanted.leave_out || record.status != JobStatus::Done {
        return Ok(Json(Detail { record, report: None }));
    }
    let work = api.clone();
    api.carry_through_blocking(move || Ok(Json(Detail { report: work.backtests.report(&record.id), record }))).await
}
