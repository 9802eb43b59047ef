//! The rules, one function each, in the order in which they are asked.

use std::fmt;

use rust_decimal::Decimal;

use super::bucket::Bucket;
use super::{Approved, DayFigures, budget, selftrade};
use crate::market::{Instrument, OrderRequest, OrderType, TimeInForce};
use crate::trading::prices::Prices;
use crate::trading::{Denial, DenialCode, HostLimits, RiskLimits};

/// What the check is made against: everything as it stands at the moment of the order.
pub(in crate::trading) struct Facts<'a, Open> {
    /// Of the instance, the stricter of its own and the host's.
    pub(in crate::trading) limits: &'a RiskLimits,
    /// Of all instances together.
    pub(in crate::trading) host: &'a HostLimits,
    /// What the provider says of the symbol, when it says anything.
    pub(in crate::trading) instrument: Option<&'a Instrument>,
    /// Of the symbol.
    pub(in crate::trading) prices: Option<&'a Prices>,
    /// Signed, of the instance.
    pub(in crate::trading) position: Decimal,
    /// What the instance's open orders of the order's side may still fill.
    pub(in crate::trading) open_quantity: Decimal,
    /// The instance's open orders of the symbol.
    pub(in crate::trading) open_orders: usize,
    /// The positions of all instances in the symbol, and what the open orders of the order's side may still fill, when all of them
    /// together have a limit.
    pub(in crate::trading) together: Option<(Decimal, Decimal)>,
    /// Of the symbol's quote currency today, when the instance has a budget.
    pub(in crate::trading) day: Option<DayFigures>,
    /// All open orders at the provider.
    pub(in crate::trading) open_orders_host: usize,
    /// The account's open orders of the symbol: the instance's own at a paper provider, everyone's where real money is at stake.
    pub(in crate::trading) account_orders: Open,
    /// Of the instance at the provider.
    pub(in crate::trading) throttle: &'a mut Bucket,
    /// Of the provider, when there is one.
    pub(in crate::trading) host_throttle: Option<&'a mut Bucket>,
}

/// An order with why it was refused.
pub(in crate::trading) type Refused = (OrderRequest, Denial);

/// Approves an order or says why not. Every rule is asked once, the first that refuses decides.
///
/// # Errors
/// The order back, with the denial.
pub(in crate::trading) fn check<'a, Open: Iterator<Item = &'a OrderRequest>>(
    order: OrderRequest,
    facts: Facts<'a, Open>,
) -> Result<Approved<OrderRequest>, Box<Refused>> {
    match rules(&order, facts) {
        Ok(()) => Ok(Approved(order)),
        Err(denial) => Err(Box::new((order, denial))),
    }
}

fn rules<'a, Open: Iterator<Item = &'a OrderRequest>>(order: &OrderRequest, facts: Facts<'a, Open>) -> Result<(), Denial> {
    let Facts { limits, host, .. } = facts;
    throttle(order, facts.throttle, limits)?;
    kind(order, limits)?;
    shape(order)?;
    let reference = facts.prices.and_then(|prices| prices.reference);
    let price = band(order, reference, limits)?;
    if let Some(instrument) = facts.instrument {
        steps(order, instrument)?;
    }
    if !reduces(order, facts.position, facts.open_quantity) {
        let own = Exposure { position: facts.position, open: facts.open_quantity, whose: "" };
        exposure(order, price, &own, Some(limits.max_position_size), Some(limits.max_notional_value))?;
        if let Some((position, open)) = facts.together {
            let all = Exposure { position, open, whose: "host." };
            exposure(order, price, &all, host.max_position_size, host.max_notional_value)?;
        }
        if let Some(day) = &facts.day {
            budget::check(day, order.symbol.quote_currency(), limits)?;
        }
    }
    concurrency(facts.open_orders, limits.max_concurrent_orders, "maxConcurrentOrders", "of the symbol")?;
    concurrency(facts.open_orders_host, host.max_concurrent_orders.unwrap_or(0), "host.maxConcurrentOrders", "at the provider")?;
    selftrade::check(order, facts.prices, facts.account_orders)?;
    // Last, so that what an instance may not send anyway takes nothing from what all share.
    match facts.host_throttle {
        Some(bucket) => bucket
            .take(order.requested_at)
            .map_err(|wait| rate_limited(wait, host.order_throttle.unwrap_or(0), "host.orderThrottle")),
        None => Ok(()),
    }
}

fn throttle(order: &OrderRequest, bucket: &mut Bucket, limits: &RiskLimits) -> Result<(), Denial> {
    bucket
        .take(order.requested_at)
        .map_err(|wait| rate_limited(wait, limits.order_throttle, "orderThrottle").with("burst", &limits.order_burst))
}

fn rate_limited(wait: std::time::Duration, rate: impl fmt::Display, limit: &str) -> Denial {
    let wait_ms = wait.as_millis();
    let message = format!("more than {limit} = {rate} orders per second: the next one is free in {wait_ms} ms");
    Denial::new(DenialCode::RateLimited, message).with("ratePerSecond", &rate).with("waitMs", &wait_ms)
}

fn kind(order: &OrderRequest, limits: &RiskLimits) -> Result<(), Denial> {
    let allowed = || limits.allowed_order_types.to_string();
    if !limits.allowed_order_types.allow(order.order_type) {
        let kind = order.order_type.as_str();
        let message = format!("{kind} orders are not allowed here: allowed are {}", allowed());
        return Err(Denial::new(DenialCode::OrderTypeNotAllowed, message).with("orderType", &kind).with("allowed", &allowed()));
    }
    let rests = matches!(order.time_in_force, TimeInForce::Gtc | TimeInForce::PostOnly);
    if order.order_type == OrderType::Market && rests {
        let given = order.time_in_force.as_str();
        let message = format!("a market order cannot be {given}: it has no price to rest at; use IOC or FOK");
        return Err(Denial::new(DenialCode::TimeInForceNotAllowed, message).with("timeInForce", &given));
    }
    Ok(())
}

fn shape(order: &OrderRequest) -> Result<(), Denial> {
    if order.quantity <= Decimal::ZERO {
        let message = format!("quantity {} is not greater than 0", order.quantity);
        return Err(Denial::new(DenialCode::QuantityNotPositive, message).with("quantity", &order.quantity));
    }
    if order.order_type == OrderType::Limit && order.price.is_none_or(|price| price <= Decimal::ZERO) {
        let given = order.price.map_or_else(|| "none".to_owned(), |price| price.to_string());
        let message = format!("a limit order needs a price greater than 0, not {given}");
        return Err(Denial::new(DenialCode::PriceMissing, message).with("price", &given));
    }
    Ok(())
}

/// The price that the order is valued at: its limit, or the reference price for a market order.
fn band(order: &OrderRequest, reference: Option<Decimal>, limits: &RiskLimits) -> Result<Decimal, Denial> {
    let Some(price) = order.price else {
        return reference.ok_or_else(|| {
            let message = format!("no price of {} was seen yet: wait for a trade, ticker or book", order.symbol);
            Denial::new(DenialCode::PriceUnavailable, message)
        });
    };
    let percent = limits.price_band_percent;
    // Before the first price of the symbol there is nothing to compare with.
    let Some(reference) = reference.filter(|_| !percent.is_zero()) else { return Ok(price) };
    let width = percent.checked_div(Decimal::ONE_HUNDRED).and_then(|part| reference.checked_mul(part)).unwrap_or(Decimal::MAX);
    let (lower, upper) = (reference.saturating_sub(width), reference.saturating_add(width));
    if (lower..=upper).contains(&price) {
        return Ok(price);
    }
    let (lower, upper, reference) = (lower.normalize(), upper.normalize(), reference.normalize());
    let message = format!("price {price} is outside {lower} to {upper}, {percent} % around the reference price {reference}");
    Err(Denial::new(DenialCode::PriceOutsideBand, message)
        .with("price", &price)
        .with("referencePrice", &reference)
        .with("bandLower", &lower)
        .with("bandUpper", &upper)
        .with("bandPercent", &percent))
}

/// What the venue would refuse: better said here, with the numbers.
fn steps(order: &OrderRequest, instrument: &Instrument) -> Result<(), Denial> {
    let Instrument { quantity_increment: step, price_increment: tick, min_quantity, max_quantity, min_notional, .. } =
        *instrument;
    let quantity = order.quantity;
    if !is_multiple(quantity, step) {
        let message = format!("quantity {quantity} is not a multiple of {step}, the step of {}", order.symbol);
        return Err(Denial::new(DenialCode::QuantityPrecision, message)
            .with("quantity", &quantity)
            .with("quantityIncrement", &step));
    }
    if quantity < min_quantity || max_quantity > Decimal::ZERO && quantity > max_quantity {
        let message = format!("quantity {quantity} is outside {min_quantity} to {max_quantity}, the range of {}", order.symbol);
        return Err(Denial::new(DenialCode::QuantityOutOfRange, message)
            .with("quantity", &quantity)
            .with("minQuantity", &min_quantity)
            .with("maxQuantity", &max_quantity));
    }
    let Some(price) = order.price else { return Ok(()) };
    if !is_multiple(price, tick) {
        let message = format!("price {price} is not a multiple of {tick}, the tick of {}", order.symbol);
        return Err(Denial::new(DenialCode::PricePrecision, message).with("price", &price).with("priceIncrement", &tick));
    }
    let value = price.saturating_mul(quantity).normalize();
    if value < min_notional {
        let message =
            format!("{price} times {quantity} is {value}, below {min_notional}, the smallest order of {}", order.symbol);
        return Err(Denial::new(DenialCode::NotionalTooSmall, message)
            .with("notional", &value)
            .with("minNotional", &min_notional));
    }
    Ok(())
}

fn is_multiple(value: Decimal, step: Decimal) -> bool {
    step.is_zero() || value.checked_rem(step).is_some_and(|rest| rest.is_zero())
}

/// The position with this order and all open ones of its side filled.
fn projected(order: &OrderRequest, position: Decimal, open: Decimal) -> Decimal {
    position.saturating_add(order.side.signed(open.saturating_add(order.quantity)))
}

/// Whether the order can only bring the position nearer to zero. Such a one is refused by no limit of exposure: else a limit that
/// was lowered, or a day's loss, would lock a position in.
fn reduces(order: &OrderRequest, position: Decimal, open: Decimal) -> bool {
    let projected = projected(order, position, open);
    let same_way = projected.is_zero() || projected.is_sign_negative() == position.is_sign_negative();
    projected.abs() <= position.abs() && same_way
}

/// What is held and may still be filled: of an instance, or of all together.
struct Exposure {
    position: Decimal,
    open: Decimal,
    /// Before the names of its limits.
    whose: &'static str,
}

/// Position and value with this order and all open ones of its side filled: the worst that can come of it.
fn exposure(
    order: &OrderRequest,
    price: Decimal,
    Exposure { position, open, whose }: &Exposure,
    max_position: Option<Decimal>,
    max_notional: Option<Decimal>,
) -> Result<(), Denial> {
    let (position, projected) = (position.normalize(), projected(order, *position, *open).normalize());
    if let Some(most) = max_position.filter(|most| projected.abs() > *most) {
        let message = format!(
            "the position would be {projected}, more than {whose}maxPositionSize = {most} (now {position}, open orders {open})"
        );
        return Err(Denial::new(DenialCode::PositionLimit, message)
            .with("position", &position)
            .with("projectedPosition", &projected)
            .with("maxPosition", &most));
    }
    let value = projected.abs().saturating_mul(price).normalize();
    if let Some(most) = max_notional.filter(|most| value > *most) {
        let currency = order.symbol.quote_currency();
        let message = format!("the position would be worth {value} {currency}, more than {whose}maxNotionalValue = {most}");
        return Err(Denial::new(DenialCode::NotionalLimit, message)
            .with("projectedPosition", &projected)
            .with("projectedNotional", &value)
            .with("maxNotional", &most));
    }
    Ok(())
}

/// `most` 0 is no limit.
fn concurrency(open: usize, most: u32, limit: &str, what: &str) -> Result<(), Denial> {
    if most == 0 || (open as u64) < u64::from(most) {
        return Ok(());
    }
    let message = format!("{open} orders {what} are open, as many as {limit} = {most} allows");
    Err(Denial::new(DenialCode::TooManyOpenOrders, message).with("openOrders", &open).with("maxConcurrentOrders", &most))
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
