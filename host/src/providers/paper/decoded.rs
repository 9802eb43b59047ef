//! A recording that is decoded once and shared: for who plays the same market many times, as a sweep does.

use std::fmt;
use std::sync::Arc;

use super::source::{Market, Origin, Recording, Source};
use crate::base::Timestamp;
use crate::market::{Instrument, LevelChange};
use crate::providers::tape::{Record, TapeError};

/// Records of one instrument, and by how much later than they say they happen.
type Track = (Arc<[Record]>, i64);

/// Process lifetime. Cheap to clone.
struct Decoded {
    recording: Arc<dyn Recording>,
    tracks: Vec<Track>,
}

/// The same recording with its records in memory. One that would take more than `most_bytes` is given back as it is, to be read
/// anew by each play: its records are the same either way.
///
/// # Errors
/// [`TapeError`] when it cannot be read.
pub fn decoded(recording: Arc<dyn Recording>, most_bytes: usize) -> Result<Arc<dyn Recording>, TapeError> {
    let mut tracks: Vec<Track> = Vec::new();
    let mut bytes = 0;
    for mut source in recording.open(None)? {
        let mut records = Vec::new();
        let mut record = Record::default();
        while source.read(&mut record)? {
            // The copy holds what it needs, not what the record that it was read into has grown to.
            let copy = record.clone();
            bytes += size_of::<Record>() + size_of::<LevelChange>() * (copy.bids.len() + copy.asks.len());
            if bytes > most_bytes {
                return Ok(recording);
            }
            records.push(copy);
        }
        tracks.push((records.into(), source.shift_nanos()));
    }
    Ok(Arc::new(Decoded { recording, tracks }))
}

impl Market for Decoded {
    fn instruments(&self) -> Vec<Instrument> {
        self.recording.instruments()
    }

    fn start(&self) -> Timestamp {
        self.recording.start()
    }

    fn open(&self, begin: Option<Timestamp>) -> Result<Vec<Box<dyn Source>>, TapeError> {
        if begin.is_some() {
            return self.recording.open(begin);
        }
        let source = |(records, shift): &Track| {
            Box::new(Copies { records: Arc::clone(records), next: 0, shift: *shift }) as Box<dyn Source>
        };
        Ok(self.tracks.iter().map(source).collect())
    }
}

impl Recording for Decoded {
    fn origins(&self) -> Vec<Origin> {
        self.recording.origins()
    }
}

/// One pass over the records of an instrument. Run lifetime.
struct Copies {
    records: Arc<[Record]>,
    next: usize,
    shift: i64,
}

impl Source for Copies {
    fn read(&mut self, record: &mut Record) -> Result<bool, TapeError> {
        let Some(next) = self.records.get(self.next) else { return Ok(false) };
        self.next += 1;
        (record.received_at, record.venue_at, record.body) = (next.received_at, next.venue_at, next.body);
        record.bids.clone_from(&next.bids);
        record.asks.clone_from(&next.asks);
        Ok(true)
    }

    fn shift_nanos(&self) -> i64 {
        self.shift
    }
}

impl fmt::Debug for Copies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copies").field("next", &self.next).finish_non_exhaustive()
    }
}
