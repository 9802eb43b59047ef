//! Reports of runs that were made before, by the hash of their inputs: an unchanged input is answered without running it. It can
//! be deleted at any time. Must not know where people keep such folders.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::report::PlayReport;
use crate::base::{Digest, canonical};

/// Reports that are kept.
const REPORTS: usize = 200;

/// Bytes of all of them.
const BYTES: u64 = 256 << 20;

/// Bytes of one report, as JSON: what is longer is faster run than read.
const REPORT_BYTES: u64 = 256 << 20;

/// Of zstd: fast, and JSON still shrinks to a tenth.
const LEVEL: i32 = 3;

/// So that two writers in one process do not share a file.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// A folder of reports.
#[derive(Debug)]
pub struct ReportCache {
    dir: PathBuf,
    /// Of the program: another one may play otherwise.
    build: String,
}

/// What is in a file.
#[derive(Serialize)]
struct Kept<'a> {
    inputs: Digest,
    build: &'a str,
    report: &'a PlayReport,
}

#[derive(Deserialize)]
struct Found {
    inputs: Digest,
    build: String,
    report: PlayReport,
}

impl ReportCache {
    /// In this folder, which is made for its owner only. `build` says which program the reports are of.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(dir: &Path, build: String) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self { dir: dir.to_owned(), build })
    }

    /// The report of these inputs, if it is there and whole.
    pub fn get(&self, inputs: &Digest) -> Option<PlayReport> {
        let file = File::open(self.path(inputs)).ok()?;
        let mut text = Vec::new();
        zstd::Decoder::new(file).ok()?.take(REPORT_BYTES).read_to_end(&mut text).ok()?;
        let found: Found = serde_json::from_slice(&text).ok()?;
        (found.inputs == *inputs && found.build == self.build).then_some(found.report)
    }

    /// Keeps a report, and lets go of the oldest ones if there are too many.
    ///
    /// # Errors
    /// When it cannot be written; nothing half-written is ever found.
    pub fn put(&self, inputs: &Digest, report: &PlayReport) -> io::Result<()> {
        let text = serde_json::to_vec(&Kept { inputs: *inputs, build: &self.build, report })?;
        if text.len() as u64 >= REPORT_BYTES {
            return Ok(());
        }
        let unique = WRITES.fetch_add(1, Ordering::Relaxed);
        let draft = self.dir.join(format!(".{}-{unique}.draft", std::process::id()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let written = zstd::encode_all(text.as_slice(), LEVEL).and_then(|bytes| file.write_all(&bytes));
        let kept = written.and_then(|()| fs::rename(&draft, self.path(inputs)));
        if kept.is_err() {
            // Nothing was there before it.
            drop(fs::remove_file(&draft));
        }
        kept?;
        self.make_room()
    }

    fn path(&self, inputs: &Digest) -> PathBuf {
        let key = canonical::digest(&(inputs, &self.build));
        self.dir.join(format!("{}.json.zst", key.hex()))
    }

    /// The oldest go. What somebody else removed meanwhile is gone all the same.
    fn make_room(&self) -> io::Result<()> {
        let mut files: Vec<(i64, i64, u64, OsString)> = Vec::new();
        for entry in fs::read_dir(&self.dir)?.flatten() {
            if let Ok(about) = entry.metadata()
                && about.is_file()
            {
                files.push((about.mtime(), about.mtime_nsec(), about.len(), entry.file_name()));
            }
        }
        files.sort_unstable();
        let mut bytes: u64 = files.iter().map(|file| file.2).sum();
        let mut count = files.len();
        for (_, _, size, name) in files {
            if count <= REPORTS && bytes <= BYTES {
                break;
            }
            drop(fs::remove_file(self.dir.join(name)));
            (count, bytes) = (count - 1, bytes - size);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;
    use crate::backtest::play;
    use crate::backtest::tests::{Lab, MOMENTUM};

    #[tokio::test]
    async fn a_kept_report_is_the_same_to_the_last_byte() {
        let config = json!({ "dry_run": false, "momentum_threshold": 0.005, "order_size": "0.001" });
        let request = Lab::new().request(MOMENTUM, config).await;
        let (inputs, folder) = (request.inputs().digest(), tempfile::tempdir().unwrap());
        let dir = folder.path().join("reports");
        let cache = ReportCache::open(&dir, "one".into()).unwrap();
        assert!(cache.get(&inputs).is_none());
        let report = play(request).unwrap();
        cache.put(&inputs, &report).unwrap();
        let kept = cache.get(&inputs).unwrap();
        assert_eq!(serde_json::to_string(&kept).unwrap(), serde_json::to_string(&report).unwrap());
        assert!(ReportCache::open(&dir, "two".into()).unwrap().get(&inputs).is_none(), "another program may play otherwise");

        let path = cache.path(&inputs);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&dir)), (0o600, 0o700));
        // Damage of any kind means: run it again, and write it anew.
        let whole = fs::read(&path).unwrap();
        for damaged in [&whole[..whole.len() / 2], b"", b"not zstd at all"] {
            fs::write(&path, damaged).unwrap();
            assert!(cache.get(&inputs).is_none());
        }
        let other = cache.path(&Digest::of(b"other"));
        fs::write(&other, &whole).unwrap();
        assert!(cache.get(&Digest::of(b"other")).is_none(), "a file under a wrong name is of something else");
        cache.put(&inputs, &report).unwrap();
        assert!(cache.get(&inputs).is_some());
    }

    #[tokio::test]
    async fn the_oldest_reports_go() {
        let mut request = Lab::new().request(MOMENTUM, json!({})).await;
        request.symbols = vec!["BTC-USDT".parse().unwrap()];
        let report = play(request).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cache = ReportCache::open(folder.path(), "one".into()).unwrap();
        let inputs = |number: usize| Digest::of(&number.to_le_bytes());
        for number in 0..REPORTS + 3 {
            cache.put(&inputs(number), &report).unwrap();
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), REPORTS);
        assert!(cache.get(&inputs(2)).is_none() && cache.get(&inputs(3)).is_some());
    }
}
