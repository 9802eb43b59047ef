//! The newest prices of one symbol, as the events that were delivered tell them.

use crate::market::{DecimalText, Payload};

/// Last, bid and ask of one symbol at one provider. Each is absent until an event named it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarketState {
    /// From trades and tickers.
    pub last: Option<DecimalText>,
    /// From tickers and books.
    pub bid: Option<DecimalText>,
    /// From tickers and books.
    pub ask: Option<DecimalText>,
}

impl MarketState {
    /// Takes in what the event says; events that name no price change nothing.
    pub fn observe(&mut self, payload: &Payload) {
        match payload {
            Payload::Trade(trade) => self.last = Some(trade.price.clone()),
            Payload::Ticker(ticker) => {
                if !ticker.last_price.is_absent() {
                    self.last = Some(ticker.last_price.clone());
                }
                self.bid = present(&ticker.bid_price);
                self.ask = present(&ticker.ask_price);
            }
            Payload::BookSnapshot(book) => {
                self.bid = book.bids.first().map(|level| level.price.clone());
                self.ask = book.asks.first().map(|level| level.price.clone());
            }
            _ => {}
        }
    }
}

fn present(price: &DecimalText) -> Option<DecimalText> {
    (!price.is_absent()).then(|| price.clone())
}
