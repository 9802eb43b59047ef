//! The strategies directory as a place to read from and write to safely: nothing outside it can be reached, a write is there
//! whole or not at all, and only one host writes. Knows paths and bytes, not what they mean.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt as _, MetadataExt as _, OpenOptions, OpenOptionsExt as _};

use super::error::CatalogueError;
#[cfg(test)]
use crate::base::fail_point;

/// The registry's file.
pub(super) const REGISTRY: &str = "registry.json";
/// Held by the host that may write.
const LOCK: &str = ".lock";
/// There while built-in strategies are being copied: without a registry it says that what lies around is ours.
const SEEDING: &str = ".seeding";
/// Files that are not finished. Only ever in the root itself.
const UNFINISHED: &str = ".sandpit-tmp-";
/// No file in a strategies directory is larger; more is not read.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Tells one state of a file from another without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: Option<SystemTime>,
}

/// The open directory. All methods block on the disk.
#[derive(Debug)]
pub(super) struct Disk {
    dir: Dir,
    path: PathBuf,
    /// Present when this host may write; the lock ends with it.
    lock: Option<std::fs::File>,
    unfinished: AtomicU64,
    #[cfg(test)]
    pub(super) faults: super::tests::faults::Faults,
}

impl Disk {
    /// Opens `path` for the one host that may write, making it if it is not there, and removes what an earlier host left
    /// unfinished.
    pub(super) fn open(path: &Path) -> Result<Self, CatalogueError> {
        let failed = |error: io::Error| CatalogueError::storage("open the strategies directory", path, &error);
        if !path.exists() {
            use std::os::unix::fs::DirBuilderExt as _;
            std::fs::DirBuilder::new().recursive(true).mode(0o750).create(path).map_err(failed)?;
            let parent = std::path::absolute(path).map_err(failed)?;
            std::fs::File::open(parent.parent().unwrap_or(path)).and_then(|parent| parent.sync_all()).map_err(failed)?;
        }
        let mut disk = Self::open_to_read(path)?;
        let lock = disk.dir.open_with(LOCK, OpenOptions::new().create(true).append(true).mode(0o640)).map_err(failed)?.into_std();
        match lock.try_lock() {
            Ok(()) => disk.lock = Some(lock),
            Err(std::fs::TryLockError::WouldBlock) => return Err(CatalogueError::Locked { path: disk.path.join(LOCK) }),
            Err(std::fs::TryLockError::Error(error)) => return Err(failed(error)),
        }
        disk.remove_unfinished().map_err(failed)?;
        Ok(disk)
    }

    /// Opens `path` beside a host that writes: for commands that only look.
    pub(super) fn open_to_read(path: &Path) -> Result<Self, CatalogueError> {
        let failed = |error: io::Error| CatalogueError::storage("open the strategies directory", path, &error);
        Ok(Self {
            dir: Dir::open_ambient_dir(path, ambient_authority()).map_err(failed)?,
            path: std::path::absolute(path).map_err(failed)?,
            lock: None,
            unfinished: AtomicU64::new(0),
            #[cfg(test)]
            faults: super::tests::faults::Faults::default(),
        })
    }

    /// Where it is, absolute, for people.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this host may write.
    pub(super) fn is_writable(&self) -> bool {
        self.lock.is_some()
    }

    /// A regular file's bytes. A pipe or a device is refused instead of waited for.
    pub(super) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let kind = self.dir.metadata(path)?;
        if !kind.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(kind.len().min(MAX_FILE_BYTES)).unwrap_or(0));
        self.dir.open(path)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE_BYTES {
            return Err(io::Error::other(format!("it is larger than {MAX_FILE_BYTES} bytes")));
        }
        Ok(bytes)
    }

    /// What tells this state of a file from another; none when it is not there.
    pub(super) fn stamp(&self, path: &str) -> io::Result<Option<Stamp>> {
        match self.dir.metadata(path) {
            Ok(about) => {
                let modified = about.modified().ok().map(cap_std::time::SystemTime::into_std);
                Ok(Some(Stamp { inode: about.ino(), bytes: about.len(), modified }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds `bytes` to a file of which the first `length` bytes count: what follows them was never acknowledged. When this
    /// returns, a power cut cannot undo it; when it fails, the file is cut back, or will be before the next bytes.
    /// Gives the length that counts now.
    pub(super) fn append(&self, path: &str, length: u64, bytes: &[u8]) -> io::Result<u64> {
        self.step("open to append")?;
        let options = OpenOptions::new().create(true).append(true).mode(0o640).clone();
        let mut file = self.dir.open_with(path, &options)?;
        let present = file.metadata()?.len();
        // Shorter than it was: somebody took lines away. What comes is added to what is left.
        let keep = present.min(length);
        if present > keep {
            self.step("cut")?;
            file.set_len(keep)?;
        }
        let added = self.step("append").and_then(|()| {
            // Half of it first, as a full disk may leave it.
            #[cfg(test)]
            let rest = {
                let (half, rest) = bytes.split_at(bytes.len() / 2);
                file.write_all(half)?;
                self.step("append the rest")?;
                rest
            };
            #[cfg(not(test))]
            let rest = bytes;
            file.write_all(rest)?;
            self.step("fsync")?;
            file.sync_all()
        });
        let added = added.and_then(|()| if present == 0 { self.sync_dir("") } else { Ok(()) });
        if added.is_err() && self.step("cut back").is_ok() {
            // If this fails too, the next append cuts, and so does the next start when the line is torn.
            let _ = file.set_len(keep).and_then(|()| file.sync_all());
        }
        added.map(|()| keep + bytes.len() as u64)
    }

    /// Cuts a file to the bytes that count.
    pub(super) fn cut(&self, path: &str, length: u64) -> io::Result<()> {
        self.step("cut")?;
        let file = self.dir.open_with(path, OpenOptions::new().write(true))?;
        file.set_len(length)?;
        file.sync_all()
    }

    /// What lies in the root and could be strategies: folders and scripts, apart from hidden ones.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && (!entry.file_type()?.is_file() || name.ends_with(".js")) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Puts `bytes` at `path`, whole or not at all; when this returns, a power cut cannot undo it. The directories on the way
    /// are made.
    pub(super) fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.make_dirs(parent)?;
        let unfinished = format!("{UNFINISHED}{}", self.unfinished.fetch_add(1, Ordering::Relaxed));
        let written = self.write_new(&unfinished, bytes).and_then(|()| {
            self.step("rename")?;
            self.dir.rename(&unfinished, &self.dir, path)
        });
        if written.is_err() && self.step("tidy").is_ok() {
            // It would be removed at the next start as well.
            let _ = self.dir.remove_file(&unfinished);
        }
        written?;
        self.sync_dir(parent)
    }

    fn write_new(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.step("create")?;
        let mut file = self.dir.open_with(path, OpenOptions::new().create_new(true).write(true).mode(0o640))?;
        self.step("write")?;
        file.write_all(bytes)?;
        self.step("fsync")?;
        file.sync_all()
    }

    /// Makes `path` and its parents, each safe before the next begins.
    fn make_dirs(&self, path: &str) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.mode(0o750);
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            self.step("mkdir")?;
            match self.dir.create_dir_with(&path[..end], &builder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made?,
            }
            self.sync_dir(path[..end].rsplit_once('/').map_or("", |(parent, _)| parent))?;
        }
        Ok(())
    }

    /// Removes a file; one that is not there is fine.
    pub(super) fn remove(&self, path: &str) -> io::Result<()> {
        self.step("remove")?;
        match self.dir.remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Removes a directory if nothing is left in it.
    pub(super) fn remove_empty_dir(&self, path: &str) {
        if self.step("rmdir").is_ok() {
            // Files of other people keep it alive.
            let _ = self.dir.remove_dir(path);
        }
    }

    /// Says that built-in strategies are being copied.
    pub(super) fn begin_seeding(&self) -> io::Result<()> {
        self.write(SEEDING, b"")
    }

    /// Says that they are complete.
    pub(super) fn end_seeding(&self) -> io::Result<()> {
        self.remove(SEEDING)
    }

    /// Whether a host died while it copied them.
    pub(super) fn is_seeding(&self) -> bool {
        self.dir.exists(SEEDING)
    }

    /// A directory opened by cap-std is a bare path handle, on which fsync fails; opened as a file it can be synced.
    fn sync_dir(&self, path: &str) -> io::Result<()> {
        self.step("fsync directory")?;
        let path = if path.is_empty() { "." } else { path };
        self.dir.open(path)?.sync_all()
    }

    fn remove_unfinished(&self) -> io::Result<()> {
        for entry in self.dir.entries()? {
            let name = entry?.file_name();
            if name.to_string_lossy().starts_with(UNFINISHED) {
                self.dir.remove_file(&name)?;
            }
        }
        Ok(())
    }

    /// Every change of the disk passes here first, so that tests can end the world at any of them.
    #[cfg(test)]
    fn step(&self, what: &'static str) -> io::Result<()> {
        fail_point::reach();
        self.faults.step(what)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same shape as in tests, where it can fail")]
    fn step(&self, _what: &'static str) -> io::Result<()> {
        Ok(())
    }
}
