//! Deletes: a revision goes with all tags on it, unless an instance pins it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::{Digest, InstanceId, StrategyName, Tag};

use super::history::{Action, Cause, Draft, Step};
use super::index::Record;
use super::registry::Registry;
use super::{Catalogue, CatalogueError, RevisionUse, Selector};

/// What a delete took away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The strategy.
    pub name: StrategyName,
    /// The revisions.
    pub hashes: Vec<Digest>,
    /// The tags that pointed to them.
    pub tags: Vec<Tag>,
}

impl Catalogue {
    /// Deletes what `selector` selects: by bare name all revisions of a strategy, otherwise one revision with all tags on it.
    /// `users` answers who pins a revision, running or stopped; it is asked while no other change can happen and
    /// [`Catalogue::confirm`] waits. Blocks on the disk.
    ///
    /// # Errors
    /// The selector selects nothing, [`CatalogueError::RevisionInUse`], or the disk; then nothing has changed.
    pub fn delete(
        &self,
        selector: &str,
        users: impl Fn(&Digest) -> Vec<InstanceId>,
        cause: &Cause,
    ) -> Result<Deleted, CatalogueError> {
        let selector: Selector = selector.parse()?;
        self.change(|catalogue, ledger| {
            let index = catalogue.index();
            let records: Vec<Arc<Record>> = match &selector {
                Selector::Name(name) => index.strategy(name)?.revisions.values().cloned().collect(),
                one => vec![Arc::clone(index.select(one)?)],
            };
            let uses = records.iter().map(|record| RevisionUse { hash: record.hash, instances: users(&record.hash) });
            let uses: Vec<_> = uses.filter(|one| !one.instances.is_empty()).collect();
            if !uses.is_empty() {
                return Err(CatalogueError::RevisionInUse { uses });
            }
            let whole = matches!(selector, Selector::Name(_));
            let (draft, deleted) = strike(&ledger.registry, &records, whole);
            catalogue.commit(ledger, draft, cause, &[])?;
            // Still under the lock, or the files of an upload of the same bytes could go instead.
            for record in &records {
                catalogue.forget(&record.hash);
                catalogue.remove_files(record);
            }
            Ok(deleted)
        })
    }

    /// The registry no longer names them, so a file that stays is only waste.
    fn remove_files(&self, record: &Record) {
        let mut paths = vec![record.path.clone()];
        paths.extend(record.files.iter().map(|file| record.path_beside(file)));
        for path in &paths {
            if let Err(error) = self.disk.remove(path) {
                tracing::warn!(%path, %error, "a file of a deleted revision is left");
            }
        }
        let parents = paths.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        let parents: BTreeSet<String> = parents.collect();
        // Reversed, a directory comes after those inside it.
        for parent in parents.iter().rev() {
            self.disk.remove_empty_dir(parent);
        }
    }
}

/// What takes the lines of `records`, all of one strategy, out of the registry.
fn strike(registry: &Registry, records: &[Arc<Record>], whole: bool) -> (Draft, Deleted) {
    let name = records[0].name.clone();
    let hashes: Vec<Digest> = records.iter().map(|record| record.hash).collect();
    let mut draft = Draft::new(Action::Remove, name.as_str());
    draft.removed = hashes.iter().map(Digest::to_string).collect();
    let entry = registry.strategies.0.get(name.as_str());
    if whole {
        // Lines that break a rule have no record; they go with their strategy.
        draft.removed = entry.into_iter().flat_map(|entry| entry.hashes.0.keys().cloned()).collect();
    }
    let mut tags = Vec::new();
    for (tag, target) in entry.into_iter().flat_map(|entry| &entry.tags.0) {
        if whole || target.parse::<Digest>().is_ok_and(|target| hashes.contains(&target)) {
            draft.tags.insert(tag.clone(), Step { from: Some(target.clone()), to: None });
            tags.extend(Tag::new(tag).ok());
        }
    }
    (draft, Deleted { name, hashes, tags })
}
