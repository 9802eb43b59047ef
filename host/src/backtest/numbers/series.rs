//! A course of values in bounded memory: buckets of time that double in width when there are too many, each with its extremes.
//! Nothing that sticks out is lost. Must not know what the values are.

use rust_decimal::Decimal;

use crate::base::Timestamp;

/// The first buckets are as wide as this power of two, in nanoseconds: about a millisecond.
const FIRST_SHIFT: u32 = 20;

/// One value of a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) at: Timestamp,
    /// Its place among all values: two may have the same time.
    number: u64,
    pub(super) value: Decimal,
    /// How far below its peak the value is; 0 where nobody asks.
    pub(super) drawdown: Decimal,
}

/// Run lifetime.
#[derive(Debug)]
pub(super) struct Series {
    start: Timestamp,
    shift: u32,
    most: usize,
    numbered: u64,
    first: Option<Sample>,
    last: Option<Sample>,
    buckets: Vec<Bucket>,
}

/// A stretch of time in which there was a value.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    index: u64,
    low: Sample,
    high: Sample,
    /// The first one of the deepest drawdown; none while there is no drawdown, so that a price is not kept for it.
    deepest: Option<Sample>,
}

impl Bucket {
    fn new(index: u64, first: Sample) -> Self {
        let deepest = Some(first).filter(|sample| sample.drawdown > Decimal::ZERO);
        Self { index, low: first, high: first, deepest }
    }

    fn add(&mut self, sample: Sample) {
        if sample.value < self.low.value {
            self.low = sample;
        } else if sample.value > self.high.value {
            self.high = sample;
        }
        if sample.drawdown > self.deepest.map_or(Decimal::ZERO, |deepest| deepest.drawdown) {
            self.deepest = Some(sample);
        }
    }

    fn merge(&mut self, later: &Self) {
        self.add(later.low);
        self.add(later.high);
        if let Some(deepest) = later.deepest {
            self.add(deepest);
        }
    }
}

impl Series {
    /// From `start` on, in at most so many buckets: each gives up to two points, three where drawdowns are given.
    pub(super) fn new(start: Timestamp, most: usize) -> Self {
        Self { start, shift: FIRST_SHIFT, most, numbered: 0, first: None, last: None, buckets: Vec::new() }
    }

    /// Takes in the next value. Values come in the order of their times.
    pub(super) fn add(&mut self, at: Timestamp, value: Decimal, drawdown: Decimal) {
        let sample = Sample { at, number: self.numbered, value, drawdown };
        self.numbered += 1;
        self.first.get_or_insert(sample);
        self.last = Some(sample);
        let index = self.index(at);
        match self.buckets.last_mut() {
            Some(bucket) if bucket.index >= index => bucket.add(sample),
            _ => {
                self.buckets.push(Bucket::new(index, sample));
                if self.buckets.len() > self.most {
                    self.widen();
                }
            }
        }
    }

    fn index(&self, at: Timestamp) -> u64 {
        at.as_nanos().saturating_sub(self.start.as_nanos()) >> self.shift
    }

    fn widen(&mut self) {
        // Some room is made each time, so that few wide gaps do not make every value widen all.
        while self.buckets.len() > self.most * 2 / 3 && self.shift < u64::BITS - 1 {
            self.shift += 1;
            self.buckets.iter_mut().for_each(|bucket| bucket.index >>= 1);
            self.buckets.dedup_by(|later, earlier| {
                let same = later.index == earlier.index;
                if same {
                    earlier.merge(later);
                }
                same
            });
        }
    }

    /// The first, the last and the extremes of each bucket, in their order.
    pub(super) fn points(&self) -> Vec<Sample> {
        let extremes = self.buckets.iter().flat_map(|bucket| [bucket.low, bucket.high].into_iter().chain(bucket.deepest));
        let mut points: Vec<_> = self.first.into_iter().chain(extremes).chain(self.last).collect();
        points.sort_by_key(|sample| sample.number);
        points.dedup_by_key(|sample| sample.number);
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_survive_and_memory_is_bounded() {
        let start = Timestamp::from_nanos(1_000);
        let mut series = Series::new(start, 30);
        let mut state = 7_u64;
        let mut all = Vec::new();
        for number in 0..20_000_u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = Decimal::new(i64::try_from(state >> 40).unwrap(), 2);
            // Gaps of very different length.
            let at = Timestamp::from_nanos(1_000 + number * 3_000_000 + if number > 10_000 { 1 << 45 } else { 0 });
            series.add(at, value, Decimal::ONE_THOUSAND - value);
            all.push((at, value));
            assert!(series.buckets.len() <= 30);
        }
        let points = series.points();
        assert!((20..=92).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by_key(|point| point.at));
        assert_eq!((points[0].at, points[0].value), all[0]);
        assert_eq!(points.last().map(|point| (point.at, point.value)), all.last().copied());
        let extreme = |values: &mut dyn Iterator<Item = Decimal>| {
            values.fold((Decimal::MAX, Decimal::MIN), |(low, high), value| (low.min(value), high.max(value)))
        };
        assert_eq!(extreme(&mut points.iter().map(|point| point.value)), extreme(&mut all.iter().map(|(_, value)| *value)));
        assert!(points.iter().all(|point| all.contains(&(point.at, point.value))), "no point is made up");
    }

    #[test]
    fn few_values_are_all_there() {
        let mut series = Series::new(Timestamp::ZERO, 10);
        for number in 0..4 {
            series.add(Timestamp::from_millis(number * 5), Decimal::from(number), Decimal::ZERO);
        }
        assert_eq!(series.points().iter().map(|point| point.value).collect::<Vec<_>>(), [0, 1, 2, 3].map(Decimal::from));
    }
}
