//! The history of changes, one line of `history.jsonl` each: who moved what, when, from where, to where, and why. Also the
//! write-ahead log of `registry.json`: a change happened when its line is on the disk. Knows lines, not files.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{Digest, StrategyName, Tag, Timestamp};

use super::registry::{HashEntry, Registry};

/// The history's file.
pub(super) const HISTORY: &str = "history.jsonl";

/// Who asked for a change, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Cause {
    /// As authenticated: `admin`; or `host`, or `registry.json` for what somebody edited there.
    pub who: String,
    /// Who the client says it acts for; nobody has checked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub actor: Option<String>,
    /// The id of the request, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request_id: Option<String>,
    /// In the words of whoever asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

impl Cause {
    /// The host did it by itself.
    pub fn host(reason: &str) -> Self {
        Self { who: "host".to_owned(), reason: Some(reason.to_owned()), ..Self::default() }
    }

    /// Somebody edited the file.
    pub(super) fn edit() -> Self {
        Self { who: super::disk::REGISTRY.to_owned(), ..Self::default() }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A source came, and tags moved to it.
    Upload,
    /// A tag was assigned.
    Assign,
    /// A tag was deleted.
    Delete,
    /// Revisions were deleted, with the tags on them.
    Remove,
    /// Somebody edited `registry.json`.
    Edit,
    /// A strategy came with the host.
    Seed,
}

/// Where a tag pointed before and after a change; nowhere when absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Step {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
}

/// One line: a change of one strategy, which happened as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    /// Its number: one more than that of the change before it.
    pub(super) generation: u64,
    /// When, RFC 3339; never before the change before it.
    pub(super) at: String,
    pub(super) action: Action,
    pub(super) strategy: String,
    #[serde(flatten)]
    pub(super) cause: Cause,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, Step>,
    /// Lines of revisions that are new or written anew.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) added: BTreeMap<String, HashEntry>,
    /// Revisions that are gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) removed: Vec<String>,
}

/// A change before it has a number and a time.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) action: Action,
    pub(super) strategy: String,
    pub(super) tags: BTreeMap<String, Step>,
    pub(super) added: BTreeMap<String, HashEntry>,
    pub(super) removed: Vec<String>,
}

impl Draft {
    pub(super) fn new(action: Action, strategy: &str) -> Self {
        let strategy = strategy.to_owned();
        Self { action, strategy, tags: BTreeMap::new(), added: BTreeMap::new(), removed: Vec::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }

    pub(super) fn numbered(self, generation: u64, at: Timestamp, cause: Cause) -> Change {
        let Self { action, strategy, tags, added, removed } = self;
        Change { generation, at: at.to_rfc3339(), action, strategy, cause, tags, added, removed }
    }
}

impl Change {
    /// Does to a registry what was done. Doing it twice is the same as doing it once.
    pub(super) fn apply(&self, registry: &mut Registry) {
        let entry = registry.strategies.0.entry(self.strategy.clone()).or_default();
        entry.hashes.0.extend(self.added.iter().map(|(hash, line)| (hash.clone(), line.clone())));
        for hash in &self.removed {
            entry.hashes.0.remove(hash);
        }
        for (tag, step) in &self.tags {
            match &step.to {
                Some(to) => entry.tags.0.insert(tag.clone(), to.clone()),
                None => entry.tags.0.remove(tag),
            };
        }
        if entry.hashes.0.is_empty() {
            registry.strategies.0.remove(&self.strategy);
        }
    }
}

/// Reads the whole lines of a history: the changes, and how many bytes they take. What follows the last line end was never
/// acknowledged.
pub(super) fn parse(bytes: &[u8]) -> Result<(Vec<Change>, usize), String> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut changes: Vec<Change> = Vec::new();
    for (number, line) in bytes[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
        let change: Change = serde_json::from_slice(line).map_err(|error| format!("line {}: {error}", number + 1))?;
        if changes.last().is_some_and(|before| before.generation >= change.generation) {
            return Err(format!("line {}: generation {} is not above the one before it", number + 1, change.generation));
        }
        changes.push(change);
    }
    Ok((changes, whole))
}

/// One move of a tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TagEvent {
    /// The number of the change: larger is later.
    pub generation: u64,
    /// When, RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    pub at: Timestamp,
    /// What was done.
    pub action: Action,
    /// Where it pointed before; null when it was not there.
    #[schema(required)]
    pub from: Option<Digest>,
    /// Where it pointed after; null when it was deleted.
    #[schema(required)]
    pub to: Option<Digest>,
    /// Who and why.
    #[serde(flatten)]
    pub cause: Arc<Cause>,
}

fn rfc3339<S: serde::Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time.to_rfc3339())
}

/// The moves of all tags, by strategy and tag, oldest first.
#[derive(Debug, Default)]
pub(super) struct History {
    moves: HashMap<String, BTreeMap<String, Vec<TagEvent>>>,
}

impl History {
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut history = Self::default();
        changes.iter().for_each(|change| history.add(change));
        history
    }

    pub(super) fn add(&mut self, change: &Change) {
        if change.tags.is_empty() {
            return;
        }
        let cause = Arc::new(change.cause.clone());
        let of_strategy = self.moves.entry(change.strategy.clone()).or_default();
        let hash = |text: &Option<String>| text.as_ref().and_then(|text| text.parse().ok());
        for (tag, step) in &change.tags {
            of_strategy.entry(tag.clone()).or_default().push(TagEvent {
                generation: change.generation,
                at: Timestamp::from_rfc3339(&change.at).unwrap_or_default(),
                action: change.action,
                from: hash(&step.from),
                to: hash(&step.to),
                cause: Arc::clone(&cause),
            });
        }
    }

    /// Whether a strategy of this name ever had a tag.
    pub(super) fn knows(&self, name: &StrategyName) -> bool {
        self.moves.contains_key(name.as_str())
    }

    /// The moves of one tag, oldest first.
    pub(super) fn of_tag(&self, name: &StrategyName, tag: &Tag) -> Option<&[TagEvent]> {
        self.moves.get(name.as_str())?.get(tag.as_str()).map(Vec::as_slice)
    }

    /// What separates the tags of a registry from what the history says of them, as drafts that would make up for it.
    pub(super) fn missing(&self, registry: &Registry, action: Action) -> Vec<Draft> {
        let mut drafts: BTreeMap<&str, Draft> = BTreeMap::new();
        let mut note = |strategy: &'_ str, tag: &str, from: Option<String>, to: Option<String>| {
            if from != to {
                let known = registry.strategies.0.get_key_value(strategy).map(|(key, _)| key.as_str());
                let key = known.or_else(|| self.moves.get_key_value(strategy).map(|(key, _)| key.as_str()));
                let Some(key) = key else { return };
                drafts.entry(key).or_insert_with(|| Draft::new(action, key)).tags.insert(tag.to_owned(), Step { from, to });
            }
        };
        for (strategy, entry) in &registry.strategies.0 {
            for (tag, to) in &entry.tags.0 {
                note(strategy, tag, self.now(strategy, tag), Some(to.clone()));
            }
        }
        for (strategy, tags) in &self.moves {
            let present = registry.strategies.0.get(strategy);
            for tag in tags.keys().filter(|tag| present.is_none_or(|entry| !entry.tags.0.contains_key(*tag))) {
                note(strategy, tag, self.now(strategy, tag), None);
            }
        }
        drafts.into_values().collect()
    }

    fn now(&self, strategy: &str, tag: &str) -> Option<String> {
        self.moves.get(strategy)?.get(tag)?.last()?.to.map(|hash| hash.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(generation: u64, tag: &str, from: Option<&str>, to: Option<&str>) -> Change {
        let mut draft = Draft::new(Action::Assign, "delay");
        draft.tags.insert(tag.to_owned(), Step { from: from.map(str::to_owned), to: to.map(str::to_owned) });
        let cause = Cause { who: "admin".to_owned(), reason: Some("a \"reason\"\nof two lines".to_owned()), ..Cause::default() };
        draft.numbered(generation, Timestamp::from_millis(generation), cause)
    }

    fn lines(changes: &[Change]) -> Vec<u8> {
        changes.iter().flat_map(|change| format!("{}\n", serde_json::to_string(change).unwrap()).into_bytes()).collect()
    }

    #[test]
    fn a_line_that_is_cut_anywhere_was_never_there() {
        let (one, two) = (change(1, "v1", None, Some("a")), change(2, "v1", Some("a"), None));
        let first = lines(std::slice::from_ref(&one));
        let whole = lines(&[one.clone(), two.clone()]);
        for length in 0..whole.len() {
            let (changes, bytes) = parse(&whole[..length]).unwrap();
            let expected = if length < first.len() { (vec![], 0) } else { (vec![one.clone()], first.len()) };
            assert_eq!((changes, bytes), expected, "{length}");
        }
        assert_eq!(parse(&whole).unwrap(), (vec![one, two], whole.len()));
    }

    #[test]
    fn what_is_whole_but_no_change_is_named_by_its_line() {
        let good = lines(&[change(1, "v1", None, Some("a"))]);
        assert!(parse(&[good.clone(), b"{}\n".to_vec()].concat()).unwrap_err().starts_with("line 2: "));
        assert!(parse(&[good.clone(), good].concat()).unwrap_err().contains("line 2: generation 1"));
    }

    #[test]
    fn what_a_registry_says_beyond_the_history_is_made_up_for() {
        let hash = |n: u8| Digest::of(&[n]).to_string();
        let history = History::of(&[
            change(1, "same", None, Some(&hash(1))),
            change(2, "moved", None, Some(&hash(1))),
            change(3, "gone", None, Some(&hash(1))),
            change(4, "deleted", None, Some(&hash(1))),
            change(5, "deleted", Some(&hash(1)), None),
        ]);
        let text = format!(r#"{{"delay": {{"tags": {{"same": "{0}", "moved": "{1}", "new": "{0}"}}}}}}"#, hash(1), hash(2));
        let registry = Registry::parse(text.as_bytes()).unwrap();
        let drafts = history.missing(&registry, Action::Edit);
        let steps: Vec<_> =
            drafts[0].tags.iter().map(|(tag, step)| (tag.as_str(), step.from.is_some(), step.to.is_some())).collect();
        assert_eq!((drafts.len(), steps), (1, vec![("gone", true, false), ("moved", true, true), ("new", false, true)]));
    }
}
