//! One instrument of a paper venue: the tape's book, our orders in it, and where the two meet.

use std::time::Duration;

use super::Output;
use super::account::Account;
use super::bar::Bars;
use super::clearing::{Clearing, Match, Settlement};
use super::config::QueuePlace;
use super::feed::{Feed, TapeTrade};
use super::offers::{Offers, Slippage};
use super::order::{LiveOrder, PassingTrade, Queue, Resting};
use crate::base::{ProviderName, Timestamp};
use crate::market::{Book, Grid, Instrument, Ladder, Liquidity, Side};
use crate::providers::tape::TapeError;

/// Run lifetime.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) instrument: Instrument,
    pub(super) settlement: Settlement,
    pub(super) feed: Feed,
    pub(super) book: Book,
    /// As long as nothing was told of a book, the market is one of trades only.
    pub(super) bookless: bool,
    pub(super) bids: Resting,
    pub(super) asks: Resting,
    /// Orders that were accepted.
    pub(super) orders: u64,
}

/// Where matches go, and when they happen.
pub(super) struct Matching<'a> {
    pub(super) clearing: &'a mut Clearing,
    /// By the venue's clock.
    pub(super) time: Timestamp,
    pub(super) out: &'a mut Vec<Output>,
}

impl Matching<'_> {
    fn fill(&mut self, order: &mut LiveOrder, (price, lots): (i64, i64), liquidity: Liquidity, at: &Settlement) {
        let hit = Match { price, lots, liquidity, time: self.time };
        self.out.push(Output::report(self.clearing.fill(order, hit, at)));
    }
}

impl Listing {
    pub(super) fn new(
        instrument: &Instrument,
        provider: ProviderName,
        depth: usize,
        kline_interval: Duration,
        account: &mut Account,
    ) -> Result<Self, TapeError> {
        let grid = Grid::of(instrument).ok_or(TapeError::Corrupt("the instrument's increments"))?;
        let instrument = instrument.clone();
        let symbol = instrument.symbol.clone();
        let (base, quote) = (account.purse(symbol.base_currency()), account.purse(symbol.quote_currency()));
        Ok(Self {
            settlement: Settlement { grid, base, quote, symbol: symbol.clone() },
            feed: Feed::new(provider, symbol, grid, depth, Bars::new(kline_interval)),
            instrument,
            book: Book::default(),
            bookless: true,
            bids: Resting::new(Side::Buy),
            asks: Resting::new(Side::Sell),
            orders: 0,
        })
    }

    pub(super) fn resting(&mut self, side: Side) -> &mut Resting {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    pub(super) fn has_orders(&self) -> bool {
        !(self.bids.is_empty() && self.asks.is_empty())
    }

    /// What an order that arrives now can take.
    pub(super) fn offers(&self) -> Offers<'_> {
        if self.bookless { Offers::Last(self.feed.last_price()) } else { Offers::Book(&self.book) }
    }

    /// Fills up to `most` lots of an arriving order with what it meets, best first.
    pub(super) fn take(&mut self, order: &mut LiveOrder, most: i64, slippage: Slippage, matching: &mut Matching<'_>) {
        let (side, mut left) = (order.request.side, most.min(order.leaves));
        while left > 0 {
            let Some(offer) = self.offers().within(side, order.price, slippage).next() else { return };
            let lots = offer.lots.min(left);
            self.book.side_mut(side.opposite()).take(offer.shown, lots);
            matching.fill(order, (offer.price, lots), Liquidity::Taker, &self.settlement);
            left -= lots;
        }
    }

    /// Where an order that comes to rest now stands.
    pub(super) fn queue(&self, order: &LiveOrder, place: QueuePlace) -> Queue {
        let shown = || self.book.side(order.request.side).at(order.price).map_or(0, |level| level.available());
        Queue::behind(match place {
            QueuePlace::Front => 0,
            // Nobody knows who is there: only trades beyond the price say that all of them are done.
            QueuePlace::Back if self.bookless => i64::MAX,
            QueuePlace::Back => shown(),
        })
    }

    /// A trade of the tape passes our orders on the side that its aggressor met.
    pub(super) fn pass(&mut self, trade: TapeTrade, now: Timestamp, matching: &mut Matching<'_>) {
        let Self { bids, asks, settlement, bookless, .. } = self;
        let passing = PassingTrade { price: trade.price, quantity: trade.quantity, matched_at: trade.matched_at, now };
        for (resting, side) in [(bids, Side::Buy), (asks, Side::Sell)] {
            // Where there is no book the side of a trade is often made up: its price alone counts.
            if *bookless || trade.aggressor == side.opposite() {
                resting.trade(passing, |order, lots| matching.fill(order, (order.price, lots), Liquidity::Maker, settlement));
            }
        }
    }

    /// After a change of the tape's book: queues are not longer than it shows, and what its other side shows at the price of
    /// a resting order or beyond meets it.
    pub(super) fn requote(&mut self, now: Timestamp, matching: &mut Matching<'_>) {
        let Self { bids, asks, settlement, book, .. } = self;
        for (resting, side) in [(bids, Side::Buy), (asks, Side::Sell)] {
            resting.shrink_queues(book.side(side), now);
            let quotes = book.side_mut(side.opposite());
            for order in resting.iter_mut() {
                while let Some((price, lots)) = meeting(quotes, order) {
                    quotes.take(price, lots);
                    matching.fill(order, (order.price, lots), Liquidity::Maker, settlement);
                }
                if order.leaves > 0 {
                    break;
                }
            }
        }
    }
}

/// The best quote that can still be taken and that the order's limit allows, and how much of it the order wants.
fn meeting(quotes: &Ladder, order: &LiveOrder) -> Option<(i64, i64)> {
    let quote = quotes.iter().find(|level| level.available() > 0)?;
    let allowed = order.price == 0 || !quotes.is_better(order.price, quote.price);
    (allowed && order.leaves > 0).then(|| (quote.price, quote.available().min(order.leaves)))
}
