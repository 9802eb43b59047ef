//! When a faulted instance starts again, and when it no longer does (decision 15). Pure: time comes in as an argument.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::Timestamp;

/// How faults are answered. Section `instances.restart` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RestartConfig {
    /// Milliseconds before the first new start; doubled with each fault in the window. 1 s: long enough that a guest which
    /// faults at once costs next to nothing, short enough that a rare fault goes unnoticed.
    pub backoff_first_ms: u64,
    /// Milliseconds that the backoff never exceeds.
    pub backoff_max_ms: u64,
    /// Faults within the window after which the instance is quarantined. At least 1.
    pub max_faults: u32,
    /// Length of the window in milliseconds.
    pub window_ms: u64,
}

impl Default for RestartConfig {
    fn default() -> Self {
        Self { backoff_first_ms: 1_000, backoff_max_ms: 60_000, max_faults: 5, window_ms: 600_000 }
    }
}

/// What follows a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Start afresh after this long.
    Wait(Duration),
    /// Leave it until an operator acts.
    Quarantine,
}

/// The faults of one start of one instance: an operator who starts it again begins with a clean slate.
#[derive(Debug)]
pub struct RestartPolicy {
    config: RestartConfig,
    recent: VecDeque<Timestamp>,
}

impl RestartPolicy {
    /// No fault yet.
    pub fn new(config: RestartConfig) -> Self {
        Self { config, recent: VecDeque::new() }
    }

    /// How it answers.
    pub fn config(&self) -> RestartConfig {
        self.config
    }

    /// Takes in a fault that happened at `now` by the machine's clock.
    pub fn on_fault(&mut self, now: Timestamp) -> Answer {
        let window = Duration::from_millis(self.config.window_ms);
        while self.recent.front().is_some_and(|first| now.since(*first) > window) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        let faults = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        if faults >= self.config.max_faults {
            return Answer::Quarantine;
        }
        let doubled = self.config.backoff_first_ms.saturating_mul(1_u64.checked_shl(faults - 1).unwrap_or(u64::MAX));
        Answer::Wait(Duration::from_millis(doubled.min(self.config.backoff_max_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn the_backoff_doubles_and_the_fifth_fault_in_ten_minutes_is_the_last() {
        let mut policy = RestartPolicy::new(RestartConfig::default());
        let waits = [(0, 1), (2, 2), (5, 4), (10, 8)];
        for (second, wait) in waits {
            assert_eq!(policy.on_fault(at(second)), Answer::Wait(Duration::from_secs(wait)));
        }
        assert_eq!(policy.on_fault(at(600)), Answer::Quarantine);
    }

    #[test]
    fn faults_leave_the_window_and_the_backoff_has_a_ceiling() {
        let mut policy = RestartPolicy::new(RestartConfig { max_faults: 40, ..RestartConfig::default() });
        for second in 0..20 {
            policy.on_fault(at(second));
        }
        assert_eq!(policy.on_fault(at(20)), Answer::Wait(Duration::from_secs(60)));
        assert_eq!(policy.on_fault(at(1_000)), Answer::Wait(Duration::from_secs(1)));
    }
}
