//! Which instances a target of a refresh means, and what is said about each target in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{InstanceOutcome, RefreshReason, RefreshResult, RefreshTargets};
use crate::base::{Digest, InstanceId};
use crate::catalogue::{Catalogue, Selector};
use crate::instances::slot::Slot;

/// A target, and the instances it means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub selector: String,
    pub strategy: String,
    pub hash: Option<Digest>,
    pub instances: BTreeSet<InstanceId>,
    /// Why it resolves to nothing.
    pub error: Option<String>,
}

/// What of an instance decides whether it is meant.
struct Candidate {
    id: InstanceId,
    strategy: String,
    pinned: Digest,
    /// None for text that was a selector in another version of the host.
    follows: Option<Selector>,
    /// What that resolves to now.
    now: Option<Digest>,
}

/// Each target with its instances; without targets each instance as its own.
pub(super) fn meant(targets: &RefreshTargets, catalogue: &Catalogue, slots: &[Arc<Slot>]) -> Vec<Meant> {
    if targets.hashes.is_empty() && targets.strategies.is_empty() {
        return slots.iter().map(|slot| alone(catalogue, slot)).collect();
    }
    let candidates: Vec<_> = slots.iter().map(|slot| candidate(catalogue, slot)).collect();
    let hashes = targets.hashes.iter().map(ToString::to_string);
    hashes.chain(targets.strategies.iter().cloned()).map(|target| one(target, catalogue, &candidates)).collect()
}

fn alone(catalogue: &Catalogue, slot: &Slot) -> Meant {
    let spec = slot.spec();
    let resolved = catalogue.resolve(&spec.selector);
    Meant {
        selector: spec.selector.clone(),
        strategy: slot.pin().name.to_string(),
        hash: resolved.as_ref().ok().map(|resolved| resolved.hash),
        instances: BTreeSet::from([slot.id.clone()]),
        error: resolved.err().map(|error| error.to_string()),
    }
}

fn candidate(catalogue: &Catalogue, slot: &Slot) -> Candidate {
    let (pin, spec) = (slot.pin(), slot.spec());
    Candidate {
        id: slot.id.clone(),
        strategy: pin.name.to_string(),
        pinned: pin.hash,
        follows: spec.selector.parse().ok(),
        now: catalogue.resolve(&spec.selector).ok().map(|resolved| resolved.hash),
    }
}

fn one(target: String, catalogue: &Catalogue, candidates: &[Candidate]) -> Meant {
    let (resolved, error) = match catalogue.resolve(&target) {
        Ok(resolved) => (Some(resolved), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let selector = target.parse::<Selector>().ok();
    let meant: Vec<_> =
        candidates.iter().filter(|candidate| candidate.is_meant(selector.as_ref(), resolved.as_ref().map(|r| r.hash))).collect();
    let strategy = match (&resolved, meant.first()) {
        (Some(resolved), _) => resolved.name.to_string(),
        (None, Some(first)) => first.strategy.clone(),
        (None, None) => String::new(),
    };
    Meant {
        selector: target,
        strategy,
        hash: resolved.map(|resolved| resolved.hash),
        instances: meant.into_iter().map(|candidate| candidate.id.clone()).collect(),
        error,
    }
}

impl Candidate {
    fn is_meant(&self, target: Option<&Selector>, hash: Option<Digest>) -> bool {
        let Some(target) = target else { return false };
        // A revision that was taken out of the registry by hand resolves to nothing and may still be pinned.
        let hash = hash.or(match target {
            Selector::Hash(hash) | Selector::Pinned(_, hash) => Some(*hash),
            Selector::Tagged(..) | Selector::Name(_) => None,
        });
        let of_strategy = matches!(target, Selector::Name(name) if name.as_str() == self.strategy);
        let of_revision = hash.is_some_and(|hash| hash == self.pinned || self.now == Some(hash));
        of_strategy || of_revision || self.follows.as_ref() == Some(target)
    }
}

impl Meant {
    /// What is said about the target once everyone had their turn. Instances that were deleted meanwhile are left out.
    pub(super) fn conclude(self, all: &BTreeMap<InstanceId, InstanceOutcome>) -> RefreshResult {
        let outcomes: Vec<_> = self.instances.iter().filter_map(|id| all.get(id)).cloned().collect();
        let moved: Vec<_> = outcomes.iter().filter(|outcome| outcome.reason == RefreshReason::Refreshed).collect();
        let before: BTreeSet<_> = moved.iter().filter_map(|outcome| outcome.previous_hash).map(|hash| hash.to_string()).collect();
        let previous_hash = moved.first().and_then(|first| first.previous_hash).filter(|_| before.len() == 1);
        let failed = outcomes.iter().find(|outcome| outcome.reason == RefreshReason::Failed);
        let error = failed.and_then(|outcome| Some(format!("{}: {}", outcome.id, outcome.error.as_ref()?.message)));
        RefreshResult {
            previous_hash,
            instances: moved.into_iter().map(|outcome| outcome.id.clone()).collect(),
            reason: outcomes.iter().map(|outcome| outcome.reason).min().unwrap_or(RefreshReason::Retired),
            error: error.or(self.error),
            selector: self.selector,
            strategy: self.strategy,
            hash: self.hash,
            outcomes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instances::refresh::RefreshError;
    use RefreshReason::{AlreadyPinned, Failed, Refreshed, Retired};

    fn hash(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    /// Runs `pinned` of the strategy `delay` and follows `selector`, which now resolves to `now`.
    fn follower(selector: &str, pinned: &str, now: Option<&str>) -> Candidate {
        Candidate {
            id: InstanceId::new("i").unwrap(),
            strategy: "delay".to_owned(),
            pinned: hash(pinned),
            follows: Some(selector.parse().unwrap()),
            now: now.map(hash),
        }
    }

    #[test]
    fn an_instance_is_meant_by_what_it_follows_what_it_runs_and_what_it_would_run() {
        let (old, new) = (hash("old"), hash("new"));
        let cases = [
            // Follows, now resolves to, target, what that resolves to, meant.
            ("delay:prod", Some("new"), "delay:prod", Some(new), true),
            ("delay:prod", Some("new"), " Delay:prod ", Some(new), true),
            ("delay:prod", None, "delay:prod", None, true),
            ("delay:prod", Some("new"), "delay", Some(hash("other")), true),
            ("delay:prod", Some("new"), "delay", None, true),
            ("delay:prod", Some("new"), "delay:latest", Some(hash("other")), false),
            ("delay:prod", Some("new"), "delay:v2", Some(new), true),
            ("delay:prod", Some("new"), "delay:v1", Some(old), true),
            ("delay:prod", Some("new"), "delay:v0", Some(hash("other")), false),
            ("delay:prod", Some("new"), "delay:PROD", None, false),
            ("delay", Some("new"), "other", Some(hash("other")), false),
            ("delay", Some("new"), "not a selector", None, false),
        ];
        for (follows, now, target, resolved, expected) in cases {
            let candidate = follower(follows, "old", now);
            let selector = target.parse().ok();
            assert_eq!(candidate.is_meant(selector.as_ref(), resolved), expected, "{follows} {target}");
        }
        // By its hash also where the registry has lost it.
        for target in [format!("sha256:{}", old.hex()), format!("delay@{}", old.hex()), format!("sha256:{}", new.hex())] {
            assert!(follower("delay", "old", Some("new")).is_meant(target.parse().ok().as_ref(), None), "{target}");
        }
    }

    #[test]
    fn the_worst_of_several_stands_for_all() {
        let id = |n: usize| InstanceId::new(&format!("i{n}")).unwrap();
        let outcome = |n: usize, reason: RefreshReason, before: Option<&str>| InstanceOutcome {
            id: id(n),
            reason,
            hash: hash("new"),
            previous_hash: before.map(hash),
            was_running: true,
            state_carried: false,
            error: (reason == Failed).then(|| RefreshError { code: "exception", message: "no".to_owned() }),
        };
        let conclude = |outcomes: Vec<InstanceOutcome>| {
            let instances = outcomes.iter().map(|outcome| outcome.id.clone()).collect();
            let meant = Meant { selector: "delay".into(), strategy: "delay".into(), hash: None, instances, error: None };
            meant.conclude(&outcomes.into_iter().map(|outcome| (outcome.id.clone(), outcome)).collect())
        };
        let result = conclude(vec![outcome(1, AlreadyPinned, None), outcome(2, Refreshed, Some("a")), outcome(3, Retired, None)]);
        assert_eq!((result.reason, result.instances, result.previous_hash), (Refreshed, vec![id(2)], Some(hash("a"))));
        assert_eq!((result.outcomes.len(), result.error), (3, None));
        let result = conclude(vec![outcome(1, Failed, None), outcome(2, Refreshed, Some("a")), outcome(3, Refreshed, Some("b"))]);
        assert_eq!((result.reason, result.instances, result.previous_hash), (Failed, vec![id(2), id(3)], None));
        assert_eq!(result.error.as_deref(), Some("i1: no"));
        assert_eq!(conclude(vec![outcome(1, AlreadyPinned, None), outcome(2, Retired, None)]).reason, Retired);
        assert_eq!(conclude(vec![outcome(1, AlreadyPinned, None)]).reason, AlreadyPinned);
        assert_eq!(conclude(Vec::new()).reason, Retired);
        assert_eq!(serde_json::to_value(AlreadyPinned).unwrap(), "alreadyPinned");
    }
}
