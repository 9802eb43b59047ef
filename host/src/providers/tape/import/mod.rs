//! Makes a tape of a recording of Binance's raw messages: lines of `<receive time in ns> <message>`, the messages as the
//! WebSocket sends them (`@trade`, `@bookTicker`, `@depth@100ms`) and at least one REST depth snapshot.

mod raw;
mod thin;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{BufRead, Write};

use rust_decimal::Decimal;

use super::header::{BodyDigest, FORMAT};
use super::{Body, Record, RecordCounts, TapeError, TapeHeader, TapeWriter, Thinned};
use crate::base::{Digest, Timestamp};
use crate::market::{Grid, Instrument, InstrumentKind, LevelChange, Side, Step, Symbol, decimal};
use raw::{Line, Message};
use thin::Thinner;

/// Why a recording cannot be made into a tape.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The recording could not be read.
    #[error("line {line}: {error}")]
    Read {
        /// Counts from 1.
        line: u64,
        /// The system's words.
        error: std::io::Error,
    },
    /// A line is not one of the messages.
    #[error(
        "line {line}: {what}; a line is `<receive time, ns> <Binance message>` of one symbol's trade, bookTicker and depth streams"
    )]
    Line {
        /// Counts from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// Depth updates are missing.
    #[error(
        "line {line}: the depth update begins at {found}, but {expected} was to come next: updates are missing in the recording"
    )]
    Gap {
        /// Counts from 1.
        line: u64,
        /// The update id that had to follow.
        expected: u64,
        /// The one that came.
        found: u64,
    },
    /// There is no depth snapshot, or nothing after it.
    #[error("the recording has no depth snapshot with messages after it: the book cannot be known")]
    NoSnapshot,
    /// The tape cannot be written.
    #[error(transparent)]
    Tape(#[from] TapeError),
}

/// What the recording does not say itself.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// What the tape is to be called.
    pub name: String,
    /// Where the recording came from, in words.
    pub source: String,
    /// What was recorded.
    pub instrument: Instrument,
    /// Receive times are rounded down to multiples of this.
    pub time_step_nanos: u64,
    /// Whether to thin depth far from the touch; none keeps every change.
    pub thinned: Option<Thinned>,
}

impl ImportOptions {
    /// The instrument of Binance spot with this symbol; the increments of BTC-USDT and ETH-USDT are known.
    pub fn binance_spot(symbol: Symbol) -> Instrument {
        let quantity_scale = if symbol.base_currency() == "BTC" { 5 } else { 4 };
        let lot = Decimal::new(1, quantity_scale);
        Instrument {
            symbol,
            kind: InstrumentKind::Spot,
            venue: "BINANCE".into(),
            price_increment: Decimal::new(1, 2),
            quantity_increment: lot,
            min_notional: Decimal::from(5),
            min_quantity: lot,
            max_quantity: Decimal::from(9000),
        }
    }
}

/// Reads the whole recording (it is held in memory), joins its snapshots with its updates and writes the tape.
///
/// # Errors
/// [`ImportError`] naming the line.
pub fn import(recording: impl BufRead, options: &ImportOptions, out: &mut impl Write) -> Result<TapeHeader, ImportError> {
    let grid = Grid::of(&options.instrument).ok_or(TapeError::Unwritable("the instrument's increments"))?;
    let mut joiner = Joiner::new(options, grid);
    for (line, text) in (1..).zip(recording.lines()) {
        let text = text.map_err(|error| ImportError::Read { line, error })?;
        if !text.trim().is_empty() {
            joiner.line(line, &text)?;
        }
    }
    joiner.write(options, out)
}

/// A depth update that came before the first snapshot, with its line.
type Early = (u64, Record);

struct Joiner {
    grid: Grid,
    /// `BTCUSDT`.
    venue_symbol: String,
    time_step_nanos: u64,
    records: Vec<Record>,
    early: VecDeque<Early>,
    /// The last update id of the newest snapshot or depth update; none before the first snapshot.
    joined_to: Option<u64>,
    /// Whether an update has been joined to the newest snapshot.
    sequel: bool,
    skews: Vec<i64>,
}

impl Joiner {
    fn new(options: &ImportOptions, grid: Grid) -> Self {
        Self {
            grid,
            venue_symbol: options.instrument.symbol.as_str().replace('-', ""),
            time_step_nanos: options.time_step_nanos.max(1),
            records: Vec::new(),
            early: VecDeque::new(),
            joined_to: None,
            sequel: false,
            skews: Vec::new(),
        }
    }

    fn line(&mut self, line: u64, text: &str) -> Result<(), ImportError> {
        let wrong = |what: String| ImportError::Line { line, what };
        let (nanos, json) = text.split_once(' ').ok_or_else(|| wrong("there is no space".into()))?;
        let nanos: u64 = nanos.parse().map_err(|_| wrong(format!("`{nanos:.40}` is not a receive time")))?;
        let parsed: Line = serde_json::from_str(json).map_err(|error| wrong(format!("not a known message ({error})")))?;
        let received_at = Timestamp::from_nanos(nanos - nanos % self.time_step_nanos);
        let mut record = Record { received_at, ..Record::default() };
        match parsed {
            Line::Snapshot { last_update_id, bids, asks } => {
                record.body = Body::Snapshot { update_id: last_update_id };
                record.bids = self.levels(&bids).map_err(wrong)?;
                record.asks = self.levels(&asks).map_err(wrong)?;
                self.snapshot(record, last_update_id)
            }
            Line::Stream { data } => {
                if let Some(millis) = data.event_millis() {
                    record.venue_at = Timestamp::from_millis(millis);
                    self.skews.push(record.venue_at.as_nanos().cast_signed() - nanos.cast_signed());
                }
                let first_id = self.message(&data, &mut record).map_err(wrong)?;
                match (first_id, self.joined_to) {
                    (Some(_), None) => self.early.push_back((line, record)),
                    (Some(first_id), Some(_)) => self.depth(line, record, first_id)?,
                    (None, Some(_)) => self.records.push(record),
                    // Before the first snapshot nothing else can be placed.
                    (None, None) => {}
                }
                Ok(())
            }
        }
    }

    /// Fills in what the message says; the first update id of a depth update.
    fn message(&self, data: &Message, record: &mut Record) -> Result<Option<u64>, String> {
        if data.symbol() != self.venue_symbol {
            return Err(format!("the symbol is `{:.40}`, not {}", data.symbol(), self.venue_symbol));
        }
        match data {
            Message::Depth { first_id, last_id, bids, asks, .. } => {
                record.body = Body::Depth { first_id: *first_id, last_id: *last_id };
                record.bids = self.levels(bids)?;
                record.asks = self.levels(asks)?;
                Ok(Some(*first_id))
            }
            Message::Best { update_id, bid, bid_quantity, ask, ask_quantity, .. } => {
                let (bid, ask) = (self.level(bid, bid_quantity)?, self.level(ask, ask_quantity)?);
                record.body = Body::Best { update_id: *update_id, bid, ask };
                Ok(None)
            }
            Message::Trade { trade_id, price, quantity, matched_millis, buyer_is_maker, .. } => {
                let level = self.level(price, quantity)?;
                record.body = Body::Trade {
                    trade_id: *trade_id,
                    matched_at: Timestamp::from_millis(*matched_millis),
                    price: level.price,
                    quantity: level.quantity,
                    aggressor: if *buyer_is_maker { Side::Sell } else { Side::Buy },
                };
                Ok(None)
            }
        }
    }

    /// Levels of the book. Orders older than the present lot may stand there with a quantity between two lots; no order can
    /// trade the odd part, so it is cut off.
    fn levels(&self, levels: &[[String; 2]]) -> Result<Vec<LevelChange>, String> {
        let level = |[price, quantity]: &[String; 2]| {
            let value = decimal::parse(quantity).map_err(|error| error.to_string())?;
            let quantity = self.grid.lot.whole(value).filter(|count| *count >= 0);
            Ok(LevelChange { price: self.price(price)?, quantity: quantity.ok_or_else(|| format!("{value} is no quantity"))? })
        };
        levels.iter().map(level).collect()
    }

    /// A best price or a trade: whole lots.
    fn level(&self, price: &str, quantity: &str) -> Result<LevelChange, String> {
        Ok(LevelChange { price: self.price(price)?, quantity: count(quantity, self.grid.lot, "lot")? })
    }

    fn price(&self, price: &str) -> Result<i64, String> {
        match count(price, self.grid.tick, "tick")? {
            0 => Err("a price is 0".into()),
            price => Ok(price),
        }
    }

    fn snapshot(&mut self, record: Record, update_id: u64) -> Result<(), ImportError> {
        let received_at = record.received_at;
        self.records.push(record);
        (self.joined_to, self.sequel) = (Some(update_id), false);
        // Updates that were received before the snapshot but happened after it.
        for (line, mut early) in std::mem::take(&mut self.early) {
            if let Body::Depth { first_id, .. } = early.body {
                early.received_at = received_at;
                self.depth(line, early, first_id)?;
            }
        }
        Ok(())
    }

    /// The venue's rule: what ends before the snapshot is skipped; the first that reaches beyond it must begin within it or
    /// right after; from then on each begins right after the last.
    fn depth(&mut self, line: u64, record: Record, first_id: u64) -> Result<(), ImportError> {
        let (Body::Depth { last_id, .. }, Some(joined_to)) = (record.body, self.joined_to) else {
            return Ok(());
        };
        if last_id <= joined_to {
            return Ok(());
        }
        let expected = joined_to + 1;
        let follows = if self.sequel { first_id == expected } else { first_id <= expected };
        if !follows {
            return Err(ImportError::Gap { line, expected, found: first_id });
        }
        (self.joined_to, self.sequel) = (Some(last_id), true);
        self.records.push(record);
        Ok(())
    }

    fn write(mut self, options: &ImportOptions, out: &mut impl Write) -> Result<TapeHeader, ImportError> {
        let (Some(first), Some(last), false) = (self.records.first(), self.records.last(), self.skews.is_empty()) else {
            return Err(ImportError::NoSnapshot);
        };
        let middle = self.skews.len() / 2;
        let skew_nanos = *self.skews.select_nth_unstable(middle).1;
        let step = self.time_step_nanos.cast_signed().max(1);
        let clock_correction_nanos = skew_nanos - skew_nanos % step;
        let corrected = |time: Timestamp| Timestamp::from_nanos(time.as_nanos().saturating_add_signed(clock_correction_nanos));
        let (start, end) = (corrected(first.received_at), corrected(last.received_at));
        let mut writer = TapeWriter::new(TapeHeader {
            format: FORMAT,
            name: options.name.clone(),
            venue: options.instrument.venue.clone(),
            source: options.source.clone(),
            instrument: options.instrument.clone(),
            start,
            end,
            time_step_nanos: self.time_step_nanos,
            clock_correction_nanos,
            thinned: options.thinned,
            records: RecordCounts::default(),
            body: BodyDigest { bytes: 0, digest: Digest::of(&[]) },
        })?;
        let mut thinner = options.thinned.map(Thinner::new);
        for record in &mut self.records {
            record.received_at = corrected(record.received_at);
            if let Some(thinner) = &mut thinner {
                thinner.thin(record);
            }
            writer.push(record)?;
        }
        Ok(writer.finish(out)?)
    }
}

fn count(text: &str, step: Step, name: &str) -> Result<i64, String> {
    let value = decimal::parse(text).map_err(|error| error.to_string())?;
    let count = step.count(value).filter(|count| *count >= 0);
    count.ok_or_else(|| format!("{value} is not a multiple of the {name} {}", step.value(1)))
}
