//! Strategies by name, tag and hash: what `registry.json` and the hash folders beside it hold, which revision a selector
//! selects, uploads and deletes. Knows nothing of instances or HTTP, and compiles nothing: whoever can compile says with
//! [`Catalogue::accept`] and [`Catalogue::reject`] what a source turned out to be.
//!
//! Selecting and listing only touch memory. Everything that returns after a change has it on the disk; such calls block and
//! belong off the async threads.

mod add;
pub mod bootstrap;
mod delete;
mod difference;
mod disk;
mod error;
mod history;
mod index;
mod list;
mod registry;
mod seed;
mod selector;
mod tags;
#[cfg(test)]
mod tests;
mod write;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use serde::{Deserialize, Serialize};

use crate::base::{Clock, Digest, StrategyName, Tag};
use crate::compile::{Source, SourceFile};
use crate::sandbox::Metadata;

use disk::Disk;
use history::History;
use index::Index;
use registry::Registry;
use write::Ledger;

pub use add::{AddOptions, Added, MAX_TAGS, NewRevision, TagMove};
pub use delete::Deleted;
pub use difference::Difference;
pub use error::{CatalogueError, RevisionUse};
pub use history::{Action, Cause, TagEvent};
pub use index::{Invalid, Problem, Record};
pub use list::{ListFilter, Listing, RevisionSummary, Summary};
pub use selector::{LATEST, Selector, SelectorError, strategy_name};
pub use tags::{Assigned, Expected, Unassigned};

/// How the strategies directory is used. Section `catalogue` of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CatalogueConfig {
    /// Refuse to start without a `registry.json`, even in an empty directory. Default false.
    pub require_registry: bool,
}

/// What a directory is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// By the one host that uploads and deletes.
    Write,
    /// Beside it, to look.
    Read,
}

/// What a selector selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The strategy.
    pub name: StrategyName,
    /// The revision.
    pub hash: Digest,
    /// The tag that the selector named, else the one that the revision was first uploaded with.
    pub tag: Option<Tag>,
}

/// What a source says about itself, or why it must not run.
type Judgement = Result<Arc<Metadata>, Arc<Invalid>>;

/// One revision as it stands now.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// What the registry says.
    pub record: Arc<Record>,
    judgement: Judgement,
}

impl Revision {
    /// What its source says about itself.
    ///
    /// # Errors
    /// [`CatalogueError::RevisionInvalid`] when it must not run.
    pub fn metadata(&self) -> Result<&Arc<Metadata>, CatalogueError> {
        self.judgement
            .as_ref()
            .map_err(|reason| CatalogueError::RevisionInvalid { hash: self.record.hash, reason: Arc::clone(reason) })
    }

    /// Why it must not run.
    pub fn invalid(&self) -> Option<&Arc<Invalid>> {
        self.judgement.as_ref().err()
    }
}

/// The strategies directory and what is known about it. Process lifetime; one writer at a time, readers never wait for it.
pub struct Catalogue {
    disk: Disk,
    config: CatalogueConfig,
    clock: Arc<dyn Clock>,
    /// Of whoever changes the disk.
    writing: Mutex<Ledger>,
    index: RwLock<Arc<Index>>,
    history: RwLock<History>,
    /// What `/strategies` shows: the strategies as of the last refresh (decision 6).
    loaded: RwLock<Arc<Vec<Arc<Metadata>>>>,
    /// What compiling found, by the hash of the source: it holds whatever the registry says.
    judgements: RwLock<HashMap<Digest, Judgement>>,
    /// There is no registry yet, and nothing that it should have named.
    fresh: AtomicBool,
    /// The directory has the old, flat layout and is served as it is.
    flat: AtomicBool,
    /// The history has changes that `registry.json` lacks.
    unsaved: AtomicBool,
}

impl Drop for Catalogue {
    fn drop(&mut self) {
        if let Err(error) = self.save() {
            tracing::warn!(%error, "registry.json is brought up to date at the next start");
        }
    }
}

impl Catalogue {
    /// Opens a strategies directory, making it if need be, and checks every revision's bytes against its hash. A revision
    /// that does not pass is kept as invalid; it does not keep the others from being used.
    ///
    /// # Errors
    /// [`CatalogueError::Locked`] when another host writes there; [`CatalogueError::RegistryInvalid`] or
    /// [`CatalogueError::RegistryMissing`] when the registry cannot be trusted: an empty catalogue is never assumed.
    pub fn open(path: &Path, access: Access, config: CatalogueConfig, clock: Arc<dyn Clock>) -> Result<Self, CatalogueError> {
        let disk = match access {
            Access::Write => Disk::open(path)?,
            Access::Read => Disk::open_to_read(path)?,
        };
        let catalogue = Self {
            disk,
            config,
            clock,
            writing: Mutex::default(),
            index: RwLock::default(),
            history: RwLock::default(),
            loaded: RwLock::default(),
            judgements: RwLock::default(),
            fresh: AtomicBool::new(false),
            flat: AtomicBool::new(false),
            unsaved: AtomicBool::new(false),
        };
        catalogue.reload()?;
        if catalogue.disk.is_writable() && !catalogue.is_fresh() && catalogue.disk.is_seeding() {
            catalogue.disk.end_seeding().map_err(|error| catalogue.storage("finish seeding", &error))?;
        }
        Ok(catalogue)
    }

    /// Reads the registry again and checks all bytes again: what people changed by hand is taken in.
    ///
    /// # Errors
    /// As [`Catalogue::open`]; then what was known before still stands.
    pub fn reload(&self) -> Result<(), CatalogueError> {
        let mut ledger = self.lock_writing();
        self.read_all(&mut ledger, &Index::default())
    }

    /// Where it is, absolute, for people.
    pub fn directory(&self) -> &Path {
        self.disk.path()
    }

    /// Lines of the registry that are not used, because they break a rule.
    pub fn problems(&self) -> Vec<Problem> {
        self.index().problems.clone()
    }

    /// What `selector` selects now. Whether it may run is for [`Catalogue::revision`] to say.
    ///
    /// # Errors
    /// The selector is malformed, or names something that is not there.
    pub fn resolve(&self, selector: &str) -> Result<Resolved, CatalogueError> {
        let selector: Selector = selector.parse()?;
        let index = self.index();
        let record = index.select(&selector)?;
        let named = match selector {
            Selector::Tagged(_, tag) if tag.as_str() != LATEST => Some(tag),
            _ => None,
        };
        Ok(Resolved { name: record.name.clone(), hash: record.hash, tag: named.or_else(|| record.tag.clone()) })
    }

    /// The revision with this hash.
    ///
    /// # Errors
    /// [`CatalogueError::RevisionNotFound`].
    pub fn revision(&self, hash: &Digest) -> Result<Revision, CatalogueError> {
        let index = self.index();
        let record = index.record(hash).ok_or(CatalogueError::RevisionNotFound { hash: *hash, name: None })?;
        Ok(self.judged(record))
    }

    /// The revision with this hash, once no change is under way. Whoever launches registers its use first and asks this after:
    /// a delete asks who uses the revision while it holds off this call, so one of the two sees the other. Blocks on the disk.
    ///
    /// # Errors
    /// [`CatalogueError::RevisionNotFound`].
    pub fn confirm(&self, hash: &Digest) -> Result<Revision, CatalogueError> {
        let _writing = self.lock_writing();
        self.revision(hash)
    }

    /// Takes what is there now for what `/strategies` shows, until the next call: the host says when it has loaded everything.
    pub fn settle_loaded(&self) {
        let modules = self.list(&ListFilter::default()).modules;
        let loaded = modules.into_iter().filter_map(|module| module.metadata).collect();
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
    }

    /// The strategies as of the last [`Catalogue::settle_loaded`], by name: the metadata of each one's default revision.
    pub fn loaded(&self) -> Arc<Vec<Arc<Metadata>>> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The source of a revision, checked against its hash. Blocks on the disk.
    ///
    /// # Errors
    /// [`CatalogueError::RevisionNotFound`]; [`CatalogueError::RevisionInvalid`] when its files are gone or changed, which
    /// from then on is known of the revision.
    pub fn source(&self, hash: &Digest) -> Result<Source, CatalogueError> {
        let record = self.revision(hash)?.record;
        self.read_source(&record).map_err(|invalid| {
            let reason = Arc::new(invalid);
            self.set_fault(&record, &reason);
            CatalogueError::RevisionInvalid { hash: *hash, reason }
        })
    }

    /// Revisions of which nobody has said yet what their source is: to be compiled, then accepted or rejected.
    pub fn unjudged(&self) -> Vec<Digest> {
        let index = self.index();
        let judgements = self.judgements.read().unwrap_or_else(PoisonError::into_inner);
        let records = index.strategies.values().flat_map(|strategy| strategy.revisions.values());
        let waiting = records.filter(|record| record.fault.is_none() && !judgements.contains_key(&record.hash));
        waiting.map(|record| record.hash).collect()
    }

    /// The source with this hash compiles, and this is what it says about itself.
    pub fn accept(&self, hash: Digest, metadata: Arc<Metadata>) {
        self.judgements.write().unwrap_or_else(PoisonError::into_inner).insert(hash, Ok(metadata));
    }

    /// The source with this hash does not compile: it is listed as invalid and never run.
    pub fn reject(&self, hash: Digest, reason: Invalid) {
        self.judgements.write().unwrap_or_else(PoisonError::into_inner).insert(hash, Err(Arc::new(reason)));
    }

    /// Nothing is known of this source any more.
    fn forget(&self, hash: &Digest) {
        self.judgements.write().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    fn is_fresh(&self) -> bool {
        self.fresh.load(Ordering::Acquire)
    }

    fn is_flat(&self) -> bool {
        self.flat.load(Ordering::Acquire)
    }

    fn history_read(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A poisoned lock only says that another writer panicked: the disk is as its last step left it, and is read again.
    fn lock_writing(&self) -> MutexGuard<'_, Ledger> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn storage(&self, operation: &'static str, error: &std::io::Error) -> CatalogueError {
        CatalogueError::storage(operation, self.disk.path(), error)
    }

    fn judged(&self, record: &Arc<Record>) -> Revision {
        let invalid = |code, message| Err(Arc::new(Invalid { code, message, diagnostics: None }));
        let judgements = self.judgements.read().unwrap_or_else(PoisonError::into_inner);
        let judgement = match (&record.fault, judgements.get(&record.hash)) {
            (Some(fault), _) => Err(Arc::clone(fault)),
            (None, Some(Ok(metadata))) if metadata.name != record.name => invalid(
                "name_mismatch",
                format!("it is registered as `{}`, but metadata.name is `{}`", record.name, metadata.name),
            ),
            (None, Some(judgement)) => judgement.clone(),
            (None, None) => invalid("not_loaded", "it was registered by hand and is loaded at the next refresh".to_owned()),
        };
        Revision { record: Arc::clone(record), judgement }
    }

    /// Makes `registry` what readers see. Records that `trusted` already has without fault are not read from the disk again.
    fn show(&self, registry: &Registry, trusted: &Index) {
        let mut index = Index::build(registry, self.is_flat());
        for record in index.records_mut() {
            let known = trusted.strategies.get(&record.name).and_then(|strategy| strategy.revisions.get(&record.hash));
            if record.fault.is_some() {
                continue;
            }
            if let Some(known) = known.filter(|known| known.is_of(record)) {
                *record = Arc::clone(known);
                continue;
            }
            match self.read_source(record) {
                // Lines that people and older programs wrote do not say it.
                Ok(source) if record.size.is_none() => Arc::make_mut(record).size = Some(source.bytes()),
                Ok(_) => {}
                Err(invalid) => {
                    tracing::warn!(strategy = %record.name, hash = %record.hash, code = invalid.code, "revision quarantined: {}", invalid.message);
                    Arc::make_mut(record).fault = Some(Arc::new(invalid));
                }
            }
        }
        for problem in index.problems.iter().filter(|problem| !trusted.problems.contains(problem)) {
            let subject = problem.subject.as_deref().unwrap_or_default();
            tracing::warn!(strategy = problem.strategy, subject, "a line of registry.json is not used: {}", problem.message);
        }
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
    }

    fn set_fault(&self, record: &Record, reason: &Arc<Invalid>) {
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = Arc::make_mut(&mut index).record_mut(&record.name, &record.hash) {
            Arc::make_mut(known).fault = Some(Arc::clone(reason));
        }
    }

    /// The files of a revision, if they are what its hash says.
    fn read_source(&self, record: &Record) -> Result<Source, Invalid> {
        let invalid = |code, message| Invalid { code, message, diagnostics: None };
        let read = |path: &str| {
            self.disk.read(path).map_err(|error| {
                let code = if error.kind() == std::io::ErrorKind::NotFound { "source_missing" } else { "source_unreadable" };
                invalid(code, format!("{path}: {error}"))
            })
        };
        let changed = |what: String| invalid("hash_mismatch", format!("module hash mismatch for {}: {what}", record.path));
        let entry = format!("{}.js", record.name);
        let mut files = vec![SourceFile { path: entry.clone(), bytes: read(&record.path)? }];
        for path in &record.files {
            files.push(SourceFile { path: path.clone(), bytes: read(&record.path_beside(path))? });
        }
        let source = Source::several(&entry, files).map_err(|error| changed(error.to_string()))?;
        let digest = source.digest();
        if digest == record.hash { Ok(source) } else { Err(changed(format!("expected {}, its bytes are {digest}", record.hash))) }
    }
}
