//! Runs on the disk: a small file about each, and its report beside it. Both are whole or not there.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::JobRecord;
use crate::backtest::report::PlayReport;
use crate::base::InstanceId;

/// Of zstd.
const LEVEL: i32 = 3;

const ABOUT: &str = ".about.json";
const REPORT: &str = ".report.json.zst";
/// Behind the name of what is not whole yet.
const DRAFT: &str = ".draft";

/// The folder. Process lifetime.
#[derive(Debug)]
pub(super) struct Disk {
    dir: PathBuf,
    turn: Mutex<()>,
}

/// The turn of whoever changes what is on record: one after another, from the look at the state to its change, so that the record
/// of a run is never older than what was said of it. Taken before the lock of the state, never while that is held.
pub(super) struct Turn<'a> {
    disk: &'a Disk,
    _held: MutexGuard<'a, ()>,
}

impl Turn<'_> {
    pub(super) fn save(&self, record: &JobRecord) -> io::Result<()> {
        self.disk.write(&record.id, ABOUT, &serde_json::to_vec(record)?)
    }

    pub(super) fn remove(&self, id: &InstanceId) -> io::Result<()> {
        for kind in [REPORT, ABOUT] {
            match fs::remove_file(self.disk.path(id, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Disk {
    /// For its owner only. What a process that was ended did not finish goes.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        for entry in fs::read_dir(dir)?.flatten() {
            let is_draft = entry.file_name().to_str().is_some_and(|name| name.ends_with(DRAFT));
            if is_draft && let Err(error) = fs::remove_file(entry.path()) {
                tracing::warn!(%error, "the draft of a backtest's file cannot be removed");
            }
        }
        Ok(Self { dir: dir.to_owned(), turn: Mutex::default() })
    }

    /// What the last process left; what cannot be read is left where it is and not shown.
    pub(super) fn records(&self) -> io::Result<Vec<JobRecord>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.dir)?.flatten() {
            let name = entry.file_name();
            let Some(id) = name.to_str().and_then(|name| name.strip_suffix(ABOUT)) else { continue };
            match fs::read(entry.path()).map_err(|error| error.to_string()).and_then(|text| read(&text)) {
                Ok(record) if record.id.as_str() == id => records.push(record),
                Ok(_) => tracing::warn!(id, "the record of a backtest has another id in it and is left alone"),
                Err(error) => tracing::warn!(id, error, "the record of a backtest cannot be read and is left alone"),
            }
        }
        Ok(records)
    }

    /// Waits for it.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn { disk: self, _held: self.turn.lock().unwrap_or_else(PoisonError::into_inner) }
    }

    /// Needs no turn: only who plays a run writes its report, before anybody is told that it is done.
    pub(super) fn save_report(&self, id: &InstanceId, report: &PlayReport) -> io::Result<()> {
        self.write(id, REPORT, &zstd::encode_all(serde_json::to_vec(report)?.as_slice(), LEVEL)?)
    }

    /// None when there is none, or it is damaged.
    pub(super) fn report(&self, id: &InstanceId) -> Option<serde_json::Value> {
        let bytes = fs::read(self.path(id, REPORT)).ok()?;
        serde_json::from_slice(&zstd::decode_all(bytes.as_slice()).ok()?).ok()
    }

    fn path(&self, id: &InstanceId, kind: &str) -> PathBuf {
        self.dir.join(format!("{id}{kind}"))
    }

    /// Under another name first, so that a crash leaves the old file or the new one; then the folder, so that the new one stays.
    /// What was not written takes no room.
    fn write(&self, id: &InstanceId, kind: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = self.path(id, &format!("{kind}{DRAFT}"));
        let moved = |()| fs::rename(&draft, self.path(id, kind));
        let written = write_all(&draft, bytes).and_then(moved).and_then(|()| File::open(&self.dir)?.sync_all());
        if written.is_err() {
            fs::remove_file(&draft).ok();
        }
        written
    }
}

fn write_all(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn read(text: &[u8]) -> Result<JobRecord, String> {
    serde_json::from_slice(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_finished_goes_when_it_is_opened_again() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.about.json", "a.about.json.draft", "b.report.json.zst.draft", "notes.txt"] {
            fs::write(folder.path().join(name), "{").unwrap();
        }
        let disk = Disk::open(folder.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["a.about.json", "notes.txt"]);
        assert_eq!(disk.records().unwrap().len(), 0, "what cannot be read is left alone and not shown");
    }
}
