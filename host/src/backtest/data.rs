//! What a run is played over, as people write it: `[PROVIDER:][SYMBOL=]FILE|TAPE`. Opens tapes and CSV files and makes one venue
//! per provider of them. Must not know of the command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;

use super::request::{PlayRequest, PlayVenue};
use crate::base::{ProviderName, Timestamp};
use crate::market::{DecimalText, Instrument, Symbol};
use crate::providers::csv::{CsvError, CsvFile, CsvMarket, Increments, symbol_of};
use crate::providers::paper::{Market, Origin, PaperConfig, Recording, Source, Tapes};
use crate::providers::tape::{Tape, TapeError};

/// What an account has of a quote currency that the defaults do not name.
const QUOTE_BALANCE: u32 = 1_000_000;

/// One piece of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataSpec {
    /// At which venue it happens; none for [`PlayRequest::usual_provider`].
    pub provider: Option<ProviderName>,
    /// The market of a file that does not say it.
    pub symbol: Option<Symbol>,
    /// A file, or the name of a built-in tape.
    pub name: String,
}

/// Why data cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It is not written as it must be.
    #[error(
        "data `{given}`: {problem}; write [PROVIDER:][SYMBOL=]FILE, such as trades.csv, BTC-USDT=data.csv.gz or kraken:BTC-USDT=data.csv"
    )]
    Spec {
        /// Shortened.
        given: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Nothing was named.
    #[error("no data: name at least one file or tape (built in: {})", Tape::embedded().collect::<Vec<_>>().join(", "))]
    None,
    /// A CSV file cannot be played.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// A tape cannot be played.
    #[error("{name}: {error}; CSV files end with .csv, .csv.gz or .csv.zst")]
    Tape {
        /// As it was named.
        name: String,
        /// Why.
        error: TapeError,
    },
    /// A tape is of another symbol than was said.
    #[error("{name} is a tape of {has}, not of {asked}: leave out `{asked}=`")]
    TapeSymbol {
        /// As it was named.
        name: String,
        /// Whose market it is.
        has: Symbol,
        /// What was said.
        asked: Symbol,
    },
}

impl DataError {
    /// The same, naming files without their folders: for those who may not know where a host keeps them.
    pub(super) fn without_folders(self) -> Self {
        let plain = |name: String| match PathBuf::from(&name).file_name() {
            Some(file) => file.to_string_lossy().into_owned(),
            None => name,
        };
        match self {
            Self::Tape { name, error } => {
                let name = plain(name);
                // It says the path once more.
                let error = match error {
                    TapeError::NotFound { .. } => TapeError::NotFound { asked: name.clone() },
                    other => other,
                };
                Self::Tape { name, error }
            }
            Self::TapeSymbol { name, has, asked } => Self::TapeSymbol { name: plain(name), has, asked },
            other => other,
        }
    }
}

/// By the text alone: what stands before a `=` is a symbol.
impl FromStr for DataSpec {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        Self::parse(text, |_| false)
    }
}

impl DataSpec {
    /// As people of this machine write it: a file with a `=` in its path is that file, such as `data/date=2024-08-08/t.csv`.
    ///
    /// # Errors
    /// [`DataError::Spec`].
    pub fn of_this_machine(text: &str) -> Result<Self, DataError> {
        Self::parse(text, |path| Path::new(path).is_file())
    }

    pub(super) fn parse(text: &str, is_file: impl Fn(&str) -> bool) -> Result<Self, DataError> {
        let wrong = |problem| DataError::Spec { given: text.chars().take(120).flat_map(char::escape_debug).collect(), problem };
        let is_path = |part: &str| part.contains(['/', '\\', '.']);
        let (provider, rest) = match text.split_once(':').filter(|(before, _)| !is_path(before)) {
            Some((before, rest)) => {
                (Some(ProviderName::new(before).map_err(|_| wrong("what stands before `:` is no name of a provider"))?), rest)
            }
            None => (None, text),
        };
        let is_symbol = |before: &str| !is_path(before) || symbol_of(before).is_some();
        let (symbol, name) = match rest.split_once('=').filter(|(before, _)| is_symbol(before) && !is_file(rest)) {
            Some((before, name)) => {
                (Some(symbol_of(before).ok_or_else(|| wrong("what stands before `=` is no symbol such as BTC-USDT"))?), name)
            }
            None => (None, rest),
        };
        if name.is_empty() {
            return Err(wrong("no file is named"));
        }
        Ok(Self { provider, symbol, name: name.to_owned() })
    }

    fn is_csv(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        [".csv", ".csv.gz", ".csv.zst"].iter().any(|ending| name.ends_with(ending))
    }
}

/// Opens all of it: one venue per provider, in the order in which they are first named, each with the defaults of the paper adapter.
/// Bars are as long as the candles of the data, where there are some of at most a day; quote currencies that the defaults of the
/// account lack are added to it.
///
/// # Errors
/// [`DataError`] for the first piece that cannot be played.
pub fn open(specs: &[DataSpec], increments: &Increments) -> Result<Vec<PlayVenue>, DataError> {
    let mut providers: Vec<(ProviderName, Vec<&DataSpec>)> = Vec::new();
    for spec in specs {
        let provider = spec.provider.clone().unwrap_or_else(PlayRequest::usual_provider);
        match providers.iter_mut().find(|(name, _)| *name == provider) {
            Some((_, pieces)) => pieces.push(spec),
            None => providers.push((provider, vec![spec])),
        }
    }
    if providers.is_empty() {
        return Err(DataError::None);
    }
    providers.into_iter().map(|(provider, pieces)| venue(provider, &pieces, increments)).collect()
}

fn venue(provider: ProviderName, pieces: &[&DataSpec], increments: &Increments) -> Result<PlayVenue, DataError> {
    let (files, tapes): (Vec<&DataSpec>, Vec<&DataSpec>) = pieces.iter().partition(|piece| piece.is_csv());
    let tapes = tapes.into_iter().map(tape).collect::<Result<Vec<_>, _>>()?;
    let file = |piece: &DataSpec| CsvFile { path: PathBuf::from(&piece.name), symbol: piece.symbol.clone() };
    let files: Vec<_> = files.into_iter().map(file).collect();
    let csv = if files.is_empty() { None } else { Some(CsvMarket::open(&files, increments)?) };
    let mut paper = PaperConfig::default();
    let day = Duration::from_secs(86_400);
    if let Some(interval) = csv.as_ref().and_then(CsvMarket::candles).filter(|interval| *interval <= day) {
        paper.kline_interval = format!("{}ms", interval.as_millis());
    }
    let market: Arc<dyn Recording> = match (csv, tapes.is_empty()) {
        (None, _) => Arc::new(Tapes::once(tapes)),
        (Some(csv), true) => Arc::new(csv),
        (Some(csv), false) => Arc::new(Both(Tapes::once(tapes), csv)),
    };
    for instrument in market.instruments() {
        let balance = || DecimalText::new(Decimal::from(QUOTE_BALANCE));
        paper.balances.entry(instrument.symbol.quote_currency().into()).or_insert_with(balance);
    }
    Ok(PlayVenue { provider, market, increments: increments.clone(), paper })
}

fn tape(piece: &DataSpec) -> Result<Tape, DataError> {
    let tape = Tape::open(&piece.name).map_err(|error| DataError::Tape { name: piece.name.clone(), error })?;
    let has = &tape.header().instrument.symbol;
    match &piece.symbol {
        Some(asked) if asked != has => {
            Err(DataError::TapeSymbol { name: piece.name.clone(), has: has.clone(), asked: asked.clone() })
        }
        _ => Ok(tape),
    }
}

/// Tapes and CSV files at one venue.
struct Both(Tapes, CsvMarket);

impl Market for Both {
    fn instruments(&self) -> Vec<Instrument> {
        [self.0.instruments(), self.1.instruments()].concat()
    }

    fn start(&self) -> Timestamp {
        self.0.start().min(self.1.start())
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        let mut sources = self.0.open(begin)?;
        sources.append(&mut self.1.open(begin)?);
        Ok(sources)
    }
}

impl Recording for Both {
    fn origins(&self) -> Vec<Origin> {
        [self.0.origins(), self.1.origins()].concat()
    }
}
