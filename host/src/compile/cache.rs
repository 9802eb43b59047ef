//! The compiled cache: native code and what is known about it, in a private directory. Native code is trusted when it is
//! loaded, so a file counts only when its keyed digest proves that this host wrote it. Everything in here can be deleted:
//! what is missing is compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What a file begins with: the version of its layout.
const MAGIC: &[u8; 8] = b"sandpit1";
const MAC_BYTES: usize = 32;
const KEY_FILE: &str = "key";
const ENDING: &str = "cwasm";

/// A directory that only this user may look into, and the key of its digests.
pub(super) struct Cache {
    dir: PathBuf,
    /// Begun with the key.
    keyed: Hmac<Sha256>,
    max_bytes: u64,
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
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
        let key = read_key(&dir.join(KEY_FILE))?;
        let keyed = Hmac::new_from_slice(&key).map_err(io::Error::other)?;
        Ok(Self { dir: dir.to_owned(), keyed, max_bytes })
    }

    /// The entry of this name; none when it is missing, torn, or not ours.
    pub(super) fn get(&self, name: &str) -> Option<Entry> {
        let mut file = fs::read(self.path(name)).ok()?;
        let mac = file.strip_prefix(MAGIC.as_slice())?.get(..MAC_BYTES)?.to_vec();
        let body = file.split_off(MAGIC.len() + MAC_BYTES);
        self.digest(name, &body).verify_slice(&mac).ok()?;
        let (length, rest) = body.split_at_checked(4)?;
        let length = usize::try_from(u32::from_le_bytes(length.try_into().ok()?)).ok()?;
        let (about, native) = rest.split_at_checked(length)?;
        Some(Entry { about: about.to_vec(), native: native.to_vec() })
    }

    /// Keeps an entry, whole or not at all. A cache that cannot be written only costs time.
    pub(super) fn put(&self, name: &str, entry: &Entry) {
        if let Err(error) = self.try_put(name, entry) {
            tracing::warn!(%error, name, "the compiled cache could not be written");
        }
    }

    fn try_put(&self, name: &str, entry: &Entry) -> io::Result<()> {
        let length = u32::try_from(entry.about.len()).map_err(io::Error::other)?;
        let mut body = Vec::with_capacity(4 + entry.about.len() + entry.native.len());
        body.extend_from_slice(&length.to_le_bytes());
        body.extend_from_slice(&entry.about);
        body.extend_from_slice(&entry.native);
        let mac = self.digest(name, &body).finalize().into_bytes();
        let temporary = self.dir.join(format!("{name}.{}.tmp", std::process::id()));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(MAGIC)?;
        file.write_all(&mac)?;
        file.write_all(&body)?;
        drop(file);
        fs::rename(&temporary, self.path(name))?;
        self.shrink()
    }

    /// Deletes the files that were written longest ago until the rest fits.
    fn shrink(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if entry.path().extension().is_some_and(|ending| ending == ENDING) {
                files.push((about.modified()?, about.len(), entry.path()));
            }
        }
        let mut bytes: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        files.sort();
        for (_, length, path) in files {
            if bytes <= self.max_bytes {
                break;
            }
            fs::remove_file(path)?;
            bytes -= length;
        }
        Ok(())
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
        self.dir.join(format!("{name}.{ENDING}"))
    }
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
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
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
            let written = std::time::UNIX_EPOCH + std::time::Duration::from_secs(age as u64);
            // The third one has pushed out the first.
            File::open(dir.path().join(format!("{name}.cwasm"))).unwrap().set_modified(written).unwrap();
        }
        let kept: Vec<_> = ["a", "b", "c"].into_iter().filter(|name| cache.get(name).is_some()).collect();
        assert_eq!(kept, ["b", "c"]);
    }
}
