//! `GET /strategy/instances/{id}/executions`: every match of its orders, newest first. `tradedAt` in whole seconds is the
//! gateway's; `tradedTime` is the venue's exact one.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{FromQuery, Parameters, Query, Rule, Segment};
use crate::api::openapi::about;
use crate::api::state::Api;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::{ClientOrderId, DecimalText, Liquidity, Side, Symbol};
use crate::store::{ExecutionFilter, ExecutionRow};

const LIMIT_DEFAULT: u32 = 100;
const LIMIT_CAP: u32 = 500;

pub(crate) struct Wanted {
    limit: u32,
    provider: Option<ProviderName>,
    order: Option<ClientOrderId>,
}

impl FromQuery for Wanted {
    fn take(parameters: &mut Parameters) -> Result<Self, ApiError> {
        let provider = parameters.says("Only at this provider.").parsed(
            "provider",
            Rule::spelled::<ProviderName>(ProviderName::RULE),
            |text| ProviderName::new(text).ok(),
        )?;
        let order = parameters.says("Only of this order: its client order id.").one("orderId")?.map(ClientOrderId::made);
        Ok(Self { limit: parameters.limit(LIMIT_DEFAULT, LIMIT_CAP)?, provider, order })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = ExecutionListing)]
pub(crate) struct Listing {
    /// Newest first.
    executions: Vec<Execution>,
    /// Of this answer.
    count: usize,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Execution {
    /// The client order id.
    order_id: String,
    #[schema(value_type = ProviderName)]
    provider: String,
    /// The venue's name of the match.
    execution_id: String,
    #[schema(value_type = InstanceId)]
    strategy_instance: String,
    #[schema(value_type = Symbol)]
    symbol: String,
    #[schema(value_type = Side)]
    side: &'static str,
    /// Base currency.
    #[schema(value_type = DecimalText)]
    quantity: String,
    /// Quote currency.
    #[schema(value_type = DecimalText)]
    price: String,
    /// In `feeAsset`.
    #[schema(value_type = DecimalText)]
    fee: String,
    /// The currency of the fee.
    fee_asset: String,
    #[schema(value_type = Liquidity)]
    liquidity: &'static str,
    /// Unix seconds.
    traded_at: u64,
    #[schema(value_type = Timestamp)]
    traded_time: String,
    /// Unix seconds, when it came on record.
    created_at: u64,
}

about! {
    /// Every match of an instance's orders, newest first.
    [InstanceNotFound, StoreUnavailable]
}

pub(crate) async fn executions(
    State(api): State<Api>,
    Segment(id): Segment<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listing>, ApiError> {
    let instance = api.instances.get(&id)?.id;
    let filter = ExecutionFilter {
        provider: wanted.provider,
        client_order_id: wanted.order,
        ..ExecutionFilter::of(instance, wanted.limit)
    };
    let executions: Vec<Execution> = api.store.executions(&filter).await?.into_iter().map(Execution::from).collect();
    Ok(Json(Listing { count: executions.len(), executions }))
}

impl From<ExecutionRow> for Execution {
    fn from(row: ExecutionRow) -> Self {
        let fill = row.fill;
        Self {
            order_id: row.client_order_id.to_string(),
            provider: row.provider.to_string(),
            execution_id: fill.execution_id.to_string(),
            strategy_instance: row.instance.to_string(),
            symbol: row.symbol.to_string(),
            side: row.side.as_str(),
            quantity: fill.quantity.to_string(),
            price: fill.price.to_string(),
            fee: fill.fee.to_string(),
            fee_asset: fill.fee_asset.to_string(),
            liquidity: fill.liquidity.as_str(),
            traded_at: row.traded_at.as_secs(),
            traded_time: row.traded_at.to_rfc3339(),
            created_at: row.created_at.as_secs(),
        }
    }
}
