//! Closing orders of the host, made when a kill switch flattens. They skip the rules for strategies; what they may do is
//! all here: reduce one position, and nothing else.

use rust_decimal::Decimal;

use super::Approved;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Instrument, OrderRequest, OrderType, Side, Symbol, TimeInForce};

/// Why a position cannot be closed by an order, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::trading) struct Unclosable(pub(in crate::trading) String);

/// Whose position is closed, and where.
pub(in crate::trading) struct Holder<'a> {
    pub(in crate::trading) instance: &'a InstanceId,
    pub(in crate::trading) provider: &'a ProviderName,
    pub(in crate::trading) symbol: &'a Symbol,
}

/// Makes the market order that closes `position` as far as one order can: in whole steps of the instrument and at most its largest
/// quantity. The caller has seen under the same lock that no order of the symbol is open, so it cannot close more than there is.
///
/// # Errors
/// [`Unclosable`] when no order that the venue takes is small enough.
pub(in crate::trading) fn close(
    holder: &Holder<'_>,
    id: ClientOrderId,
    position: Decimal,
    instrument: Option<&Instrument>,
    at: Timestamp,
) -> Result<Approved<OrderRequest>, Unclosable> {
    let quantity = closable(position.abs(), instrument)?;
    Ok(Approved(OrderRequest {
        client_order_id: id,
        instance: holder.instance.clone(),
        provider: holder.provider.clone(),
        symbol: holder.symbol.clone(),
        side: if position.is_sign_negative() { Side::Buy } else { Side::Sell },
        order_type: OrderType::Market,
        quantity,
        price: None,
        time_in_force: TimeInForce::Ioc,
        requested_at: at,
    }))
}

/// The largest quantity up to `held` that the venue takes in one order.
fn closable(held: Decimal, instrument: Option<&Instrument>) -> Result<Decimal, Unclosable> {
    let Some(Instrument { quantity_increment: step, min_quantity, max_quantity, .. }) = instrument else {
        return Ok(held.normalize());
    };
    let most = if max_quantity.is_zero() { held } else { held.min(*max_quantity) };
    let rest = if step.is_zero() { Decimal::ZERO } else { most.checked_rem(*step).unwrap_or_default() };
    let quantity = most.saturating_sub(rest).normalize();
    if quantity.is_zero() || quantity < *min_quantity {
        let smallest = (*min_quantity).max(*step);
        return Err(Unclosable(format!("{} is less than the smallest order, {smallest}", held.normalize())));
    }
    Ok(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::InstrumentKind;

    fn closed(position: &str) -> Result<(Side, String), String> {
        let (instance, provider) = (InstanceId::new("a").unwrap(), ProviderName::new("p").unwrap());
        let symbol = Symbol::new("BTC-USDT").unwrap();
        let instrument = Instrument {
            symbol: symbol.clone(),
            kind: InstrumentKind::Spot,
            venue: "test".to_owned(),
            price_increment: Decimal::new(1, 2),
            quantity_increment: Decimal::new(1, 2),
            min_notional: Decimal::ONE,
            min_quantity: Decimal::new(5, 2),
            max_quantity: Decimal::from(10),
        };
        let holder = Holder { instance: &instance, provider: &provider, symbol: &symbol };
        let id = ClientOrderId::made("x");
        let made = close(&holder, id, position.parse().unwrap(), Some(&instrument), Timestamp::ZERO);
        made.map(|order| (order.side, order.quantity.to_string())).map_err(|Unclosable(reason)| reason)
    }

    #[test]
    fn it_closes_in_steps_and_never_more_than_there_is() {
        assert_eq!(closed("1.239"), Ok((Side::Sell, "1.23".to_owned())));
        assert_eq!(closed("-1.2"), Ok((Side::Buy, "1.2".to_owned())));
        assert_eq!(closed("25"), Ok((Side::Sell, "10".to_owned())));
        for dust in ["0.049", "-0.001"] {
            assert!(closed(dust).unwrap_err().contains("less than the smallest order, 0.05"), "{dust}");
        }
    }
}
