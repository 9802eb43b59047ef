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
    pub(super) tapes: Vec<Tape>,
    /// Whether each begins again when it ends, moved on by its own length.
    pub(super) looping: bool,
}

impl Tapes {
    /// These tapes once, at the times that they were recorded.
    pub fn once(tapes: Vec<Tape>) -> Self {
        Self { tapes, looping: false }
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
        self.tapes.iter().map(|tape| tape.header().start).min().unwrap_or_default()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        tracks(&self.tapes, self.looping, begin)
    }
}

/// A tape whose time does not overlap the first one's is moved to begin with it. With `begin`, all are moved to begin there or
/// later, so that the time of a venue that is started again goes on.
pub(super) fn tracks(tapes: &[Tape], looping: bool, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
    let mut tracks = Vec::new();
    for tape in tapes {
        tracks.push(Track { reader: tape.reader()?, tape: tape.clone(), looping, shift_nanos: 0 });
    }
    if let Some(first) = tapes.first().map(Tape::header) {
        for track in &mut tracks {
            let header = track.tape.header();
            if header.start > first.end || header.end < first.start {
                track.shift_nanos = nanos(first.start) - nanos(header.start);
            }
        }
        let start = tracks.iter().map(Track::start).min();
        let late = begin.zip(start).map_or(0, |(begin, start)| nanos(begin) - nanos(start)).max(0);
        for track in &mut tracks {
            track.shift_nanos = track.shift_nanos.saturating_add(late);
        }
    }
    Ok(tracks.into_iter().map(|track| Box::new(track) as Box<dyn Source>).collect())
}

/// A tape while it is played.
struct Track {
    tape: Tape,
    reader: TapeReader,
    looping: bool,
    shift_nanos: i64,
}

impl Track {
    fn start(&self) -> Timestamp {
        shifted(self.tape.header().start, self.shift_nanos)
    }
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
