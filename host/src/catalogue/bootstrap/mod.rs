//! Brings a directory of an older layout (scripts in the root, or `<name>/<tag>/<name>.js`) into the layout that the catalogue
//! uses, `<name>/<64 hex>/<name>.js` with `registry.json`. First a plan, which changes nothing and is the same however often it
//! is made; then, if it is wanted, the plan is carried out: copies first, each read again and checked, then the registry, and
//! only then are the originals removed whose copies stand. Whatever it dies of on the way, the next run completes it.
//!
//! Compiles nothing: whoever can compile says what the sources are that no registry knows.

mod find;
mod hints;
mod order;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::disk::{Disk, REGISTRY};
use super::{Access, CatalogueError};
use crate::base::{Clock, Digest, StrategyName, Tag};
use crate::compile::Source;

use find::{Found, Place};
use hints::Before;

pub use plan::{LatestFrom, Plan, PlannedRevision, PlannedStrategy, TagFrom};

/// Where the registry of an older layout is kept.
const OLD_REGISTRY: &str = "registry.json.old";

/// Files that are left where they are, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// Below the directory.
    pub paths: Vec<String>,
    /// For people.
    pub reason: String,
}

/// What a source says about itself, from whoever compiled it.
#[derive(Clone, Debug)]
pub struct About {
    /// `metadata.name`.
    pub name: StrategyName,
    /// `metadata.tag`.
    pub tag: Option<Tag>,
    /// `metadata.version`, where older sources have their tag.
    pub version: Option<Tag>,
    /// SHA-256 of the engine that it was compiled with.
    pub engine: Digest,
    /// The contract, such as `sandpit:strategy@1.0.0`.
    pub world: Option<String>,
}

/// What was found out about sources, or why they do not compile.
pub type Abouts = BTreeMap<Digest, Result<About, String>>;

/// A directory that was looked through. Holds its lock, if it is to be changed.
pub struct Bootstrap {
    disk: Disk,
    clock: Arc<dyn Clock>,
    before: Before,
    found: Vec<Found>,
    /// What cannot be read as what it seems to be.
    conflicts: Vec<Conflict>,
}

impl Bootstrap {
    /// Looks through `root`. To look only, [`Access::Read`]: nothing is changed then, not even a lock is taken.
    ///
    /// # Errors
    /// [`CatalogueError::Locked`] when a host runs there; [`CatalogueError::RegistryInvalid`] when the registry is no JSON
    /// object; the disk.
    pub fn open(root: &Path, access: Access, clock: Arc<dyn Clock>) -> Result<Self, CatalogueError> {
        let disk = match access {
            Access::Write => Disk::open(root)?,
            Access::Read => Disk::open_to_read(root)?,
        };
        let before = hints::read(&disk)?;
        let searched = find::search(&disk, &before.registry);
        let search = searched.map_err(|error| CatalogueError::storage("look through the strategies", root, &error))?;
        Ok(Self { disk, clock, before, found: search.found, conflicts: search.conflicts })
    }

    /// Where it is, absolute, for people.
    pub fn directory(&self) -> &Path {
        self.disk.path()
    }

    /// The sources that nobody knows yet, each once: to be compiled before [`Bootstrap::plan`].
    pub fn unknown(&self) -> Vec<&Source> {
        let unknown = self.found.iter().filter(|found| self.registered(&found.source.digest()).is_none());
        let by_digest: BTreeMap<Digest, &Source> = unknown.map(|found| (found.source.digest(), &found.source)).collect();
        by_digest.into_values().collect()
    }

    /// What is to be done. A source that `abouts` does not have is left alone.
    pub fn plan(&self, abouts: &Abouts) -> Plan {
        plan::make(self, abouts)
    }

    /// Does it; calls `step` after each copy and each original that was removed. Blocks on the disk.
    ///
    /// # Errors
    /// The disk, or a copy that is not what was written. What was done stands, nothing is lost, and the next run goes on.
    pub fn carry_out(&self, plan: &Plan, mut step: impl FnMut()) -> Result<(), CatalogueError> {
        if !self.disk.is_writable() {
            return Err(CatalogueError::ReadOnly);
        }
        let failed = |operation| move |error: std::io::Error| CatalogueError::storage(operation, self.disk.path(), &error);
        for copy in &plan.copies {
            self.disk.write(&copy.to, &copy.bytes).map_err(failed("copy a strategy"))?;
            self.verify(&copy.to, &copy.bytes).map_err(failed("read a copy again"))?;
            step();
        }
        if plan.writes_registry {
            if let Some(old) = &self.before.old
                && self.disk.read(OLD_REGISTRY).is_err()
            {
                self.disk.write(OLD_REGISTRY, old).map_err(failed("keep the old registry"))?;
            }
            self.disk.write(REGISTRY, &plan.registry.to_bytes()).map_err(failed("write registry.json"))?;
        }
        for original in &plan.originals {
            // Both as they were when the plan was made, or it stays.
            self.verify(&original.copy, &original.bytes).map_err(failed("read a copy again"))?;
            self.verify(&original.path, &original.bytes).map_err(failed("read an original again"))?;
            self.disk.remove(&original.path).map_err(failed("remove an original"))?;
            if let Some((folder, _)) = original.path.rsplit_once('/') {
                self.disk.remove_empty_dir(folder);
            }
            step();
        }
        Ok(())
    }

    fn verify(&self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        let digest = Digest::of(&self.disk.read(path)?);
        let expected = Digest::of(bytes);
        if digest == expected {
            return Ok(());
        }
        Err(std::io::Error::other(format!("{path} is {digest}, not {expected}: somebody else is changing the directory")))
    }

    /// The strategy that the registry has a revision under.
    fn registered(&self, hash: &Digest) -> Option<StrategyName> {
        let key = hash.to_string();
        let strategies = self.before.registry.strategies.0.iter();
        let mut owners = strategies.filter(|(_, entry)| entry.hashes.0.contains_key(&key));
        owners.find_map(|(name, _)| StrategyName::new(name).ok())
    }

    /// Whether the revision lies where it belongs, whole.
    fn lies_in_place(&self, path: &str) -> bool {
        self.found.iter().any(|found| found.path == path && matches!(found.place, Place::Hashed { .. }))
    }
}
