//! Equity on a grid of time whose step fits the span: what returns are made of. Must not know where the equity comes from.

use rust_decimal::Decimal;

use crate::base::Timestamp;

/// The steps to choose from, in seconds: each is a multiple of the one before, so that a coarser grid is part of a finer one.
pub(super) const STEPS: [u64; 6] = [1, 10, 60, 600, 3_600, 86_400];

/// A grid has no more points than this, unless its step is a day.
pub(super) const POINTS: usize = 10_000;

/// Run lifetime. The first point lies at the start; each holds the equity after everything that happened up to its time.
#[derive(Debug)]
pub(super) struct Grid {
    start: Timestamp,
    step: usize,
    points: Vec<Decimal>,
    /// Time of the next point, in nanoseconds.
    next: u64,
}

impl Grid {
    /// Without a point yet.
    pub(super) fn new(start: Timestamp) -> Self {
        Self { start, step: 0, points: Vec::new(), next: start.as_nanos() }
    }

    /// The equity was this until now: every point before `now` gets it.
    pub(super) fn pass(&mut self, now: Timestamp, equity: Decimal) {
        while self.next < now.as_nanos() {
            self.push(equity);
        }
    }

    /// The equity is this at the end: every point up to it gets it.
    pub(super) fn close(&mut self, end: Timestamp, equity: Decimal) {
        while self.next <= end.as_nanos() {
            self.push(equity);
        }
    }

    fn push(&mut self, equity: Decimal) {
        if self.points.len() >= POINTS && self.step + 1 < STEPS.len() {
            let ratio = usize::try_from(STEPS[self.step + 1] / STEPS[self.step]).unwrap_or(1);
            self.step += 1;
            let mut place = 0;
            self.points.retain(|_| {
                place += 1;
                (place - 1) % ratio == 0
            });
        } else {
            self.points.push(equity);
        }
        let passed = self.seconds().saturating_mul(1_000_000_000).saturating_mul(self.points.len() as u64);
        self.next = self.start.as_nanos().saturating_add(passed);
    }

    /// Between two points.
    pub(super) fn seconds(&self) -> u64 {
        STEPS[self.step]
    }

    /// The equity at each point.
    pub(super) fn points(&self) -> &[Decimal] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(seconds: u64) -> Grid {
        let start = Timestamp::from_millis(500);
        let mut grid = Grid::new(start);
        // The equity is the second that it belongs to; it changes in the middle between two points.
        for second in 0..=seconds {
            grid.pass(
                Timestamp::from_millis(500 + second * 1_000 - 500 * u64::from(second > 0)),
                Decimal::from(second.max(1) - 1),
            );
        }
        grid.close(Timestamp::from_millis(500 + seconds * 1_000), Decimal::from(seconds));
        grid
    }

    #[test]
    fn the_step_is_the_smallest_that_fits() {
        for (seconds, step, points) in [
            (0, 1, 1),
            (9_999, 1, 10_000),
            (10_000, 10, 1_001),
            (99_999, 10, 10_000),
            (100_000, 60, 1_667),
            (700_000, 600, 1_167),
        ] {
            let grid = grid(seconds);
            assert_eq!((grid.seconds(), grid.points().len()), (step, points), "{seconds} s");
            let expected = (0..points as u64).map(|point| Decimal::from(point * step));
            assert!(grid.points().iter().copied().eq(expected), "{seconds} s: each point has the equity of its time");
        }
    }

    #[test]
    fn a_change_at_a_point_belongs_to_it() {
        let mut grid = Grid::new(Timestamp::ZERO);
        grid.pass(Timestamp::from_millis(1_000), Decimal::ONE);
        grid.close(Timestamp::from_millis(1_999), Decimal::TWO);
        assert_eq!(grid.points(), [Decimal::ONE, Decimal::TWO]);
    }
}
