//! The strategies that come with the host, copied into a directory that has never been used.

use std::sync::atomic::Ordering;

use include_dir::Dir;

use super::disk::REGISTRY;
use super::history::{Action, Cause};
use super::index::Index;
use super::registry::Registry;
use super::{Catalogue, CatalogueError};

impl Catalogue {
    /// Copies the revisions that the registry of `builtin` names, with their tags, into a directory that has no registry yet.
    /// Returns how many revisions were copied: 0 where a registry is, however empty. A crash on the way is made good by
    /// calling it again. Blocks on the disk.
    ///
    /// # Errors
    /// The disk, or built-in files that are not what their registry says.
    pub fn seed(&self, builtin: &Dir<'_>) -> Result<usize, CatalogueError> {
        let mut ledger = self.lock_writing();
        if !self.disk.is_writable() {
            return Err(CatalogueError::ReadOnly);
        }
        self.read_all(&mut ledger, &Index::default())?;
        if !self.is_fresh() {
            return Ok(0);
        }
        let broken = |reason: String| CatalogueError::RegistryInvalid { path: builtin.path().join(REGISTRY), reason };
        let bytes = |path: &str| {
            builtin.get_file(path).map(|file| file.contents()).ok_or_else(|| broken(format!("{path} is not built in")))
        };
        let registry = Registry::parse(bytes(REGISTRY)?).map_err(broken)?;
        let index = Index::build(&registry, false);
        if let Some(problem) = index.problems.first() {
            return Err(broken(format!("{}: {}", problem.strategy, problem.message)));
        }
        self.disk.begin_seeding().map_err(|error| self.storage("begin seeding", &error))?;
        let mut count = 0;
        for record in index.strategies.values().flat_map(|strategy| strategy.revisions.values()) {
            let beside = record.files.iter().map(|file| record.path_beside(file));
            for path in beside.chain([record.path.clone()]) {
                self.disk.write(&path, bytes(&path)?).map_err(|error| self.storage("copy a built-in strategy", &error))?;
            }
            self.read_source(record).map_err(|invalid| broken(invalid.message))?;
            count += 1;
        }
        ledger.registry = registry;
        self.save_now(&mut ledger)?;
        self.disk.end_seeding().map_err(|error| self.storage("finish seeding", &error))?;
        self.fresh.store(false, Ordering::Release);
        let drafts = self.history_read().missing(&ledger.registry, Action::Seed);
        for draft in drafts {
            self.write_down(&mut ledger, draft, &Cause::host("comes with the host"))?;
        }
        self.show(&ledger.registry, &Index::default());
        Ok(count)
    }
}
