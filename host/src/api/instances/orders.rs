//! `GET /strategy/instances/{id}/orders`: its orders on record, newest first. Times in whole seconds are the gateway's;
//! `placedTime` is the exact one.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Rule, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{Digest, InstanceId, ProviderName, Timestamp};
use crate::market::{DecimalText, OrderState, OrderType, Side, Symbol, TimeInForce};
use crate::store::{OrderFilter, OrderRow};

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_CAP: u32 = 500;

pub(crate) struct Wanted {
    limit: u32,
    provider: Option<ProviderName>,
    states: Vec<OrderState>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let states = parameters.says("Only in these states; may be repeated.").each(
            "state",
            Rule::OneOf(|| OrderState::ALL.into_iter().map(OrderState::as_str).collect()),
            state,
        )?;
        let provider = parameters.says("Only at this provider.").parsed(
            "provider",
            Rule::spelled::<ProviderName>(ProviderName::RULE),
            |text| ProviderName::new(text).ok(),
        )?;
        Ok(Self { limit: parameters.limit(LIMIT_DEFAULT, LIMIT_CAP)?, provider, states })
    }
}

fn state(text: &str) -> Option<OrderState> {
    OrderState::ALL.into_iter().find(|state| state.as_str().eq_ignore_ascii_case(text))
}

#[derive(Serialize, ToSchema)]
#[schema(as = OrderListing)]
pub(crate) struct Listing {
    /// Newest first.
    orders: Vec<Order>,
    /// Of this answer.
    count: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Order {
    /// The client order id: what executions call `orderId`.
    id: String,
    #[schema(value_type = ProviderName)]
    provider: String,
    #[schema(value_type = InstanceId)]
    strategy_instance: String,
    /// The revision that asked.
    hash: Digest,
    /// The run of the instance that asked.
    run: u64,
    /// Our name of it, unique in the account for ever.
    client_order_id: String,
    #[schema(value_type = Symbol)]
    symbol: String,
    #[schema(value_type = Side)]
    side: &'static str,
    #[serde(rename = "type")]
    #[schema(value_type = OrderType)]
    kind: &'static str,
    #[schema(value_type = TimeInForce)]
    time_in_force: &'static str,
    /// Base currency.
    #[schema(value_type = DecimalText)]
    quantity: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    price: Option<String>,
    #[schema(value_type = OrderState)]
    state: &'static str,
    /// Base currency.
    #[schema(value_type = DecimalText)]
    filled_quantity: String,
    /// Quote currency; absent without a fill.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<DecimalText>, nullable = false)]
    average_price: Option<String>,
    /// Why it was denied (by us), rejected (by the venue), cancelled or expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// The venue's name of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    external_reference: Option<String>,
    /// Unix seconds, the venue's time.
    placed_at: u64,
    #[schema(value_type = Timestamp)]
    placed_time: String,
    /// Unix seconds, the venue's time; absent when it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    acknowledged_at: Option<u64>,
    /// Unix seconds, the venue's time; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    completed_at: Option<u64>,
    /// Unix seconds, when it came on record.
    created_at: u64,
    /// Unix seconds, when its record changed last.
    updated_at: u64,
}

about! {
    /// The orders of an instance on record, newest first.
    [InstanceNotFound, StoreUnavailable]
}

pub(crate) async fn orders(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listing>, ApiError> {
    let instance = api.instances.get(&id)?.id;
    let filter = OrderFilter { provider: wanted.provider, states: wanted.states, ..OrderFilter::of(instance, wanted.limit) };
    let orders: Vec<Order> = api.store.orders(&filter).await?.into_iter().map(Order::from).collect();
    Ok(Json(Listing { count: orders.len(), orders }))
}

impl From<OrderRow> for Order {
    fn from(row: OrderRow) -> Self {
        let request = row.request;
        Self {
            id: request.client_order_id.to_string(),
            provider: request.provider.to_string(),
            strategy_instance: request.instance.to_string(),
            hash: row.hash,
            run: row.run,
            client_order_id: request.client_order_id.to_string(),
            symbol: request.symbol.to_string(),
            side: request.side.as_str(),
            kind: request.order_type.as_str(),
            time_in_force: request.time_in_force.as_str(),
            quantity: request.quantity.to_string(),
            price: request.price.map(|price| price.to_string()),
            state: row.state.as_str(),
            average_price: (!row.filled_quantity.is_zero()).then(|| row.average_price.to_string()),
            filled_quantity: row.filled_quantity.to_string(),
            reason: row.reason.map(|reason| reason.to_string()),
            external_reference: row.venue_order_id.map(|id| id.to_string()),
            placed_at: request.requested_at.as_secs(),
            placed_time: request.requested_at.to_rfc3339(),
            acknowledged_at: row.acknowledged_at.map(|time| time.as_secs()),
            completed_at: row.completed_at.map(|time| time.as_secs()),
            created_at: row.created_at.as_secs(),
            updated_at: row.updated_at.as_secs(),
        }
    }
}
