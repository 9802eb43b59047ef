//! What a venue (or our own risk check) says became of an order.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::ToSchema;

use crate::base::Timestamp;
use crate::market::{ClientOrderId, VenueOrderId};

/// The kinds of execution report on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReportState {
    /// The order is in the book.
    Ack,
    /// A part was filled.
    Partial,
    /// The rest was filled.
    Filled,
    /// It was taken out of the book.
    Cancelled,
    /// It was refused.
    Rejected,
    /// The venue ended it.
    Expired,
}

impl ReportState {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Ack, Self::Partial, Self::Filled, Self::Cancelled, Self::Rejected, Self::Expired];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ack => "ACK",
            Self::Partial => "PARTIAL",
            Self::Filled => "FILLED",
            Self::Cancelled => "CANCELLED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
        }
    }
}

/// Whether a fill gave or took liquidity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Liquidity {
    /// The order rested in the book.
    Maker,
    /// The order met the book.
    Taker,
}

impl Liquidity {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Maker => "maker",
            Self::Taker => "taker",
        }
    }
}

/// One match: a part of an order that was traded at one price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fill {
    /// Unique per provider.
    pub execution_id: SmolStr,
    /// Quote currency.
    pub price: Decimal,
    /// Base currency, above 0.
    pub quantity: Decimal,
    /// Above 0 when paid.
    pub fee: Decimal,
    /// The currency of `fee`.
    pub fee_asset: SmolStr,
    /// Maker or taker.
    pub liquidity: Liquidity,
}

/// One report of a venue about one order. The figures about the whole order (`filled_quantity`, `average_price`) are the
/// venue's; the desk keeps its own from the fills and they must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionReport {
    /// Our name of the order.
    pub client_order_id: ClientOrderId,
    /// The venue's; zero length when it never had one.
    pub venue_order_id: VenueOrderId,
    /// What happened.
    pub state: ReportState,
    /// All that was filled so far, base currency.
    pub filled_quantity: Decimal,
    /// What is still in the book, base currency; 0 when the order is final.
    pub leaves_quantity: Decimal,
    /// Of all fills, quote currency; 0 when there are none. Rounded to 12 decimals.
    pub average_price: Decimal,
    /// The match, for `Partial` and `Filled`.
    pub fill: Option<Fill>,
    /// When the venue says it happened.
    pub time: Timestamp,
    /// Why, for `Rejected`, `Cancelled` and `Expired`.
    pub reason: Option<SmolStr>,
}
