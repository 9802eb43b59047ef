//! How a venue treats messages when it is no better than real ones: some take longer, some orders are turned away for no
//! reason of theirs. Drawn from a seed, so that the same messages fare the same again.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::base::Timestamp;

/// Run lifetime.
#[derive(Clone, Debug)]
pub struct Conduct {
    random: ChaCha8Rng,
    more_latency: Duration,
    rejects_ppm: u32,
    partial_ppm: u32,
    /// When the message before arrives: one connection keeps their order.
    last: Timestamp,
}

impl Conduct {
    /// Up to `more_latency` on top of the venue's own for each message; of a million orders about `rejects_ppm` are turned away.
    pub fn new(seed: [u8; 32], more_latency: Duration, rejects_ppm: u32) -> Self {
        Self { random: ChaCha8Rng::from_seed(seed), more_latency, rejects_ppm, partial_ppm: 0, last: Timestamp::ZERO }
    }

    /// The same; of a million orders about `partial_ppm` take only a part of what they could.
    #[must_use]
    pub fn with_partial(self, partial_ppm: u32) -> Self {
        Self { partial_ppm, ..self }
    }

    /// How many of the lots that the order which arrives now could take it takes: nearly always all.
    pub(super) fn share(&mut self, lots: i64) -> i64 {
        // Nothing is drawn where nothing is wanted: the sequence of a venue without this stays what it was.
        if self.partial_ppm == 0 || self.random.next_u64() % 1_000_000 >= u64::from(self.partial_ppm) || lots < 2 {
            return lots;
        }
        let less = u64::try_from(lots - 1).unwrap_or(1);
        i64::try_from(1 + self.random.next_u64() % less).unwrap_or(lots)
    }

    /// When a message arrives that would arrive at `at` if nothing came in its way.
    pub(super) fn arrival(&mut self, at: Timestamp) -> Timestamp {
        let most = u64::try_from(self.more_latency.as_nanos()).unwrap_or(u64::MAX - 1);
        let more = Duration::from_nanos(self.random.next_u64() % (most + 1));
        self.last = self.last.max(at.plus(more));
        self.last
    }

    /// Whether the order that arrives now is turned away.
    pub(super) fn turns_away(&mut self) -> bool {
        self.random.next_u64() % 1_000_000 < u64::from(self.rejects_ppm)
    }
}
