//! Runs on the disk: a small file about each, and its report beside it. Both are whole or not there.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::record::JobRecord;
use crate::backtest::report::PlayReport;
use crate::base::InstanceId;

/// Of zstd.
const LEVEL: i32 = 3;

const ABOUT: &str = ".about.json";
const REPORT: &str = ".report.json.zst";

/// The folder. Process lifetime.
#[derive(Debug)]
pub(super) struct Disk(PathBuf);

impl Disk {
    /// For its owner only.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self(dir.to_owned()))
    }

    /// What the last process left; what cannot be read is left where it is and not shown.
    pub(super) fn records(&self) -> io::Result<Vec<JobRecord>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(&self.0)?.flatten() {
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

    pub(super) fn save(&self, record: &JobRecord) -> io::Result<()> {
        self.write(&record.id, ABOUT, &serde_json::to_vec(record)?)
    }

    pub(super) fn save_report(&self, id: &InstanceId, report: &PlayReport) -> io::Result<()> {
        self.write(id, REPORT, &zstd::encode_all(serde_json::to_vec(report)?.as_slice(), LEVEL)?)
    }

    /// None when there is none, or it is damaged.
    pub(super) fn report(&self, id: &InstanceId) -> Option<serde_json::Value> {
        let bytes = fs::read(self.path(id, REPORT)).ok()?;
        serde_json::from_slice(&zstd::decode_all(bytes.as_slice()).ok()?).ok()
    }

    pub(super) fn remove(&self, id: &InstanceId) -> io::Result<()> {
        for kind in [REPORT, ABOUT] {
            match fs::remove_file(self.path(id, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn path(&self, id: &InstanceId, kind: &str) -> PathBuf {
        self.0.join(format!("{id}{kind}"))
    }

    /// Under another name first, so that a crash leaves the old file or the new one.
    fn write(&self, id: &InstanceId, kind: &str, bytes: &[u8]) -> io::Result<()> {
        let draft = self.path(id, &format!("{kind}.draft"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, self.path(id, kind))
    }
}

fn read(text: &[u8]) -> Result<JobRecord, String> {
    serde_json::from_slice(text).map_err(|error| error.to_string())
}
