//! Makes depth updates smaller: [`Thinned`] says by which rule.

use std::collections::BTreeSet;

use super::super::{Body, Record, Thinned};
use crate::base::Timestamp;
use crate::market::{Book, Ladder, LevelChange, Side};

pub(super) struct Thinner {
    rule: Thinned,
    /// The book as the venue tells it.
    truth: Book,
    /// The book as a player of the tape will have it.
    told: Book,
    /// Prices at which the two may differ: bids, asks.
    differing: [BTreeSet<i64>; 2],
    next_far: Timestamp,
}

impl Thinner {
    pub(super) fn new(rule: Thinned) -> Self {
        Self { rule, truth: Book::default(), told: Book::default(), differing: Default::default(), next_far: Timestamp::ZERO }
    }

    /// Rewrites the levels of a depth update; other records pass.
    pub(super) fn thin(&mut self, record: &mut Record) {
        match record.body {
            Body::Snapshot { update_id } => {
                for book in [&mut self.truth, &mut self.told] {
                    book.replace(update_id, &record.bids, &record.asks);
                }
                self.differing.iter_mut().for_each(BTreeSet::clear);
            }
            Body::Best { update_id, bid, ask } => {
                for book in [&mut self.truth, &mut self.told] {
                    book.set_best(update_id, bid, ask);
                }
            }
            Body::Depth { last_id, .. } => {
                self.truth.apply(last_id, &record.bids, &record.asks);
                let all = record.received_at >= self.next_far;
                if all {
                    self.next_far = record.received_at.plus(std::time::Duration::from_millis(self.rule.far_every_ms.into()));
                }
                for (side, levels) in [(Side::Buy, &mut record.bids), (Side::Sell, &mut record.asks)] {
                    let differing = &mut self.differing[usize::from(side == Side::Sell)];
                    differing.extend(levels.iter().map(|level| level.price));
                    news(
                        self.truth.side(side),
                        self.told.side(side),
                        differing,
                        if all { None } else { Some(self.rule.band_ppm) },
                        levels,
                    );
                }
                self.told.apply(last_id, &record.bids, &record.asks);
                for (side, differing) in [Side::Buy, Side::Sell].into_iter().zip(&mut self.differing) {
                    let (truth, told) = (self.truth.side(side), self.told.side(side));
                    differing.retain(|price| shown(truth, *price) != shown(told, *price));
                }
            }
            Body::Trade { .. } => {}
        }
    }
}

/// Fills `levels` with what has to be told now, best first: prices within the band, or all when there is none.
fn news(truth: &Ladder, told: &Ladder, differing: &BTreeSet<i64>, band_ppm: Option<u32>, levels: &mut Vec<LevelChange>) {
    levels.clear();
    let touch = truth.best().map_or(0, |best| best.price);
    let reach = band_ppm.map_or(i64::MAX, |ppm| touch / 1000 * i64::from(ppm) / 1000);
    for &price in differing {
        let quantity = shown(truth, price);
        if price.abs_diff(touch) <= reach.unsigned_abs() && quantity != shown(told, price) {
            levels.push(LevelChange { price, quantity });
        }
    }
    if levels.first().zip(levels.last()).is_some_and(|(first, last)| truth.is_better(last.price, first.price)) {
        levels.reverse();
    }
}

fn shown(ladder: &Ladder, price: i64) -> i64 {
    ladder.at(price).map_or(0, |level| level.quantity)
}
