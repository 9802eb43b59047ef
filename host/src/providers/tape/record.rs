//! What a tape holds: one record per message that the venue sent.

use crate::base::Timestamp;
use crate::market::{LevelChange, Side};

/// One message of a venue. It is read again and again into the same value, so that playing a tape allocates nothing.
/// Prices are ticks and quantities are lots of the tape's instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When the recorder received it, on the venue's clock ([`TapeHeader::clock_correction_nanos`](super::TapeHeader)) and rounded down to
    /// the tape's time step. Never before the previous record's.
    pub received_at: Timestamp,
    /// When the venue sent it; where the message does not say, the receive time.
    pub venue_at: Timestamp,
    /// What it says.
    pub body: Body,
    /// Bids of a snapshot or depth update, best first; empty otherwise.
    pub bids: Vec<LevelChange>,
    /// Asks of a snapshot or depth update, best first; empty otherwise.
    pub asks: Vec<LevelChange>,
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// The whole book, in `bids` and `asks`.
    Snapshot {
        /// The venue's number of the newest change in it.
        update_id: u64,
    },
    /// Levels that changed, in `bids` and `asks`; quantity 0 removes one.
    Depth {
        /// The venue's number of the first change in it.
        first_id: u64,
        /// The venue's number of the last change in it.
        last_id: u64,
    },
    /// The best bid and ask changed in price or quantity.
    Best {
        /// The venue's number of the change.
        update_id: u64,
        /// The best bid.
        bid: LevelChange,
        /// The best ask.
        ask: LevelChange,
    },
    /// A trade.
    Trade {
        /// The venue's number of it.
        trade_id: u64,
        /// When it was matched, by the venue's clock; milliseconds.
        matched_at: Timestamp,
        /// Ticks.
        price: i64,
        /// Lots, above 0.
        quantity: i64,
        /// Who took liquidity.
        aggressor: Side,
    },
}

impl Default for Body {
    fn default() -> Self {
        Self::Snapshot { update_id: 0 }
    }
}
