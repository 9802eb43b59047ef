//! Positions from fills, at average cost, without a lost digit.

use rust_decimal::Decimal;

/// What an instance holds of one symbol at one provider: the sum of its fills.
///
/// `realised_profit - cost` is always exactly the sum of the money its fills moved, whatever was rounded on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Base currency, signed: negative is short.
    pub quantity: Decimal,
    /// What the open quantity cost, quote currency, with the sign of `quantity`.
    pub cost: Decimal,
    /// Quote currency, fees not subtracted.
    pub realised_profit: Decimal,
}
