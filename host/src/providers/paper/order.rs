//! An own order in a paper venue's book, and its place in the queue.

use std::time::Duration;

use rust_decimal::Decimal;

use crate::base::Timestamp;
use crate::market::{Ladder, OrderRequest, Side, VenueOrderId};

/// The venue publishes what a trade does to the best bid or ask on another stream than the trade, and often earlier. For this
/// long a quantity that left the front of the queue is expected to be told again as a trade.
const ECHO: Duration = Duration::from_millis(100);

/// An order that the venue accepted.
#[derive(Clone, Debug)]
pub(super) struct LiveOrder {
    pub(super) request: OrderRequest,
    pub(super) venue_order_id: VenueOrderId,
    /// The limit in ticks; 0 for a market order, which never rests.
    pub(super) price: i64,
    /// Lots.
    pub(super) quantity: i64,
    /// Lots that are not filled.
    pub(super) leaves: i64,
    /// Price times quantity of all fills, quote currency.
    pub(super) cost: Decimal,
    /// When it reached the venue, by the venue's clock.
    pub(super) arrived_at: Timestamp,
    pub(super) queue: Queue,
}

/// How many lots of others are to be filled first. At arrival all that the tape shows at the price. Trades at the price
/// shorten it. Cancellations are taken to happen behind us as long as that is possible: the queue is never longer than
/// what the tape shows at the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Queue {
    pub(super) ahead: i64,
    /// Lots that left because the shown quantity shrank, and that a late trade may tell again.
    echo: i64,
    echo_until: Timestamp,
}

impl Queue {
    pub(super) fn behind(ahead: i64) -> Self {
        Self { ahead, ..Self::default() }
    }

    /// The tape shows `shown` lots at the price now.
    fn shrink(&mut self, shown: i64, now: Timestamp) {
        if shown < self.ahead {
            if now > self.echo_until {
                self.echo = 0;
            }
            self.echo += self.ahead - shown;
            self.echo_until = now.plus(ECHO);
            self.ahead = shown;
        }
    }

    /// Others traded up to `lots` at the price; what of it was not for those ahead.
    fn pass(&mut self, lots: i64, now: Timestamp) -> i64 {
        if now > self.echo_until {
            self.echo = 0;
        }
        let echoed = self.echo.min(lots);
        self.echo -= echoed;
        let passed = self.ahead.min(lots - echoed);
        self.ahead -= passed;
        lots - echoed - passed
    }
}

/// The own orders of one side of one book, in price-time priority.
#[derive(Clone, Debug)]
pub(super) struct Resting {
    side: Side,
    /// First to be filled last.
    orders: Vec<LiveOrder>,
}

impl Resting {
    pub(super) fn new(side: Side) -> Self {
        Self { side, orders: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.orders.is_empty()
    }

    /// Last in the queue of its price.
    pub(super) fn insert(&mut self, order: LiveOrder) {
        let better = |a: i64, b: i64| if self.side == Side::Buy { a > b } else { a < b };
        let index = self.orders.partition_point(|other| better(order.price, other.price));
        self.orders.insert(index, order);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<LiveOrder> {
        let index = self.orders.iter().position(|order| order.request.client_order_id.as_str() == id)?;
        Some(self.orders.remove(index))
    }

    /// In the order in which they are filled.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut LiveOrder> {
        self.orders.iter_mut().rev()
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = LiveOrder> {
        self.orders.drain(..).rev()
    }

    /// Forgets what is filled and tells each.
    pub(super) fn sweep(&mut self, mut filled: impl FnMut(&LiveOrder)) {
        self.orders.retain(|order| {
            if order.leaves == 0 {
                filled(order);
            }
            order.leaves > 0
        });
    }

    /// The tape's book of this side changed.
    pub(super) fn shrink_queues(&mut self, ladder: &Ladder, now: Timestamp) {
        for order in &mut self.orders {
            if order.queue.ahead > 0 {
                order.queue.shrink(ladder.at(order.price).map_or(0, |level| level.quantity), now);
            }
        }
    }

    /// A trade of the tape met this side: how many lots each own order gets of it, in price-time priority, told to `fill`.
    /// Orders share the traded quantity; what trades through an order's price fills it before anything behind it. A trade
    /// that was matched before an order arrived is not for it.
    pub(super) fn trade(&mut self, trade: PassingTrade, mut fill: impl FnMut(&mut LiveOrder, i64)) {
        let mut left = trade.quantity;
        // What the book told of a trade before is known to the orders of that time only, so a later one may see less of a queue than
        // an earlier one: its own queue shortens, but nobody is filled before those ahead of him are done.
        let mut one_waits = false;
        for order in self.orders.iter_mut().rev() {
            let through = if self.side == Side::Buy { order.price - trade.price } else { trade.price - order.price };
            if left == 0 || through < 0 {
                break;
            }
            if order.arrived_at > trade.matched_at {
                continue;
            }
            let lots = if through > 0 { left } else { order.queue.pass(left, trade.now) }.min(order.leaves);
            if lots > 0 && !one_waits {
                left -= lots;
                fill(order, lots);
            }
            one_waits |= order.leaves > 0;
        }
    }
}

/// A trade of the tape, as it concerns own orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct PassingTrade {
    /// Ticks.
    pub(super) price: i64,
    /// Lots.
    pub(super) quantity: i64,
    /// By the venue's clock.
    pub(super) matched_at: Timestamp,
    /// By the tape's clock.
    pub(super) now: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn trades_shorten_the_queue_and_then_fill() {
        let mut queue = Queue::behind(10);
        assert_eq!(queue.pass(4, at(0)), 0);
        assert_eq!(queue.pass(7, at(1)), 1);
        assert_eq!(queue.pass(7, at(2)), 7);
    }

    #[test]
    fn a_trade_that_the_book_told_before_counts_once() {
        let mut queue = Queue::behind(10);
        queue.shrink(8, at(0));
        assert_eq!(queue.ahead, 8);
        assert_eq!(queue.pass(2, at(1)), 0);
        assert_eq!(queue.ahead, 8, "the two lots had left already");
        queue.shrink(0, at(500));
        assert_eq!(queue.pass(3, at(700)), 3, "a trade long after is another one");
    }

    #[test]
    fn cancellations_behind_us_change_nothing() {
        let mut queue = Queue::behind(3);
        queue.shrink(8, at(0));
        assert_eq!(queue, Queue::behind(3));
    }
}
