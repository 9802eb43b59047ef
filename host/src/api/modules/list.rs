//! `GET /strategies/modules`: every strategy with its revisions and tags, by name, in pages.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{DIRECTORY, Module};
use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Rule};
use crate::api::openapi::about;
use crate::api::openapi::spelling::{AnyHash, AnyStrategy};
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
            strategy: parameters.says("Only this one.").parsed(
                "strategy",
                Rule::spelled::<AnyStrategy>(StrategyName::RULE),
                |text| strategy_name(text).ok(),
            )?,
            hash: parameters.says("Only the strategy with this revision, which is then the selected one.").parsed(
                "hash",
                Rule::spelled::<AnyHash>("64 hex digits, with or without `sha256:`"),
                |text| text.parse().ok(),
            )?,
            running_only: parameters.says("Only those with running instances.").flag("runningOnly")?,
            limit: parameters.says("At most so many; without it all.").count("limit")?,
            offset: parameters.says("So many are skipped.").count("offset")?.unwrap_or(0),
        })
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ModuleListing)]
pub(crate) struct Listing {
    /// A page of them, by name.
    modules: Vec<Module>,
    /// Without paging.
    total: usize,
    /// Never more than `total`.
    offset: usize,
    /// As it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    limit: Option<usize>,
    /// Stands for the directory of the host, which is not shown.
    strategy_directory: &'static str,
}

about! {
    /// Every strategy with its revisions and tags, by name.
    []
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
