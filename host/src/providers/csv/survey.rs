//! The first pass over a file: what it is, whose trades are in it, in which steps, from when to when. Nothing is played of a file
//! that is not whole.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::error::{CsvError, quoted};
use super::field::{Digits, Measure, POWERS};
use super::layout::{Layout, RowKind};
use super::pair::{symbol_in, symbol_of};
use super::row::{self, Raw};
use super::rows::{Flaw, Hash, Rows};
use crate::base::{Digest, Timestamp};
use crate::market::{Step, Symbol};

/// Markets that are made of one file, at most: it is read once for each.
pub const MAX_SYMBOLS: usize = 64;
/// The shortest candle.
const SHORTEST: Duration = Duration::from_secs(1);
/// Candles from this length on are months, which are not evenly spaced.
const MONTH: Duration = Duration::from_secs(28 * 86_400);
const STEPS: &str = "it is no multiple of the increment that was given with `--tick` or `--lot`";

/// What a file says of one symbol.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) symbol: Symbol,
    /// As the symbol column spells it; empty in a file without one.
    pub(super) spelled: Vec<Vec<u8>>,
    pub(super) price: Extent,
    pub(super) quantity: Extent,
    /// Trades that are made of it.
    pub(super) records: u64,
    pub(super) first: Timestamp,
    /// Of the last row.
    pub(super) last: Timestamp,
    pub(super) last_line: u64,
    /// Length of its candles; none for trades.
    pub(super) interval: Option<Duration>,
    gaps: Gaps,
}

/// How fine and how large its numbers are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) decimals: u8,
    /// The largest, rounded down to a whole number.
    largest: u64,
    /// The steps that somebody asked for.
    measure: Option<Measure>,
}

/// How far candles are apart.
#[derive(Clone, Copy, Debug, Default)]
struct Gaps {
    smallest: u64,
    divisor: u64,
    /// The length that the first candle gives itself.
    own: u64,
}

/// What is known of a file after it was read once.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub(super) file: Arc<str>,
    pub(super) digest: Digest,
    pub(super) stamp: Stamp,
    pub(super) found: Vec<Found>,
}

/// What changes with a file's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    pub(super) fn of(file: &str, path: &Path) -> Result<Self, CsvError> {
        let meta = std::fs::metadata(path).map_err(|error| CsvError::Read { file: file.to_owned(), error })?;
        Ok(Self { bytes: meta.len(), modified: meta.modified().ok() })
    }
}

/// The steps that somebody asked for, by symbol: of prices, and of quantities.
pub(super) type Asked<'a> = &'a dyn Fn(&Symbol) -> (Option<Step>, Option<Step>);

impl Survey {
    /// Reads all of a file. With `only`, the market of a file without a symbol column, or the only one wanted of a file with one.
    pub(super) fn of(path: &Path, only: Option<&Symbol>, asked: Asked<'_>) -> Result<Self, CsvError> {
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        let file: Arc<str> = quoted_name(&name).into();
        let stamp = Stamp::of(&file, path)?;
        let hash = Hash::default();
        let mut rows = Rows::open(&file, path, Some(&hash))?;
        let layout = Arc::clone(rows.layout());
        let mut surveyor = Surveyor { only, asked, found: Vec::new(), unwanted: Vec::new(), recent: 0 };
        if layout.symbol.is_none() {
            let symbol = only.cloned().or_else(|| symbol_in(&file)).ok_or_else(|| {
                CsvError::file(&file, "nothing says which market it is of: write SYMBOL=FILE, such as BTC-USDT=trades.csv, or give it a column `symbol`")
            })?;
            surveyor.add(symbol, Vec::new());
        }
        while rows.advance()? {
            surveyor.row(&rows, &layout)?;
        }
        let mut found = surveyor.found;
        found.retain(|found| found.records > 0);
        if found.is_empty() {
            let wanted = only.map_or_else(String::new, |symbol| format!(" of {symbol}"));
            let problem = format!("no row{wanted} with a quantity above 0{}", list(&surveyor.unwanted));
            return Err(CsvError::file(&file, problem));
        }
        for found in &mut found {
            found.finish(&file, &layout)?;
        }
        let (digest, bytes) = hash.finish(rows)?;
        if stamp.bytes != bytes || stamp != Stamp::of(&file, path)? {
            return Err(CsvError::file(&file, "it changed while it was read"));
        }
        Ok(Self { file, digest, stamp, found })
    }
}

fn quoted_name(name: &str) -> String {
    name.chars().take(120).flat_map(char::escape_debug).collect()
}

fn list(spelled: &[Vec<u8>]) -> String {
    let names: Vec<_> = spelled.iter().take(8).map(|name| quoted(name)).collect();
    if names.is_empty() { String::new() } else { format!("; it has {}", names.join(", ")) }
}

struct Surveyor<'a> {
    only: Option<&'a Symbol>,
    asked: Asked<'a>,
    found: Vec<Found>,
    /// Spellings of symbols that are not wanted.
    unwanted: Vec<Vec<u8>>,
    /// Of the row before: nearly always that of the next one.
    recent: usize,
}

impl Surveyor<'_> {
    fn add(&mut self, symbol: Symbol, spelled: Vec<Vec<u8>>) {
        let (tick, lot) = (self.asked)(&symbol);
        let extent = |step: Option<Step>| Extent { measure: step.map(Measure::of), ..Extent::default() };
        self.found.push(Found {
            symbol,
            spelled,
            price: extent(tick),
            quantity: extent(lot),
            records: 0,
            first: Timestamp::ZERO,
            last: Timestamp::ZERO,
            last_line: 0,
            interval: None,
            gaps: Gaps::default(),
        });
    }

    fn row(&mut self, rows: &Rows, layout: &Layout) -> Result<(), CsvError> {
        if let Some(column) = layout.symbol
            && !self.find(rows, column)?
        {
            return Ok(());
        }
        let time = row::time(rows, layout).map_err(|flaw| rows.refuse(flaw))?;
        let raw = row::read(rows, layout).map_err(|flaw| rows.refuse(flaw))?;
        let found = &mut self.found[self.recent];
        found.at(time, rows)?;
        found.take(raw, time, layout).map_err(|flaw| rows.refuse(flaw))
    }

    /// Whose row it is, into `recent`; false for one that is not wanted.
    fn find(&mut self, rows: &Rows, column: usize) -> Result<bool, CsvError> {
        let spelled = rows.value(column);
        let is = |found: &Found| found.spelled.iter().any(|known| known == spelled);
        if self.found.get(self.recent).is_some_and(is) {
            return Ok(true);
        }
        if let Some(place) = self.found.iter().position(is) {
            self.recent = place;
            return Ok(true);
        }
        if self.unwanted.iter().any(|known| known == spelled) {
            return Ok(false);
        }
        if self.found.len() + self.unwanted.len() >= MAX_SYMBOLS {
            let problem = format!("more than {MAX_SYMBOLS} symbols: split it into files of fewer");
            return Err(CsvError::row(rows.file(), rows.line(), problem));
        }
        let symbol = std::str::from_utf8(spelled).ok().and_then(symbol_of);
        let symbol = symbol.ok_or_else(|| rows.refuse(Flaw { column, allowed: "write a pair such as BTC-USDT or BTCUSDT" }))?;
        if self.only.is_some_and(|only| *only != symbol) {
            self.unwanted.push(spelled.to_vec());
            return Ok(false);
        }
        match self.found.iter().position(|found| found.symbol == symbol) {
            Some(place) => {
                self.found[place].spelled.push(spelled.to_vec());
                self.recent = place;
            }
            None => {
                self.add(symbol, vec![spelled.to_vec()]);
                self.recent = self.found.len() - 1;
            }
        }
        Ok(true)
    }
}

impl Found {
    fn at(&mut self, time: Timestamp, rows: &Rows) -> Result<(), CsvError> {
        if self.last_line == 0 {
            self.first = time;
        } else if time < self.last {
            let problem = format!(
                "{} goes back to {time}, before {} in line {}: sort the file by time",
                self.symbol, self.last, self.last_line
            );
            return Err(CsvError::row(rows.file(), rows.line(), problem));
        } else {
            let gap = u64::try_from(time.since(self.last).as_nanos()).unwrap_or(u64::MAX);
            if self.gaps.smallest == 0 || gap < self.gaps.smallest {
                self.gaps.smallest = gap;
            }
            if matches!(rows.layout().rows, RowKind::Candle { .. }) {
                if gap == 0 {
                    let problem = format!("a second candle of {time}, after that in line {}", self.last_line);
                    return Err(CsvError::row(rows.file(), rows.line(), problem));
                }
                self.gaps.divisor = divisor(self.gaps.divisor, gap);
            }
        }
        (self.last, self.last_line) = (time, rows.line());
        Ok(())
    }

    fn take(&mut self, raw: Raw, time: Timestamp, layout: &Layout) -> Result<(), Flaw> {
        match (raw, layout.rows) {
            (Raw::Trade(trade), RowKind::Trade { price, quantity, .. }) => {
                self.price.take(trade.price, price)?;
                self.quantity.take(trade.quantity, quantity)?;
                self.records += 1;
            }
            (Raw::Candle(candle), RowKind::Candle { open, high, low, close, .. }) => {
                for (digits, column) in candle.prices.into_iter().zip([open, high, low, close]) {
                    self.price.take(digits, column)?;
                }
                self.quantity.widen(candle.volume);
                let [opens, top, bottom, closes] = candle.prices.map(comparable);
                if top < opens.max(closes) {
                    return Err(Flaw { column: high, allowed: "the high of a candle is not below its open or close" });
                }
                if bottom > opens.min(closes) {
                    return Err(Flaw { column: low, allowed: "the low of a candle is not above its open or close" });
                }
                if self.gaps.own == 0 {
                    let own = candle.ends.map_or(0, |ends| ends.since(time).as_millis().saturating_add(1));
                    self.gaps.own = u64::try_from(own).unwrap_or(0).saturating_mul(1_000_000);
                }
                self.records += if candle.volume.value > 0 { 4 } else { 0 };
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, file: &str, layout: &Layout) -> Result<(), CsvError> {
        if matches!(layout.rows, RowKind::Candle { .. }) {
            self.quantity.round();
        }
        for (extent, what, option) in [(self.price, "prices", "tick"), (self.quantity, "quantities", "lot")] {
            let steps = extent.largest.saturating_add(1).checked_mul(POWERS[usize::from(extent.decimals.min(18))]);
            if extent.measure.is_none() && steps.is_none_or(|steps| steps > Step::MAX_COUNT.unsigned_abs()) {
                let (symbol, decimals, most) = (&self.symbol, extent.decimals, Step::MAX_COUNT);
                let problem = format!(
                    "{what} of {symbol} have up to {decimals} decimals and are too large for it: at most {most} steps are handled; round them, and give --{option} {symbol}=..."
                );
                return Err(CsvError::file(file, problem));
            }
        }
        if matches!(layout.rows, RowKind::Trade { .. }) {
            return Ok(());
        }
        let Gaps { smallest, divisor, own } = self.gaps;
        let interval = Duration::from_nanos(if smallest > 0 { smallest } else { own });
        if interval.is_zero() {
            return Err(CsvError::file(file, "one candle alone does not say how long it is: give at least two"));
        }
        if interval < SHORTEST {
            return Err(CsvError::file(file, format!("candles are {interval:?} apart: at least one second is expected")));
        }
        if smallest > 0 && divisor != smallest && interval < MONTH {
            let problem = format!(
                "candles of {} are not evenly spaced: the smallest distance is {interval:?}, and others are no multiples of it",
                self.symbol
            );
            return Err(CsvError::file(file, problem));
        }
        self.interval = Some(interval);
        Ok(())
    }

    /// When the last trade of it happens.
    pub(super) fn end(&self) -> Timestamp {
        self.interval.map_or(self.last, |interval| self.last.plus(interval))
    }
}

impl Extent {
    /// The same for a number that will be rounded.
    fn widen(&mut self, digits: Digits) {
        self.decimals = self.decimals.max(digits.decimals);
        self.largest = self.largest.max(digits.value / POWERS[usize::from(digits.decimals.min(18))]);
    }

    /// As many decimals as a lot of a crypto venue has, fewer where the largest number would have too many steps.
    fn round(&mut self) {
        self.decimals = self.decimals.min(8);
        let steps = |decimals: u8| self.largest.saturating_add(1).checked_mul(POWERS[usize::from(decimals)]);
        while self.decimals > 0 && steps(self.decimals).is_none_or(|steps| steps > Step::MAX_COUNT.unsigned_abs()) {
            self.decimals -= 1;
        }
    }

    fn take(&mut self, digits: Digits, column: usize) -> Result<(), Flaw> {
        self.widen(digits);
        match self.measure {
            Some(measure) if measure.count(digits).is_none() => Err(Flaw { column, allowed: STEPS }),
            _ => Ok(()),
        }
    }
}

/// Larger for larger numbers: at most 12 decimals.
fn comparable(digits: Digits) -> u128 {
    u128::from(digits.value) * u128::from(POWERS[usize::from(12 - digits.decimals.min(12))])
}

fn divisor(a: u64, b: u64) -> u64 {
    let (mut a, mut b) = (a, b);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}
