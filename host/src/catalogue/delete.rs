//! Deletes: a revision goes with all tags on it, unless an instance pins it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::base::{Digest, InstanceId, StrategyName, Tag};

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
    /// `users` answers who pins a revision, running or stopped; it is asked while no other change can happen, so whoever
    /// launches registers the use first and looks the revision up after. Blocks on the disk.
    ///
    /// # Errors
    /// The selector selects nothing, [`CatalogueError::RevisionInUse`], or the disk; then nothing has changed.
    pub fn delete(&self, selector: &str, users: impl Fn(&Digest) -> Vec<InstanceId>) -> Result<Deleted, CatalogueError> {
        let selector: Selector = selector.parse()?;
        let (deleted, records) = self.change(|catalogue, registry| {
            let index = super::index::Index::build(registry);
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
            Ok((catalogue.strike(registry, &records, whole), records))
        })?;
        for record in &records {
            self.forget(&record.hash);
            self.remove_files(record);
        }
        Ok(deleted)
    }

    /// Takes the lines of `records`, all of one strategy, out of the registry.
    fn strike(&self, registry: &mut Registry, records: &[Arc<Record>], whole: bool) -> Deleted {
        let name = records[0].name.clone();
        let hashes: Vec<Digest> = records.iter().map(|record| record.hash).collect();
        let mut tags = Vec::new();
        if let Some(entry) = registry.strategies.0.get_mut(name.as_str()) {
            for hash in &hashes {
                entry.hashes.0.remove(&hash.to_string());
            }
            entry.tags.0.retain(|tag, target| {
                let gone = whole || target.parse::<Digest>().is_ok_and(|target| hashes.contains(&target));
                tags.extend(gone.then(|| Tag::new(tag).ok()).flatten());
                !gone
            });
            if entry.hashes.0.is_empty() {
                registry.strategies.0.remove(name.as_str());
            }
        }
        Deleted { name, hashes, tags }
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
