//! What a registry says before the directory is put in order: what is in today's form is kept as it is, the rest (the forms of
//! `registry.json` that went before) is a hint which tags there were and where they pointed.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Map, Value};

use super::super::CatalogueError;
use super::super::disk::{Disk, REGISTRY};
use super::super::history::{self, Change, HISTORY};
use super::super::index::Record;
use super::super::registry::{Registry, StrategyEntry};
use super::super::selector;
use crate::base::Digest;

/// What was there.
#[derive(Default)]
pub(super) struct Before {
    /// What can stay as it is.
    pub(super) registry: Registry,
    /// By strategy, as the key was written.
    pub(super) hints: BTreeMap<String, Hints>,
    /// The file, when it has more than can stay.
    pub(super) old: Option<Vec<u8>>,
    /// Whether there is a file.
    pub(super) exists: bool,
}

/// What an old registry says of one strategy.
#[derive(Default)]
pub(super) struct Hints {
    /// Which tag a hash was uploaded with.
    uploaded: Vec<(String, String)>,
    /// Where a tag points: to a hash, or to another tag.
    pub(super) pointers: BTreeMap<String, String>,
}

impl Hints {
    /// The tag that a revision was uploaded with. Hashes may be cut short.
    pub(super) fn tag_of(&self, hash: &Digest) -> Option<&str> {
        self.uploaded.iter().find(|(key, _)| means(key, hash)).map(|(_, tag)| tag.as_str())
    }

    /// Where a tag points, if it is one of these hashes: directly, or by way of another tag.
    pub(super) fn target(&self, tag: &str, hashes: &BTreeMap<Digest, Vec<String>>) -> Option<Digest> {
        let target = self.pointers.get(tag)?;
        let direct = hashes.keys().find(|hash| means(target, hash));
        direct.or_else(|| hashes.iter().find(|(_, tags)| tags.contains(target)).map(|(hash, _)| hash)).copied()
    }

    /// The hashes that it names.
    pub(super) fn hashes(&self) -> impl Iterator<Item = &str> {
        self.uploaded.iter().map(|(hash, _)| hash.as_str())
    }
}

/// Whether `key` is this hash, whole or its first seven digits and more.
pub(super) fn means(key: &str, hash: &Digest) -> bool {
    let hex = key.strip_prefix("sha256:").unwrap_or(key).to_ascii_lowercase();
    hex.len() >= 7 && hash.hex().starts_with(&hex)
}

/// Reads `registry.json` in any of its forms, and what the history says that it lacks: all of it where there is no registry.
pub(super) fn read(disk: &Disk) -> Result<Before, CatalogueError> {
    let changes = read_history(disk)?;
    let bytes = match disk.read(REGISTRY) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(CatalogueError::storage("read registry.json", disk.path(), &error)),
    };
    let exists = bytes.is_some();
    let Some(bytes) = bytes.filter(|bytes| !bytes.iter().all(u8::is_ascii_whitespace)) else {
        return Ok(Before { exists, ..remembered(&changes) });
    };
    let mut before = match Registry::parse(&bytes) {
        Ok(mut registry) => {
            // A file without a generation is meant as it is. So is the one that is written here: whoever opens it next counts on
            // from the history, and notes there which tags are new.
            let base = registry.generation.take().unwrap_or(u64::MAX);
            changes.iter().filter(|change| change.generation > base).for_each(|change| change.apply(&mut registry));
            sorted_out(registry)
        }
        Err(reason) => match serde_json::from_slice(&bytes) {
            Ok(Value::Object(strategies)) => loosely(&strategies),
            _ => return Err(CatalogueError::RegistryInvalid { path: disk.path().join(REGISTRY), reason }),
        },
    };
    before.exists = true;
    before.old = (!before.hints.is_empty()).then_some(bytes);
    Ok(before)
}

fn read_history(disk: &Disk) -> Result<Vec<Change>, CatalogueError> {
    let bytes = match disk.read(HISTORY) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CatalogueError::storage("read the history", disk.path(), &error)),
    };
    let parsed = history::parse(&bytes);
    let (changes, _) = parsed.map_err(|reason| CatalogueError::HistoryInvalid { path: disk.path().join(HISTORY), reason })?;
    Ok(changes)
}

/// What the history alone knows: the lines of what was uploaded, and where all tags point. What people had registered by hand
/// has no line there; it is found by its bytes, and its tags are hints.
fn remembered(changes: &[Change]) -> Before {
    let mut before = Before::default();
    for change in changes {
        change.apply(&mut before.registry);
        let hints = before.hints.entry(change.strategy.clone()).or_default();
        for (tag, step) in &change.tags {
            match &step.to {
                Some(to) => hints.pointers.insert(tag.clone(), to.clone()),
                None => hints.pointers.remove(tag),
            };
        }
    }
    before.hints.retain(|_, hints| !hints.pointers.is_empty());
    before
}

/// Takes the lines apart whose files lie where they belong, and those that are of the layout before.
fn sorted_out(mut registry: Registry) -> Before {
    let mut hints: BTreeMap<String, Hints> = BTreeMap::new();
    for (name, entry) in &mut registry.strategies.0 {
        let old = old_lines(name, entry);
        if old.is_empty() {
            continue;
        }
        let mut hint = Hints::default();
        for hash in &old {
            if let Some(line) = entry.hashes.0.remove(hash) {
                hint.uploaded.extend(line.tag.map(|tag| (hash.clone(), tag)));
            }
        }
        let (kept, pointers) = std::mem::take(&mut entry.tags.0).into_iter().partition(|(_, hash)| !old.contains(hash));
        entry.tags.0 = kept;
        hint.pointers = pointers;
        hints.insert(name.clone(), hint);
    }
    registry.strategies.0.retain(|name, entry| !hints.contains_key(name) || !entry.hashes.0.is_empty());
    Before { registry, hints, ..Before::default() }
}

/// The hashes whose file does not lie in the folder of the hash.
fn old_lines(name: &str, entry: &StrategyEntry) -> Vec<String> {
    let Ok(name) = selector::strategy_name(name) else { return Vec::new() };
    let belongs = |hash: &str, path: &str| hash.parse().is_ok_and(|hash| Record::path_of(&name, &hash) == path);
    entry.hashes.0.iter().filter(|(hash, line)| !belongs(hash, &line.path)).map(|(hash, _)| hash.clone()).collect()
}

/// `{"delay": {"tags": {"latest": "v1.1.0"}, "hashes": {"sha256:…": "v1.1.0"}}}`, and what is like it.
fn loosely(strategies: &Map<String, Value>) -> Before {
    let text = |(key, value): (&String, &Value)| {
        let value = value.as_str().or_else(|| value.get("tag").and_then(Value::as_str))?;
        Some((key.clone(), value.to_owned()))
    };
    let mut before = Before::default();
    for (name, entry) in strategies.iter().filter(|(_, entry)| entry.is_object()) {
        let fields = |key: &str| entry.get(key).and_then(Value::as_object).into_iter().flatten().filter_map(text);
        let hints = Hints { uploaded: fields("hashes").collect(), pointers: fields("tags").collect() };
        before.hints.insert(name.clone(), hints);
    }
    before
}
