//! How the directory is changed and read back. A change is one line at the end of the history: when that is on the disk, the
//! change has happened. `registry.json` follows a moment later, all recent changes at once; what it lacks is made up from the
//! history at the next start. So a change costs the same in a small catalogue and in a large one.
//!
//! | a crash | the next start finds |
//! |---|---|
//! | before the line is whole | files that nobody refers to, and the state before |
//! | after it | the state after, in the history, if `registry.json` is not yet as far |

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use crate::base::{Digest, StrategyName, Timestamp};

use super::disk::{REGISTRY, Stamp};
use super::history::{self, Action, Cause, Change, Draft, HISTORY, History};
use super::index::Index;
use super::registry::{HashEntry, Registry};
use super::{Catalogue, CatalogueError, selector};

/// The tag of what lies in a directory of the old, flat layout (decision 3).
const UNTAGGED: &str = "untagged";

/// What only the one who changes something may touch.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// As it stands, every change included.
    pub(super) registry: Registry,
    /// The number of the newest change.
    generation: u64,
    /// How far `registry.json` on the disk is; none before it was read.
    saved: Option<u64>,
    /// `registry.json` as this host read or wrote it last: anything else is somebody's edit.
    seen: Option<Stamp>,
    /// How much of the history counts, bytes.
    history_bytes: u64,
    /// When the newest change happened.
    newest: Timestamp,
}

/// What lies in the directory.
pub(super) enum Found {
    /// A registry.
    Registry(Registry),
    /// Nothing that a registry should have named.
    Fresh,
    /// Scripts in the root and no registry: the layout of old gateways.
    Flat(Registry),
}

impl Catalogue {
    /// Reads everything again. `trusted` records need not be looked at again.
    pub(super) fn read_all(&self, ledger: &mut Ledger, trusted: &Index) -> Result<(), CatalogueError> {
        // Before the file is read, or an edit in between would go unseen.
        let seen = self.disk.stamp(REGISTRY).map_err(|error| self.storage("look at registry.json", &error))?;
        let found = self.read_registry()?;
        let (changes, history_bytes) = self.read_history()?;
        self.fresh.store(matches!(found, Found::Fresh), Ordering::Release);
        self.flat.store(matches!(found, Found::Flat(_)), Ordering::Release);
        let mut registry = match found {
            Found::Registry(registry) | Found::Flat(registry) => registry,
            Found::Fresh => Registry::default(),
        };
        // A file without a generation is meant as it is; only what it cannot have known is added.
        let base = registry.generation.or(ledger.saved);
        for change in changes.iter().filter(|change| base.is_some_and(|base| change.generation > base)) {
            change.apply(&mut registry);
        }
        let last = changes.last();
        let generation = last.map_or(0, |last| last.generation).max(registry.generation.unwrap_or(0)).max(ledger.generation);
        let newest = last.and_then(|last| Timestamp::from_rfc3339(&last.at)).unwrap_or_default();
        let saved = Some(registry.generation.unwrap_or(generation));
        *ledger = Ledger { registry, generation, saved, seen, history_bytes, newest };
        let history = History::of(&changes);
        let edits = history.missing(&ledger.registry, Action::Edit);
        *self.history.write().unwrap_or_else(PoisonError::into_inner) = history;
        self.unsaved.store(ledger.saved != Some(generation), Ordering::Release);
        self.show(&ledger.registry, trusted);
        if self.disk.is_writable() && !self.is_flat() && !self.is_fresh() {
            for edit in edits {
                tracing::info!(strategy = edit.strategy, tags = ?edit.tags.keys(), "tags were moved in registry.json by hand");
                self.write_down(ledger, edit, &Cause::edit())?;
            }
        }
        Ok(())
    }

    /// Runs `change` where it is the only one that changes anything, on the registry as it is on the disk.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&Self, &mut Ledger) -> Result<T, CatalogueError>,
    ) -> Result<T, CatalogueError> {
        let mut ledger = self.lock_writing();
        if !self.disk.is_writable() {
            return Err(CatalogueError::ReadOnly);
        }
        self.take_in(&mut ledger)?;
        if self.is_flat() {
            return Err(CatalogueError::Flat);
        }
        if self.is_fresh() {
            // Before the first folder, or a crash between the two would leave a folder that no registry explains.
            self.save_now(&mut ledger)?;
            self.disk.end_seeding().map_err(|error| self.storage("finish seeding", &error))?;
            self.fresh.store(false, Ordering::Release);
        }
        change(self, &mut ledger)
    }

    /// Makes a change happen: on the disk, then for everyone who reads. Gives its number; none when there is nothing to do.
    pub(super) fn commit(
        &self,
        ledger: &mut Ledger,
        draft: Draft,
        cause: &Cause,
        written: &[Digest],
    ) -> Result<Option<u64>, CatalogueError> {
        if draft.is_empty() {
            return Ok(None);
        }
        let strategy = draft.strategy.clone();
        self.write_down(ledger, draft, cause)?;
        self.show_one(ledger, &strategy, written);
        Ok(Some(ledger.generation))
    }

    /// Brings `registry.json` up to date, if it is not. Blocks on the disk.
    ///
    /// # Errors
    /// The disk, or a file that somebody has made unreadable; nothing is lost then: the history has it, and the next call tries
    /// again.
    pub fn save(&self) -> Result<(), CatalogueError> {
        if !self.disk.is_writable() || !self.unsaved.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut ledger = self.lock_writing();
        self.take_in(&mut ledger)?;
        if ledger.saved == Some(ledger.generation) {
            self.unsaved.store(false, Ordering::Release);
            return Ok(());
        }
        self.save_now(&mut ledger)
    }

    /// `registry.json` as it stands, every change included.
    pub fn registry(&self) -> serde_json::Value {
        let ledger = self.lock_writing();
        let generation = Some(ledger.generation).filter(|_| !self.is_flat());
        Registry { generation, strategies: ledger.registry.strategies.clone() }.to_value()
    }

    /// Reads the file again when it is not as this host left it.
    fn take_in(&self, ledger: &mut Ledger) -> Result<(), CatalogueError> {
        let present = self.disk.stamp(REGISTRY).map_err(|error| self.storage("look at registry.json", &error))?;
        if present == ledger.seen && !self.is_flat() && !(present.is_none() && self.is_fresh()) {
            return Ok(());
        }
        let trusted = self.index();
        self.read_all(ledger, &trusted)
    }

    pub(super) fn save_now(&self, ledger: &mut Ledger) -> Result<(), CatalogueError> {
        let failed = |error: io::Error| self.storage("write registry.json", &error);
        ledger.registry.generation = Some(ledger.generation);
        self.disk.write(REGISTRY, &ledger.registry.to_bytes()).map_err(failed)?;
        ledger.seen = self.disk.stamp(REGISTRY).map_err(failed)?;
        ledger.saved = Some(ledger.generation);
        self.unsaved.store(false, Ordering::Release);
        Ok(())
    }

    /// One line more in the history, and what it says done to the registry in memory.
    pub(super) fn write_down(&self, ledger: &mut Ledger, draft: Draft, cause: &Cause) -> Result<(), CatalogueError> {
        let at = self.clock.now().max(ledger.newest);
        let change = draft.numbered(ledger.generation + 1, at, cause.clone());
        let mut line = serde_json::to_vec(&change).map_err(|error| self.storage("write the history", &error.into()))?;
        line.push(b'\n');
        let appended = self.disk.append(HISTORY, ledger.history_bytes, &line);
        ledger.history_bytes = appended.map_err(|error| self.storage("write the history", &error))?;
        change.apply(&mut ledger.registry);
        (ledger.generation, ledger.newest) = (change.generation, at);
        self.history.write().unwrap_or_else(PoisonError::into_inner).add(&change);
        self.unsaved.store(true, Ordering::Release);
        Ok(())
    }

    fn show_one(&self, ledger: &Ledger, strategy: &str, written: &[Digest]) {
        let index = self.index();
        let name: Option<StrategyName> = strategy.parse().ok();
        let entry = ledger.registry.strategies.0.get(strategy);
        match name.and_then(|name| index.with(&name, entry, written)) {
            Some(new) => *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new),
            None => self.show(&ledger.registry, &index),
        }
    }

    fn read_history(&self) -> Result<(Vec<Change>, u64), CatalogueError> {
        let bytes = match self.disk.read(HISTORY) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), 0)),
            Err(error) => return Err(self.storage("read the history", &error)),
        };
        let parsed = history::parse(&bytes);
        let path = || self.disk.path().join(HISTORY);
        let (changes, whole) = parsed.map_err(|reason| CatalogueError::HistoryInvalid { path: path(), reason })?;
        if whole < bytes.len() && self.disk.is_writable() {
            tracing::warn!(
                bytes = bytes.len() - whole,
                "the end of the history was cut off: a change that was never acknowledged"
            );
            self.disk.cut(HISTORY, whole as u64).map_err(|error| self.storage("cut the history", &error))?;
        }
        Ok((changes, whole as u64))
    }

    /// The registry as it is on the disk; an empty one only where nothing can have been lost.
    fn read_registry(&self) -> Result<Found, CatalogueError> {
        let path = || self.disk.path().join(REGISTRY);
        match self.disk.read(REGISTRY) {
            Ok(bytes) => {
                let parsed = Registry::parse(&bytes);
                parsed.map(Found::Registry).map_err(|reason| CatalogueError::RegistryInvalid { path: path(), reason })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let missing = |reason: String| CatalogueError::RegistryMissing { path: path(), reason };
                if self.config.require_registry {
                    return Err(missing("catalogue.requireRegistry asks for it".to_owned()));
                }
                let names = self.disk.names().map_err(|error| self.storage("list the strategies directory", &error))?;
                if names.is_empty() || self.disk.is_seeding() {
                    return Ok(Found::Fresh);
                }
                // A folder may be a registry's that is lost, or of the layout `<name>/<tag>/<name>.js`.
                if names.iter().all(|name| name.ends_with(".js")) {
                    return self.flat_registry(&names).map(Found::Flat);
                }
                let some = names.iter().take(5).map(|name| selector::quoted(name)).collect::<Vec<_>>().join(", ");
                let advice =
                    "restore it from a backup, choose an empty directory, or make it with `sandpit bootstrap --root DIR --write`";
                Err(missing(format!("the directory holds {some}: {advice}")))
            }
            Err(error) => Err(self.storage("read registry.json", &error)),
        }
    }

    /// Every script in the root as the one revision of the strategy that it is called after.
    fn flat_registry(&self, names: &[String]) -> Result<Registry, CatalogueError> {
        let mut registry = Registry::default();
        for file in names {
            let bytes = self.disk.read(file).map_err(|error| self.storage("read a script", &error))?;
            let hash = Digest::of(&bytes).to_string();
            let line = HashEntry {
                path: file.clone(),
                tag: Some(UNTAGGED.to_owned()),
                size: Some(bytes.len() as u64),
                ..HashEntry::default()
            };
            let entry = registry.strategies.0.entry(file.trim_end_matches(".js").to_owned()).or_default();
            entry.hashes.0.insert(hash.clone(), line);
            for tag in [selector::LATEST, UNTAGGED] {
                entry.tags.0.insert(tag.to_owned(), hash.clone());
            }
        }
        Ok(registry)
    }
}
