//! `GET /strategy/instances/{id}/denials`: its orders that our own risk check refused, newest first, with the numbers behind
//! each. The newest ten thousand are kept.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Rule, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{ProviderName, Timestamp};
use crate::market::Symbol;
use crate::store::{DenialFilter, DenialRow};
use crate::trading::DenialCode;

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_CAP: u32 = 500;

pub(crate) struct Wanted {
    limit: u32,
    before: Option<u64>,
    codes: Vec<String>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let known = |text: &str| DenialCode::ALL.iter().find(|code| code.as_str() == text).map(|code| code.as_str().to_owned());
        let words = Rule::OneOf(|| DenialCode::ALL.iter().map(|code| code.as_str()).collect());
        let codes = parameters.says("Only by these rules; may be repeated.").each("code", words, known)?;
        let whole = Rule::Whole { words: "the sequence of a denial", least: 0, default: None };
        let before = parameters.says("Only those before this sequence.").parsed("before", whole, |text| text.parse().ok())?;
        Ok(Self { limit: parameters.limit(LIMIT_DEFAULT, LIMIT_CAP)?, before, codes })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = DenialListing)]
pub(crate) struct Listing {
    /// Newest first.
    denials: Vec<Denied>,
    /// Of this answer.
    count: usize,
    /// Ask with `before` set to this for older ones; null when there are none.
    #[schema(required)]
    next: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Denial)]
struct Denied {
    /// Grows.
    sequence: u64,
    #[schema(value_type = ProviderName)]
    provider: String,
    #[schema(value_type = Symbol)]
    symbol: String,
    /// Of the order that was refused.
    client_order_id: String,
    /// Which rule.
    code: String,
    /// What was asked, what is allowed, what to do.
    message: String,
    /// The numbers behind it, by name; all are texts.
    #[schema(value_type = BTreeMap<String, String>)]
    numbers: Value,
    /// By the provider's clock, unix seconds.
    denied_at: u64,
    #[schema(value_type = Timestamp)]
    denied_time: String,
    /// Wall clock, unix seconds.
    created_at: u64,
}

about! {
    /// The orders of an instance that our own risk check refused, newest first, with the numbers behind each.
    [InstanceNotFound, StoreUnavailable]
}

pub(crate) async fn denials(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listing>, ApiError> {
    let instance = api.instances.get(&id)?.id;
    // One more than asked for says whether there is more.
    let filter = DenialFilter { instance, codes: wanted.codes, before: wanted.before, limit: wanted.limit + 1 };
    let mut rows = api.store.denials(&filter).await?;
    let limit = wanted.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|row| row.seq);
    let denials: Vec<Denied> = rows.into_iter().map(Denied::from).collect();
    Ok(Json(Listing { count: denials.len(), denials, next }))
}

impl From<DenialRow> for Denied {
    fn from(row: DenialRow) -> Self {
        Self {
            sequence: row.seq,
            provider: row.provider.to_string(),
            symbol: row.symbol.to_string(),
            client_order_id: row.client_order_id.to_string(),
            code: row.code,
            message: row.message,
            numbers: row.numbers,
            denied_at: row.denied_at.as_secs(),
            denied_time: row.denied_at.to_rfc3339(),
            created_at: row.created_at.as_secs(),
        }
    }
}
