//! Draws the records of one instrument: step by step some trades against the book as it stands, then the price moves and the
//! book with it. Endless, in memory that does not grow.

use std::collections::VecDeque;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use super::market::Shape;
use crate::base::Timestamp;
use crate::market::{LevelChange, Side};
use crate::providers::paper::Source;
use crate::providers::tape::{Body, Record, TapeError};

/// Parts of a tick that the price is kept in between steps, so that small moves are not rounded away.
const FINE: i128 = 1 << 20;

/// Most trades in one step.
const TRADES_PER_STEP: u64 = 64;

/// Deviations and trends are in millionths of millionths.
const TRILLION: i128 = 1_000_000_000_000;

/// Run lifetime.
#[derive(Debug)]
pub(super) struct Generator {
    shape: Shape,
    random: ChaCha8Rng,
    /// The price in the middle, in [`FINE`] parts of a tick.
    mid: i128,
    trend: i64,
    /// Best first, all levels with a quantity.
    bids: Vec<LevelChange>,
    asks: Vec<LevelChange>,
    /// When the last step was.
    time: Timestamp,
    /// Of the step that is being told.
    trades: VecDeque<Trade>,
    trade_id: u64,
    /// 0 until the snapshot was told.
    update_id: u64,
}

#[derive(Clone, Copy, Debug)]
struct Trade {
    at: Timestamp,
    price: i64,
    quantity: i64,
    aggressor: Side,
}

impl Generator {
    /// From the beginning of the market, moved to `start`.
    pub(super) fn new(shape: Shape, start: Timestamp) -> Self {
        Self {
            random: ChaCha8Rng::from_seed(shape.seed),
            mid: i128::from(shape.base) * FINE,
            trend: shape.trend,
            bids: Vec::new(),
            asks: Vec::new(),
            time: start,
            trades: VecDeque::new(),
            trade_id: 0,
            update_id: 0,
            shape,
        }
    }

    /// From `least` to `most`, both included.
    fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = most.saturating_sub(least).unsigned_abs().saturating_add(1);
        least.saturating_add_unsigned(self.random.next_u64() % span)
    }

    /// Bell-shaped around 0; one deviation is 65,536. A sum of twelve even draws, because whole numbers are the same everywhere.
    fn bell(&mut self) -> i128 {
        let mut sum = 0;
        for _ in 0..3 {
            let word = self.random.next_u64();
            sum += (0..4).map(|part| i128::from(word >> (16 * part) & 0xffff)).sum::<i128>();
        }
        sum - 393_210
    }

    /// Draws the trades of the step that begins now; they eat into the book.
    fn draw_trades(&mut self) {
        let most = (2 * self.shape.trades_per_step_milli).min(TRADES_PER_STEP * 1_000);
        let drawn = self.random.next_u64() % (most + 1);
        // The part of a trade that is left over happens with that chance.
        let count = drawn / 1_000 + u64::from(self.random.next_u64() % 1_000 < drawn % 1_000);
        for number in 1..=count.min(TRADES_PER_STEP) {
            let at = Timestamp::from_nanos(self.time.as_nanos() + self.shape.step_nanos * number / (count + 1));
            let aggressor = if self.random.next_u64() & 1 == 0 { Side::Buy } else { Side::Sell };
            let (least, most) = self.shape.trade;
            let wanted = self.between(least, most);
            let levels = if aggressor == Side::Buy { &mut self.asks } else { &mut self.bids };
            let fresh = levels.iter().filter(|level| level.quantity > 0).count();
            // The last level is not touched: a side is never empty.
            let Some(level) = levels.iter_mut().find(|level| level.quantity > 0).filter(|_| fresh > 1) else { continue };
            let quantity = wanted.min(level.quantity);
            level.quantity -= quantity;
            self.trades.push_back(Trade { at, price: level.price, quantity, aggressor });
        }
    }

    /// Moves the price by one step.
    fn move_price(&mut self) {
        let bell = self.bell();
        let Shape { deviation, shock_one_in, shock_ppm, .. } = self.shape;
        let mut moved = self.mid * i128::from(self.trend) / TRILLION;
        moved += self.mid * i128::from(deviation) / TRILLION * bell / 65_536;
        if shock_one_in > 0 && self.random.next_u64().is_multiple_of(shock_one_in) {
            let size = self.between(shock_ppm / 2, shock_ppm + shock_ppm / 2);
            let sign = if self.random.next_u64() & 1 == 0 { 1 } else { -1 };
            moved += self.mid * i128::from(size * sign) / 1_000_000;
        }
        let (low, high) = (i128::from(self.shape.bounds.0) * FINE, i128::from(self.shape.bounds.1) * FINE);
        let wild = self.mid + moved;
        // At a bound price and trend turn back.
        let bounced = if wild < low {
            low + (low - wild)
        } else if wild > high {
            high - (wild - high)
        } else {
            wild
        };
        if bounced != wild {
            self.trend = -self.trend;
        }
        self.mid = bounced.clamp(low, high);
    }

    /// Brings the book around the price, and writes what changed. Levels that trades ate empty are filled again when they are
    /// still wanted, and now and then another one changes.
    fn requote(&mut self, bids: &mut Vec<LevelChange>, asks: &mut Vec<LevelChange>) {
        let mid = i64::try_from(self.mid / FINE).unwrap_or(self.shape.base);
        let Shape { spread_ticks, level_ticks, .. } = self.shape;
        let best_bid = mid - spread_ticks / 2;
        for (side, best, away) in [(Side::Buy, best_bid, -level_ticks), (Side::Sell, best_bid + spread_ticks, level_ticks)] {
            let before = std::mem::take(if side == Side::Buy { &mut self.bids } else { &mut self.asks });
            let mut after = Vec::with_capacity(self.shape.levels);
            let changes = if side == Side::Buy { &mut *bids } else { &mut *asks };
            let mut price = best;
            for _ in 0..self.shape.levels {
                let known = before.iter().find(|level| level.price == price).map_or(0, |level| level.quantity);
                let renewed = self.random.next_u64().is_multiple_of(4);
                let (least, most) = self.shape.trade;
                let quantity = if known == 0 || renewed { self.between(least, 4 * most) } else { known };
                after.push(LevelChange { price, quantity });
                price += away;
            }
            let gone = before.iter().filter(|level| after.iter().all(|kept| kept.price != level.price));
            changes.extend(gone.map(|level| LevelChange { price: level.price, quantity: 0 }));
            changes.extend(after.iter().copied());
            *(if side == Side::Buy { &mut self.bids } else { &mut self.asks }) = after;
        }
    }
}

impl Source for Generator {
    fn read(&mut self, record: &mut Record) -> Result<bool, TapeError> {
        record.bids.clear();
        record.asks.clear();
        if let Some(Trade { at, price, quantity, aggressor }) = self.trades.pop_front() {
            self.trade_id += 1;
            (record.received_at, record.venue_at) = (at, at);
            record.body = Body::Trade { trade_id: self.trade_id, matched_at: at, price, quantity, aggressor };
            return Ok(true);
        }
        if self.update_id > 0 {
            self.time = Timestamp::from_nanos(self.time.as_nanos().saturating_add(self.shape.step_nanos));
            self.move_price();
        }
        self.update_id += 1;
        let (mut bids, mut asks) = (std::mem::take(&mut record.bids), std::mem::take(&mut record.asks));
        self.requote(&mut bids, &mut asks);
        (record.bids, record.asks) = (bids, asks);
        (record.received_at, record.venue_at) = (self.time, self.time);
        record.body = match self.update_id {
            1 => Body::Snapshot { update_id: 1 },
            id => Body::Depth { first_id: id, last_id: id },
        };
        self.draw_trades();
        Ok(true)
    }

    fn shift_nanos(&self) -> i64 {
        0
    }
}
