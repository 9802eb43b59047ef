//! What is saved in a folder, as the system tells it: bursts of events become one. Must not know what a round is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{CreateKind, ModifyKind, RemoveKind};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::folder::{FolderError, is_foreign, matters, survey};
use crate::base::{Clock as _, SystemClock, Timestamp};

/// A save is over when nothing follows for so long: editors write, rename and touch within a few milliseconds.
const QUIET: Duration = Duration::from_millis(100);

/// Who writes without a pause is answered after so long.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two looks at a folder of which nothing is heard: it may be gone.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What comes to who waits, with the time at which it was heard of.
#[derive(Debug)]
pub(super) enum Told {
    /// A file that matters was written, came or went.
    Saved(Timestamp),
    /// A folder may have come or gone.
    Moved(Timestamp),
    /// The system cannot tell everything.
    Trouble(String, Timestamp),
    /// It is to end.
    Ended,
}

/// Watches each folder of a project by itself: a recursive watch would count all of `node_modules`.
pub(super) struct Watcher {
    inner: RecommendedWatcher,
    root: PathBuf,
    /// The folders that are watched, with their identity on the disk: another of the same name is another.
    known: BTreeMap<PathBuf, u64>,
    left: Arc<Left>,
}

/// The paths that the system said were removed or renamed. Of a folder it has forgotten the watch then, even when another stands in
/// its place already: on many disks that one has the same identity.
#[derive(Debug, Default)]
struct Left(Mutex<BTreeSet<PathBuf>>);

impl Left {
    fn hear(&self, event: &Event) {
        if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
            self.paths().extend(event.paths.iter().cloned());
        }
    }

    fn take(&self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut *self.paths())
    }

    fn paths(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    /// Begins to watch; what is heard goes to `sender`.
    ///
    /// # Errors
    /// In words, when the folder cannot be watched.
    pub(super) fn new(root: PathBuf, clock: Arc<SystemClock>, sender: Sender<Told>) -> Result<Self, String> {
        let left = Arc::new(Left::default());
        let heard = Arc::clone(&left);
        let hear = move |event: notify::Result<Event>| {
            event.iter().for_each(|event| heard.hear(event));
            // Whoever listened has ended.
            read(event, clock.now()).into_iter().for_each(|told| drop(sender.send(told)));
        };
        let inner = notify::recommended_watcher(hear).map_err(|error| words(&error, &root))?;
        let mut watcher = Self { inner, root, known: BTreeMap::new(), left };
        watcher.tend()?;
        if watcher.known.is_empty() {
            return Err(format!("{}: there is no such folder", watcher.root.display()));
        }
        Ok(watcher)
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder is not the one any more that is watched.
    pub(super) fn is_lost(&self) -> bool {
        self.known.get(&self.root).copied() != identity(&self.root) || self.left.paths().contains(&self.root)
    }

    /// Watches the folders that came and forgets those that went; whether there were any.
    ///
    /// # Errors
    /// In words, when one cannot be watched.
    pub(super) fn tend(&mut self) -> Result<bool, String> {
        let found = match survey(&self.root) {
            Ok(found) => found.folders,
            Err(FolderError::Io { .. }) => Vec::new(), // gone; it may come again
            Err(error) => return Err(error.to_string()),
        };
        let now: BTreeMap<PathBuf, u64> = found.into_iter().filter_map(|path| Some((path.clone(), identity(&path)?))).collect();
        let left = self.left.take();
        let is_gone = |path: &PathBuf, number: &u64| now.get(path) != Some(number) || left.contains(path);
        let gone: Vec<PathBuf> =
            self.known.iter().filter(|(path, number)| is_gone(path, number)).map(|(path, _)| path.clone()).collect();
        for path in &gone {
            // The system has forgotten a folder that is gone by itself.
            drop(self.inner.unwatch(path));
            self.known.remove(path);
        }
        let mut changed = !gone.is_empty();
        for (path, number) in now {
            if self.known.contains_key(&path) {
                continue;
            }
            match self.inner.watch(&path, RecursiveMode::NonRecursive) {
                Ok(()) => {
                    self.known.insert(path, number);
                    changed = true;
                }
                Err(error) if matches!(&error.kind, ErrorKind::PathNotFound) || !path.is_dir() => changed = true,
                Err(error) => return Err(words(&error, &path)),
            }
        }
        Ok(changed)
    }
}

fn identity(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().filter(fs::Metadata::is_dir).map(|about| about.ino())
}

fn words(error: &notify::Error, path: &Path) -> String {
    match &error.kind {
        ErrorKind::MaxFilesWatch => {
            let advice = "raise fs.inotify.max_user_watches, or watch a smaller folder";
            format!("{} cannot be watched: the system watches no more folders; {advice}", path.display())
        }
        _ => format!("{} cannot be watched: {error}", path.display()),
    }
}

/// What an event of the system means. Reading a file and changing its rights mean nothing.
fn read(event: notify::Result<Event>, at: Timestamp) -> Vec<Told> {
    let event = match event {
        Ok(event) => event,
        Err(error) => return vec![Told::Trouble(format!("watching: {error}"), at)],
    };
    if event.need_rescan() {
        return vec![Told::Moved(at), Told::Saved(at)];
    }
    let folders = match event.kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) | EventKind::Other => return Vec::new(),
        EventKind::Create(CreateKind::File) | EventKind::Remove(RemoveKind::File) | EventKind::Modify(ModifyKind::Data(_)) => {
            false
        }
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(_) | EventKind::Any => true,
    };
    let own = |path: &&PathBuf| !is_foreign(&path.file_name().unwrap_or_default().to_string_lossy());
    let mut told = Vec::new();
    if folders && event.paths.iter().any(|path| own(&path)) {
        told.push(Told::Moved(at));
    }
    if event.paths.iter().any(|path| matters(path)) {
        told.push(Told::Saved(at));
    }
    told
}

/// Makes one of many: what is heard is due when it is quiet, or when it has been waited for long enough.
#[derive(Debug, Default)]
pub(super) struct Debouncer {
    /// When the first and the last of what waits were heard.
    heard: Option<(Timestamp, Timestamp)>,
}

impl Debouncer {
    /// Something was heard at this time.
    pub(super) fn hear(&mut self, at: Timestamp) {
        let (first, last) = self.heard.unwrap_or((at, at));
        self.heard = Some((first.min(at), last.max(at)));
    }

    /// How long until it is due; none when there is nothing.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let (first, last) = self.heard?;
        Some(last.plus(QUIET).min(first.plus(PATIENCE)).since(now))
    }

    /// When the first of what is due was heard; nothing is left then.
    pub(super) fn take(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.wait(now).filter(Duration::is_zero)?;
        self.heard.take().map(|(first, _)| first)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use notify::event::{AccessKind, AccessMode, DataChange, Flag, MetadataKind, RenameMode};

    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_burst_is_one_and_begins_with_its_first() {
        let mut debouncer = Debouncer::default();
        assert_eq!((debouncer.wait(at(0)), debouncer.take(at(9_000))), (None, None));
        [1_000, 1_030, 1_090].into_iter().for_each(|millis| debouncer.hear(at(millis)));
        assert_eq!(debouncer.wait(at(1_100)), Some(Duration::from_millis(90)));
        assert_eq!(debouncer.take(at(1_189)), None);
        assert_eq!(debouncer.take(at(1_190)), Some(at(1_000)));
        assert_eq!(debouncer.take(at(5_000)), None, "it was taken");
        debouncer.hear(at(6_000));
        assert_eq!(debouncer.take(at(6_100)), Some(at(6_000)), "the next is its own");
    }

    #[test]
    fn what_was_heard_during_a_round_is_due_at_once_and_what_never_ends_within_a_second() {
        let mut debouncer = Debouncer::default();
        debouncer.hear(at(1_000));
        assert_eq!(debouncer.wait(at(3_000)), Some(Duration::ZERO));
        assert_eq!(debouncer.take(at(3_000)), Some(at(1_000)));
        for millis in (0..=950).step_by(50) {
            debouncer.hear(at(5_000 + millis));
            assert_eq!(debouncer.take(at(5_000 + millis)), None);
        }
        assert_eq!(debouncer.take(at(6_000)), Some(at(5_000)));
        // Two threads may tell out of order.
        debouncer.hear(at(7_010));
        debouncer.hear(at(7_000));
        assert_eq!(debouncer.take(at(7_110)), Some(at(7_000)));
    }

    #[test]
    fn reading_means_nothing_and_a_rename_means_a_save() {
        let told = |kind: EventKind, path: &str| {
            let told = read(Ok(Event::new(kind).add_path(PathBuf::from(path))), at(1));
            (told.iter().any(|told| matches!(told, Told::Saved(_))), told.iter().any(|told| matches!(told, Told::Moved(_))))
        };
        let write = EventKind::Modify(ModifyKind::Data(DataChange::Any));
        let rename = EventKind::Modify(ModifyKind::Name(RenameMode::To));
        assert_eq!(told(write, "/p/strategy.js"), (true, false));
        assert_eq!(told(write, "/p/notes.md"), (false, false));
        assert_eq!(told(rename, "/p/strategy.js"), (true, true));
        assert_eq!(told(rename, "/p/lib"), (false, true));
        assert_eq!(told(EventKind::Create(CreateKind::Folder), "/p/.git"), (false, false));
        assert_eq!(told(EventKind::Remove(RemoveKind::File), "/p/strategy.js"), (true, false));
        for kind in [
            EventKind::Access(AccessKind::Open(AccessMode::Any)),
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)),
        ] {
            assert_eq!(told(kind, "/p/strategy.js"), (false, false), "{kind:?}");
        }
        let lost = read(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)), at(1));
        assert!(matches!(lost.as_slice(), [Told::Moved(_), Told::Saved(_)]), "{lost:?}");
        assert!(
            matches!(read(Err(notify::Error::generic("odd")), at(1)).as_slice(), [Told::Trouble(words, _)] if words.contains("odd"))
        );
    }

    /// Waits until something is told that is wanted; false after ten seconds.
    fn hears(told: &Receiver<Told>, wanted: impl Fn(&Told) -> bool) -> bool {
        std::iter::from_fn(|| told.recv_timeout(Duration::from_secs(10)).ok()).any(|told| wanted(&told))
    }

    #[test]
    fn the_system_tells_of_saves_renames_new_folders_and_a_folder_that_comes_again() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("project");
        fs::create_dir_all(root.join("node_modules/p")).unwrap();
        let (sender, told) = channel();
        let mut watcher = Watcher::new(root.clone(), Arc::new(SystemClock::new()), sender).unwrap();
        let saved = |told: &Told| matches!(told, Told::Saved(_));
        fs::write(root.join("node_modules/p/a.js"), "1").unwrap();
        fs::write(root.join(".hidden.js"), "1").unwrap();
        fs::write(root.join("strategy.js"), "1").unwrap();
        assert!(hears(&told, saved));
        fs::write(dir.path().join("fresh"), "2").unwrap();
        fs::rename(dir.path().join("fresh"), root.join("strategy.js")).unwrap();
        assert!(hears(&told, |told| matches!(told, Told::Moved(_))));
        fs::create_dir(root.join("lib")).unwrap();
        assert!(hears(&told, |told| matches!(told, Told::Moved(_))));
        assert!(watcher.tend().unwrap() && !watcher.tend().unwrap());
        told.try_iter().for_each(drop);
        fs::write(root.join("lib/part.js"), "1").unwrap();
        assert!(hears(&told, saved));

        // Removed and made again at once: the new folder has the number of the old one on many disks.
        for _ in 0..3 {
            fs::remove_dir_all(root.join("lib")).unwrap();
            fs::create_dir(root.join("lib")).unwrap();
            assert!(hears(&told, |told| matches!(told, Told::Moved(_))));
            std::thread::sleep(Duration::from_millis(50));
            assert!(watcher.tend().unwrap() && !watcher.tend().unwrap());
            told.try_iter().for_each(drop);
            fs::write(root.join("lib/part.js"), "2").unwrap();
            assert!(hears(&told, saved));
        }

        fs::rename(&root, dir.path().join("away")).unwrap();
        assert!(watcher.is_lost() && watcher.tend().unwrap());
        fs::create_dir(&root).unwrap();
        assert!(watcher.is_lost() && watcher.tend().unwrap() && !watcher.is_lost());
        std::thread::sleep(Duration::from_millis(50));
        told.try_iter().for_each(drop);
        fs::write(root.join("strategy.js"), "3").unwrap();
        assert!(hears(&told, saved));
        let missing = Watcher::new(dir.path().join("no"), Arc::new(SystemClock::new()), channel().0);
        assert!(missing.is_err_and(|words| words.contains("no such folder")));
    }
}
