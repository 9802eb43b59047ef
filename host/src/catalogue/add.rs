//! Uploads: a compiled source becomes a revision, and tags are moved to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::{Digest, StrategyName, Tag};
use crate::compile::{Source, SourceFile};
use crate::sandbox::Metadata;

use super::history::{Action, Cause, Draft, Step};
use super::index::Record;
use super::registry::{HashEntry, Registry, StrategyEntry};
use super::selector::{self, LATEST, Selector};
use super::{Catalogue, CatalogueError};

/// Most tags that one upload may name.
pub const MAX_TAGS: usize = 32;

/// A source that has passed the compiler, and what it was compiled with.
#[derive(Clone, Debug)]
pub struct NewRevision<'a> {
    /// The files.
    pub source: &'a Source,
    /// What the source says about itself.
    pub metadata: Arc<Metadata>,
    /// SHA-256 of the engine.
    pub engine: Digest,
    /// The contract, such as `sandpit:strategy@1.0.0`.
    pub world: &'a str,
}

/// What an upload asks for beside its source, as it was sent (decision 5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// The strategy that is meant; must be what the source says.
    pub name: Option<String>,
    /// Instead of the source's own tag.
    pub tag: Option<String>,
    /// Further tags; one that points elsewhere is left alone.
    pub aliases: Vec<String>,
    /// Tags that are moved here wherever they point; may name `latest`.
    pub reassign_tags: Vec<String>,
    /// Move `latest` here. The first revision of a strategy becomes `latest` by itself.
    pub promote_latest: bool,
    /// The revision that this one is to take the place of: the tags by which the selector finds it are moved here, `latest` for
    /// a bare name, all tags on it for a hash.
    pub replaces: Option<Selector>,
}

/// A tag that an upload moved or left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagMove {
    /// The tag.
    pub tag: Tag,
    /// Where it pointed before; absent when it is new.
    pub previous: Option<Digest>,
}

/// What an upload did. When it is returned, all of it is on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The strategy.
    pub name: StrategyName,
    /// The revision.
    pub hash: Digest,
    /// The tag it was uploaded under.
    pub tag: Tag,
    /// Where its entry file is, below the strategies directory.
    pub path: String,
    /// False when the same bytes were there before.
    pub created: bool,
    /// Tags that now point here and did not before.
    pub moved: Vec<TagMove>,
    /// Aliases that were left where they pointed.
    pub kept: Vec<TagMove>,
    /// What `latest` pointed to before.
    pub before: Option<Digest>,
    /// The number of the change; absent when there was nothing to change.
    pub generation: Option<u64>,
}

/// What became of the files of an upload.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// They were there and whole.
    Already,
    /// The registry knew them, but they were gone or changed.
    Mended,
    /// Nobody knew them.
    New,
}

/// The tags of one upload, checked.
struct Tags {
    own: Tag,
    aliases: BTreeSet<Tag>,
    forced: BTreeSet<Tag>,
}

impl Catalogue {
    /// Stores a compiled source and moves tags to it. The same upload again changes nothing. Blocks on the disk.
    ///
    /// # Errors
    /// A name, tag or file name that is not allowed, a revision to be replaced that is not there, or the disk; then nothing has
    /// changed.
    pub fn add(&self, new: &NewRevision<'_>, options: &AddOptions, cause: &Cause) -> Result<Added, CatalogueError> {
        let name = self.check_name(new, options)?;
        let mut tags = Tags::read(&new.metadata, options)?;
        let hash = new.source.digest();
        // Before the change, so that nobody finds the revision without knowing what it is.
        let known = self.index().record(&hash).is_some();
        self.accept(hash, Arc::clone(&new.metadata));
        let outcome = self.change(|catalogue, ledger| {
            if let Some(selector) = &options.replaces {
                tags.forced.extend(catalogue.replaced(&name, selector)?);
            }
            let stored = catalogue.store_files(&name, hash, new.source, &ledger.registry)?;
            let empty = StrategyEntry::default();
            let entry = ledger.registry.strategies.0.get(name.as_str()).unwrap_or(&empty);
            let before = entry.tags.0.get(LATEST).and_then(|target| target.parse().ok());
            let mut draft = Draft::new(Action::Upload, name.as_str());
            if stored != Stored::Already {
                let mut line = entry.hashes.0.get(&hash.to_string()).cloned().unwrap_or_default();
                catalogue.fill(&mut line, &name, hash, new, &tags.own);
                draft.added.insert(hash.to_string(), line);
            }
            let promote = options.promote_latest || entry.hashes.0.is_empty();
            let (moved, kept) = tags.steps(entry, hash, promote, &mut draft);
            let generation = catalogue.commit(ledger, draft, cause, &[hash])?;
            let path = Record::path_of(&name, &hash);
            let created = stored == Stored::New;
            let (name, tag) = (name.clone(), tags.own.clone());
            Ok(Added { name, hash, tag, path, created, moved, kept, before, generation })
        });
        // It may be there even so: a failure can come too late to undo the change.
        if outcome.is_err() && !known && self.index().record(&hash).is_none() {
            self.forget(&hash);
        }
        outcome
    }

    /// The tags by which a selector finds the revision that is to be replaced.
    fn replaced(&self, name: &StrategyName, selector: &Selector) -> Result<Vec<Tag>, CatalogueError> {
        let index = self.index();
        let record = index.select(selector)?;
        if record.name != *name {
            return Err(CatalogueError::NameMismatch { given: record.name.clone(), metadata: name.clone() });
        }
        Ok(match selector {
            Selector::Name(_) => vec![selector::latest()],
            Selector::Tagged(_, tag) => vec![tag.clone()],
            Selector::Pinned(..) | Selector::Hash(_) => {
                let tags = index.strategy(name)?.tags.iter().filter(|(_, hash)| **hash == record.hash);
                tags.map(|(tag, _)| tag.clone()).collect()
            }
        })
    }

    fn check_name(&self, new: &NewRevision<'_>, options: &AddOptions) -> Result<StrategyName, CatalogueError> {
        let metadata = selector::strategy_name(new.metadata.name.as_str()).map_err(CatalogueError::Name)?;
        if let Some(given) = &options.name {
            let given = selector::strategy_name(given).map_err(CatalogueError::Name)?;
            if given != metadata {
                return Err(CatalogueError::NameMismatch { given, metadata });
            }
        }
        check_files(&metadata, new.source)?;
        Ok(metadata)
    }

    /// Puts the files where the registry will say they are, unless they are there and whole.
    fn store_files(
        &self,
        name: &StrategyName,
        hash: Digest,
        source: &Source,
        registry: &Registry,
    ) -> Result<Stored, CatalogueError> {
        let known = registry.strategies.0.get(name.as_str()).is_some_and(|entry| entry.hashes.0.contains_key(&hash.to_string()));
        let index = self.index();
        let record = index.strategies.get(name).and_then(|strategy| strategy.revisions.get(&hash));
        if known && record.is_some_and(|record| record.fault.is_none() && self.read_source(record).is_ok()) {
            return Ok(Stored::Already);
        }
        let failed = |error: std::io::Error| self.storage("store the source", &error);
        let folder = format!("{name}/{}", hash.hex());
        for file in beside(source) {
            self.disk.write(&format!("{folder}/{}", file.path), &file.bytes).map_err(failed)?;
        }
        self.disk.write(&Record::path_of(name, &hash), &source.entry().bytes).map_err(failed)?;
        Ok(if known { Stored::Mended } else { Stored::New })
    }

    /// Writes the line of a revision; what it has already of its first upload, or from people, stays.
    fn fill(&self, line: &mut HashEntry, name: &StrategyName, hash: Digest, new: &NewRevision<'_>, tag: &Tag) {
        line.path = Record::path_of(name, &hash);
        line.files = beside(new.source).map(|file| file.path.clone()).collect();
        line.size = Some(new.source.bytes());
        line.tag.get_or_insert_with(|| tag.to_string());
        line.engine.get_or_insert_with(|| new.engine.to_string());
        line.world.get_or_insert_with(|| new.world.to_owned());
        line.created_at.get_or_insert_with(|| self.clock.now().to_rfc3339());
    }
}

impl Tags {
    fn read(metadata: &Metadata, options: &AddOptions) -> Result<Self, CatalogueError> {
        let given = options.aliases.len() + options.reassign_tags.len();
        if given > MAX_TAGS {
            return Err(CatalogueError::TooManyTags { given, max: MAX_TAGS });
        }
        let own = match &options.tag {
            Some(tag) => read_tag(tag)?,
            None => metadata.tag.clone().ok_or(CatalogueError::TagMissing)?,
        };
        unreserved(&own)?;
        let aliases = options.aliases.iter().map(|tag| read_tag(tag)).collect::<Result<BTreeSet<_>, _>>()?;
        aliases.iter().try_for_each(unreserved)?;
        let forced = options.reassign_tags.iter().map(|tag| read_tag(tag)).collect::<Result<BTreeSet<_>, _>>()?;
        let forced = forced.into_iter().map(|tag| if tag.is_latest() { selector::latest() } else { tag }).collect();
        Ok(Self { own, aliases, forced })
    }

    /// Which pointers move, also written into `draft`: the revision's own tag and the forced ones in any case, aliases only when
    /// they are free.
    fn steps(&self, entry: &StrategyEntry, hash: Digest, promote: bool, draft: &mut Draft) -> (Vec<TagMove>, Vec<TagMove>) {
        let mut forced = self.forced.clone();
        forced.insert(self.own.clone());
        if promote {
            forced.insert(selector::latest());
        }
        let (mut moved, mut kept) = (Vec::new(), Vec::new());
        for tag in self.aliases.union(&forced) {
            let from = entry.tags.0.get(tag.as_str()).cloned();
            // A pointer that is no hash points nowhere: a person's slip, mended by moving the tag.
            let previous = from.as_ref().and_then(|from| from.parse::<Digest>().ok());
            let step = TagMove { tag: tag.clone(), previous };
            if previous == Some(hash) {
                continue;
            }
            if previous.is_some() && !forced.contains(tag) {
                kept.push(step);
                continue;
            }
            draft.tags.insert(tag.to_string(), Step { from, to: Some(hash.to_string()) });
            moved.push(step);
        }
        (moved, kept)
    }
}

/// The files of a source without its entry.
fn beside(source: &Source) -> impl Iterator<Item = &SourceFile> {
    let entry = &source.entry().path;
    source.files().iter().filter(move |file| file.path != *entry)
}

/// The entry is stored as `<name>.js`: with files beside it, it must be called that from the beginning, or what they require
/// would change. No two may differ in case only, or copying the directory to another system would lose one.
fn check_files(name: &StrategyName, source: &Source) -> Result<(), CatalogueError> {
    let refuse = |path: &str, reason: String| CatalogueError::FileName { given: path.to_owned(), reason };
    let stored = format!("{name}.js");
    let entry = &source.entry().path;
    if source.files().len() > 1 && *entry != stored {
        return Err(refuse(entry, format!("the entry of a strategy of several files is `{stored}`")));
    }
    let mut folded = BTreeSet::from([stored]);
    for file in beside(source) {
        if !folded.insert(file.path.to_ascii_lowercase()) {
            return Err(refuse(&file.path, "another file has this name, apart from its case".to_owned()));
        }
    }
    Ok(())
}

fn read_tag(text: &str) -> Result<Tag, CatalogueError> {
    Tag::new(text.trim()).map_err(CatalogueError::Tag)
}

fn unreserved(tag: &Tag) -> Result<(), CatalogueError> {
    if tag.is_latest() { Err(CatalogueError::TagReserved { tag: tag.to_string() }) } else { Ok(()) }
}
