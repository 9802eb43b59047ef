//! Self-trade prevention, decision 28: no order may match another one of the same account.

use rust_decimal::Decimal;

use crate::market::{OrderRequest, OrderType, Side};
use crate::trading::prices::Prices;
use crate::trading::{Denial, DenialCode};

/// Whether `order` would match `other`, an open order of the same account and symbol.
///
/// A limit order matches what its price reaches. A market order matches what it reaches in the newest book; what cannot be
/// told counts as reached. An order whose cancellation is on its way is still open.
fn matches(order: &OrderRequest, other: &OrderRequest, reach: Option<Decimal>) -> bool {
    if order.side == other.side {
        return false;
    }
    match (other.price, reach, order.side) {
        (Some(resting), Some(reach), Side::Buy) => resting <= reach,
        (Some(resting), Some(reach), Side::Sell) => resting >= reach,
        // A market order of ours that is on its way does not rest; a limit order that rests may still be met by it.
        (None, Some(_), _) => false,
        (resting, None, _) => resting.is_some(),
    }
}

/// Refuses `order` when it would match one of `open`.
pub(super) fn check<'a>(
    order: &OrderRequest,
    prices: Option<&Prices>,
    open: impl Iterator<Item = &'a OrderRequest>,
) -> Result<(), Denial> {
    let reach = match order.order_type {
        OrderType::Limit => order.price,
        OrderType::Market => prices.and_then(|prices| prices.reach(order.side, order.quantity)),
    };
    let Some(other) = { open }.find(|other| matches(order, other, reach)) else { return Ok(()) };
    let price = other.price.unwrap_or_default().normalize();
    Err(Denial::new(
        DenialCode::SelfTrade,
        format!(
            "it would match the open {} order `{}` at {price} of the same account: cancel that one and wait for its report first",
            other.side.as_str(),
            other.client_order_id
        ),
    )
    .with("restingOrder", &other.client_order_id)
    .with("restingPrice", &price))
}
