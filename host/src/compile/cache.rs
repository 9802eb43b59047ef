//! The compiled cache: native code and what is known about it, and apart from it what every source turned out to be, in a
//! private directory. Native code is trusted when it is loaded, so a file counts only when its keyed digest proves that
//! this host wrote it. Everything in here can be deleted: what is missing is compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base::{Clock as _, SystemClock, Timestamp};

/// What a file begins with: the version of its layout.
const MAGIC: &[u8; 8] = b"sandpit1";
const MAC_BYTES: usize = 32;
const KEY_FILE: &str = "key";
const ENDING: &str = "cwasm";
/// What is not finished yet, or never will be.
const UNFINISHED: &str = "tmp";
/// Nobody writes a file for so long.
const ABANDONED: Duration = Duration::from_secs(3_600);
/// The folder of judgements, and how its files end.
const JUDGEMENTS: &str = "judgements";
const JUDGEMENT_ENDING: &str = "judged";
/// Bytes of all judgements: some 1 KiB each, so many times more than a strategies directory has revisions.
const JUDGEMENT_BYTES: u64 = 64 << 20;

/// A directory that only this user may look into, and the key of its digests.
pub(super) struct Cache {
    /// Native code, some 4 MB each.
    native: Folder,
    /// What sources turned out to be. Apart from the native code, so that much of that never pushes out little of this.
    judgements: Folder,
}

/// Files of one kind, which together take no more than so many bytes.
struct Folder {
    dir: PathBuf,
    ending: &'static str,
    /// Begun with the key.
    keyed: Hmac<Sha256>,
    max_bytes: u64,
    /// Bytes of all files; unknown until the first is written.
    bytes: Mutex<Option<u64>>,
    /// Tells temporary files of this process apart.
    writes: AtomicU64,
}

/// A file that was proven to be ours.
pub(super) struct Entry {
    /// What is known about the code, as JSON.
    pub(super) about: Vec<u8>,
    /// The code, as wasmtime serialized it.
    pub(super) native: Vec<u8>,
}

impl Cache {
    /// Opens or creates the directory (mode 0700) and its key (mode 0600).
    ///
    /// # Errors
    /// When either cannot be read or made.
    pub(super) fn open(dir: &Path, max_bytes: u64) -> io::Result<Self> {
        make_private(dir)?;
        let key = read_key(&dir.join(KEY_FILE))?;
        let keyed = Hmac::new_from_slice(&key).map_err(io::Error::other)?;
        let judgements = dir.join(JUDGEMENTS);
        make_private(&judgements)?;
        Ok(Self {
            native: Folder::open(dir, ENDING, keyed.clone(), max_bytes)?,
            judgements: Folder::open(&judgements, JUDGEMENT_ENDING, keyed, JUDGEMENT_BYTES)?,
        })
    }

    /// The entry of this name; none when it is missing, torn, or not ours.
    pub(super) fn get(&self, name: &str) -> Option<Entry> {
        let body = self.native.get(name)?;
        let (length, rest) = body.split_at_checked(4)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (about, native) = rest.split_at_checked(length)?;
        Some(Entry { about: about.to_vec(), native: native.to_vec() })
    }

    /// Keeps an entry, whole or not at all. A cache that cannot be written only costs time.
    pub(super) fn put(&self, name: &str, entry: &Entry) {
        let Ok(length) = u32::try_from(entry.about.len()) else { return };
        let mut body = Vec::with_capacity(4 + entry.about.len() + entry.native.len());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&entry.about);
        body.extend_from_slice(&entry.native);
        self.native.put(name, &body);
    }

    /// The judgement of this name; none when it is missing, torn, or not ours.
    pub(super) fn judgement(&self, name: &str) -> Option<Vec<u8>> {
        self.judgements.get(name)
    }

    /// Whether there is a judgement of this name, ours or not.
    pub(super) fn has_judgement(&self, name: &str) -> bool {
        self.judgements.path(name).exists()
    }

    /// Keeps a judgement, as [`Cache::put`] keeps an entry.
    pub(super) fn put_judgement(&self, name: &str, judgement: &[u8]) {
        self.judgements.put(name, judgement);
    }
}

impl Folder {
    fn open(dir: &Path, ending: &'static str, keyed: Hmac<Sha256>, max_bytes: u64) -> io::Result<Self> {
        remove_unfinished(dir)?;
        let (bytes, writes) = (Mutex::new(None), AtomicU64::new(0));
        Ok(Self { dir: dir.to_owned(), ending, keyed, max_bytes, bytes, writes })
    }

    fn get(&self, name: &str) -> Option<Vec<u8>> {
        let mut file = fs::read(self.path(name)).ok()?;
        let mac = file.strip_prefix(MAGIC.as_slice())?.get(..MAC_BYTES)?.to_vec();
        let body = file.split_off(MAGIC.len() + MAC_BYTES);
        self.digest(name, &body).verify_slice(&mac).ok()?;
        Some(body)
    }

    fn put(&self, name: &str, body: &[u8]) {
        if let Err(error) = self.try_put(name, body) {
            tracing::warn!(%error, name, "the compiled cache could not be written");
        }
    }

    fn try_put(&self, name: &str, body: &[u8]) -> io::Result<()> {
        let mac = self.digest(name, body).finalize().into_bytes();
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        let temporary = self.dir.join(format!("{name}.{}-{write}.{UNFINISHED}", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(MAGIC)?;
        file.write_all(&mac)?;
        file.write_all(body)?;
        drop(file);
        // Held to the end, so that the sum stays true.
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(name);
        let replaced = fs::metadata(&path).map_or(0, |about| about.len());
        fs::rename(&temporary, path)?;
        let written = (MAGIC.len() + MAC_BYTES + body.len()) as u64;
        let sum = bytes.map(|bytes| bytes.saturating_sub(replaced) + written);
        *bytes = match sum {
            Some(sum) if sum <= self.max_bytes => Some(sum),
            _ => Some(self.shrink()?),
        };
        Ok(())
    }

    /// Looks through all files. When they are too large, deletes those that were written longest ago until an eighth is
    /// free, so that the next look is far away. Gives the bytes of those that stay.
    fn shrink(&self) -> io::Result<u64> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|ending| ending == self.ending) {
                let about = entry.metadata()?;
                files.push((about.modified()?, about.len(), entry.path()));
            }
        }
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        if bytes <= self.max_bytes {
            return Ok(bytes);
        }
        files.sort();
        for (_, length, path) in files {
            if bytes <= self.max_bytes - self.max_bytes / 8 {
                break;
            }
            fs::remove_file(path)?;
            bytes -= length;
        }
        Ok(bytes)
    }

    /// Over the name as well, so that files cannot be exchanged.
    fn digest(&self, name: &str, body: &[u8]) -> Hmac<Sha256> {
        let mut digest = self.keyed.clone();
        digest.update(&(name.len() as u64).to_le_bytes());
        digest.update(name.as_bytes());
        digest.update(body);
        digest
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.{}", self.ending))
    }
}

/// A directory that only this user may look into.
fn make_private(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

/// Removes what a process that died has left: by its age, because another one may be writing here right now.
fn remove_unfinished(dir: &Path) -> io::Result<()> {
    let now = SystemClock::new().now();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != UNFINISHED) {
            continue;
        }
        // One that is gone by now was finished, or somebody else tidies up.
        let written = fs::metadata(&path).and_then(|about| about.modified()).ok();
        let written = written.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        if written.is_some_and(|written| now.since(Timestamp::ZERO.plus(written)) > ABANDONED) {
            let _ = fs::remove_file(&path);
        }
    }
    Ok(())
}

/// The key, drawn at random the first time. One of the wrong length is replaced: all entries are then compiled again.
fn read_key(path: &Path) -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    if let Ok(mut file) = File::open(path)
        && file.metadata()?.len() == 32
    {
        file.read_exact(&mut key)?;
        return Ok(key);
    }
    getrandom::fill(&mut key).map_err(|error| io::Error::other(error.to_string()))?;
    let temporary = path.with_extension(format!("{}.{UNFINISHED}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(native: &[u8]) -> Entry {
        Entry { about: b"{}".to_vec(), native: native.to_vec() }
    }

    fn native(cache: &Cache, name: &str) -> Option<Vec<u8>> {
        cache.get(name).map(|entry| entry.native)
    }

    #[test]
    fn entries_survive_and_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("cache");
        Cache::open(&dir, 1 << 20).unwrap().put("a", &entry(b"code"));
        let again = Cache::open(&dir, 1 << 20).unwrap();
        assert_eq!(native(&again, "a").as_deref(), Some(b"code".as_slice()));
        assert_eq!(native(&again, "b"), None);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir), mode(&dir.join("key")), mode(&dir.join("a.cwasm"))), (0o700, 0o600, 0o600));
    }

    #[test]
    fn what_was_changed_or_exchanged_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 1 << 20).unwrap();
        cache.put("a", &entry(b"code of a"));
        let path = dir.path().join("a.cwasm");
        let whole = fs::read(&path).unwrap();
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1;
            fs::write(&path, flipped).unwrap();
            assert_eq!(native(&cache, "a"), None, "byte {place}");
        }
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(native(&cache, "a"), None, "torn");
        fs::write(dir.path().join("b.cwasm"), &whole).unwrap();
        assert_eq!(native(&cache, "b"), None, "another name");
        fs::write(&path, &whole).unwrap();
        assert!(native(&cache, "a").is_some());
        fs::write(dir.path().join("key"), [7; 32]).unwrap();
        assert_eq!(native(&Cache::open(dir.path(), 1 << 20).unwrap(), "a"), None, "another key");
    }

    #[test]
    fn the_oldest_make_room() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 2_500).unwrap();
        for (age, name) in ["a", "b", "c"].into_iter().enumerate() {
            cache.put(name, &entry(&[0; 1_000]));
            let written = UNIX_EPOCH + Duration::from_secs(age as u64);
            // The third one has pushed out the first.
            File::open(dir.path().join(format!("{name}.cwasm"))).unwrap().set_modified(written).unwrap();
        }
        let kept: Vec<_> = ["a", "b", "c"].into_iter().filter(|name| cache.get(name).is_some()).collect();
        assert_eq!(kept, ["b", "c"]);
        let sum = |cache: &Cache| cache.native.bytes.lock().unwrap().unwrap();
        let on_disk = |name: &str| fs::metadata(dir.path().join(format!("{name}.cwasm"))).unwrap().len();
        assert_eq!(sum(&cache), on_disk("b") + on_disk("c"));
        cache.put("c", &entry(&[0; 10]));
        assert_eq!(sum(&cache), on_disk("b") + on_disk("c"), "what is replaced does not count twice");
        // A sum that is known is not looked up again.
        fs::remove_file(dir.path().join("b.cwasm")).unwrap();
        cache.put("d", &entry(&[0; 10]));
        assert!(sum(&cache) > on_disk("c") + on_disk("d"));
    }

    #[test]
    fn judgements_live_apart_from_the_code() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::open(dir.path(), 2_500).unwrap();
        cache.put_judgement("a", b"fine");
        for name in ["a", "b", "c", "d"] {
            cache.put(name, &entry(&[0; 1_000]));
        }
        assert!(cache.get("a").is_none() && cache.has_judgement("a"), "the code made room for other code");
        assert_eq!(Cache::open(dir.path(), 2_500).unwrap().judgement("a").as_deref(), Some(b"fine".as_slice()));
        let path = dir.path().join("judgements/a.judged");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::copy(&path, dir.path().join("judgements/b.judged")).unwrap();
        assert_eq!(cache.judgement("b"), None, "of another name");
        fs::write(&path, b"sandpit1 forged").unwrap();
        assert_eq!(cache.judgement("a"), None);
    }

    #[test]
    fn what_was_never_finished_is_tidied_away() {
        let dir = tempfile::tempdir().unwrap();
        Cache::open(dir.path(), 1 << 20).unwrap();
        let left = [dir.path().join("a.123-0.tmp"), dir.path().join("judgements/a.123-0.tmp")];
        left.iter().for_each(|path| fs::write(path, b"half").unwrap());
        Cache::open(dir.path(), 1 << 20).unwrap();
        assert!(left.iter().all(|path| path.exists()), "somebody may be writing them");
        left.iter().for_each(|path| File::options().append(true).open(path).unwrap().set_modified(UNIX_EPOCH).unwrap());
        let cache = Cache::open(dir.path(), 1 << 20).unwrap();
        assert!(left.iter().all(|path| !path.exists()));
        std::thread::scope(|scope| {
            (0..4).for_each(|_| drop(scope.spawn(|| (0..50).for_each(|_| cache.put("same", &entry(b"code"))))));
        });
        assert_eq!(native(&cache, "same").as_deref(), Some(b"code".as_slice()));
        let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "nothing unfinished is left: {names:?}");
    }
}
