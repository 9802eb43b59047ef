//! Markets from CSV files: trades as the gateway's backtest took them, dumps of exchanges, candles; plain, or packed by gzip or
//! zstd. A file is read once when it is opened, to know what is in it (`survey`), and once per symbol when it is played (`reel`,
//! `ahead`): both in memory that does not grow with it. Such a market has trades and no book. Knows nothing of who plays it.

mod ahead;
mod error;
mod field;
mod layout;
mod lines;
mod pair;
mod reel;
mod row;
mod rows;
mod survey;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use rust_decimal::Decimal;

pub use error::CsvError;
pub use pair::symbol_of;
pub use survey::MAX_SYMBOLS;

use crate::base::Timestamp;
use crate::market::{Instrument, InstrumentKind, Step, Symbol};
use crate::providers::paper::{Market, Origin, Recording, Source};
use crate::providers::tape::TapeError;
use ahead::Ahead;
use field::Measure;
use reel::{Part, Reel};
use survey::{Found, Survey};

/// A file to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvFile {
    /// Where it is.
    pub path: PathBuf,
    /// The market of a file that does not say it; of a file with a symbol column, the only one that is wanted.
    pub symbol: Option<Symbol>,
}

/// Increments that do not follow from the decimals of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Increments {
    /// Of prices, by symbol.
    pub ticks: BTreeMap<Symbol, Decimal>,
    /// Of quantities, by symbol.
    pub lots: BTreeMap<Symbol, Decimal>,
}

/// Recorded markets: one per symbol, each of one file or of several that follow each other. Process lifetime.
#[derive(Clone, Debug)]
pub struct CsvMarket {
    tracks: Vec<Track>,
}

/// What one file has of one symbol.
type Piece = (Survey, PathBuf, Found);

#[derive(Clone, Debug)]
struct Track {
    instrument: Instrument,
    tick: Measure,
    lot: Measure,
    parts: Vec<Part>,
    origins: Vec<Origin>,
    interval: Option<Duration>,
}

impl CsvMarket {
    /// Reads every file once. Symbols come in the order in which they are first met.
    ///
    /// # Errors
    /// [`CsvError`] for the first value that is not allowed, for times that go back, and for files of one symbol that overlap.
    pub fn open(files: &[CsvFile], increments: &Increments) -> Result<Self, CsvError> {
        let step = |steps: &BTreeMap<Symbol, Decimal>, symbol: &Symbol| steps.get(symbol).copied().and_then(Step::new);
        let asked = |symbol: &Symbol| (step(&increments.ticks, symbol), step(&increments.lots, symbol));
        for (symbol, increment) in increments.ticks.iter().chain(&increments.lots) {
            if Step::new(*increment).is_none() {
                let problem =
                    format!("an increment is above 0, with at most 12 decimals and 9 digits that count: {increment} is not");
                return Err(CsvError::file(symbol.as_str(), problem));
            }
        }
        let mut symbols: Vec<(Symbol, Vec<Piece>)> = Vec::new();
        for CsvFile { path, symbol } in files {
            let survey = Survey::of(path, symbol.as_ref(), &asked)?;
            for found in survey.found.clone() {
                let piece = (survey.clone(), path.clone(), found);
                match symbols.iter_mut().find(|(symbol, _)| *symbol == piece.2.symbol) {
                    Some((_, pieces)) => pieces.push(piece),
                    None => symbols.push((piece.2.symbol.clone(), vec![piece])),
                }
            }
        }
        let tracks = symbols.into_iter().map(|(symbol, pieces)| Track::of(&symbol, pieces, asked(&symbol)));
        Ok(Self { tracks: tracks.collect::<Result<_, _>>()? })
    }

    /// The length of the candles that it is made of, the shortest; none for trades.
    pub fn candles(&self) -> Option<Duration> {
        self.tracks.iter().filter_map(|track| track.interval).min()
    }
}

impl Track {
    fn of(symbol: &Symbol, mut pieces: Vec<Piece>, asked: (Option<Step>, Option<Step>)) -> Result<Self, CsvError> {
        pieces.sort_by_key(|(_, _, found)| found.first);
        for pair in pieces.windows(2) {
            let [(before, _, earlier), (after, _, later)] = pair else { continue };
            if later.first < earlier.end() {
                let problem = format!(
                    "{symbol} begins at {}, and {} of the same symbol ends at {}: files of one symbol must follow each other",
                    later.first,
                    before.file,
                    earlier.end()
                );
                return Err(CsvError::file(&after.file, problem));
            }
        }
        let most = |decimals: fn(&Found) -> u8| pieces.iter().map(|(_, _, found)| decimals(found)).max().unwrap_or_default();
        let (price, quantity) = (most(|found| found.price.decimals), most(|found| found.quantity.decimals));
        let usable = || CsvError::file(symbol.as_str(), "its increments cannot be used");
        let step =
            |given: Option<Step>, decimals: u8| given.or_else(|| Step::new(Decimal::new(1, decimals.into()))).ok_or_else(usable);
        let (tick, lot) = (step(asked.0, price)?, step(asked.1, quantity)?);
        let instrument = Instrument {
            symbol: symbol.clone(),
            kind: InstrumentKind::Spot,
            venue: "CSV".into(),
            price_increment: tick.value(1),
            quantity_increment: lot.value(1),
            min_notional: Decimal::ZERO,
            min_quantity: lot.value(1),
            max_quantity: lot.value(Step::MAX_COUNT).min(Decimal::from(1_000_000_000_000_u64)),
        };
        let interval = pieces.iter().filter_map(|(_, _, found)| found.interval).min();
        let (mut parts, mut origins) = (Vec::new(), Vec::new());
        for (survey, path, found) in pieces {
            origins.push(Origin {
                name: survey.file.to_string(),
                digest: survey.digest,
                symbol: symbol.clone(),
                records: found.records,
                start: found.first,
                end: found.end(),
            });
            let Found { spelled, interval, .. } = found;
            parts.push(Part { path, file: survey.file, stamp: survey.stamp, spelled, interval });
        }
        Ok(Self { instrument, tick: Measure::of(tick), lot: Measure::of(lot), parts, origins, interval })
    }
}

impl Market for CsvMarket {
    fn instruments(&self) -> Vec<Instrument> {
        self.tracks.iter().map(|track| track.instrument.clone()).collect()
    }

    fn start(&self) -> Timestamp {
        self.tracks.iter().flat_map(|track| &track.origins).map(|origin| origin.start).min().unwrap_or_default()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        let late = begin.map_or(0, |begin| begin.since(self.start()).as_nanos());
        let shift_nanos = i64::try_from(late).unwrap_or(i64::MAX);
        let source = |track: &Track| {
            let reel = Reel::new(track.parts.clone(), track.tick, track.lot);
            Ok(Box::new(Ahead::start(reel, shift_nanos)?) as Box<dyn Source>)
        };
        self.tracks.iter().map(source).collect()
    }
}

/// One origin per file of a symbol.
impl Recording for CsvMarket {
    fn origins(&self) -> Vec<Origin> {
        self.tracks.iter().flat_map(|track| track.origins.clone()).collect()
    }
}
