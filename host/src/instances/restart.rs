//! When a faulted instance starts again, and when it no longer does (decision 15). Pure: time comes in as an argument.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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

/// What is done about faults.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestartWhen {
    /// As on a fault, and out of quarantine by itself: it tries again when the window has passed.
    Always,
    /// A fresh guest after a backoff; too many faults in the window mean quarantine until an operator starts it.
    #[default]
    OnFault,
    /// The first fault means quarantine.
    Never,
}

/// How the faults of one instance are answered. What is left out is as the host has it (`instances.restart`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RestartRule {
    /// What is done.
    pub policy: RestartWhen,
    /// Faults within the window after which it is quarantined, 1 to 1,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub max_faults: Option<u32>,
    /// Length of the window in milliseconds, 1 to 86,400,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub window_ms: Option<u64>,
    /// Milliseconds before the first new start, 1 to 3,600,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub backoff_first_ms: Option<u64>,
    /// Milliseconds that the backoff never exceeds, 1 to 3,600,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub backoff_max_ms: Option<u64>,
}

/// A rule that no host follows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("restart.{field} is {given}: it must be 1 to {max}")]
pub struct RestartError {
    /// The field, as it is written in JSON.
    pub field: &'static str,
    /// What was asked.
    pub given: u64,
    /// Largest allowed value.
    pub max: u64,
}

impl RestartRule {
    /// Checks every figure that is given.
    ///
    /// # Errors
    /// [`RestartError`] naming the first field that is outside its range.
    pub fn validate(&self) -> Result<(), RestartError> {
        const HOUR: u64 = 3_600_000;
        let figures = [
            ("maxFaults", self.max_faults.map(u64::from), 1_000),
            ("windowMs", self.window_ms, 24 * HOUR),
            ("backoffFirstMs", self.backoff_first_ms, HOUR),
            ("backoffMaxMs", self.backoff_max_ms, HOUR),
        ];
        for (field, given, max) in figures {
            if let Some(given) = given.filter(|given| *given == 0 || *given > max) {
                return Err(RestartError { field, given, max });
            }
        }
        Ok(())
    }

    /// What holds for the instance.
    pub fn over(&self, host: RestartConfig) -> RestartConfig {
        RestartConfig {
            backoff_first_ms: self.backoff_first_ms.unwrap_or(host.backoff_first_ms),
            backoff_max_ms: self.backoff_max_ms.unwrap_or(host.backoff_max_ms),
            max_faults: if self.policy == RestartWhen::Never { 1 } else { self.max_faults.unwrap_or(host.max_faults) },
            window_ms: self.window_ms.unwrap_or(host.window_ms),
        }
    }

    /// The same rule with every figure said.
    pub fn filled(&self, holds: RestartConfig) -> Self {
        Self {
            policy: self.policy,
            max_faults: Some(holds.max_faults),
            window_ms: Some(holds.window_ms),
            backoff_first_ms: Some(holds.backoff_first_ms),
            backoff_max_ms: Some(holds.backoff_max_ms),
        }
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

    /// Answers in another way from now on; what happened still counts.
    pub fn configure(&mut self, config: RestartConfig) {
        self.config = config;
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
    fn a_rule_stands_over_the_hosts_ways_and_is_checked() {
        let rule: RestartRule = serde_json::from_str(r#"{"policy": "always", "windowMs": 5}"#).unwrap();
        let holds = rule.over(RestartConfig::default());
        assert_eq!((holds.window_ms, holds.max_faults, rule.policy), (5, 5, RestartWhen::Always));
        let never = RestartRule { policy: RestartWhen::Never, max_faults: Some(9), ..RestartRule::default() };
        assert_eq!(RestartPolicy::new(never.over(RestartConfig::default())).on_fault(at(0)), Answer::Quarantine);
        assert_eq!(serde_json::from_str::<RestartRule>("{}").unwrap().over(RestartConfig::default()), RestartConfig::default());
        for (json, text) in [
            (r#"{"maxFaults": 0}"#, "restart.maxFaults is 0: it must be 1 to 1000"),
            (r#"{"windowMs": 86400001}"#, "restart.windowMs is 86400001: it must be 1 to 86400000"),
            (r#"{"backoffFirstMs": 0}"#, "restart.backoffFirstMs is 0: it must be 1 to 3600000"),
        ] {
            let rule: RestartRule = serde_json::from_str(json).unwrap();
            assert_eq!(rule.validate().unwrap_err().to_string(), text);
        }
        assert!(serde_json::from_str::<RestartRule>(r#"{"policy": "sometimes"}"#).is_err());
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
