//! What a revision declares other than the one that `latest` points to: what an operator reads before promoting it. Only says;
//! grants nothing.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::base::Digest;
use crate::market::EventKind;
use crate::sandbox::Metadata;
use crate::sandbox::metadata::ConfigField;

/// The differences of two revisions' metadata.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Difference {
    /// The revision that was compared with.
    pub against: Digest,
    /// Events that it wants to hear of.
    pub events: Events,
    /// Fields of its configuration.
    pub config: Fields<Vec<ConfigField>, ConfigField>,
    /// Limits that its author asks for, by name.
    #[schema(value_type = Fields<BTreeMap<String, u64>, u64>)]
    pub limits: Fields<BTreeMap<String, Value>, Value>,
}

/// Events that came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Events {
    /// Only in the new one.
    pub added: Vec<EventKind>,
    /// Only in the old one.
    pub removed: Vec<EventKind>,
}

/// What came, went and changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Fields<C, V> {
    /// Only in the new one.
    pub added: C,
    /// Only in the old one.
    pub removed: C,
    /// In both, and not the same.
    pub changed: Vec<Changed<V>>,
}

/// One value before and after.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Changed<V> {
    /// Of the field or limit.
    pub name: String,
    /// In the old one.
    pub from: V,
    /// In the new one.
    pub to: V,
}

impl Difference {
    /// What `new` declares other than `old`, whose hash is `against`.
    pub fn between(against: Digest, old: &Metadata, new: &Metadata) -> Self {
        let only_in = |one: &Metadata, other: &Metadata| -> Vec<EventKind> {
            one.events.iter().copied().filter(|kind| !other.events.contains(kind)).collect()
        };
        let events = Events { added: only_in(new, old), removed: only_in(old, new) };
        let by_name = |metadata: &Metadata| -> BTreeMap<String, ConfigField> {
            metadata.config.iter().map(|field| (field.name.clone(), field.clone())).collect()
        };
        let (added, removed, changed) = compare(by_name(old), by_name(new));
        let (added, removed) = (added.into_values().collect(), removed.into_values().collect());
        let config = Fields { added, removed, changed };
        let (added, removed, changed) = compare(limits(old), limits(new));
        Self { against, events, config, limits: Fields { added, removed, changed } }
    }
}

/// By the names that the launch of an instance knows them by.
fn limits(metadata: &Metadata) -> BTreeMap<String, Value> {
    let asked = serde_json::to_value(&metadata.limits).unwrap_or_default();
    asked.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}

type Compared<V> = (BTreeMap<String, V>, BTreeMap<String, V>, Vec<Changed<V>>);

fn compare<V: PartialEq>(mut old: BTreeMap<String, V>, new: BTreeMap<String, V>) -> Compared<V> {
    let (mut added, mut changed) = (BTreeMap::new(), Vec::new());
    for (name, to) in new {
        match old.remove(&name) {
            None => {
                added.insert(name, to);
            }
            Some(from) if from != to => changed.push(Changed { name, from, to }),
            Some(_) => {}
        }
    }
    (added, old, changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_came_went_and_changed_is_told_apart() {
        let metadata = |events: Value, config: Value, limits: Value| -> Metadata {
            let value = json!({"name": "a", "displayName": "A", "events": events, "config": config, "limits": limits});
            serde_json::from_value(value).unwrap()
        };
        let field = |name: &str, default: u32| json!({"name": name, "type": "int", "default": default});
        let old =
            metadata(json!(["Trade", "Ticker"]), json!([field("same", 1), field("gone", 1), field("other", 1)]), json!(null));
        let new = metadata(
            json!(["Trade", "BookSnapshot"]),
            json!([field("same", 1), field("other", 2), field("new", 3)]),
            json!({"timers": 8}),
        );
        let against = Digest::of(b"old");
        let told = serde_json::to_value(Difference::between(against, &old, &new)).unwrap();
        let full = |name: &str, default: u32| json!({"name": name, "type": "int", "description": "", "default": default, "required": false});
        let expected = json!({
            "against": against,
            "events": {"added": ["BookSnapshot"], "removed": ["Ticker"]},
            "config": {
                "added": [full("new", 3)], "removed": [full("gone", 1)],
                "changed": [{"name": "other", "from": full("other", 1), "to": full("other", 2)}],
            },
            "limits": {"added": {"timers": 8}, "removed": {}, "changed": []},
        });
        assert_eq!(told, expected);
    }
}
