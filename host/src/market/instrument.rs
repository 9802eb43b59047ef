//! What can be traded: its symbol, its steps and its smallest and largest order.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A canonical symbol: `BTC-USDT`, `BTC-USDT-PERP`, `BTC-USDT-20241227-60000-C`. Two to six segments of upper-case letters
/// and digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Symbol(SmolStr);

/// Text that is not a canonical symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("symbol `{0}` is not allowed: write BASE-QUOTE in capitals, such as BTC-USDT (2 to 6 segments of A-Z and 0-9)")]
pub struct SymbolError(String);

impl Symbol {
    /// Checks the grammar; the text must be upper case already.
    ///
    /// # Errors
    /// [`SymbolError`] quoting at most 60 characters.
    pub fn new(text: &str) -> Result<Self, SymbolError> {
        let segments = text.split('-').count();
        let fits = (2..=6).contains(&segments)
            && text.len() <= 64
            && text.split('-').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
        if fits { Ok(Self(text.into())) } else { Err(SymbolError(text.chars().take(60).flat_map(char::escape_debug).collect())) }
    }

    /// The symbol as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The currency that is bought and sold.
    pub fn base_currency(&self) -> &str {
        self.0.split('-').next().unwrap_or_default()
    }

    /// The currency that prices are in.
    pub fn quote_currency(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or_default()
    }
}

impl PartialSchema for Symbol {
    fn schema() -> RefOr<Schema> {
        let segments = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Z0-9]+(-[A-Z0-9]+){1,5}$"));
        let segments = segments.max_length(Some(64)).examples(["BTC-USDT"]);
        segments.description(Some("A canonical symbol: two to six segments of capitals and digits.")).into()
    }
}

impl ToSchema for Symbol {}

impl FromStr for Symbol {
    type Err = SymbolError;
    fn from_str(text: &str) -> Result<Self, SymbolError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Symbol {
    type Error = SymbolError;
    fn try_from(text: String) -> Result<Self, SymbolError> {
        Self::new(&text)
    }
}

impl From<Symbol> for String {
    fn from(symbol: Symbol) -> Self {
        symbol.0.into()
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum InstrumentKind {
    /// Exchange of two currencies.
    Spot,
    /// A future without expiry.
    Perp,
    /// A future that expires.
    Futures,
    /// An option.
    Options,
}

impl InstrumentKind {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spot => "spot",
            Self::Perp => "perp",
            Self::Futures => "futures",
            Self::Options => "options",
        }
    }
}

/// One instrument of a venue. Amounts without a currency in their name are in base currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instrument {
    /// Canonical symbol.
    pub symbol: Symbol,
    /// Kind of contract.
    #[serde(rename = "type")]
    pub kind: InstrumentKind,
    /// The venue's name.
    pub venue: String,
    /// Tick: prices are multiples of it, in quote currency, above 0.
    pub price_increment: Decimal,
    /// Lot: quantities are multiples of it, above 0.
    pub quantity_increment: Decimal,
    /// Smallest price times quantity of a limit order, in quote currency; 0 for none.
    pub min_notional: Decimal,
    /// Smallest order quantity.
    pub min_quantity: Decimal,
    /// Largest order quantity.
    pub max_quantity: Decimal,
}

impl Instrument {
    /// Decimals of a price.
    pub fn price_precision(&self) -> u32 {
        self.price_increment.normalize().scale()
    }

    /// Decimals of a quantity.
    pub fn quantity_precision(&self) -> u32 {
        self.quantity_increment.normalize().scale()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_canonical() {
        for good in ["BTC-USDT", "BTC-USDT-PERP", "BTC-USDT-20241227-60000-C"] {
            assert!(Symbol::new(good).is_ok(), "{good}");
        }
        for bad in ["", "BTC", "btc-usdt", "BTC--USDT", "BTC-USDT-", "A-B-C-D-E-F-G", "BTC/USDT"] {
            assert!(Symbol::new(bad).is_err(), "{bad}");
        }
    }
}
