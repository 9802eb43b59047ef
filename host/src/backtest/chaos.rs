//! Trouble on purpose, drawn from a seed: orders turned away or taken in part, slow messages, connections that break, a guest that
//! is lost and started again. The same seed is the same trouble, so a run with it is as repeatable as one without.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::{Digest, ProviderName, Timestamp, duration};
use crate::providers::paper::{Conduct, Link, Outages};

const MILLION: u64 = 1_000_000;
const LONGEST: Duration = Duration::from_secs(30 * 86_400);
const RESTARTS: usize = 1_000;
const GRAMMAR: &str = "write KEY=VALUE,... of seed, rejectPpm, partialPpm (0 to 1000000), moreLatencyMs (0 to 60000), outageEvery, \
                       outageFor (durations up to 30 days), restartAt (numbers of events joined by `;`), such as \
                       seed=7,rejectPpm=1000,outageEvery=60s,outageFor=5s,restartAt=1000;5000";

/// What is to go wrong; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chaos {
    /// What everything is drawn from.
    pub seed: u64,
    /// Of a million orders, how many the venue turns away.
    pub reject_ppm: u32,
    /// Of a million orders, how many take only a part of what they could.
    pub partial_ppm: u32,
    /// Milliseconds that a message may take on top of the venue's latency.
    pub more_latency_ms: u64,
    /// The mean time between two losses of a connection; zero for none.
    pub outage_every: Duration,
    /// The mean time for which the venue then cannot be reached.
    pub outage_for: Duration,
    /// After so many events were handled the guest is lost, without `onStop`, and started again with what it saved. Ascending.
    pub restart_at: Vec<u64>,
}

/// Chaos that is not written as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("chaos `{given}` is not allowed: {GRAMMAR}")]
pub struct ChaosError {
    /// The part that is wrong, shortened.
    given: String,
}

impl Chaos {
    /// How this venue treats messages; none when it treats them well.
    pub(super) fn conduct(&self, venue: &ProviderName) -> Option<Conduct> {
        let wanted = self.reject_ppm > 0 || self.partial_ppm > 0 || self.more_latency_ms > 0;
        let more = Duration::from_millis(self.more_latency_ms);
        wanted.then(|| Conduct::new(self.seed_of("conduct", venue), more, self.reject_ppm).with_partial(self.partial_ppm))
    }

    /// How this venue can be reached, from `begin` on.
    pub(super) fn link(&self, venue: &ProviderName, begin: Timestamp) -> Link {
        let outages = Outages { seed: self.seed_of("outages", venue), every: self.outage_every, lasts: self.outage_for };
        let wanted = !self.outage_every.is_zero() && !self.outage_for.is_zero();
        Link::new(wanted.then_some(outages), begin)
    }

    /// A seed of its own for each thing and venue, so that one more draw of one leaves the others as they are.
    fn seed_of(&self, what: &str, venue: &ProviderName) -> [u8; 32] {
        *Digest::of(format!("sandpit chaos\0{}\0{what}\0{venue}", self.seed).as_bytes()).as_bytes()
    }

    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        let number = |most: u64| value.parse().ok().filter(|number: &u64| *number <= most);
        let ppm = || number(MILLION).and_then(|number| u32::try_from(number).ok());
        let period = || duration::parse(value).ok().filter(|period| *period <= LONGEST);
        match key {
            "seed" => self.seed = number(u64::MAX)?,
            "rejectPpm" => self.reject_ppm = ppm()?,
            "partialPpm" => self.partial_ppm = ppm()?,
            "moreLatencyMs" => self.more_latency_ms = number(60_000)?,
            "outageEvery" => self.outage_every = period()?,
            "outageFor" => self.outage_for = period()?,
            "restartAt" => {
                self.restart_at =
                    value.split(';').map(|number| number.parse().ok().filter(|number| *number > 0)).collect::<Option<_>>()?;
                self.restart_at.sort_unstable();
                self.restart_at.dedup();
                (self.restart_at.len() <= RESTARTS).then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }
}

impl FromStr for Chaos {
    type Err = ChaosError;

    fn from_str(text: &str) -> Result<Self, ChaosError> {
        let mut chaos = Self::default();
        let error = |part: &str| ChaosError { given: part.chars().take(80).flat_map(char::escape_debug).collect() };
        let mut keys = Vec::new();
        for part in text.split(',') {
            let (key, value) = part.split_once('=').ok_or_else(|| error(part))?;
            let (key, value) = (key.trim(), value.trim());
            if keys.contains(&key) {
                return Err(error(part));
            }
            chaos.set(key, value).ok_or_else(|| error(part))?;
            keys.push(key);
        }
        // Half of an outage would be silently none.
        if chaos.outage_every.is_zero() != chaos.outage_for.is_zero() {
            return Err(error("outageEvery without outageFor, or the other way round"));
        }
        Ok(chaos)
    }
}

/// As it is read, keys at their default left out: what receipts hold.
impl fmt::Display for Chaos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed={}", self.seed)?;
        let (every, lasts) = (self.outage_every.as_nanos(), self.outage_for.as_nanos());
        for (key, number, unit) in [
            ("rejectPpm", u128::from(self.reject_ppm), ""),
            ("partialPpm", u128::from(self.partial_ppm), ""),
            ("moreLatencyMs", u128::from(self.more_latency_ms), ""),
            ("outageEvery", every, "ns"),
            ("outageFor", lasts, "ns"),
        ] {
            if number > 0 {
                write!(f, ",{key}={number}{unit}")?;
            }
        }
        for (place, number) in self.restart_at.iter().enumerate() {
            write!(f, "{}{number}", if place == 0 { ",restartAt=" } else { ";" })?;
        }
        Ok(())
    }
}

impl Serialize for Chaos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Chaos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chaos_survives_its_spelling() {
        let text = "seed=7,rejectPpm=1000,partialPpm=2000,moreLatencyMs=40,outageEvery=60s,outageFor=5s,restartAt=5000;1000";
        let chaos: Chaos = text.parse().unwrap();
        assert_eq!((chaos.seed, chaos.reject_ppm, chaos.partial_ppm, chaos.more_latency_ms), (7, 1000, 2000, 40));
        assert_eq!((chaos.outage_every, chaos.outage_for), (Duration::from_secs(60), Duration::from_secs(5)));
        assert_eq!(chaos.restart_at, [1000, 5000]);
        assert_eq!(chaos.to_string().parse(), Ok(chaos));
        for wrong in [
            "",
            "seed",
            "seed=x",
            "rejectPpm=1000001",
            "sead=1",
            "seed=1,seed=2",
            "outageEvery=60s",
            "restartAt=0",
            "restartAt=1,2",
        ] {
            let error = wrong.parse::<Chaos>().unwrap_err().to_string();
            assert!(error.contains("such as seed=7"), "{error}");
        }
    }
}
