//! Profit of an instance, per quote currency.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::ToSchema;

use crate::market::DecimalText;

/// Profit per quote currency.
pub type Profit = BTreeMap<SmolStr, ProfitLine>;

/// Profit in one quote currency; decimals are strings on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfitLine {
    /// Of closed quantity, at average cost.
    #[schema(value_type = DecimalText)]
    pub realised: Decimal,
    /// Of open quantity, at the reference price.
    #[schema(value_type = DecimalText)]
    pub unrealised: Decimal,
    /// Paid, in quote currency; fees in base currency are valued at the price of their fill.
    #[schema(value_type = DecimalText)]
    pub fees: Decimal,
    /// `realised + unrealised - fees`.
    #[schema(value_type = DecimalText)]
    pub net: Decimal,
}
