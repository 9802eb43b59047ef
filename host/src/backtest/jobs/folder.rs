//! The one folder of a host whose files may be played, and the built-in tapes. A name is a name: no path, nothing outside.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::providers::tape::{Tape, TapeError};

/// Characters of a name.
const NAME_CHARS: usize = 128;

/// Process lifetime.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    dir: Dir,
}

/// Data that is not played.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Not a name.
    #[error("`{0}` is no name of data: name a built-in tape or a file of the host's folder of market data, without a path")]
    Name(String),
    /// Not there, or leads out of the folder.
    #[error("there is no data `{name}` on this host: it has {known}")]
    NotFound {
        /// What was asked.
        name: String,
        /// What there is.
        known: String,
    },
    /// It is no recording.
    #[error("{name}: {source}")]
    Unreadable {
        /// The file.
        name: String,
        /// Why.
        source: TapeError,
    },
}

impl DataFolder {
    /// Made for its owner only when it is not there.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Ok(Self { path: path.to_owned(), dir: Dir::open_ambient_dir(path, ambient_authority())? })
    }

    /// Opens data by its name.
    ///
    /// # Errors
    /// [`DataError`]; its text has no path of the machine.
    pub fn tape(&self, name: &str) -> Result<Tape, DataError> {
        let plain = !name.is_empty()
            && name.len() <= NAME_CHARS
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !plain {
            return Err(DataError::Name(name.chars().take(NAME_CHARS).flat_map(char::escape_debug).collect()));
        }
        let opened = if Tape::embedded().any(|tape| tape == name) {
            Tape::open(name)
        } else {
            // The capability does not follow a link that leads out.
            let inside = self.dir.metadata(name).is_ok_and(|about| about.is_file());
            if !inside {
                return Err(DataError::NotFound { name: name.to_owned(), known: self.known() });
            }
            Tape::open(&self.path.join(name).to_string_lossy())
        };
        opened.map_err(|source| DataError::Unreadable { name: name.to_owned(), source })
    }

    /// The names that there are; of the files the first few.
    fn known(&self) -> String {
        let entries = self.dir.entries().into_iter().flatten().flatten();
        let mut files: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        files.sort_unstable();
        Tape::embedded().map(str::to_owned).chain(files.into_iter().take(20)).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_of_the_folder_is_opened() {
        let outside = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&outside.path().join("market-data")).unwrap();
        std::fs::write(outside.path().join("secret.tape"), b"x").unwrap();
        std::fs::write(outside.path().join("market-data/bad.tape"), b"x").unwrap();
        std::os::unix::fs::symlink("../secret.tape", outside.path().join("market-data/link.tape")).unwrap();
        for name in ["../secret.tape", "/etc/passwd", "", ".", "..", ".hidden", "a/b", "a\\b", "a\0b"] {
            assert!(matches!(folder.tape(name), Err(DataError::Name(_))), "{name:?}");
        }
        for name in ["link.tape", "missing.tape"] {
            let error = folder.tape(name).unwrap_err();
            assert!(matches!(error, DataError::NotFound { .. }), "{error}");
            assert!(error.to_string().contains("btcusdt-20240808"), "{error}");
        }
        assert!(matches!(folder.tape("bad.tape"), Err(DataError::Unreadable { .. })));
        assert!(folder.tape("btcusdt-20240808").is_ok());
    }
}
