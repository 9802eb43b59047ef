//! Positions from fills, at average cost, without a lost digit.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::market::{Fill, Side, Symbol};

/// Decimals that the cost of a partly closed position is rounded to, and prices made by division.
const DECIMALS: u32 = 12;

/// What an instance holds of one symbol at one provider: the sum of its fills.
///
/// `realised_profit - cost` is always exactly the money that its fills moved (sold minus bought), whatever was rounded
/// on the way: what rounding takes from the cost of the closed part stays in the cost of the open one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Base currency, signed: negative is short.
    pub quantity: Decimal,
    /// What the open quantity cost, quote currency, with the sign of `quantity`.
    pub cost: Decimal,
    /// Quote currency, fees not subtracted.
    pub realised_profit: Decimal,
}

impl Position {
    /// Of the open quantity, quote currency, rounded to 12 decimals; 0 when flat.
    pub fn average_price(&self) -> Decimal {
        average(self.cost, self.quantity)
    }

    /// What closing it at `price` would earn.
    pub fn unrealised_profit(&self, price: Decimal) -> Decimal {
        self.quantity.saturating_mul(price).saturating_sub(self.cost)
    }

    /// Takes in a match.
    ///
    /// # Errors
    /// [`TooLarge`] when a figure leaves the range of decimals; the position is unchanged then.
    pub fn apply(&mut self, side: Side, quantity: Decimal, price: Decimal) -> Result<(), TooLarge> {
        *self = self.after(side.signed(quantity), price).ok_or(TooLarge)?;
        Ok(())
    }

    fn after(self, change: Decimal, price: Decimal) -> Option<Self> {
        let opens = self.quantity.is_zero() || self.quantity.is_sign_negative() == change.is_sign_negative();
        if opens {
            return Some(Self {
                quantity: self.quantity.checked_add(change)?,
                cost: exact_sum(self.cost, exact_product(change, price)?)?,
                ..self
            });
        }
        if change.abs() > self.quantity.abs() {
            // Through zero: close all, open the rest the other way.
            let closed = self.after(-self.quantity, price)?;
            return closed.after(change.checked_add(self.quantity)?, price);
        }
        let quantity = self.quantity.checked_add(change)?;
        let cost = if quantity.is_zero() {
            Decimal::ZERO
        } else {
            self.cost.checked_mul(quantity)?.checked_div(self.quantity)?.round_dp(DECIMALS)
        };
        // Earned: what was paid in minus what the closed part had cost.
        let earned = exact_sum(exact_product(-change, price)?, exact_sum(cost, -self.cost)?)?;
        Some(Self { quantity, cost, realised_profit: exact_sum(self.realised_profit, earned)? })
    }
}

/// A figure that no decimal can hold: more than 28 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a figure has more than 28 digits")]
pub struct TooLarge;

/// None when digits would be lost.
fn exact_product(one: Decimal, two: Decimal) -> Option<Decimal> {
    let product = one.normalize().checked_mul(two.normalize())?;
    (product.scale() == one.normalize().scale() + two.normalize().scale() || product.is_zero()).then_some(product)
}

/// None when digits would be lost.
fn exact_sum(one: Decimal, two: Decimal) -> Option<Decimal> {
    let sum = one.checked_add(two)?;
    (sum.checked_sub(two)? == one).then_some(sum)
}

/// `value / quantity`, rounded to 12 decimals; 0 for no quantity.
pub(crate) fn average(value: Decimal, quantity: Decimal) -> Decimal {
    value.checked_div(quantity).unwrap_or_default().round_dp(DECIMALS).normalize()
}

/// A position with the fees that were paid for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) position: Position,
    /// By currency, as charged.
    pub(super) fees: BTreeMap<SmolStr, Decimal>,
    /// In quote currency: those charged in base currency at the price of their fill. Fees in a third currency are not in it.
    pub(super) fees_quote: Decimal,
}

impl Ledger {
    /// Takes in a match of an order of `symbol`.
    ///
    /// # Errors
    /// [`TooLarge`] when a figure leaves the range of decimals; then nothing has changed.
    pub(super) fn apply(&mut self, symbol: &Symbol, side: Side, fill: &Fill) -> Result<(), TooLarge> {
        let valued = if fill.fee_asset == symbol.quote_currency() {
            fill.fee
        } else if fill.fee_asset == symbol.base_currency() {
            fill.fee.checked_mul(fill.price).ok_or(TooLarge)?
        } else {
            Decimal::ZERO
        };
        let fees_quote = self.fees_quote.checked_add(valued).ok_or(TooLarge)?;
        let charged = self.fees.get(&fill.fee_asset).copied().unwrap_or_default().checked_add(fill.fee).ok_or(TooLarge)?;
        self.position.apply(side, fill.quantity, fill.price)?;
        self.fees_quote = fees_quote;
        if !charged.is_zero() {
            self.fees.insert(fill.fee_asset.clone(), charged);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "positions_tests.rs"]
mod tests;
