//! `GET /strategy/instances/{id}/logs`: the newest lines that are kept, oldest first. A reader follows the log by asking
//! with `after` set to the last answer's `next`, and goes back in it with `before` set to its `previous`.

use axum::Json;
use axum::extract::State;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Segment};
use crate::api::state::Api;
use crate::instances::{LogPage, LogQuery, LogSource};
use crate::sandbox::LogLevel;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_CAP: u32 = 1_000;

impl FromQuery for LogQuery {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let sequence = |text: &str| text.parse().ok();
        let after = parameters.parsed("after", "a non-negative integer", sequence)?;
        let before = parameters.parsed("before", "a non-negative integer", sequence)?;
        let limit = parameters.limit(LIMIT_DEFAULT, LIMIT_CAP)?;
        let level = parameters.parsed("level", "one of debug, info, warn, error", level)?;
        let source = parameters.parsed("source", "one of guest, host", source)?;
        Ok(Self { after, before, limit: limit as usize, level: level.unwrap_or(LogLevel::Debug), source })
    }
}

fn source(text: &str) -> Option<LogSource> {
    [LogSource::Guest, LogSource::Host].into_iter().find(|source| source.as_str().eq_ignore_ascii_case(text))
}

fn level(text: &str) -> Option<LogLevel> {
    let levels = [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
    levels.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text))
}

pub(crate) async fn logs(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>, ApiError> {
    Ok(Json(api.instances.logs(&id, query)?))
}
