//! The head of a tape: what it is about, in JSON, so that a tape explains itself.

use serde::{Deserialize, Serialize};

use super::TapeError;
use crate::base::{Digest, Timestamp};
use crate::market::{Grid, Instrument};

/// The version of the format that this program writes and reads.
pub const FORMAT: u32 = 1;

/// What a tape is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TapeHeader {
    /// [`FORMAT`].
    pub format: u32,
    /// What it is called: the name of its file without the ending.
    pub name: String,
    /// The venue it was recorded at.
    pub venue: String,
    /// Where the recording came from, in words.
    pub source: String,
    /// The one instrument on it.
    pub instrument: Instrument,
    /// Receive time of the first record, on the venue's clock like all times of a tape.
    pub start: Timestamp,
    /// Receive time of the last record.
    pub end: Timestamp,
    /// Receive times are multiples of this many nanoseconds.
    pub time_step_nanos: u64,
    /// How far the recorder's clock was behind the venue's: the median over all messages that carry a venue time. It has been added to
    /// the receive times, so that when an order was placed and when it was filled can be compared.
    pub clock_correction_nanos: i64,
    /// How depth far from the touch was thinned; none when every change was kept.
    pub thinned: Option<Thinned>,
    /// How many records of each kind follow.
    pub records: RecordCounts,
    /// The compressed records.
    pub body: BodyDigest,
}

/// Changes of depth farther from the touch than a band are not written one by one, but brought up to date at intervals; what
/// comes into the band is brought up to date at once. So the book is exact near the touch, and never older than the interval elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Thinned {
    /// Half the width of the exact band, in millionths of the touch's price.
    pub band_ppm: u32,
    /// How often the rest is brought up to date, in milliseconds.
    pub far_every_ms: u32,
}

/// How many records of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordCounts {
    /// Whole books.
    pub snapshots: u64,
    /// Depth updates.
    pub depths: u64,
    /// Changes of the best bid and ask.
    pub bests: u64,
    /// Trades.
    pub trades: u64,
}

impl RecordCounts {
    /// All records; saturates.
    pub fn total(&self) -> u64 {
        self.snapshots.saturating_add(self.depths).saturating_add(self.bests).saturating_add(self.trades)
    }
}

/// The compressed records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BodyDigest {
    /// Their length.
    pub bytes: u64,
    /// Of these bytes.
    pub digest: Digest,
}

impl TapeHeader {
    /// The steps of the instrument.
    ///
    /// # Errors
    /// [`TapeError::Corrupt`] when they are not usable.
    pub fn grid(&self) -> Result<Grid, TapeError> {
        Grid::of(&self.instrument).ok_or(TapeError::Corrupt("the instrument's increments"))
    }

    /// What no honest header breaks.
    pub(super) fn check(&self) -> Result<(), TapeError> {
        const DAY_NANOS: u64 = 86_400_000_000_000;
        if self.format != FORMAT {
            return Err(TapeError::Format { found: self.format });
        }
        self.grid()?;
        let checks = [
            ("the name", matches!(self.name.len(), 1..=128)),
            // A hundred years on either side leave room for the arithmetic of shifts and distances.
            ("the start", (1..=u64::MAX / 4).contains(&self.start.as_nanos())),
            ("the end", self.end >= self.start && self.end.as_nanos() <= u64::MAX / 4),
            ("the time step", (1..=1_000_000_000).contains(&self.time_step_nanos)),
            ("the clock correction", self.clock_correction_nanos.unsigned_abs() <= DAY_NANOS),
            ("the record counts", (1..=1 << 48).contains(&self.records.total())),
        ];
        match checks.into_iter().find(|(_, holds)| !holds) {
            Some((what, _)) => Err(TapeError::Corrupt(what)),
            None => Ok(()),
        }
    }
}
