//! `GET /strategies/{name}`: the metadata of one strategy's default revision as of the last refresh.

use axum::Json;
use axum::extract::State;

use super::view::shown;
use crate::api::error::{ApiError, Code};
use crate::api::extract::{Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::catalogue::strategy_name;
use crate::sandbox::Metadata;

about! {
    /// The metadata of one strategy, as of the last refresh.
    ///
    /// What was uploaded since is under `/strategies/modules`.
    [InvalidName, StrategyNotFound]
}

pub(crate) async fn get(
    State(api): State<Api>,
    Segment(name): Segment<String>,
    _: Query<()>,
) -> Result<Json<Metadata>, ApiError> {
    let name = strategy_name(&name)?;
    let loaded = api.catalogue.loaded();
    let found = loaded.iter().find(|metadata| metadata.name == name);
    let missing = || {
        let advice = "what was uploaded since the last refresh is under /strategies/modules";
        ApiError::new(Code::StrategyNotFound, format!("strategy not found: `{name}`; {advice}"))
    };
    Ok(Json(shown(found.ok_or_else(missing)?)))
}
