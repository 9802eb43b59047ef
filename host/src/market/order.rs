//! What an order asks for. What becomes of it is in `report` and `transition`.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::ToSchema;

use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::Symbol;

/// Which way an order or a trade goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum Side {
    /// Base currency comes in, quote currency goes out.
    Buy,
    /// The reverse.
    Sell,
}

impl Side {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buy => "Buy",
            Self::Sell => "Sell",
        }
    }

    /// The other side.
    pub fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// `quantity` with the sign of its effect on a position.
    pub fn signed(self, quantity: Decimal) -> Decimal {
        match self {
            Self::Buy => quantity,
            Self::Sell => -quantity,
        }
    }
}

/// With or without a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum OrderType {
    /// At whatever price the book gives.
    Market,
    /// At the limit price or better.
    Limit,
}

impl OrderType {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Market => "Market",
            Self::Limit => "Limit",
        }
    }
}

/// How long an order stays in the book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum TimeInForce {
    /// Until it is cancelled.
    #[serde(rename = "GTC")]
    Gtc,
    /// Fill what is there, cancel the rest.
    #[serde(rename = "IOC")]
    Ioc,
    /// Fill all at once or nothing.
    #[serde(rename = "FOK")]
    Fok,
    /// Rest without taking liquidity, or be rejected.
    #[serde(rename = "POST_ONLY")]
    PostOnly,
}

impl TimeInForce {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gtc => "GTC",
            Self::Ioc => "IOC",
            Self::Fok => "FOK",
            Self::PostOnly => "POST_ONLY",
        }
    }
}

/// Our name of an order: unique in an account for ever. 1 to 64 (made by the host: up to 128) of `[A-Za-z0-9._-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientOrderId(SmolStr);

impl ClientOrderId {
    /// One that an author chose; none when it breaks the grammar `[A-Za-z0-9._-]{1,64}`.
    pub fn chosen(text: &str) -> Option<Self> {
        let fits = matches!(text.len(), 1..=64) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        fits.then(|| Self(text.into()))
    }

    /// One that the host made, or one read back from where the host wrote it.
    pub fn made(text: impl Into<SmolStr>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The venue's name of an order.
pub type VenueOrderId = SmolStr;

/// An order as an instance asks for it: parsed and in scope, not yet checked by risk. Only the risk check turns it into
/// something that a provider accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderRequest {
    /// Our name of it.
    pub client_order_id: ClientOrderId,
    /// Who asks; reports go to this instance and no other.
    pub instance: InstanceId,
    /// Where it goes.
    pub provider: ProviderName,
    /// What is traded.
    pub symbol: Symbol,
    /// Which way.
    pub side: Side,
    /// Market or limit.
    pub order_type: OrderType,
    /// Base currency, above 0.
    pub quantity: Decimal,
    /// Quote currency, above 0; absent for a market order only.
    pub price: Option<Decimal>,
    /// How long it stays.
    pub time_in_force: TimeInForce,
    /// When the guest asked, in the provider's time: the time of its event plus what it had slept.
    pub requested_at: Timestamp,
}
