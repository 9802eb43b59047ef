//! An order book by price, joined from the three things that venues send: a snapshot, updates of its depth, and changes of
//! the best bid and ask. Prices are ticks and quantities are lots (`market::Grid`).

use crate::market::Side;

/// What a message says about one price: the quantity that stands there now, 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelChange {
    /// Ticks, above 0.
    pub price: i64,
    /// Lots, 0 or more.
    pub quantity: i64,
}

/// One price of a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BookLevel {
    /// Ticks.
    pub price: i64,
    /// Lots that the venue shows, above 0.
    pub quantity: i64,
    /// Lots of these that a simulated venue has matched with its own orders; back to 0 when the venue shows another quantity.
    pub taken: i64,
    /// The venue's number of the message that told the quantity.
    pub update_id: u64,
}

impl BookLevel {
    /// Lots that can still be taken.
    pub fn available(&self) -> i64 {
        self.quantity - self.taken
    }
}

/// One side of a book.
#[derive(Clone, Debug)]
pub struct Ladder {
    side: Side,
    /// Best last: nearly every change is near the touch, so that insertion moves few levels.
    levels: Vec<BookLevel>,
}

/// Far more than any venue publishes; a hostile tape cannot make a book grow beyond it.
const MAX_LEVELS: usize = 16_384;

impl Ladder {
    fn new(side: Side) -> Self {
        Self { side, levels: Vec::new() }
    }

    /// Larger is better.
    fn rank(&self, price: i64) -> i64 {
        match self.side {
            Side::Buy => price,
            Side::Sell => -price,
        }
    }

    /// Where `price` stands or would stand.
    fn place(&self, price: i64) -> Result<usize, usize> {
        let rank = self.rank(price);
        let index = self.levels.partition_point(|level| self.rank(level.price) < rank);
        if self.levels.get(index).is_some_and(|level| level.price == price) { Ok(index) } else { Err(index) }
    }

    /// Whether `price` is better for this side than `other`.
    pub fn is_better(&self, price: i64, other: i64) -> bool {
        self.rank(price) > self.rank(other)
    }

    /// The best level.
    pub fn best(&self) -> Option<&BookLevel> {
        self.levels.last()
    }

    /// The levels, best first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &BookLevel> + ExactSizeIterator {
        self.levels.iter().rev()
    }

    /// The level at this price.
    pub fn at(&self, price: i64) -> Option<&BookLevel> {
        self.place(price).ok().map(|index| &self.levels[index])
    }

    /// Notes that `lots` of a level were matched by an own order.
    pub fn take(&mut self, price: i64, lots: i64) {
        if let Ok(index) = self.place(price) {
            let level = &mut self.levels[index];
            level.taken = (level.taken + lots).min(level.quantity);
        }
    }

    fn set(&mut self, change: LevelChange, update_id: u64) {
        match (self.place(change.price), change.quantity > 0) {
            (Ok(index), true) => {
                let level = &mut self.levels[index];
                if level.quantity != change.quantity {
                    (level.quantity, level.taken) = (change.quantity, 0);
                }
                level.update_id = update_id;
            }
            (Ok(index), false) => {
                self.levels.remove(index);
            }
            (Err(index), true) => {
                let level = BookLevel { price: change.price, quantity: change.quantity, taken: 0, update_id };
                self.levels.insert(index, level);
                if self.levels.len() > MAX_LEVELS {
                    self.levels.drain(..MAX_LEVELS / 8);
                }
            }
            (Err(_), false) => {}
        }
    }

    /// Removes every level that is better than `price`.
    fn cut(&mut self, price: i64) {
        while self.levels.last().is_some_and(|level| self.is_better(level.price, price)) {
            self.levels.pop();
        }
    }
}

/// Both sides of one instrument's book. The parts of a venue's data overlap and overtake each other; the rule that joins
/// them is that of two statements about the same price the one with the larger update id holds.
#[derive(Clone, Debug)]
pub struct Book {
    bids: Ladder,
    asks: Ladder,
    /// Of the newest snapshot or depth update.
    depth_id: u64,
    /// Of the newest best bid and ask.
    best_id: u64,
}

impl Default for Book {
    fn default() -> Self {
        Self { bids: Ladder::new(Side::Buy), asks: Ladder::new(Side::Sell), depth_id: 0, best_id: 0 }
    }
}

impl Book {
    /// The bids (`Buy`) or the asks (`Sell`).
    pub fn side(&self, side: Side) -> &Ladder {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    /// The same, to take from.
    pub fn side_mut(&mut self, side: Side) -> &mut Ladder {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The newest update id in it.
    pub fn update_id(&self) -> u64 {
        self.depth_id.max(self.best_id)
    }

    /// A snapshot: what was known before is forgotten.
    pub fn replace(&mut self, update_id: u64, bids: &[LevelChange], asks: &[LevelChange]) {
        for (ladder, changes) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            ladder.levels.clear();
            // Worst first, so that each level is appended.
            for change in changes.iter().rev() {
                ladder.set(*change, update_id);
            }
        }
        (self.depth_id, self.best_id) = (update_id, 0);
        self.uncross();
    }

    /// A depth update that ends with `last_id`. It is published at intervals, so the best bid and ask may be newer already:
    /// then they stand, and nothing better than them comes back.
    pub fn apply(&mut self, last_id: u64, bids: &[LevelChange], asks: &[LevelChange]) {
        if last_id < self.depth_id {
            return;
        }
        let touch_is_newer = self.best_id > last_id;
        for (ladder, changes) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            for change in changes {
                let gone = touch_is_newer && ladder.best().is_none_or(|best| ladder.is_better(change.price, best.price));
                let known = touch_is_newer && ladder.at(change.price).is_some_and(|level| level.update_id > last_id);
                if !gone && !known {
                    ladder.set(*change, last_id);
                }
            }
        }
        self.depth_id = last_id;
        self.uncross();
    }

    /// A change of the best bid and ask. Older than the depth, it is ignored.
    pub fn set_best(&mut self, update_id: u64, bid: LevelChange, ask: LevelChange) {
        if update_id < self.depth_id || update_id < self.best_id {
            return;
        }
        for (ladder, change) in [(&mut self.bids, bid), (&mut self.asks, ask)] {
            ladder.cut(change.price);
            ladder.set(change, update_id);
        }
        self.best_id = update_id;
        self.uncross();
    }

    /// A venue's own book never crosses: where ours does, a removal has not been told yet, and the older level goes.
    fn uncross(&mut self) {
        while let (Some(bid), Some(ask)) = (self.bids.best(), self.asks.best())
            && bid.price >= ask.price
        {
            let older = if bid.update_id <= ask.update_id { &mut self.bids } else { &mut self.asks };
            older.levels.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(price: i64, quantity: i64) -> LevelChange {
        LevelChange { price, quantity }
    }

    fn shown(book: &Book, side: Side) -> Vec<(i64, i64)> {
        book.side(side).iter().map(|level| (level.price, level.quantity)).collect()
    }

    fn book() -> Book {
        let mut book = Book::default();
        book.replace(10, &[level(100, 5), level(99, 6), level(97, 7)], &[level(101, 5), level(103, 6)]);
        book
    }

    #[test]
    fn updates_set_insert_and_remove() {
        let mut book = book();
        book.apply(12, &[level(99, 0), level(98, 4), level(97, 1), level(50, 0)], &[level(102, 9)]);
        assert_eq!(shown(&book, Side::Buy), [(100, 5), (98, 4), (97, 1)]);
        assert_eq!(shown(&book, Side::Sell), [(101, 5), (102, 9), (103, 6)]);
        book.apply(11, &[level(100, 0)], &[]);
        assert_eq!(shown(&book, Side::Buy)[0], (100, 5), "an older update says nothing new");
    }

    #[test]
    fn a_newer_touch_outlives_an_older_depth_update() {
        let mut book = book();
        book.set_best(20, level(99, 2), level(101, 4));
        assert_eq!(shown(&book, Side::Buy), [(99, 2), (97, 7)]);
        book.apply(15, &[level(100, 9), level(99, 8), level(98, 1)], &[level(101, 0)]);
        assert_eq!(shown(&book, Side::Buy), [(99, 2), (98, 1), (97, 7)]);
        assert_eq!(shown(&book, Side::Sell), [(101, 4), (103, 6)]);
        book.apply(25, &[level(100, 9)], &[]);
        assert_eq!(shown(&book, Side::Buy)[0], (100, 9));
        book.set_best(24, level(98, 1), level(101, 1));
        assert_eq!(shown(&book, Side::Buy)[0], (100, 9), "an older touch is ignored");
    }

    #[test]
    fn of_two_crossing_levels_the_older_goes() {
        let mut book = book();
        book.apply(11, &[level(102, 3)], &[]);
        assert_eq!(shown(&book, Side::Buy)[0], (102, 3));
        assert_eq!(shown(&book, Side::Sell), [(103, 6)]);
    }

    #[test]
    fn what_was_taken_comes_back_with_another_quantity() {
        let mut book = book();
        book.side_mut(Side::Sell).take(101, 3);
        book.set_best(11, level(100, 5), level(101, 5));
        assert_eq!(book.side(Side::Sell).best().map(BookLevel::available), Some(2), "the same quantity is no news");
        book.set_best(12, level(100, 5), level(101, 4));
        assert_eq!(book.side(Side::Sell).best().map(BookLevel::available), Some(4));
    }

    #[test]
    fn a_ladder_does_not_grow_without_end() {
        let mut book = Book::default();
        for price in 1..100_000_i64 {
            book.apply(u64::try_from(price).unwrap(), &[level(price, 1)], &[]);
        }
        assert!(book.side(Side::Buy).iter().len() <= MAX_LEVELS);
        assert_eq!(book.side(Side::Buy).best().map(|level| level.price), Some(99_999));
    }
}
