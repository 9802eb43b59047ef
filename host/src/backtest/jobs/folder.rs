//! The one folder of a host whose files may be played, and the built-in tapes. A name is a name: no path, nothing outside. A piece
//! of data is written as on the command line, `[PROVIDER:][SYMBOL=]NAME`.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::backtest::data::{self, DataSpec};
use crate::backtest::request::PlayVenue;
use crate::providers::csv::Increments;
use crate::providers::tape::Tape;

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
    /// It cannot be played.
    #[error(transparent)]
    Unplayable(#[from] data::DataError),
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

    /// Opens data by its names: one venue per provider.
    ///
    /// # Errors
    /// [`DataError`]; its text has no path of the machine.
    pub fn open_data(&self, pieces: &[String]) -> Result<Vec<PlayVenue>, DataError> {
        let specs = pieces.iter().map(|piece| self.inside(piece.parse()?)).collect::<Result<Vec<_>, DataError>>()?;
        data::open(&specs, &Increments::default()).map_err(|error| DataError::Unplayable(error.without_folders()))
    }

    /// The same piece, by the path of its file where it is no built-in tape.
    fn inside(&self, piece: DataSpec) -> Result<DataSpec, DataError> {
        let name = &piece.name;
        let plain = name.len() <= NAME_CHARS
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !plain {
            return Err(DataError::Name(name.chars().take(NAME_CHARS).flat_map(char::escape_debug).collect()));
        }
        if Tape::embedded().any(|tape| tape == name) {
            return Ok(piece);
        }
        // The capability does not follow a link that leads out.
        let inside = self.dir.metadata(name).is_ok_and(|about| about.is_file());
        if !inside {
            return Err(DataError::NotFound { name: name.clone(), known: self.known() });
        }
        let name = self.path.join(name).to_string_lossy().into_owned();
        Ok(DataSpec { name, ..piece })
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
        let open = |piece: &str| folder.open_data(&[piece.to_owned()]);
        for name in ["../secret.tape", "/etc/passwd", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", "BTC-USDT=../x.csv"] {
            let error = open(name).err().unwrap();
            assert!(
                matches!(error, DataError::Name(_) | DataError::Unplayable(data::DataError::Spec { .. })),
                "{name:?}: {error}"
            );
        }
        for name in ["link.tape", "missing.tape", "kraken:BTC-USDT=missing.csv"] {
            let error = open(name).err().unwrap();
            assert!(matches!(error, DataError::NotFound { .. }), "{error}");
            assert!(error.to_string().contains("btcusdt-20240808"), "{error}");
        }
        let error = open("bad.tape").err().unwrap().to_string();
        assert!(error.starts_with("bad.tape: "), "{error}");
        let error = open("").err().unwrap().to_string();
        assert!(error.contains("no file is named"), "{error}");
        assert!(open("btcusdt-20240808").is_ok());
    }

    #[test]
    fn files_of_trades_are_played_at_the_provider_they_name() {
        let outside = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(outside.path()).unwrap();
        std::fs::write(outside.path().join("t.csv"), "time,price,quantity\n1722470400,60000.5,0.25\n1722470401,60001,0.5\n")
            .unwrap();
        std::fs::write(outside.path().join("bad.csv"), "time,price,quantity\n1722470400,x,0.25\n").unwrap();
        let pieces = ["btcusdt-20240808", "kraken:ETH-USDT=t.csv"].map(str::to_owned);
        let venues = folder.open_data(&pieces).unwrap();
        assert_eq!(venues.iter().map(|venue| venue.provider.as_str()).collect::<Vec<_>>(), ["paper", "kraken"]);
        assert_eq!(venues[1].market.origins()[0].records, 2);
        let error = folder.open_data(&["BTC-USDT=bad.csv".to_owned()]).err().unwrap().to_string();
        assert!(error.starts_with("bad.csv") && error.contains('2'), "{error}");
        assert!(!error.contains(outside.path().to_str().unwrap()), "{error}");
    }
}
