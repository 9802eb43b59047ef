//! `PUT /strategies/modules/{name}/tags/{tag}`: points a tag to a revision, and moves the instances that follow it if asked to.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::if_match::IfMatch;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, By, Query, Segments};
use crate::api::openapi::spelling::AnyHash;
use crate::api::openapi::{Tagged, about, examples};
use crate::api::state::Api;
use crate::api::strategies::refresh;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::strategy_name;
use crate::instances::{RefreshResult, RefreshTargets};

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(examples::assignment))]
pub(crate) struct Assignment {
    /// The revision that the tag is to point to.
    #[schema(value_type = AnyHash)]
    hash: Option<String>,
    /// Whether the instances that follow the tag move now.
    #[serde(default)]
    refresh: bool,
    /// Why, for the history.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// What it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AssignedStatus)]
enum Word {
    TagAssigned,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assigned {
    status: Word,
    strategy: StrategyName,
    tag: Tag,
    /// As it was sent.
    hash: String,
    /// Where the tag pointed before; null when it was not there.
    #[schema(required)]
    previous_hash: Option<Digest>,
    /// As it was sent.
    refresh: bool,
    /// The number of the change; null when the tag pointed there already.
    #[schema(required)]
    generation: Option<u64>,
    /// What became of the instances of the strategy, when a refresh was asked for and the tag moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    results: Option<Vec<RefreshResult>>,
}

about! {
    /// Points a tag to a revision.
    ///
    /// Instances that follow the tag move only when a refresh is asked for.
    [InvalidName, InvalidTag, HashRequired, HashNotFound, StrategyNotFound, TagMoved, RegistryInvalid, CatalogueFlat]
}

pub(crate) async fn assign(
    State(api): State<Api>,
    Segments(name, tag): Segments<String, Tag>,
    IfMatch(expected): IfMatch,
    by: By,
    _: Query<()>,
    Body(asked): Body<Assignment>,
) -> Result<Tagged<Assigned>, ApiError> {
    let name = strategy_name(&name)?;
    let sent = asked.hash.map(|hash| hash.trim().to_owned()).filter(|hash| !hash.is_empty());
    let sent =
        sent.ok_or_else(|| ApiError::new(Code::HashRequired, "hash required: the revision that the tag is to point to"))?;
    let unknown = |error| ApiError::new(Code::HashNotFound, format!("hash \"{}\" not found for {name}: {error}", shown(&sent)));
    let hash: Digest = sent.parse().map_err(unknown)?;
    let cause = by.because(asked.reason)?;
    let catalogue = Arc::clone(&api.catalogue);
    let (strategy, pointer) = (name.clone(), tag.clone());
    let done = api.carry_through_blocking(move || Ok(catalogue.assign(&strategy, &pointer, &hash, expected, &cause)?)).await?;
    let moved = done.generation.is_some();
    if moved && done.previous.is_some() {
        api.counters().tag_reassigned(&done.strategy, &done.tag);
    }
    let results = if asked.refresh && moved {
        let targets = RefreshTargets { hashes: Vec::new(), strategies: vec![name.to_string()] };
        Some(refresh::run(&api, targets).await?)
    } else {
        None
    };
    let view = Assigned {
        status: Word::TagAssigned,
        strategy: done.strategy,
        tag: done.tag,
        hash: sent,
        previous_hash: done.previous,
        refresh: asked.refresh,
        generation: done.generation,
        results,
    };
    Ok(Tagged { hash, view })
}

fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
