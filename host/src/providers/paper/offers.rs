//! What an order that arrives can take at once, and for how much: the levels of the other side, or in a market without a book the
//! last trade's price, made worse by the slippage of the venue.

use crate::market::{Book, OrderRequest, OrderType, Side};

/// Ten-thousandths of a price that a taker loses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Slippage(pub(super) u32);

impl Slippage {
    /// What a taker on this side pays or gets for a quote at `price`: worse, rounded outward to a whole tick.
    fn worse(self, side: Side, price: i64) -> i64 {
        let (price, part) = (i128::from(price), i128::from(self.0));
        let worse = match side {
            Side::Buy => (price * (10_000 + part) + 9_999) / 10_000,
            Side::Sell => (price * (10_000 - part) / 10_000).max(1),
        };
        i64::try_from(worse).unwrap_or(i64::MAX)
    }
}

/// What there is to take.
#[derive(Clone, Copy, Debug)]
pub(super) enum Offers<'a> {
    /// Of a book.
    Book(&'a Book),
    /// Of a market that shows trades only: any quantity at the price of the last, in ticks; 0 before the first.
    Last(i64),
}

/// A price at which something can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    /// What the market shows, ticks.
    pub(super) shown: i64,
    /// What the taker gets, ticks.
    pub(super) price: i64,
    /// Lots.
    pub(super) lots: i64,
}

impl Offers<'_> {
    /// Whether there can be no price yet.
    pub(super) fn unknown(self) -> bool {
        matches!(self, Self::Last(0))
    }

    /// What an order on this side can take, best first; `limit` is in ticks, 0 for none. What slippage moves beyond the limit cannot
    /// be taken.
    pub(super) fn within(self, side: Side, limit: i64, slippage: Slippage) -> impl Iterator<Item = Offer> {
        let (levels, last) = match self {
            Self::Book(book) => (Some(book.side(side.opposite()).iter()), None),
            Self::Last(price) => (None, Some(price).filter(|price| *price > 0)),
        };
        let levels = levels.into_iter().flatten().map(|level| (level.price, level.available()));
        let offers = levels.chain(last.map(|price| (price, i64::MAX)));
        let offers = offers.map(move |(shown, lots)| Offer { shown, price: slippage.worse(side, shown), lots });
        offers.take_while(move |offer| allows(side, limit, offer.price)).filter(|offer| offer.lots > 0)
    }

    /// Whether an order with this limit would meet something, slippage aside.
    pub(super) fn crosses(self, side: Side, limit: i64) -> bool {
        match self {
            Self::Book(book) => book.side(side.opposite()).best().is_some_and(|best| allows(side, limit, best.price)),
            Self::Last(price) => price > 0 && allows(side, limit, price),
        }
    }

    /// How many of `lots` an order can take.
    pub(super) fn takeable(self, order: &OrderRequest, limit: i64, lots: i64, slippage: Slippage) -> i64 {
        let limit = if order.order_type == OrderType::Market { 0 } else { limit };
        let mut left = lots;
        for offer in self.within(order.side, limit, slippage) {
            left -= left.min(offer.lots);
            if left == 0 {
                break;
            }
        }
        lots - left
    }
}

fn allows(side: Side, limit: i64, price: i64) -> bool {
    limit == 0 || if side == Side::Buy { price <= limit } else { price >= limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slippage_is_rounded_outward() {
        assert_eq!(Slippage(0).worse(Side::Buy, 10_000), 10_000);
        assert_eq!((Slippage(1).worse(Side::Buy, 10_000), Slippage(1).worse(Side::Sell, 10_000)), (10_001, 9_999));
        assert_eq!((Slippage(1).worse(Side::Buy, 101), Slippage(1).worse(Side::Sell, 101)), (102, 100));
        assert_eq!(Slippage(1000).worse(Side::Sell, 1), 1, "never nothing");
    }
}
