//! `GET /strategy/instances/{id}/logs`: the newest lines that are kept, oldest first. A reader follows the log by asking
//! with `after` set to the last answer's `next`, and goes back in it with `before` set to its `previous`.

use axum::Json;
use axum::extract::State;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Rule, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::instances::{LogPage, LogQuery, LogSource};
use crate::sandbox::LogLevel;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_CAP: u32 = 1_000;

impl FromQuery for LogQuery {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let sequence = Rule::Whole { words: "a non-negative integer", least: 0, default: None };
        let read = |text: &str| text.parse().ok();
        let after = parameters.says("Only lines after this sequence: to follow the log.").parsed("after", sequence, read)?;
        let before = parameters.says("Only lines before this sequence: to go back.").parsed("before", sequence, read)?;
        let limit = parameters.limit(LIMIT_DEFAULT, LIMIT_CAP)?;
        let level = parameters.says("Only this level and above.").parsed(
            "level",
            Rule::OneOf(|| LEVELS.map(LogLevel::as_str).to_vec()),
            level,
        )?;
        let source = parameters.says("Only lines of this writer.").parsed(
            "source",
            Rule::OneOf(|| SOURCES.map(LogSource::as_str).to_vec()),
            source,
        )?;
        Ok(Self { after, before, limit: limit as usize, level: level.unwrap_or(LogLevel::Debug), source })
    }
}

const LEVELS: [LogLevel; 4] = [LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error];
const SOURCES: [LogSource; 2] = [LogSource::Guest, LogSource::Host];

fn source(text: &str) -> Option<LogSource> {
    SOURCES.into_iter().find(|source| source.as_str().eq_ignore_ascii_case(text))
}

fn level(text: &str) -> Option<LogLevel> {
    LEVELS.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text))
}

about! {
    /// The newest lines of an instance's log that are kept, oldest first.
    ///
    /// A reader follows the log by asking with `after` set to the last answer's `next`, and goes back in it with `before` set to
    /// its `previous`.
    [InstanceNotFound]
}

pub(crate) async fn logs(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(query): Query<LogQuery>,
) -> Result<Json<LogPage>, ApiError> {
    Ok(Json(api.instances.logs(&id, query)?))
}
