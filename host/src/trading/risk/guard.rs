//! Breaches, the kill switch and the circuit breaker of one instance.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{ProviderName, Timestamp};
use crate::trading::RiskLimits;

/// How much a kill switch does. Each does what those before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum StopVerb {
    /// No order is taken.
    Stop,
    /// Open orders are cancelled.
    Cancel,
    /// Positions are closed with market orders of the host.
    Flatten,
}

impl StopVerb {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Cancel => "cancel",
            Self::Flatten => "flatten",
        }
    }
}

/// Counts the breaches of one instance and stops it. Instance lifetime: a guest that is thrown away and started fresh does
/// not get rid of it, nor does a restart of the host.
#[derive(Debug, Default)]
pub(in crate::trading) struct Guard {
    breaches: u32,
    block: Option<Block>,
}

/// Why nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::trading) struct Block {
    /// What is done about it.
    pub(in crate::trading) verb: StopVerb,
    /// In words.
    pub(in crate::trading) reason: String,
    /// Who engaged it: an operator, or [`Block::RISK`].
    pub(in crate::trading) who: String,
    /// When: of the host's clock when an operator engaged it, else of the provider's.
    pub(in crate::trading) since: Timestamp,
    /// Until when, by the clock of this provider; none until an operator resets it.
    pub(in crate::trading) until: Option<(ProviderName, Timestamp)>,
}

impl Block {
    /// The risk check itself.
    pub(in crate::trading) const RISK: &str = "risk";

    /// As it goes on record.
    pub(in crate::trading) fn to_json(&self) -> serde_json::Value {
        // A plain struct of texts and numbers: serialization cannot fail.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As it was on record. One that does not read back is one that only an operator ends: better stopped than not.
    pub(in crate::trading) fn from_json(stop: serde_json::Value) -> Self {
        serde_json::from_value(stop).unwrap_or_else(|error| {
            tracing::error!(%error, "a kill switch on record cannot be read: it stays engaged");
            Self::unreadable()
        })
    }

    fn unreadable() -> Self {
        let reason = "the kill switch on record could not be read".to_owned();
        Self { verb: StopVerb::Stop, reason, who: Self::RISK.to_owned(), since: Timestamp::ZERO, until: None }
    }
}

impl Guard {
    /// As it was left by an earlier process.
    pub(in crate::trading) fn restored(breaches: u32, block: Option<Block>) -> Self {
        Self { breaches, block }
    }

    /// Since the last reset.
    pub(in crate::trading) fn breaches(&self) -> u32 {
        self.breaches
    }

    /// What blocks the instance.
    pub(in crate::trading) fn block(&self) -> Option<&Block> {
        self.block.as_ref()
    }

    /// Counts a breach; true when it engaged the kill switch or opened the circuit breaker.
    pub(in crate::trading) fn breach(
        &mut self,
        limits: &RiskLimits,
        provider: &ProviderName,
        at: Timestamp,
        reason: &str,
    ) -> bool {
        self.breaches = self.breaches.saturating_add(1);
        let breaker = limits.circuit_breaker;
        let enough = self.breaches >= limits.max_risk_breaches || breaker.enabled && self.breaches >= breaker.threshold;
        enough && self.stop(limits, provider, at, format!("{} risk breaches, the last: {reason}", self.breaches))
    }

    /// Stops the instance at once, for a breach that is too grave to count. True when it was not stopped yet.
    pub(in crate::trading) fn stop(
        &mut self,
        limits: &RiskLimits,
        provider: &ProviderName,
        at: Timestamp,
        reason: String,
    ) -> bool {
        if !limits.kill_switch_enabled || self.block.is_some() {
            return false;
        }
        let breaker = limits.circuit_breaker;
        let until = breaker.enabled.then(|| (provider.clone(), at.plus(breaker.cooldown)));
        self.block = Some(Block { verb: StopVerb::Stop, reason, who: Block::RISK.to_owned(), since: at, until });
        true
    }

    /// An operator's stop: nothing but an operator ends it.
    ///
    /// # Errors
    /// What is engaged, when that does more: then nothing has changed.
    pub(in crate::trading) fn engage(&mut self, block: Block) -> Result<(), StopVerb> {
        match &self.block {
            Some(engaged) if engaged.verb > block.verb => return Err(engaged.verb),
            _ => self.block = Some(block),
        }
        Ok(())
    }

    /// Lets go and forgets the breaches; true when something was engaged.
    pub(in crate::trading) fn reset(&mut self) -> bool {
        self.breaches = 0;
        self.block.take().is_some()
    }

    /// Lets go when the cooldown is over by the provider's clock; true when it just was.
    pub(in crate::trading) fn refresh(&mut self, now: impl FnOnce(&ProviderName) -> Option<Timestamp>) -> bool {
        let Some(Block { until: Some((provider, until)), .. }) = &self.block else { return false };
        now(provider).is_some_and(|now| now >= *until) && self.reset()
    }

    /// A new session of the provider begins, whose clock may stand before the old one's: no cooldown lasts longer than `longest`
    /// from `now`.
    pub(in crate::trading) fn rebase(&mut self, session: &ProviderName, now: Timestamp, longest: Duration) {
        if let Some(Block { until: Some((provider, until)), .. }) = &mut self.block
            && provider == session
        {
            *until = (*until).min(now.plus(longest));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trading::CircuitBreaker;

    fn paper() -> ProviderName {
        ProviderName::new("paper").unwrap()
    }

    fn by_operator(verb: StopVerb) -> Block {
        Block { verb, reason: "stay".to_owned(), who: "ann".to_owned(), since: at(1), until: None }
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn the_third_breach_opens_the_breaker_and_the_cooldown_closes_it() {
        let (limits, mut guard) = (RiskLimits::default(), Guard::default());
        let stopped: Vec<_> = (0..4).map(|n| guard.breach(&limits, &paper(), at(100 + n), "PRICE_BAND")).collect();
        assert_eq!(stopped, [false, false, true, false]);
        assert_eq!(guard.block().unwrap().until, Some((paper(), at(192))));
        assert!(!guard.refresh(|_| Some(at(191))));
        assert!(!guard.refresh(|_| None), "a provider that is gone has no time");
        assert!(guard.refresh(|_| Some(at(192))));
        assert_eq!((guard.block(), guard.breaches()), (None, 0), "the breaches are forgotten with it: decision 25");
        assert!(!guard.refresh(|_| Some(at(193))));
    }

    #[test]
    fn the_lower_of_the_two_thresholds_counts() {
        let breaker = CircuitBreaker { enabled: true, threshold: 2, cooldown: Duration::from_secs(10) };
        let limits = RiskLimits { circuit_breaker: breaker, ..RiskLimits::default() };
        let mut guard = Guard::default();
        assert!(!guard.breach(&limits, &paper(), at(0), "x"));
        assert!(guard.breach(&limits, &paper(), at(0), "x"));
    }

    #[test]
    fn without_a_breaker_only_an_operator_resets() {
        let breaker = CircuitBreaker { enabled: false, ..CircuitBreaker::default() };
        let limits = RiskLimits { circuit_breaker: breaker, max_risk_breaches: 1, ..RiskLimits::default() };
        let mut guard = Guard::default();
        assert!(guard.breach(&limits, &paper(), at(0), "x"));
        assert!(!guard.refresh(|_| Some(at(1_000_000))));
        assert!(guard.reset());
        assert!(!guard.reset());
    }

    #[test]
    fn switched_off_it_counts_but_stops_nobody_except_for_an_operator() {
        let limits = RiskLimits { kill_switch_enabled: false, ..RiskLimits::default() };
        let mut guard = Guard::default();
        assert!((0..10).all(|_| !guard.breach(&limits, &paper(), at(0), "x")));
        assert_eq!(guard.breaches(), 10);
        assert_eq!(guard.engage(by_operator(StopVerb::Cancel)), Ok(()));
        assert_eq!(guard.engage(by_operator(StopVerb::Stop)), Err(StopVerb::Cancel), "it would do less");
        assert_eq!(guard.engage(by_operator(StopVerb::Flatten)), Ok(()), "it may do more");
    }

    #[test]
    fn an_operators_stop_outlasts_the_cooldown() {
        let (limits, mut guard) = (RiskLimits::default(), Guard::default());
        assert!((0..3).any(|_| guard.breach(&limits, &paper(), at(0), "x")));
        assert_eq!(guard.engage(by_operator(StopVerb::Stop)), Ok(()));
        assert!(!guard.refresh(|_| Some(at(1_000_000))));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_prolong_the_cooldown() {
        let (limits, mut guard) = (RiskLimits::default(), Guard::default());
        assert!((0..3).any(|_| guard.breach(&limits, &paper(), at(1_000_000), "x")));
        guard.rebase(&paper(), at(10), limits.circuit_breaker.cooldown);
        assert!(!guard.refresh(|_| Some(at(99))));
        assert!(guard.refresh(|_| Some(at(100))));
    }
}
