//! What is to be done with what was found: which revision each script is, under which tags, and what cannot be decided here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::super::index::Record;
use super::super::registry::{HashEntry, Registry, StrategyEntry};
use super::super::selector::{self, LATEST};
use super::find::{Found, Place};
use super::hints::{Before, Hints, means};
use super::order::by_version;
use super::{Abouts, Bootstrap, Conflict};
use crate::base::{Digest, StrategyName, Tag};
use crate::compile::SourceFile;

/// The tag of a source that has none anywhere: the old tool's.
const DEFAULT_TAG: &str = "v1.0.0";

/// Where a revision's tag comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum TagFrom {
    /// The folder that it lay in.
    Folder,
    /// What the registry of an older layout said.
    OldRegistry,
    /// `metadata.tag`.
    MetadataTag,
    /// `metadata.version`.
    MetadataVersion,
    /// Nobody named one: `v1.0.0`.
    Default,
}

/// Where `latest` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LatestFrom {
    /// The registry has it already.
    Registry,
    /// The registry of an older layout said so.
    OldRegistry,
    /// The highest tag in the order of versions.
    HighestTag,
}

/// One revision as it will stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedRevision {
    /// Its identity.
    pub hash: Digest,
    /// The tags that point to it, `latest` apart.
    pub tags: Vec<String>,
    /// Where the tag of a new revision comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_from: Option<TagFrom>,
    /// Where it will lie.
    pub path: String,
    /// Where it lies now, besides.
    pub originals: Vec<String>,
    /// Whether the registry knew it before.
    pub registered: bool,
}

/// One strategy as it will stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedStrategy {
    /// Its name.
    pub name: StrategyName,
    /// Where `latest` will point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Digest>,
    /// Why there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_from: Option<LatestFrom>,
    /// By hash.
    pub revisions: Vec<PlannedRevision>,
}

/// A plan for one directory.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// As they will stand, by name.
    pub strategies: Vec<PlannedStrategy>,
    /// What is left where it is.
    pub conflicts: Vec<Conflict>,
    /// Whether registry.json is not yet what it will be.
    pub writes_registry: bool,
    #[serde(skip)]
    pub(super) registry: Registry,
    #[serde(skip)]
    pub(super) copies: Vec<Copy>,
    #[serde(skip)]
    pub(super) originals: Vec<Original>,
}

/// A file to be written.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) to: String,
    pub(super) bytes: Vec<u8>,
}

/// A file to be removed once its copy stands.
#[derive(Clone, Debug)]
pub(super) struct Original {
    pub(super) path: String,
    pub(super) copy: String,
    pub(super) bytes: Vec<u8>,
}

impl Plan {
    /// Files that will be written, registry.json apart.
    pub fn copies(&self) -> usize {
        self.copies.len()
    }

    /// Files that will be removed once their copies stand.
    pub fn originals(&self) -> usize {
        self.originals.len()
    }

    /// Whether there is nothing to do.
    pub fn is_done(&self) -> bool {
        !self.writes_registry && self.copies.is_empty() && self.originals.is_empty()
    }
}

/// What a found script is to become.
struct Claim<'a> {
    found: &'a Found,
    hash: Digest,
    name: StrategyName,
    /// None where the registry has its tags already.
    tag: Option<(Tag, TagFrom)>,
}

pub(super) fn make(bootstrap: &Bootstrap, abouts: &Abouts) -> Plan {
    let mut conflicts = bootstrap.conflicts.clone();
    let mut claims = Vec::new();
    for found in &bootstrap.found {
        match claim(bootstrap, abouts, found) {
            Ok(claim) => claims.push(claim),
            Err(reason) => conflicts.push(Conflict { paths: vec![found.path.clone()], reason }),
        }
    }
    give_way(&mut claims);
    drop_contested(&bootstrap.before, &mut claims, &mut conflicts);
    let mut registry = bootstrap.before.registry.clone();
    let (mut copies, mut originals) = (Vec::new(), Vec::new());
    for claim in &claims {
        let path = Record::path_of(&claim.name, &claim.hash);
        if claim.found.path != path {
            let bytes = claim.found.source.entry().bytes.clone();
            if !bootstrap.lies_in_place(&path) && copies.iter().all(|copy: &Copy| copy.to != path) {
                copies.push(Copy { to: path.clone(), bytes: bytes.clone() });
            }
            originals.push(Original { path: claim.found.path.clone(), copy: path, bytes });
        }
        if claim.tag.is_some() {
            register(&mut registry, claim, abouts, bootstrap);
        }
    }
    let mut strategies = Vec::new();
    for (name, entry) in &mut registry.strategies.0 {
        let Ok(name) = selector::strategy_name(name) else { continue };
        let hints = bootstrap.before.hints.iter().find(|(key, _)| selector::strategy_name(key).is_ok_and(|key| key == name));
        let before = bootstrap.before.registry.strategies.0.get(name.as_str());
        let touched = hints.is_some() || before != Some(&*entry);
        let latest = point(entry, hints.map(|(_, hints)| hints), touched);
        strategies.push(planned(&name, entry, latest, &claims, &bootstrap.before.registry));
    }
    conflicts.extend(lost_hints(&bootstrap.before.hints, &registry));
    let known = &bootstrap.before;
    let changed = known.old.is_some() || registry != known.registry || (!known.exists && !strategies.is_empty());
    Plan { strategies, conflicts, writes_registry: changed, registry, copies, originals }
}

/// Which revision a script is, and under which tag; or why that cannot be said.
fn claim<'a>(bootstrap: &Bootstrap, abouts: &Abouts, found: &'a Found) -> Result<Claim<'a>, String> {
    let hash = found.source.digest();
    let registered = bootstrap.registered(&hash);
    let about = match (&registered, abouts.get(&hash)) {
        (Some(_), _) => None,
        (None, Some(Ok(about))) => Some(about),
        (None, Some(Err(reason))) => return Err(format!("it does not compile: {reason}")),
        (None, None) => return Err("nobody has compiled it".to_owned()),
    };
    let name = registered.or_else(|| about.map(|about| about.name.clone())).ok_or("nobody knows its name")?;
    let name = selector::strategy_name(name.as_str()).map_err(|error| error.to_string())?;
    if let Place::Tagged { name: folder, .. } | Place::Hashed { name: folder } = &found.place
        && selector::strategy_name(folder).as_ref() != Ok(&name)
    {
        return Err(format!("it lies in the folder of `{}`, but metadata.name is `{name}`", selector::quoted(folder)));
    }
    let path = Record::path_of(&name, &hash);
    if bootstrap.conflicts.iter().any(|conflict| conflict.paths.contains(&path)) {
        return Err(format!("{path}, where it belongs, is something else"));
    }
    let hinted = || {
        let hints = bootstrap.before.hints.get(name.as_str())?;
        Tag::new(hints.tag_of(&hash)?).ok().filter(|tag| !tag.is_latest())
    };
    let tag = match (&found.place, about) {
        (Place::Tagged { tag, .. }, _) => Some((folder_tag(tag)?, TagFrom::Folder)),
        (_, None) => None,
        (_, Some(about)) => {
            let tag = hinted().map(|tag| (tag, TagFrom::OldRegistry));
            let tag = tag.or_else(|| about.tag.clone().map(|tag| (tag, TagFrom::MetadataTag)));
            let tag = tag.or_else(|| about.version.clone().map(|tag| (tag, TagFrom::MetadataVersion)));
            let default = || Tag::new(DEFAULT_TAG).ok().map(|tag| (tag, TagFrom::Default));
            tag.or_else(default)
        }
    };
    Ok(Claim { found, hash, name, tag })
}

fn folder_tag(folder: &str) -> Result<Tag, String> {
    let tag = Tag::new(folder).map_err(|error| error.to_string())?;
    if tag.is_latest() {
        return Err("its folder is called `latest`, which is a pointer and no version: rename the folder".to_owned());
    }
    Ok(tag)
}

/// Of the same bytes in several places, a default gives way to a tag that somebody chose, and a copy (of an earlier run that
/// died) to its original.
fn give_way(claims: &mut [Claim<'_>]) {
    let weight = |claim: &Claim<'_>| match (&claim.tag, &claim.found.place) {
        (None, _) => 0,
        (Some(_), Place::Hashed { .. }) => 1,
        (Some((_, TagFrom::Default)), _) => 2,
        (Some(_), _) => 3,
    };
    let mut strongest: BTreeMap<Digest, (u8, (Tag, TagFrom))> = BTreeMap::new();
    for claim in claims.iter() {
        if let Some(tag) = &claim.tag
            && strongest.get(&claim.hash).is_none_or(|(known, _)| *known < weight(claim))
        {
            strongest.insert(claim.hash, (weight(claim), tag.clone()));
        }
    }
    for claim in claims {
        let other = strongest.get(&claim.hash).filter(|(known, _)| claim.tag.is_some() && *known > weight(claim));
        if let Some((_, tag)) = other {
            claim.tag = Some(tag.clone());
        }
    }
}

/// Takes away the claims on a tag that somebody else has, or claims as well: nobody is chosen for a person.
fn drop_contested(before: &Before, claims: &mut Vec<Claim<'_>>, conflicts: &mut Vec<Conflict>) {
    let mut rivals: BTreeMap<(StrategyName, Tag), BTreeSet<Digest>> = BTreeMap::new();
    for claim in claims.iter() {
        if let Some((tag, _)) = &claim.tag {
            rivals.entry((claim.name.clone(), tag.clone())).or_default().insert(claim.hash);
        }
    }
    for ((name, tag), hashes) in rivals {
        let registered = before.registry.strategies.0.get(name.as_str()).and_then(|entry| entry.tags.0.get(tag.as_str()));
        let hinted = || before.hints.get(name.as_str())?.pointers.get(tag.as_str());
        let owner = registered.or_else(hinted).and_then(|hash| hash.parse::<Digest>().ok());
        let loses = |claim: &Claim<'_>| {
            let same = claim.name == name && claim.tag.as_ref().is_some_and(|(claimed, _)| *claimed == tag);
            same && owner.map_or(hashes.len() > 1, |owner| owner != claim.hash)
        };
        let paths: Vec<String> = claims.iter().filter(|claim| loses(claim)).map(|claim| claim.found.path.clone()).collect();
        if !paths.is_empty() {
            let reason = match owner {
                Some(owner) => format!("{name}:{tag} is {owner} already: give it a tag of its own"),
                None => format!("they are different and would all be {name}:{tag}: give each a tag of its own"),
            };
            conflicts.push(Conflict { paths, reason });
            claims.retain(|claim| !loses(claim));
        }
    }
}

/// Writes the line of a revision and its tag; what is there already stays.
fn register(registry: &mut Registry, claim: &Claim<'_>, abouts: &Abouts, bootstrap: &Bootstrap) {
    let Some((tag, _)) = &claim.tag else { return };
    let entry = registry.strategies.0.entry(claim.name.to_string()).or_default();
    entry.tags.0.insert(tag.to_string(), claim.hash.to_string());
    let about = abouts.get(&claim.hash).and_then(|about| about.as_ref().ok());
    let files = claim.found.source.files();
    let stored = &claim.found.source.entry().path;
    let line = entry.hashes.0.entry(claim.hash.to_string()).or_insert_with(|| HashEntry {
        path: Record::path_of(&claim.name, &claim.hash),
        files: files.iter().map(|file| file.path.clone()).filter(|path| path != stored).collect(),
        engine: about.map(|about| about.engine.to_string()),
        world: about.and_then(|about| about.world.clone()),
        size: Some(size(files)),
        created_at: Some(bootstrap.clock.now().to_rfc3339()),
        ..HashEntry::default()
    });
    // Of several tags, the highest counts as the one that it was uploaded with.
    if about.is_some() && line.tag.as_ref().is_none_or(|known| by_version(known, tag.as_str()).is_lt()) {
        line.tag = Some(tag.to_string());
    }
}

fn size(files: &[SourceFile]) -> u64 {
    files.iter().map(|file| file.bytes.len() as u64).sum()
}

/// Sets the tags that an old registry had besides, and `latest` if there is none. A strategy that is not `touched` stays as
/// people made it.
fn point(entry: &mut StrategyEntry, hints: Option<&Hints>, touched: bool) -> Option<(Digest, LatestFrom)> {
    let tags = tags_by_hash(entry);
    for (tag, _) in hints.into_iter().flat_map(|hints| &hints.pointers) {
        let target = hints.and_then(|hints| hints.target(tag, &tags));
        let wanted = Tag::new(tag).is_ok_and(|tag| !tag.is_latest()) && !entry.tags.0.contains_key(tag);
        if let Some(target) = target.filter(|_| wanted) {
            entry.tags.0.insert(tag.clone(), target.to_string());
        }
    }
    let there = entry.tags.0.get(LATEST).and_then(|hash| hash.parse::<Digest>().ok()).filter(|hash| tags.contains_key(hash));
    if let Some(hash) = there {
        return Some((hash, LatestFrom::Registry));
    }
    if !touched {
        return None;
    }
    let old = hints.and_then(|hints| hints.target(LATEST, &tags)).map(|hash| (hash, LatestFrom::OldRegistry));
    let all = tags.iter().flat_map(|(hash, tags)| tags.iter().map(move |tag| (*hash, tag)));
    let highest = all.max_by(|(_, one), (_, other)| by_version(one, other));
    let latest = old.or_else(|| highest.map(|(hash, _)| (hash, LatestFrom::HighestTag)))?;
    entry.tags.0.insert(LATEST.to_owned(), latest.0.to_string());
    Some(latest)
}

/// Every revision with the tags that point to it, `latest` apart.
fn tags_by_hash(entry: &StrategyEntry) -> BTreeMap<Digest, Vec<String>> {
    let known = entry.hashes.0.keys().filter_map(|hash| hash.parse::<Digest>().ok());
    let mut tags: BTreeMap<Digest, Vec<String>> = known.map(|hash| (hash, Vec::new())).collect();
    for (tag, hash) in entry.tags.0.iter().filter(|(tag, _)| *tag != LATEST) {
        if let Some(tags) = hash.parse::<Digest>().ok().and_then(|hash| tags.get_mut(&hash)) {
            tags.push(tag.clone());
        }
    }
    tags
}

fn planned(
    name: &StrategyName,
    entry: &StrategyEntry,
    latest: Option<(Digest, LatestFrom)>,
    claims: &[Claim<'_>],
    before: &Registry,
) -> PlannedStrategy {
    let revision = |(hash, tags): (Digest, Vec<String>)| {
        let path = Record::path_of(name, &hash);
        let of_it = || claims.iter().filter(move |claim| claim.name == *name && claim.hash == hash);
        let registered =
            before.strategies.0.get(name.as_str()).is_some_and(|entry| entry.hashes.0.contains_key(&hash.to_string()));
        PlannedRevision {
            hash,
            tags,
            tag_from: of_it().find_map(|claim| claim.tag.as_ref().map(|(_, from)| *from)),
            originals: of_it().map(|claim| claim.found.path.clone()).filter(|found| *found != path).collect(),
            path,
            registered,
        }
    };
    let revisions = tags_by_hash(entry).into_iter().map(revision).collect();
    let (latest, latest_from) = latest.unzip();
    PlannedStrategy { name: name.clone(), latest, latest_from, revisions }
}

/// What an old registry says of files that are not there.
fn lost_hints(hints: &BTreeMap<String, Hints>, registry: &Registry) -> Vec<Conflict> {
    let mut lost = Vec::new();
    let mut note = |reason: String| lost.push(Conflict { paths: vec![super::REGISTRY.to_owned()], reason });
    for (name, hints) in hints {
        let shown = selector::quoted(name);
        let key = selector::strategy_name(name).map(|name| name.to_string()).unwrap_or_default();
        let entry = registry.strategies.0.get(&key).cloned().unwrap_or_default();
        let tags = tags_by_hash(&entry);
        for hash in hints.hashes().filter(|hash| !tags.keys().any(|known| means(hash, known))) {
            note(format!("{shown}: no script has the bytes of {}", selector::quoted(hash)));
        }
        for (tag, target) in hints.pointers.iter().filter(|(tag, _)| !entry.tags.0.contains_key(*tag)) {
            let (tag, target) = (selector::quoted(tag), selector::quoted(target));
            note(format!("{shown}: the tag `{tag}` points to `{target}`, which is not there"));
        }
    }
    lost
}
