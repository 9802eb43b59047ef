//! Binance's messages as they are on the wire.

use serde::Deserialize;

/// One line's message.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    /// The answer of the REST route `depth`.
    Snapshot {
        #[serde(rename = "lastUpdateId")]
        last_update_id: u64,
        bids: Vec<[String; 2]>,
        asks: Vec<[String; 2]>,
    },
    /// A message of the combined WebSocket stream.
    Stream { data: Message },
}

/// What a stream says.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Message {
    /// `<symbol>@depth@100ms`
    Depth {
        #[serde(rename = "E")]
        event_millis: u64,
        #[serde(rename = "s")]
        symbol: String,
        #[serde(rename = "U")]
        first_id: u64,
        #[serde(rename = "u")]
        last_id: u64,
        #[serde(rename = "b")]
        bids: Vec<[String; 2]>,
        #[serde(rename = "a")]
        asks: Vec<[String; 2]>,
    },
    /// `<symbol>@trade`
    Trade {
        #[serde(rename = "E")]
        event_millis: u64,
        #[serde(rename = "s")]
        symbol: String,
        #[serde(rename = "t")]
        trade_id: u64,
        #[serde(rename = "p")]
        price: String,
        #[serde(rename = "q")]
        quantity: String,
        #[serde(rename = "T")]
        matched_millis: u64,
        #[serde(rename = "m")]
        buyer_is_maker: bool,
    },
    /// `<symbol>@bookTicker`: has no time.
    Best {
        #[serde(rename = "u")]
        update_id: u64,
        #[serde(rename = "s")]
        symbol: String,
        #[serde(rename = "b")]
        bid: String,
        #[serde(rename = "B")]
        bid_quantity: String,
        #[serde(rename = "a")]
        ask: String,
        #[serde(rename = "A")]
        ask_quantity: String,
    },
}

impl Message {
    pub(super) fn symbol(&self) -> &str {
        match self {
            Self::Depth { symbol, .. } | Self::Trade { symbol, .. } | Self::Best { symbol, .. } => symbol,
        }
    }

    /// When the venue sent it.
    pub(super) fn event_millis(&self) -> Option<u64> {
        match self {
            Self::Depth { event_millis, .. } | Self::Trade { event_millis, .. } => Some(*event_millis),
            Self::Best { .. } => None,
        }
    }
}
