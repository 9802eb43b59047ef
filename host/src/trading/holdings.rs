//! What instances hold, with what it brought and cost: for the control plane. Nothing here changes anything.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use smol_str::SmolStr;
use utoipa::ToSchema;

use crate::base::{InstanceId, ProviderName};
use crate::bus::locked;
use crate::market::{DecimalText, Symbol};
use crate::trading::Desk;

/// What an instance holds of one symbol at one provider, and what became of it so far. Decimals are strings on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Position)]
pub struct Holding {
    /// Where.
    pub provider: ProviderName,
    /// Of what.
    pub symbol: Symbol,
    /// Base currency, signed: negative is short.
    #[schema(value_type = DecimalText)]
    pub quantity: Decimal,
    /// Quote currency, of the open quantity, rounded to 12 decimals; 0 when flat.
    #[schema(value_type = DecimalText)]
    pub average_price: Decimal,
    /// Quote currency, fees not subtracted.
    #[schema(value_type = DecimalText)]
    pub realised: Decimal,
    /// Quote currency, of the open quantity at `reference_price`; 0 before the first price.
    #[schema(value_type = DecimalText)]
    pub unrealised: Decimal,
    /// Quote currency; fees in base currency are valued at the price of their fill, those in a third currency are left out.
    #[schema(value_type = DecimalText)]
    pub fees: Decimal,
    /// By currency, as charged.
    #[schema(value_type = BTreeMap<String, DecimalText>)]
    pub fees_charged: BTreeMap<SmolStr, Decimal>,
    /// The newest of last trade, ticker and book mid; none before the first.
    #[schema(value_type = Option<DecimalText>, required)]
    pub reference_price: Option<Decimal>,
    /// How old it is by the provider's clock, milliseconds.
    #[schema(required)]
    pub reference_age_ms: Option<u64>,
    /// Orders that are not final.
    pub open_orders: usize,
}

impl Desk {
    /// Everything that an instance holds, ever traded or has an order open of, by provider and symbol.
    pub fn holdings(&self, instance: &InstanceId) -> Vec<Holding> {
        let mut all = Vec::new();
        for lane in self.all_lanes() {
            let now = lane.now();
            let book = locked(&lane.book);
            let prices = locked(&lane.prices);
            let holdings = book.line(instance).into_iter().flat_map(|line| &line.holdings);
            for (symbol, holding) in holdings.filter(|(_, held)| held.ledger != Default::default() || !held.open.is_empty()) {
                let position = &holding.ledger.position;
                let seen = prices.of(symbol).and_then(|prices| Some((prices.reference?, prices.reference_at)));
                let age = seen.zip(now).map(|((_, at), now)| u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX));
                all.push(Holding {
                    provider: lane.name.clone(),
                    symbol: symbol.clone(),
                    quantity: position.quantity.normalize(),
                    average_price: position.average_price(),
                    realised: position.realised_profit.normalize(),
                    unrealised: seen.map_or(Decimal::ZERO, |(price, _)| position.unrealised_profit(price)).normalize(),
                    fees: holding.ledger.fees_quote.normalize(),
                    fees_charged: holding.ledger.fees.clone(),
                    reference_price: seen.map(|(price, _)| price.normalize()),
                    reference_age_ms: age,
                    open_orders: holding.open.len(),
                });
            }
        }
        all
    }
}
