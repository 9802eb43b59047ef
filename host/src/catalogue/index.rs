//! What the registry means: which of its lines are right, and what each selector selects. In memory only; made anew from the
//! registry after every change.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{Digest, StrategyName, Tag};

use super::error::CatalogueError;
use super::registry::{HashEntry, Registry, StrategyEntry};
use super::selector::{self, LATEST, Selector};

/// Why a revision must not run.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invalid {
    /// A stable code: `hash_mismatch`, `source_missing`, `path_mismatch`, `name_mismatch`, `strategy_validation_failed`...
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// What the compiler says about the source, as the control plane writes it; absent when the source was not compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub diagnostics: Option<serde_json::Value>,
}

/// A line of the registry that is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The strategy's key in the registry.
    pub strategy: String,
    /// The tag or hash, when it is not the strategy itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subject: Option<String>,
    /// For people.
    pub message: String,
}

/// One revision as the registry has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The strategy.
    pub name: StrategyName,
    /// Its identity.
    pub hash: Digest,
    /// The tag of the first upload.
    pub tag: Option<Tag>,
    /// Where the entry file is, below the strategies directory.
    pub path: String,
    /// Further files beside it.
    pub files: Vec<String>,
    /// The engine that it was first compiled with.
    pub engine: Option<String>,
    /// The contract that it was first compiled for.
    pub world: Option<String>,
    /// All bytes of all files.
    pub size: Option<u64>,
    /// When it was uploaded, RFC 3339.
    pub created_at: Option<String>,
    /// What is wrong with its line or its files; set by whoever has looked.
    pub(super) fault: Option<Arc<Invalid>>,
}

impl Record {
    /// Where a revision's entry file must be.
    pub(super) fn path_of(name: &StrategyName, hash: &Digest) -> String {
        format!("{name}/{}/{name}.js", hash.hex())
    }

    /// Whether this is what was found out of `line`, with nothing wrong: the size may have been measured.
    pub(super) fn is_of(&self, line: &Self) -> bool {
        self == line || line.size.is_none() && *line == Self { size: None, ..self.clone() }
    }

    /// Where a file of the revision is.
    pub(super) fn path_beside(&self, file: &str) -> String {
        format!("{}/{}/{file}", self.name, self.hash.hex())
    }

    fn read(name: &StrategyName, hash: Digest, entry: &HashEntry, flat: bool) -> Self {
        let expected = if flat { format!("{name}.js") } else { Self::path_of(name, &hash) };
        let invalid = |code, message| Some(Arc::new(Invalid { code, message, diagnostics: None }));
        let fault = if entry.path != expected {
            let message = format!("registry path mismatch: expected {expected}, got {}", selector::quoted(&entry.path));
            invalid("path_mismatch", message)
        } else {
            let bad = entry.files.iter().find(|file| !stays_inside(file));
            bad.and_then(|file| invalid("path_mismatch", format!("file path `{}` leaves its folder", selector::quoted(file))))
        };
        Self {
            name: name.clone(),
            hash,
            tag: entry.tag.as_deref().and_then(|tag| Tag::new(tag).ok()),
            path: expected,
            // Paths that break the rule are never followed, not even to delete.
            files: if fault.is_none() { entry.files.clone() } else { Vec::new() },
            engine: entry.engine.clone(),
            world: entry.world.clone(),
            size: entry.size,
            created_at: entry.created_at.clone(),
            fault,
        }
    }
}

/// One strategy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Strategy {
    pub(super) tags: BTreeMap<Tag, Digest>,
    pub(super) revisions: BTreeMap<Digest, Arc<Record>>,
}

impl Strategy {
    /// What the bare name means: where `latest` points to, else the smallest hash.
    pub(super) fn default_revision(&self) -> Option<Digest> {
        self.tags.get(LATEST).or_else(|| self.revisions.keys().next()).copied()
    }

    /// The tags for a message.
    pub(super) fn known_tags(&self) -> String {
        if self.tags.is_empty() {
            return "no tags".to_owned();
        }
        let mut text = self.tags.keys().take(10).map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ");
        if self.tags.len() > 10 {
            text.push_str(&format!(" and {} more", self.tags.len() - 10));
        }
        text
    }
}

/// All of them. A clone shares the strategies.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Index {
    pub(super) strategies: BTreeMap<StrategyName, Arc<Strategy>>,
    pub(super) problems: Vec<Problem>,
    owners: BTreeMap<Digest, StrategyName>,
}

impl Index {
    /// Reads a registry. What is wrong in it becomes a problem or a record with a fault; the rest stands. In a `flat` one every
    /// strategy has one revision, which lies in the root.
    pub(super) fn build(registry: &Registry, flat: bool) -> Self {
        let mut index = Self::default();
        for (key, entry) in &registry.strategies.0 {
            match selector::strategy_name(key) {
                Ok(name) if name.as_str() == key => {
                    index.add_strategy(name, entry, |name, hash, line| Arc::new(Record::read(name, hash, line, flat)))
                }
                Ok(name) => index.problem(key, None, format!("write the name as `{name}`")),
                Err(error) => index.problem(key, None, error.to_string()),
            }
        }
        index
    }

    /// The same after a change of one strategy. The records of `written` revisions are made anew, their bytes being right; the
    /// others are taken over. None when only building all of it can tell what is wrong.
    pub(super) fn with(&self, name: &StrategyName, entry: Option<&StrategyEntry>, written: &[Digest]) -> Option<Self> {
        if !self.problems.is_empty() {
            return None;
        }
        let mut index = self.clone();
        let before = index.strategies.remove(name);
        let before = before.as_ref().map(|strategy| &strategy.revisions);
        for hash in before.into_iter().flat_map(BTreeMap::keys) {
            index.owners.remove(hash);
        }
        if let Some(entry) = entry {
            index.add_strategy(name.clone(), entry, |name, hash, line| {
                let kept = before.and_then(|records| records.get(&hash)).filter(|_| !written.contains(&hash));
                kept.map_or_else(|| Arc::new(Record::read(name, hash, line, false)), Arc::clone)
            });
        }
        index.problems.is_empty().then_some(index)
    }

    fn add_strategy(
        &mut self,
        name: StrategyName,
        entry: &StrategyEntry,
        record: impl Fn(&StrategyName, Digest, &HashEntry) -> Arc<Record>,
    ) {
        let mut strategy = Strategy::default();
        for (key, line) in &entry.hashes.0 {
            match key.parse::<Digest>() {
                Ok(hash) if hash.to_string() == *key => {
                    let owner = self.owners.entry(hash).or_insert_with(|| name.clone()).clone();
                    if owner != name {
                        self.problem(
                            name.as_str(),
                            Some(key),
                            format!("it is registered under `{owner}` as well: it belongs to one strategy"),
                        );
                    }
                    strategy.revisions.insert(hash, record(&name, hash, line));
                }
                Ok(hash) => self.problem(name.as_str(), Some(key), format!("write the hash as {hash}")),
                Err(error) => self.problem(name.as_str(), Some(key), error.to_string()),
            }
        }
        for (key, target) in &entry.tags.0 {
            match read_tag(key, target) {
                Ok((tag, hash)) => {
                    if !strategy.revisions.contains_key(&hash) {
                        self.problem(name.as_str(), Some(key), format!("it references unknown hash {hash}"));
                    }
                    strategy.tags.insert(tag, hash);
                }
                Err(message) => self.problem(name.as_str(), Some(key), message),
            }
        }
        if !strategy.revisions.is_empty() {
            self.strategies.insert(name, Arc::new(strategy));
        }
    }

    fn problem(&mut self, strategy: &str, subject: Option<&str>, message: String) {
        let subject = subject.map(selector::quoted);
        self.problems.push(Problem { strategy: selector::quoted(strategy), subject, message });
    }

    pub(super) fn strategy(&self, name: &StrategyName) -> Result<&Strategy, CatalogueError> {
        let found = self.strategies.get(name).map(Arc::as_ref);
        found.ok_or_else(|| CatalogueError::StrategyNotFound { name: name.clone() })
    }

    /// The record of a revision, of any strategy.
    pub(super) fn record(&self, hash: &Digest) -> Option<&Arc<Record>> {
        self.owners.get(hash).and_then(|name| self.strategies.get(name)).and_then(|strategy| strategy.revisions.get(hash))
    }

    /// What `selector` selects now.
    pub(super) fn select(&self, selector: &Selector) -> Result<&Arc<Record>, CatalogueError> {
        match selector {
            Selector::Hash(hash) => self.record(hash).ok_or(CatalogueError::RevisionNotFound { hash: *hash, name: None }),
            Selector::Pinned(name, hash) => {
                let found = self.strategy(name)?.revisions.get(hash);
                found.ok_or_else(|| CatalogueError::RevisionNotFound { hash: *hash, name: Some(name.clone()) })
            }
            Selector::Tagged(name, tag) if tag.as_str() != LATEST => {
                let strategy = self.strategy(name)?;
                let unknown =
                    || CatalogueError::TagNotFound { name: name.clone(), tag: tag.clone(), known: strategy.known_tags() };
                pointed(name, strategy, tag, *strategy.tags.get(tag).ok_or_else(unknown)?)
            }
            Selector::Tagged(name, _) | Selector::Name(name) => {
                let strategy = self.strategy(name)?;
                let hash = strategy.default_revision().ok_or_else(|| CatalogueError::StrategyNotFound { name: name.clone() })?;
                pointed(name, strategy, &selector::latest(), hash)
            }
        }
    }

    /// The record of a revision, to note what is wrong with it.
    pub(super) fn record_mut(&mut self, name: &StrategyName, hash: &Digest) -> Option<&mut Arc<Record>> {
        self.strategies.get_mut(name).and_then(|strategy| Arc::make_mut(strategy).revisions.get_mut(hash))
    }

    /// Every record, to be looked at.
    pub(super) fn records_mut(&mut self) -> impl Iterator<Item = &mut Arc<Record>> {
        self.strategies.values_mut().flat_map(|strategy| Arc::make_mut(strategy).revisions.values_mut())
    }
}

/// Whether a path has only plain steps downwards. The finer rules are the compiler's.
fn stays_inside(path: &str) -> bool {
    path.split('/').all(|step| !step.is_empty() && !step.starts_with('.') && !step.contains(['\\', '\0']))
}

fn pointed<'a>(name: &StrategyName, strategy: &'a Strategy, tag: &Tag, hash: Digest) -> Result<&'a Arc<Record>, CatalogueError> {
    let dangling = || CatalogueError::TagDangling { name: name.clone(), tag: tag.clone(), hash };
    strategy.revisions.get(&hash).ok_or_else(dangling)
}

fn read_tag(key: &str, target: &str) -> Result<(Tag, Digest), String> {
    let tag = Tag::new(key).map_err(|error| error.to_string())?;
    if tag.is_latest() && key != LATEST {
        return Err(format!("write it as `{LATEST}`"));
    }
    Ok((tag, target.parse::<Digest>().map_err(|error| error.to_string())?))
}
