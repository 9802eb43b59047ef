//! Reports of runs that were made before, by the hash of their inputs: an unchanged input is answered without running it. It can
//! be deleted at any time. Must not know where people keep such folders.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

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

/// How a file ends that is not finished yet, or never will be.
const DRAFT: &str = "draft";

/// Seconds: nobody writes a report for so long.
const ABANDONED: i64 = 3_600;

/// Bytes of the SHA-256 that a file begins with: of all that comes after it.
const DIGEST_BYTES: usize = 32;

/// A folder of reports.
#[derive(Debug)]
pub struct ReportCache {
    dir: PathBuf,
    /// Of the program: another one may play otherwise.
    build: String,
}

/// What is in a file, behind the digest: packed, as JSON.
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
        let mut file = Vec::new();
        File::open(self.path(inputs)).ok()?.take(BYTES).read_to_end(&mut file).ok()?;
        let (digest, packed) = file.split_at_checked(DIGEST_BYTES)?;
        // Not every damage keeps JSON from being read: a digit of a price may have become another one.
        if Digest::of(packed).as_bytes() != digest {
            return None;
        }
        let mut text = Vec::new();
        zstd::Decoder::new(packed).ok()?.take(REPORT_BYTES).read_to_end(&mut text).ok()?;
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
        let packed = zstd::encode_all(text.as_slice(), LEVEL)?;
        let draft = self.dir.join(format!(".{}.{DRAFT}", random_name()?));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        let written = file.write_all(Digest::of(&packed).as_bytes()).and_then(|()| file.write_all(&packed));
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
        self.dir.join(format!("{}.report", key.hex()))
    }

    /// The oldest go, and drafts of processes that ended while they wrote. What somebody else removed meanwhile is gone all the
    /// same.
    fn make_room(&self) -> io::Result<()> {
        let mut files: Vec<(i64, i64, u64, OsString)> = Vec::new();
        let mut drafts = Vec::new();
        for entry in fs::read_dir(&self.dir)?.flatten() {
            let Some(about) = entry.metadata().ok().filter(Metadata::is_file) else { continue };
            if entry.path().extension().is_some_and(|ending| ending == DRAFT) {
                drafts.push((about.mtime(), entry.path()));
            } else {
                files.push((about.mtime(), about.mtime_nsec(), about.len(), entry.file_name()));
            }
        }
        files.sort_unstable();
        // By the time of the newest file: the machine's clock does not count. Another process may be writing a young draft.
        let now = files.last().map_or(0, |file| file.0);
        for (_, path) in drafts.into_iter().filter(|(written, _)| now.saturating_sub(*written) > ABANDONED) {
            drop(fs::remove_file(path));
        }
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

/// Drawn, because the id of a process comes again: in a container nearly every one has the same.
fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{:016x}", u64::from_le_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Duration;

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
        // Also one that can still be read: a price of the report is another one.
        let (digest, packed) = whole.split_at(DIGEST_BYTES);
        let text = String::from_utf8(zstd::decode_all(packed).unwrap()).unwrap();
        let other = text.replacen(r#""price":""#, r#""price":"1"#, 1);
        assert!(other != text && serde_json::from_str::<Found>(&other).is_ok());
        fs::write(&path, [digest, &zstd::encode_all(other.as_bytes(), LEVEL).unwrap()].concat()).unwrap();
        assert!(cache.get(&inputs).is_none());
        let other = cache.path(&Digest::of(b"other"));
        fs::write(&other, &whole).unwrap();
        assert!(cache.get(&Digest::of(b"other")).is_none(), "a file under a wrong name is of something else");
        cache.put(&inputs, &report).unwrap();
        assert!(cache.get(&inputs).is_some());
    }

    #[tokio::test]
    async fn what_a_killed_process_left_is_in_nobodys_way() {
        let report = play(Lab::new().request(MOMENTUM, json!({})).await).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let cache = ReportCache::open(folder.path(), "one".into()).unwrap();
        // Names as they were when they had the id of the process, which comes again.
        let names = (0..1_000).map(|number| folder.path().join(format!(".{}-{number}.draft", std::process::id())));
        let drafts: Vec<PathBuf> = names.collect();
        for draft in &drafts {
            fs::write(draft, b"half").unwrap();
        }
        let inputs = Digest::of(b"inputs");
        cache.put(&inputs, &report).unwrap();
        assert!(cache.get(&inputs).is_some());
        assert!(drafts.iter().all(|draft| draft.exists()), "somebody may be writing them");
        let old = fs::metadata(cache.path(&inputs)).unwrap().modified().unwrap() - Duration::from_secs(3_700);
        for draft in &drafts {
            File::options().write(true).open(draft).unwrap().set_modified(old).unwrap();
        }
        cache.put(&inputs, &report).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the report only");
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
