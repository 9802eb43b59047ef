//! How long to wait before a lost connection is tried again: longer each time, never longer than a bound, and never the same
//! for two providers that lost theirs together.

use std::time::Duration;

use rand_chacha::rand_core::Rng;

/// Doubles from `first` to `most`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first attempt.
    pub first: Duration,
    /// The longest.
    pub most: Duration,
}

impl Backoff {
    /// From a quarter of a second to ten seconds.
    pub const USUAL: Self = Self { first: Duration::from_millis(250), most: Duration::from_secs(10) };

    /// The wait before attempt `attempt`, counted from 0: between half and the whole of the doubled time.
    pub fn wait(&self, attempt: u32, random: &mut impl Rng) -> Duration {
        let whole = self.first.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX)).min(self.most);
        let nanos = u64::try_from(whole.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(nanos / 2 + random.next_u64() % (nanos / 2 + 1))
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn waits_double_up_to_their_bound_and_differ() {
        let (mut a, mut b) = (ChaCha8Rng::from_seed([1; 32]), ChaCha8Rng::from_seed([2; 32]));
        let mut differ = 0;
        for attempt in 0..40 {
            let whole = Duration::from_millis(250).saturating_mul(1 << attempt.min(10)).min(Duration::from_secs(10));
            let waits = [Backoff::USUAL.wait(attempt, &mut a), Backoff::USUAL.wait(attempt, &mut b)];
            for wait in waits {
                assert!(wait >= whole / 2 && wait <= whole, "{attempt}: {wait:?}");
            }
            differ += u32::from(waits[0] != waits[1]);
        }
        assert!(differ > 35, "{differ}");
    }
}
