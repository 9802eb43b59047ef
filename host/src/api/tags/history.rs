//! `GET /strategies/modules/{name}/tags/{tag}/history`: where a tag has pointed, newest first; also of what was deleted.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Rule, Segments};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{StrategyName, Tag};
use crate::catalogue::{TagEvent, strategy_name};

pub(crate) struct Wanted {
    limit: u32,
    before: Option<u64>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let before = parameters.says("Only changes before this number: the `next` of the last page.").parsed(
            "before",
            Rule::Whole { words: "a generation: a whole number", least: 0, default: None },
            |text| text.parse().ok(),
        )?;
        Ok(Self { limit: parameters.limit(100, 1_000)?, before })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = TagHistory)]
pub(crate) struct Page {
    strategy: StrategyName,
    tag: Tag,
    /// Newest first.
    history: Vec<TagEvent>,
    /// The `before` of the next page; null when there is none.
    #[schema(required)]
    next: Option<u64>,
}

about! {
    /// Where a tag has pointed, newest first; also of what was deleted.
    [InvalidName, StrategyNotFound, TagNotFound]
}

pub(crate) async fn history(
    State(api): State<Api>,
    Segments(name, tag): Segments<String, Tag>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page>, ApiError> {
    let strategy = strategy_name(&name)?;
    let mut history = api.catalogue.history(&strategy, &tag)?;
    history.retain(|event| wanted.before.is_none_or(|before| event.generation < before));
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let more = history.len() > limit;
    history.truncate(limit);
    let next = history.last().filter(|_| more).map(|last| last.generation);
    Ok(Json(Page { strategy, tag, history, next }))
}
