//! Where the market of a simulated venue comes from: tapes, or (in `providers::synthetic`) a seed. A venue cannot tell.

use std::fmt;

use crate::base::{Digest, Timestamp};
use crate::market::{Instrument, Symbol};
use crate::providers::tape::{Record, Tape, TapeError, TapeReader};

/// Between the last record of a tape and its first in the next round: about the pace of depth updates.
const LOOP_PAUSE: std::time::Duration = std::time::Duration::from_millis(100);

/// All instruments of a venue. Process lifetime; every session opens it anew and sees the same again.
pub trait Market: Send + Sync {
    /// What is traded, each once.
    fn instruments(&self) -> Vec<Instrument>;

    /// When its first record comes.
    fn start(&self) -> Timestamp;

    /// One source per instrument, in their order. With `begin` they are moved to begin there or later.
    ///
    /// # Errors
    /// [`TapeError`] when it cannot be read.
    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError>;
}

/// A market that was recorded: it ends, and its bytes have a hash. What backtests are run over.
pub trait Recording: Market {
    /// Where each instrument's records come from, in the order of the instruments.
    fn origins(&self) -> Vec<Origin>;
}

/// Where the records of one instrument come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What the recording is called: the name of a tape, of a file without its folder.
    pub name: String,
    /// Of the bytes that the records are read from.
    pub digest: Digest,
    /// What is traded.
    pub symbol: Symbol,
    /// How many records there are.
    pub records: u64,
    /// Receive time of the first record.
    pub start: Timestamp,
    /// Receive time of the last record.
    pub end: Timestamp,
}

/// The records of one instrument, in the order of their times. Run lifetime.
pub trait Source: Send + fmt::Debug {
    /// Reads the next record into the place of the last; false at the end.
    ///
    /// # Errors
    /// [`TapeError`] when it turns out to be damaged; nothing can be read after that.
    fn read(&mut self, record: &mut Record) -> Result<bool, TapeError>;

    /// By how much later than it says the last record happens.
    fn shift_nanos(&self) -> i64;
}

/// Recorded markets: one tape per instrument.
#[derive(Clone, Debug)]
pub struct Tapes {
    tapes: Vec<Tape>,
    /// Whether each begins again when it ends, moved on by its own length.
    looping: bool,
    /// Whether one whose time does not overlap the first one's is moved to begin with it.
    together: bool,
}

impl Tapes {
    /// These tapes once, at the times that they were recorded.
    pub fn once(tapes: Vec<Tape>) -> Self {
        Self { tapes, looping: false, together: false }
    }

    /// These tapes as a market of today, in which all symbols trade at the same time.
    pub(super) fn together(tapes: Vec<Tape>, looping: bool) -> Self {
        Self { tapes, looping, together: true }
    }

    /// By how much each is moved, in nanoseconds.
    fn shifts(&self) -> impl Iterator<Item = (&Tape, i64)> {
        let first = self.tapes.first().map(Tape::header).filter(|_| self.together);
        self.tapes.iter().map(move |tape| {
            let header = tape.header();
            let apart = first.filter(|first| header.start > first.end || header.end < first.start);
            (tape, apart.map_or(0, |first| nanos(first.start) - nanos(header.start)))
        })
    }
}

impl Recording for Tapes {
    fn origins(&self) -> Vec<Origin> {
        let origin = |tape: &Tape| {
            let header = tape.header();
            Origin {
                name: header.name.clone(),
                digest: header.body.digest,
                symbol: header.instrument.symbol.clone(),
                records: header.records.total(),
                start: header.start,
                end: header.end,
            }
        };
        self.tapes.iter().map(origin).collect()
    }
}

impl Market for Tapes {
    fn instruments(&self) -> Vec<Instrument> {
        self.tapes.iter().map(|tape| tape.header().instrument.clone()).collect()
    }

    fn start(&self) -> Timestamp {
        self.shifts().map(|(tape, shift)| shifted(tape.header().start, shift)).min().unwrap_or_default()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        let late = begin.map_or(0, |begin| nanos(begin) - nanos(self.start())).max(0);
        let track = |(tape, shift): (&Tape, i64)| {
            let (reader, shift_nanos) = (tape.reader()?, shift.saturating_add(late));
            Ok(Box::new(Track { tape: tape.clone(), reader, looping: self.looping, shift_nanos }) as Box<dyn Source>)
        };
        self.shifts().map(track).collect()
    }
}

/// A tape while it is played.
struct Track {
    tape: Tape,
    reader: TapeReader,
    looping: bool,
    shift_nanos: i64,
}

impl Source for Track {
    fn read(&mut self, record: &mut Record) -> Result<bool, TapeError> {
        if self.reader.read(record)? {
            return Ok(true);
        }
        if !self.looping {
            return Ok(false);
        }
        let header = self.tape.header();
        let length = header.end.plus(LOOP_PAUSE).since(header.start);
        self.shift_nanos = self.shift_nanos.saturating_add(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX));
        self.reader = self.tape.reader()?;
        self.reader.read(record)
    }

    fn shift_nanos(&self) -> i64 {
        self.shift_nanos
    }
}

impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Track")
            .field("tape", &self.tape.header().name)
            .field("shift_nanos", &self.shift_nanos)
            .finish_non_exhaustive()
    }
}

/// A time of a record, moved.
pub(super) fn shifted(time: Timestamp, shift_nanos: i64) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_add_signed(shift_nanos))
}

/// Tapes end long before signed nanoseconds do: their headers are checked.
fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
