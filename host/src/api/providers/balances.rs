//! `GET /providers/{name}/balances`: what the account at a venue has, by currency.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::{ApiError, Code};
use crate::api::extract::{FromQuery, Parameters, Query, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::ProviderName;
use crate::market::DecimalText;

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_CAP: u32 = 500;

pub(crate) struct Wanted {
    limit: u32,
    asset: Option<String>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        Ok(Self {
            limit: parameters.limit(LIMIT_DEFAULT, LIMIT_CAP)?,
            asset: parameters.says("Only this currency.").one("asset")?,
        })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = BalanceListing)]
pub(crate) struct Listing {
    /// By currency.
    balances: Vec<Line>,
    /// Of this answer.
    count: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Balance)]
struct Line {
    provider: ProviderName,
    /// The currency.
    asset: String,
    #[schema(value_type = DecimalText)]
    total: String,
    /// What open orders do not hold.
    #[schema(value_type = DecimalText)]
    available: String,
    /// The venue's time, unix seconds.
    snapshot_at: u64,
}

about! {
    /// What the account at a venue has, by currency.
    [InvalidName, ProviderNotFound]
}

pub(crate) async fn balances(
    State(api): State<Api>,
    Segment(name): Segment<ProviderName>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listing>, ApiError> {
    let Some(provider) = api.desk.provider(name.as_str()) else {
        return Err(ApiError::new(Code::ProviderNotFound, format!("provider `{name}` not found; GET /providers lists them")));
    };
    let snapshot_at = provider.clock().now().as_secs();
    let mut held = provider.balances();
    held.retain(|balance| wanted.asset.as_ref().is_none_or(|asset| balance.currency.eq_ignore_ascii_case(asset)));
    let lines = held.into_iter().take(wanted.limit as usize).map(|balance| Line {
        provider: name.clone(),
        asset: balance.currency.to_string(),
        total: balance.total.to_string(),
        available: balance.available.to_string(),
        snapshot_at,
    });
    let balances: Vec<Line> = lines.collect();
    Ok(Json(Listing { count: balances.len(), balances }))
}
