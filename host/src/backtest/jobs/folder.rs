//! The one folder of a host whose files may be played, and the built-in tapes. A name is a name: no path, nothing outside. A piece
//! of data is written as on the command line, `[PROVIDER:][SYMBOL=]NAME`.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;

use crate::backtest::data::{self, DataSpec};
use crate::backtest::request::{PlayRequest, PlayVenue};
use crate::providers::csv::Increments;
use crate::providers::tape::Tape;

/// Characters of a name.
const NAME_CHARS: usize = 128;

/// Pieces of data of one run.
pub const PIECES: usize = 64;

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
    /// More pieces than one run has.
    #[error("{0} pieces of data are named, at most {PIECES} are played in one backtest")]
    TooMany(usize),
    /// One piece twice.
    #[error("`{0}` is named twice: each piece of data is played once at a provider")]
    Twice(String),
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

    /// Reads the pieces as they are written; no file is touched.
    ///
    /// # Errors
    /// [`DataError`] when they do not follow their grammar, are too many, or one is there twice.
    pub fn pieces(given: &[String]) -> Result<Vec<DataSpec>, DataError> {
        if given.len() > PIECES {
            return Err(DataError::TooMany(given.len()));
        }
        let mut pieces: Vec<DataSpec> = Vec::with_capacity(given.len());
        for text in given {
            let piece: DataSpec = text.parse()?;
            let usual = PlayRequest::usual_provider();
            let place = |piece: &DataSpec| piece.provider.clone().unwrap_or_else(|| usual.clone());
            let same =
                |other: &DataSpec| (&other.name, &other.symbol) == (&piece.name, &piece.symbol) && place(other) == place(&piece);
            if pieces.iter().any(same) {
                return Err(DataError::Twice(shown(text)));
            }
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Opens data by its names: one venue per provider. Reads whole files.
    ///
    /// # Errors
    /// [`DataError`]; its text has no path of the machine.
    pub fn open_data(&self, pieces: Vec<DataSpec>) -> Result<Vec<PlayVenue>, DataError> {
        let specs = pieces.into_iter().map(|piece| self.inside(piece)).collect::<Result<Vec<_>, DataError>>()?;
        data::open(&specs, &Increments::default()).map_err(|error| DataError::Unplayable(error.without_folders()))
    }

    /// The same piece, by the path of its file where it is no built-in tape.
    fn inside(&self, piece: DataSpec) -> Result<DataSpec, DataError> {
        let name = &piece.name;
        let plain = name.len() <= NAME_CHARS
            && !name.starts_with('.')
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !plain {
            return Err(DataError::Name(shown(name)));
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

/// Shortened, on one line.
fn shown(text: &str) -> String {
    text.chars().take(NAME_CHARS).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &DataFolder, pieces: &[&str]) -> Result<Vec<PlayVenue>, DataError> {
        let pieces: Vec<String> = pieces.iter().copied().map(str::to_owned).collect();
        folder.open_data(DataFolder::pieces(&pieces)?)
    }

    #[test]
    fn nothing_outside_of_the_folder_is_opened() {
        let outside = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&outside.path().join("market-data")).unwrap();
        std::fs::write(outside.path().join("secret.tape"), b"x").unwrap();
        std::fs::write(outside.path().join("market-data/bad.tape"), b"x").unwrap();
        std::os::unix::fs::symlink("../secret.tape", outside.path().join("market-data/link.tape")).unwrap();
        let open = |piece: &str| open(&folder, &[piece]);
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
        let venues = open(&folder, &["btcusdt-20240808", "kraken:ETH-USDT=t.csv"]).unwrap();
        assert_eq!(venues.iter().map(|venue| venue.provider.as_str()).collect::<Vec<_>>(), ["paper", "kraken"]);
        assert_eq!(venues[1].market.origins()[0].records, 2);
        let error = open(&folder, &["BTC-USDT=bad.csv"]).err().unwrap().to_string();
        assert!(error.starts_with("bad.csv") && error.contains('2'), "{error}");
        assert!(!error.contains(outside.path().to_str().unwrap()), "{error}");
    }

    #[test]
    fn a_piece_is_named_once_and_not_too_many_are() {
        let pieces = |given: &[&str]| DataFolder::pieces(&given.iter().copied().map(str::to_owned).collect::<Vec<_>>());
        for twice in [["a.csv", "a.csv"], ["BTC-USDT=a.csv", "paper:BTC-USDT=a.csv"], ["kraken:a.csv", "kraken:a.csv"]] {
            let error = pieces(&twice).unwrap_err();
            assert!(matches!(&error, DataError::Twice(name) if name == twice[1]), "{twice:?}: {error}");
        }
        // One file may hold several symbols, and may be played at several providers.
        assert_eq!(pieces(&["BTC-USDT=a.csv", "ETH-USDT=a.csv", "kraken:BTC-USDT=a.csv"]).unwrap().len(), 3);
        let many: Vec<String> = (0..=PIECES).map(|at| format!("{at}.csv")).collect();
        assert_eq!(DataFolder::pieces(&many[1..]).unwrap().len(), PIECES);
        assert!(matches!(DataFolder::pieces(&many), Err(DataError::TooMany(65))));
    }
}
