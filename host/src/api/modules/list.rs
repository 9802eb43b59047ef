//! `GET /strategies/modules`: every strategy with its revisions and tags, by name, in pages.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::view::{DIRECTORY, Module};
use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query};
use crate::api::state::Api;
use crate::base::{Digest, StrategyName};
use crate::catalogue::{ListFilter, strategy_name};

pub(crate) struct Wanted {
    strategy: Option<StrategyName>,
    hash: Option<Digest>,
    running_only: bool,
    limit: Option<usize>,
    offset: usize,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            strategy: parameters.parsed("strategy", StrategyName::RULE, |text| strategy_name(text).ok())?,
            hash: parameters.parsed("hash", "64 hex digits, with or without `sha256:`", |text| text.parse().ok())?,
            running_only: parameters.flag("runningOnly")?,
            limit: parameters.count("limit")?,
            offset: parameters.count("offset")?.unwrap_or(0),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Listing {
    modules: Vec<Module>,
    total: usize,
    offset: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<usize>,
    strategy_directory: &'static str,
}

pub(crate) async fn list(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Result<Json<Listing>, ApiError> {
    let Wanted { strategy, hash, running_only, limit, offset } = wanted;
    // What runs is not known to the catalogue.
    let running = || api.instances.usages().into_iter().filter(|usage| usage.running).map(|usage| usage.strategy).collect();
    let among = running_only.then(running);
    let listing = api.catalogue.list(&ListFilter { strategy, hash, among, limit, offset });
    let modules = listing.modules.into_iter().map(|summary| Module::of(summary, &api)).collect();
    Ok(Json(Listing { modules, total: listing.total, offset: listing.offset, limit, strategy_directory: DIRECTORY }))
}
