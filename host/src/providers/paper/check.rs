//! What a paper venue refuses, and in which words. The reasons are those of the gateway's fake venue where it had them.

use rust_decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};

use super::offers::{Offers, Slippage};
use crate::market::{Grid, Instrument, OrderRequest, OrderType, Side, TimeInForce};

/// A well-formed order in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    /// The limit in ticks; 0 for a market order.
    pub(super) price: i64,
    /// Lots.
    pub(super) quantity: i64,
    /// What must be available: quote currency for a buy, base currency for a sell.
    pub(super) needs: Decimal,
    /// Whether it may rest.
    pub(super) rests: bool,
}

/// What no product of price and quantity may reach, so that money stays exact.
const LARGEST_NOTIONAL: u64 = 1_000_000_000_000;

/// Checks an order against the instrument and what it meets; `Err` is the reason of the rejection. Balances are
/// the caller's to check.
pub(super) fn check(
    order: &OrderRequest,
    instrument: &Instrument,
    grid: Grid,
    (meets, slippage): (Offers<'_>, Slippage),
) -> Result<Checked, SmolStr> {
    let quantity = quantity(order, instrument, grid)?;
    let (price, notional) = match order.order_type {
        OrderType::Limit => limit(order, grid)?,
        OrderType::Market if order.price.is_some() => return Err("a market order has no price".into()),
        OrderType::Market => {
            // Only what is there can be bought; the rest of the order is cancelled.
            let mut left = quantity;
            let mut cost = Decimal::ZERO;
            for offer in meets.within(order.side, 0, slippage) {
                let lots = left.min(offer.lots);
                let level = grid.tick.value(offer.price).checked_mul(grid.lot.value(lots));
                let sum = level.and_then(|level| cost.checked_add(level));
                cost = sum.filter(|sum| *sum < Decimal::from(LARGEST_NOTIONAL)).ok_or("invalid quantity")?;
                left -= lots;
                if left == 0 {
                    break;
                }
            }
            (0, cost)
        }
    };
    if order.order_type == OrderType::Limit && notional < instrument.min_notional {
        return Err("min notional not met".into());
    }
    let now_or_never =
        order.order_type == OrderType::Market || matches!(order.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
    if now_or_never && meets.unknown() {
        return Err("nothing has traded here yet: there is no price to trade at".into());
    }
    match order.time_in_force {
        TimeInForce::PostOnly if order.order_type == OrderType::Market => {
            return Err("unsupported time in force for a market order".into());
        }
        TimeInForce::PostOnly if meets.crosses(order.side, price) => {
            return Err("post-only order would cross the book".into());
        }
        TimeInForce::Fok if meets.takeable(order, price, quantity, slippage) < quantity => {
            return Err("FOK insufficient liquidity".into());
        }
        _ => {}
    }
    let needs = match order.side {
        Side::Buy => notional,
        Side::Sell => order.quantity,
    };
    let rests = order.order_type == OrderType::Limit && matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::PostOnly);
    Ok(Checked { price, quantity, needs, rests })
}

fn quantity(order: &OrderRequest, instrument: &Instrument, grid: Grid) -> Result<i64, SmolStr> {
    if order.quantity <= Decimal::ZERO {
        return Err("invalid quantity".into());
    }
    let fits = (instrument.min_quantity..=instrument.max_quantity).contains(&order.quantity);
    grid.lot.count(order.quantity).filter(|_| fits).ok_or_else(|| {
        format_smolstr!(
            "quantity violates instrument constraints: {} to {} in steps of {}",
            instrument.min_quantity,
            instrument.max_quantity,
            instrument.quantity_increment
        )
    })
}

/// The limit in ticks, and the notional.
fn limit(order: &OrderRequest, grid: Grid) -> Result<(i64, Decimal), SmolStr> {
    let price = order.price.ok_or("limit price required")?;
    let largest = Decimal::from(LARGEST_NOTIONAL);
    let notional = price.checked_mul(order.quantity).filter(|notional| price > Decimal::ZERO && *notional < largest);
    let notional = notional.ok_or("invalid limit price")?;
    let ticks =
        grid.tick.count(price).ok_or_else(|| format_smolstr!("price is not a multiple of the tick {}", grid.tick.value(1)))?;
    Ok((ticks, notional))
}
