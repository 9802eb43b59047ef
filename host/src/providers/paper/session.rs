//! One playing of tapes against a paper venue: records and orders in the one order of their times. No clock and no I/O but
//! reading the tapes; a provider paces it, a backtest runs it as fast as it can, and both see the same.

use std::time::Duration;

use super::{Output, PaperVenue, VenueSetup};
use crate::base::Timestamp;
use crate::market::ClientOrderId;
use crate::market::OrderRequest;
use crate::providers::tape::{Record, Tape, TapeError, TapeReader};

/// Between the last record of a tape and its first in the next round: about the pace of depth updates.
const LOOP_PAUSE: Duration = Duration::from_millis(100);

/// Run lifetime.
#[derive(Debug)]
pub struct PaperSession {
    venue: PaperVenue,
    tracks: Vec<Track>,
    looping: bool,
    opened: bool,
}

/// A tape while it is played.
struct Track {
    tape: Tape,
    reader: TapeReader,
    /// The next record; none after the end.
    next: Option<Record>,
    /// By how much later than recorded it is played.
    shift_nanos: i64,
}

impl PaperSession {
    /// Plays these tapes, one per instrument, merged by receive time. A tape whose time does not overlap the first one's is
    /// moved to begin with it. With `begin`, all are moved to begin there or later, so that the time of a venue that is
    /// started again goes on. With `looping`, each tape begins again when it ends, moved on by its own length.
    ///
    /// # Errors
    /// [`TapeError`] when a tape cannot be read.
    pub fn new(setup: VenueSetup, tapes: &[Tape], looping: bool, begin: Option<Timestamp>) -> Result<Self, TapeError> {
        let venue = PaperVenue::new(setup, tapes.iter().map(Tape::header))?;
        let mut tracks = Vec::new();
        for tape in tapes {
            tracks.push(Track::new(tape)?);
        }
        if let Some(first) = tapes.first().map(Tape::header) {
            for track in &mut tracks {
                let header = track.tape.header();
                if header.start > first.end || header.end < first.start {
                    track.shift_nanos = nanos(first.start) - nanos(header.start);
                }
            }
            let start = tracks.iter().map(|track| track.shifted(track.tape.header().start)).min();
            let late = begin.zip(start).map_or(0, |(begin, start)| nanos(begin) - nanos(start)).max(0);
            for track in &mut tracks {
                track.shift_nanos = track.shift_nanos.saturating_add(late);
            }
        }
        Ok(Self { venue, tracks, looping, opened: false })
    }

    /// The venue, to send orders to.
    pub fn venue(&self) -> &PaperVenue {
        &self.venue
    }

    /// The same.
    pub fn venue_mut(&mut self) -> &mut PaperVenue {
        &mut self.venue
    }

    /// Sends an order on its way.
    pub fn submit(&mut self, order: OrderRequest) {
        self.venue.submit(order);
    }

    /// Sends a cancellation on its way.
    pub fn cancel(&mut self, order: ClientOrderId, requested_at: Timestamp) {
        self.venue.cancel(order, requested_at);
    }

    /// When the next thing happens, by the tape's clock; none when the tapes are over and nothing is on its way.
    pub fn next_time(&self) -> Option<Timestamp> {
        let record = self.next_track().map(|(time, _)| time);
        record.into_iter().chain(self.venue.next_arrival()).min()
    }

    /// Lets the next thing happen: an arrival, or one record of a tape; at the same time arrivals come first. What
    /// follows of it is appended to `out`. False when there is nothing left.
    ///
    /// # Errors
    /// [`TapeError`] when a tape turns out to be damaged; the session cannot go on.
    pub fn step(&mut self, out: &mut Vec<Output>) -> Result<bool, TapeError> {
        let record = self.next_track();
        if let Some(arrival) = self.venue.next_arrival()
            && record.is_none_or(|(time, _)| arrival <= time)
        {
            self.venue.arrive(out);
            return Ok(true);
        }
        let Some((time, index)) = record else {
            return Ok(false);
        };
        if !self.opened {
            self.opened = true;
            self.venue.open(time, out);
        }
        let track = &mut self.tracks[index];
        if let Some(record) = &track.next {
            self.venue.feed(index, record, track.shift_nanos, out);
        }
        track.advance(self.looping)?;
        Ok(true)
    }

    /// Ends it: what is open expires.
    pub fn close(&mut self, out: &mut Vec<Output>) {
        self.venue.close(out);
    }

    fn next_track(&self) -> Option<(Timestamp, usize)> {
        let time = |(index, track): (usize, &Track)| Some((track.shifted(track.next.as_ref()?.received_at), index));
        self.tracks.iter().enumerate().filter_map(time).min()
    }
}

impl Track {
    fn new(tape: &Tape) -> Result<Self, TapeError> {
        let mut track = Self { reader: tape.reader()?, tape: tape.clone(), next: Some(Record::default()), shift_nanos: 0 };
        track.advance(false)?;
        Ok(track)
    }

    fn shifted(&self, time: Timestamp) -> Timestamp {
        Timestamp::from_nanos(time.as_nanos().saturating_add_signed(self.shift_nanos))
    }

    /// Reads the next record into the place of the last.
    fn advance(&mut self, looping: bool) -> Result<(), TapeError> {
        let Some(record) = &mut self.next else {
            return Ok(());
        };
        if self.reader.read(record)? {
            return Ok(());
        }
        if looping {
            let header = self.tape.header();
            let length = header.end.plus(LOOP_PAUSE).since(header.start);
            self.shift_nanos = self.shift_nanos.saturating_add(i64::try_from(length.as_nanos()).unwrap_or(i64::MAX));
            self.reader = self.tape.reader()?;
            if self.reader.read(record)? {
                return Ok(());
            }
        }
        self.next = None;
        Ok(())
    }
}

impl std::fmt::Debug for Track {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Track")
            .field("tape", &self.tape.header().name)
            .field("shift_nanos", &self.shift_nanos)
            .finish_non_exhaustive()
    }
}

/// Tapes end long before signed nanoseconds do: their headers are checked.
fn nanos(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}
