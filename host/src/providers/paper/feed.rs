//! From a tape's records to the events of one instrument. Builds only what somebody wants to hear.

use std::sync::Arc;

use smol_str::SmolStr;

use super::Output;
use super::bar::Bars;
use crate::base::{ProviderName, Timestamp};
use crate::bus::KindSet;
use crate::market::{
    Book, BookSnapshot, DecimalText, Event, EventKind, Grid, Ladder, Level, Payload, Side, Symbol, Ticker, Trade,
};

/// What the events of one instrument have in common.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    provider: ProviderName,
    symbol: Symbol,
    grid: Grid,
    depth: usize,
    sequences: [u64; EventKind::ALL.len()],
    /// Best bid and ask of the newest ticker, ticks; 0 for none.
    told: (i64, i64),
    /// Ticks; 0 before the first trade.
    last_price: i64,
    /// Lots.
    volume: i64,
    bars: Bars,
}

/// When something happened, in both times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// By the tape's clock.
    pub(super) now: Timestamp,
    /// By the venue's clock.
    pub(super) venue: Timestamp,
}

/// A trade of the tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct TapeTrade {
    pub(super) trade_id: u64,
    pub(super) matched_at: Timestamp,
    pub(super) price: i64,
    pub(super) quantity: i64,
    pub(super) aggressor: Side,
}

impl Feed {
    pub(super) fn new(provider: ProviderName, symbol: Symbol, grid: Grid, depth: usize, bars: Bars) -> Self {
        Self { provider, symbol, grid, depth, sequences: Default::default(), told: (0, 0), last_price: 0, volume: 0, bars }
    }

    pub(super) fn event(&mut self, payload: Payload, at: Moment) -> Output {
        let sequence = &mut self.sequences[payload.kind() as usize];
        *sequence += 1;
        Output::Event(Arc::new(Event {
            provider: self.provider.clone(),
            symbol: Some(self.symbol.clone()),
            sequence: *sequence,
            ingest_time: at.now,
            emit_time: at.venue,
            payload,
        }))
    }

    /// The bar that ended before it, and the trade.
    pub(super) fn trade(&mut self, trade: TapeTrade, kinds: KindSet, at: Moment, out: &mut Vec<Output>) {
        out.extend(self.time(kinds, Moment { venue: trade.matched_at, ..at }));
        self.bars.trade(trade.price, trade.quantity, trade.matched_at);
        self.last_price = trade.price;
        self.volume = self.volume.saturating_add(trade.quantity);
        if kinds.contains(EventKind::Trade) {
            let payload = Payload::Trade(Trade {
                trade_id: trade.trade_id.into(),
                side: trade.aggressor,
                price: self.grid.tick.text(trade.price),
                quantity: self.grid.lot.text(trade.quantity),
                time: trade.matched_at,
            });
            out.push(self.event(payload, at));
        }
    }

    /// Ticks; 0 before the first trade.
    pub(super) fn last_price(&self) -> i64 {
        self.last_price
    }

    /// The bar that has ended by now.
    pub(super) fn time(&mut self, kinds: KindSet, at: Moment) -> Option<Output> {
        let bar = self.bars.ended(at.venue, self.grid)?;
        kinds.contains(EventKind::KlineSummary).then(|| self.event(Payload::KlineSummary(Box::new(bar)), at))
    }

    /// A ticker when the best bid or ask price is another than the last ticker said.
    pub(super) fn ticker(&mut self, book: &Book, kinds: KindSet, at: Moment) -> Option<Output> {
        let best = |side| book.side(side).best().map_or(0, |level| level.price);
        let touch = (best(Side::Buy), best(Side::Sell));
        if touch == self.told {
            return None;
        }
        self.told = touch;
        if !kinds.contains(EventKind::Ticker) {
            return None;
        }
        let price = |ticks: i64| if ticks == 0 { DecimalText::default() } else { self.grid.tick.text(ticks) };
        let payload = Payload::Ticker(Ticker {
            last_price: price(self.last_price),
            bid_price: price(touch.0),
            ask_price: price(touch.1),
            volume_24h: self.grid.lot.text(self.volume),
            time: at.venue,
        });
        Some(self.event(payload, at))
    }

    /// The next ticker comes whatever the last one said.
    pub(super) fn forget_touch(&mut self) {
        self.told = (-1, -1);
    }

    /// The top of the book after a snapshot or depth update with these update ids.
    pub(super) fn book(&mut self, book: &Book, ids: (u64, u64), kinds: KindSet, at: Moment) -> Option<Output> {
        if !kinds.contains(EventKind::BookSnapshot) {
            return None;
        }
        let payload = Payload::BookSnapshot(BookSnapshot {
            bids: self.levels(book.side(Side::Buy)),
            asks: self.levels(book.side(Side::Sell)),
            checksum: SmolStr::default(),
            last_update: at.venue,
            first_update_id: ids.0,
            final_update_id: ids.1,
        });
        Some(self.event(payload, at))
    }

    fn levels(&self, ladder: &Ladder) -> Vec<Level> {
        let level = |level: &crate::market::BookLevel| Level {
            price: self.grid.tick.text(level.price),
            quantity: self.grid.lot.text(level.quantity),
        };
        ladder.iter().take(self.depth).map(level).collect()
    }
}
