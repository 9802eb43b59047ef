//! `PUT /strategies/modules/{name}/tags/{tag}`: points a tag to a revision, and moves the instances that follow it if asked to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};

use super::if_match::IfMatch;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{Body, By, Query, Segments};
use crate::api::state::Api;
use crate::api::strategies::refresh;
use crate::base::{Digest, StrategyName, Tag};
use crate::catalogue::strategy_name;
use crate::instances::{RefreshResult, RefreshTargets};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assignment {
    hash: Option<String>,
    #[serde(default)]
    refresh: bool,
    reason: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Assigned {
    status: &'static str,
    strategy: StrategyName,
    tag: Tag,
    /// As it was sent.
    hash: String,
    previous_hash: Option<Digest>,
    refresh: bool,
    /// The number of the change; null when the tag pointed there already.
    generation: Option<u64>,
    /// What became of the instances of the strategy, when a refresh was asked for and the tag moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    results: Option<Vec<RefreshResult>>,
}

pub(crate) async fn assign(
    State(api): State<Api>,
    Segments(name, tag): Segments<String, Tag>,
    IfMatch(expected): IfMatch,
    by: By,
    _: Query<()>,
    Body(asked): Body<Assignment>,
) -> Result<impl IntoResponse, ApiError> {
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
    let answer = Assigned {
        status: "tag_assigned",
        strategy: done.strategy,
        tag: done.tag,
        hash: sent,
        previous_hash: done.previous,
        refresh: asked.refresh,
        generation: done.generation,
        results,
    };
    Ok(([(header::ETAG, format!("\"{hash}\""))], Json(answer)))
}

fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}
