//! A throttle that denies instead of waiting.

use std::time::Duration;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::base::Timestamp;

/// A token bucket in the form of the generic cell rate algorithm (ITU-T I.371): all it keeps is the time at which the bucket
/// would be full again. Whole nanoseconds, so that the same orders give the same answers on every machine.
#[derive(Clone, Copy, Debug)]
pub(in crate::trading) struct Bucket {
    interval_nanos: u64,
    burst: u64,
    full_at_nanos: u64,
}

impl Bucket {
    /// Lets `burst` through at once and `rate` per second after that.
    pub(in crate::trading) fn new(rate: Decimal, burst: u32) -> Self {
        let interval = Decimal::from(1_000_000_000).checked_div(rate).and_then(|nanos| nanos.to_u64());
        Self { interval_nanos: interval.unwrap_or(u64::MAX).max(1), burst: burst.max(1).into(), full_at_nanos: 0 }
    }

    /// Takes over the rates of `other`; what was used so far stays used.
    pub(in crate::trading) fn set_rates(&mut self, other: Self) {
        *self = Self { full_at_nanos: self.full_at_nanos, ..other };
    }

    /// Takes one token at this moment.
    ///
    /// # Errors
    /// How long it takes until there is one again; nothing was taken then.
    pub(in crate::trading) fn take(&mut self, at: Timestamp) -> Result<(), Duration> {
        let now = at.as_nanos();
        let depth = self.interval_nanos.saturating_mul(self.burst);
        // An empty bucket is full again after `depth`. Longer can only mean that the clock was set back, as when a tape starts anew.
        self.full_at_nanos = self.full_at_nanos.clamp(now, now.saturating_add(depth));
        let after = self.full_at_nanos.saturating_add(self.interval_nanos);
        let wait = after.saturating_sub(now.saturating_add(depth));
        if wait > 0 {
            return Err(Duration::from_nanos(wait));
        }
        self.full_at_nanos = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_723_161_254_000 + millis)
    }

    #[test]
    fn a_burst_then_the_rate() {
        let mut bucket = Bucket::new(Decimal::from(5), 3);
        let passed: Vec<_> =
            [0, 0, 0, 0, 199, 200, 200, 400, 2000, 2000, 2000, 2000].map(|t| bucket.take(at(t)).is_ok()).to_vec();
        assert_eq!(passed, [true, true, true, false, false, true, false, true, true, true, true, false]);
        assert_eq!(bucket.take(at(2050)), Err(Duration::from_millis(150)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lock_anyone_out() {
        let mut bucket = Bucket::new(Decimal::from(5), 1);
        assert_eq!(bucket.take(at(1_000_000)), Ok(()));
        assert_eq!(bucket.take(at(0)), Err(Duration::from_millis(200)));
        assert_eq!(bucket.take(at(200)), Ok(()));
    }

    #[test]
    fn odd_rates() {
        assert!(Bucket::new(Decimal::new(1, 3), 1).take(at(0)).is_ok(), "one in a thousand seconds");
        let mut slow = Bucket::new(Decimal::new(5, 1), 1);
        assert_eq!((slow.take(at(0)), slow.take(at(1999)).is_ok(), slow.take(at(2000))), (Ok(()), false, Ok(())));
    }
}
