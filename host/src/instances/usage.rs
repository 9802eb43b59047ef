//! Which revisions run where, and since when: the usage index. In memory; its times are on record too, and running instances
//! fill the rest again at a restart. Must not write anything itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Digest, InstanceId, StrategyName, Timestamp};
use crate::store::UsageRow;

/// The use of one revision, as the gateway spells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Bare name.
    pub strategy: StrategyName,
    /// Of the revision.
    pub hash: Digest,
    /// Running instances, sorted.
    pub instances: Vec<InstanceId>,
    /// Of `instances`.
    pub count: usize,
    /// When the first one started, RFC 3339; `0001-01-01T00:00:00Z` when none ever did.
    #[schema(value_type = Timestamp)]
    pub first_seen: String,
    /// When one started or stopped last.
    #[schema(value_type = Timestamp)]
    pub last_seen: String,
    /// Whether `count` is above 0.
    pub running: bool,
}

#[derive(Debug)]
struct Entry {
    instances: BTreeSet<InstanceId>,
    first_seen: Timestamp,
    last_seen: Timestamp,
}

/// Process lifetime. Entries stay when their count falls to 0: that is how a revision is known to be retired.
#[derive(Debug, Default)]
pub struct UsageIndex {
    entries: Mutex<Entries>,
}

type Entries = BTreeMap<(StrategyName, Digest), Entry>;

const NEVER: &str = "0001-01-01T00:00:00Z";

impl UsageIndex {
    /// Takes in what was on record before any instance started.
    pub fn restore(&self, rows: Vec<UsageRow>) {
        let mut entries = self.lock();
        for UsageRow { strategy, hash, first_seen, last_seen } in rows {
            entries.entry((strategy, hash)).or_insert_with(|| Entry { instances: BTreeSet::new(), first_seen, last_seen });
        }
    }

    /// An instance of the revision started; what is to be on record from now on.
    pub fn started(&self, strategy: &StrategyName, hash: Digest, instance: &InstanceId, now: Timestamp) -> UsageRow {
        let mut entries = self.lock();
        let entry = entries.entry((strategy.clone(), hash)).or_insert_with(|| Entry {
            instances: BTreeSet::new(),
            first_seen: now,
            last_seen: now,
        });
        entry.instances.insert(instance.clone());
        entry.last_seen = now;
        UsageRow { strategy: strategy.clone(), hash, first_seen: entry.first_seen, last_seen: now }
    }

    /// It stopped; what is to be on record from now on. None when it had never started.
    pub fn stopped(&self, strategy: &StrategyName, hash: Digest, instance: &InstanceId, now: Timestamp) -> Option<UsageRow> {
        let mut entries = self.lock();
        let entry = entries.get_mut(&(strategy.clone(), hash))?;
        entry.instances.remove(instance);
        entry.last_seen = now;
        Some(UsageRow { strategy: strategy.clone(), hash, first_seen: entry.first_seen, last_seen: now })
    }

    /// The use of one revision, also when there is none.
    pub fn of(&self, strategy: &StrategyName, hash: Digest) -> Usage {
        let entries = self.lock();
        usage(strategy, hash, entries.get(&(strategy.clone(), hash)))
    }

    /// Every revision that an instance ever ran, by strategy and hash.
    pub fn all(&self) -> Vec<Usage> {
        self.lock().iter().map(|((strategy, hash), entry)| usage(strategy, *hash, Some(entry))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usage(strategy: &StrategyName, hash: Digest, entry: Option<&Entry>) -> Usage {
    let instances: Vec<_> = entry.map(|entry| entry.instances.iter().cloned().collect()).unwrap_or_default();
    let time = |pick: fn(&Entry) -> Timestamp| entry.map_or_else(|| NEVER.to_owned(), |entry| pick(entry).to_rfc3339());
    Usage {
        strategy: strategy.clone(),
        hash,
        count: instances.len(),
        running: !instances.is_empty(),
        instances,
        first_seen: time(|entry| entry.first_seen),
        last_seen: time(|entry| entry.last_seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_that_no_longer_runs_keeps_its_times() {
        let (name, hash) = (StrategyName::new("delay").unwrap(), Digest::of(b"x"));
        let id = InstanceId::new("i1").unwrap();
        let index = UsageIndex::default();
        assert_eq!(index.of(&name, hash).last_seen, NEVER);
        index.started(&name, hash, &id, Timestamp::from_millis(1));
        assert_eq!((index.of(&name, hash).count, index.of(&name, hash).running), (1, true));
        index.stopped(&name, hash, &id, Timestamp::from_millis(2));
        let usage = index.of(&name, hash);
        assert_eq!((usage.count, usage.running), (0, false));
        assert_eq!(usage.first_seen, "1970-01-01T00:00:00.001000000Z");
        assert_eq!(usage.last_seen, "1970-01-01T00:00:00.002000000Z");
    }

    #[test]
    fn what_was_on_record_is_known_and_goes_on() {
        let (name, hash) = (StrategyName::new("delay").unwrap(), Digest::of(b"x"));
        let (id, at) = (InstanceId::new("i1").unwrap(), Timestamp::from_millis);
        let index = UsageIndex::default();
        assert_eq!(index.stopped(&name, hash, &id, at(1)), None);
        let on_record = UsageRow { strategy: name.clone(), hash, first_seen: at(1), last_seen: at(2) };
        index.restore(vec![on_record.clone()]);
        let all = index.all();
        assert_eq!((all.len(), all[0].count, all[0].last_seen.as_str()), (1, 0, "1970-01-01T00:00:00.002000000Z"));
        assert_eq!(index.started(&name, hash, &id, at(3)), UsageRow { last_seen: at(3), ..on_record.clone() });
        assert_eq!(index.stopped(&name, hash, &id, at(4)), Some(UsageRow { last_seen: at(4), ..on_record }));
    }
}
