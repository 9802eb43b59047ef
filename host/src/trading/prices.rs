//! The newest prices of a provider as the risk check uses them: fed by everything that is published, whoever listens.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::base::Timestamp;
use crate::market::{Event, Level, Payload, Side, Symbol};

/// Of one symbol.
#[derive(Clone, Debug, Default)]
pub(super) struct Prices {
    /// The newest of: last trade, last price of a ticker, middle of a book.
    pub(super) reference: Option<Decimal>,
    /// When the provider received it.
    pub(super) reference_at: Timestamp,
    bid: Option<Decimal>,
    ask: Option<Decimal>,
    /// The newest book.
    book: Option<Arc<Event>>,
}

/// Of all symbols of one provider.
#[derive(Debug, Default)]
pub(super) struct PriceBoard(BTreeMap<Symbol, Prices>);

impl PriceBoard {
    /// Takes in what an event says; those that name no price change nothing.
    pub(super) fn observe(&mut self, event: &Arc<Event>) {
        let Some(symbol) = &event.symbol else { return };
        if !matches!(event.payload, Payload::Trade(_) | Payload::Ticker(_) | Payload::BookSnapshot(_)) {
            return;
        }
        // Looked up before it is inserted: the key is cloned once per symbol, not once per event.
        match self.0.get_mut(symbol) {
            Some(prices) => prices.observe(event),
            None => self.0.entry(symbol.clone()).or_default().observe(event),
        }
    }

    /// Of this symbol.
    pub(super) fn of(&self, symbol: &Symbol) -> Option<&Prices> {
        self.0.get(symbol)
    }
}

impl Prices {
    fn observe(&mut self, event: &Arc<Event>) {
        let before = self.reference.take();
        match &event.payload {
            Payload::Trade(trade) => self.reference = Some(trade.price.value()),
            Payload::Ticker(ticker) => {
                let present = |price: &crate::market::DecimalText| (!price.is_absent()).then(|| price.value());
                self.bid = present(&ticker.bid_price);
                self.ask = present(&ticker.ask_price);
                self.reference = present(&ticker.last_price);
            }
            Payload::BookSnapshot(book) => {
                self.bid = book.bids.first().map(|level| level.price.value());
                self.ask = book.asks.first().map(|level| level.price.value());
                let middle = self.bid.zip(self.ask).and_then(|(bid, ask)| bid.checked_add(ask)?.checked_div(Decimal::TWO));
                self.reference = middle;
                self.book = Some(Arc::clone(event));
            }
            _ => {}
        }
        if self.reference.is_some() {
            self.reference_at = event.ingest_time;
        } else {
            self.reference = before;
        }
    }

    /// The worst price that a market order of this side and quantity would reach in the newest book; without a book the best
    /// price of the newest ticker. None when it cannot be told: then it may reach any price.
    pub(super) fn reach(&self, side: Side, quantity: Decimal) -> Option<Decimal> {
        let Some(Payload::BookSnapshot(book)) = self.book.as_ref().map(|event| &event.payload) else {
            return match side {
                Side::Buy => self.ask,
                Side::Sell => self.bid,
            };
        };
        let levels: &[Level] = match side {
            Side::Buy => &book.asks,
            Side::Sell => &book.bids,
        };
        let mut left = quantity;
        levels.iter().find_map(|level| {
            left -= level.quantity.value();
            (left <= Decimal::ZERO).then(|| level.price.value())
        })
    }
}
