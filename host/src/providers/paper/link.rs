//! The connection between a simulated venue and the host, and how it breaks: at times drawn from a seed, by the market's
//! clock. While it is broken the market goes on, the host hears nothing, and attempts to restore it follow each other more and
//! more slowly.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

use crate::base::Timestamp;
use crate::providers::backoff::Backoff;

/// How often a connection breaks and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outages {
    /// What the moments are drawn from.
    pub seed: [u8; 32],
    /// The mean time from one outage to the next; each is between half of it and half as much again.
    pub every: Duration,
    /// The mean time for which the venue cannot be reached; likewise.
    pub lasts: Duration,
}

/// What happens to the connection at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It breaks.
    Lost,
    /// It was tried in vain.
    Tried,
    /// It was tried and is back.
    Restored,
}

/// Run lifetime.
#[derive(Debug)]
pub struct Link {
    outages: Option<(Outages, ChaCha8Rng)>,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Up { until: Option<Timestamp> },
    Down { reachable: Timestamp, next_try: Timestamp, attempt: u32 },
}

impl Link {
    /// Whole at `begin`.
    pub fn new(outages: Option<Outages>, begin: Timestamp) -> Self {
        let outages = outages.map(|outages| (outages, ChaCha8Rng::from_seed(outages.seed)));
        let mut link = Self { outages, state: State::Up { until: None } };
        link.restore(begin);
        link
    }

    /// Whether the host hears the venue.
    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Up { .. })
    }

    /// When it changes, or is tried, next; none for never.
    pub fn next(&self) -> Option<Timestamp> {
        match self.state {
            State::Up { until } => until,
            State::Down { next_try, .. } => Some(next_try),
        }
    }

    /// Lets happen what is next.
    pub fn turn(&mut self) -> Turn {
        match self.state {
            State::Up { until } => {
                let at = until.unwrap_or_default();
                let Some((outages, random)) = &mut self.outages else { return Turn::Restored };
                let reachable = at.plus(about(outages.lasts, random));
                self.state = State::Down { reachable, next_try: at.plus(Backoff::USUAL.wait(0, random)), attempt: 0 };
                Turn::Lost
            }
            State::Down { reachable, next_try, .. } if next_try >= reachable => {
                self.restore(next_try);
                Turn::Restored
            }
            State::Down { reachable, next_try, attempt } => {
                let attempt = attempt.saturating_add(1);
                let wait = self.outages.as_mut().map_or(Backoff::USUAL.most, |(_, random)| Backoff::USUAL.wait(attempt, random));
                self.state = State::Down { reachable, next_try: next_try.plus(wait), attempt };
                Turn::Tried
            }
        }
    }

    fn restore(&mut self, at: Timestamp) {
        let until = self.outages.as_mut().map(|(outages, random)| at.plus(about(outages.every, random)));
        self.state = State::Up { until };
    }
}

/// Between half and one and a half times as long.
fn about(mean: Duration, random: &mut ChaCha8Rng) -> Duration {
    let nanos = u64::try_from(mean.as_nanos()).unwrap_or(u64::MAX).clamp(1, u64::MAX / 4);
    Duration::from_nanos(nanos / 2 + random.next_u64() % nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(seed: u8, count: usize) -> Vec<(Timestamp, Turn)> {
        let outages = Outages { seed: [seed; 32], every: Duration::from_secs(60), lasts: Duration::from_secs(5) };
        let mut link = Link::new(Some(outages), Timestamp::from_millis(1_000));
        (0..count).map(|_| (link.next().unwrap(), link.turn())).collect()
    }

    #[test]
    fn outages_come_from_their_seed() {
        assert_eq!(turns(1, 200), turns(1, 200));
        assert_ne!(turns(1, 20), turns(2, 20));
    }

    #[test]
    fn every_outage_ends_with_the_first_attempt_after_it() {
        let turns = turns(3, 500);
        assert!(turns.is_sorted_by_key(|(at, _)| *at));
        let mut lost_at = None;
        let mut lasted = Vec::new();
        for (at, turn) in turns {
            match (turn, lost_at) {
                (Turn::Lost, None) => lost_at = Some(at),
                (Turn::Tried, Some(_)) => {}
                (Turn::Restored, Some(since)) => {
                    lasted.push(at.since(since));
                    lost_at = None;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(lasted.len() > 50, "{}", lasted.len());
        // Backoff may add as much again as has passed.
        let fits = |lasted: &Duration| (Duration::from_millis(2_500)..Duration::from_secs(16)).contains(lasted);
        assert!(lasted.iter().all(fits), "{lasted:?}");
    }

    #[test]
    fn without_outages_nothing_happens() {
        let link = Link::new(None, Timestamp::ZERO);
        assert_eq!((link.is_up(), link.next()), (true, None));
    }
}
