//! One playing of a market against a paper venue: records and orders in the one order of their times. No clock and no I/O but
//! reading the tapes; a provider paces it, a backtest runs it as fast as it can, and both see the same.

use super::source::{Market as _, Source, Tapes, shifted};
use super::{Output, PaperVenue, VenueSetup};
use crate::base::Timestamp;
use crate::market::ClientOrderId;
use crate::market::{Instrument, OrderRequest};
use crate::providers::tape::{Record, Tape, TapeError};

/// Run lifetime.
#[derive(Debug)]
pub struct PaperSession {
    venue: PaperVenue,
    feeds: Vec<Feed>,
    opened: bool,
}

/// A source with its next record.
#[derive(Debug)]
struct Feed {
    source: Box<dyn Source>,
    /// None after the end.
    next: Option<Record>,
}

impl PaperSession {
    /// Plays these tapes, one per instrument, merged by receive time. A tape whose time does not overlap the first one's is
    /// moved to begin with it. With `begin`, all are moved to begin there or later, so that the time of a venue that is
    /// started again goes on. With `looping`, each tape begins again when it ends, moved on by its own length.
    ///
    /// # Errors
    /// [`TapeError`] when a tape cannot be read.
    pub fn new(setup: VenueSetup, tapes: &[Tape], looping: bool, begin: Option<Timestamp>) -> Result<Self, TapeError> {
        let venue = PaperVenue::new(setup, tapes.iter().map(|tape| &tape.header().instrument))?;
        Self::of(venue, Tapes::together(tapes.to_vec(), looping).open(begin)?)
    }

    /// Plays these sources, one per instrument of the venue.
    ///
    /// # Errors
    /// [`TapeError`] when one cannot be read.
    pub(super) fn of(venue: PaperVenue, sources: Vec<Box<dyn Source>>) -> Result<Self, TapeError> {
        let mut feeds = Vec::new();
        for source in sources {
            let mut feed = Feed { source, next: Some(Record::default()) };
            feed.advance()?;
            feeds.push(feed);
        }
        Ok(Self { venue, feeds, opened: false })
    }

    /// The venue of these instruments.
    pub(super) fn venue_of(setup: VenueSetup, instruments: &[Instrument]) -> Result<PaperVenue, TapeError> {
        PaperVenue::new(setup, instruments)
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

    /// When the next thing happens, by the market's clock; none when it is over and nothing is on its way.
    pub fn next_time(&self) -> Option<Timestamp> {
        let record = self.next_feed().map(|(time, _)| time);
        record.into_iter().chain(self.venue.next_arrival()).min()
    }

    /// Lets the next thing happen: an arrival, or one record of a source; at the same time arrivals come first. What
    /// follows of it is appended to `out`. False when there is nothing left.
    ///
    /// # Errors
    /// [`TapeError`] when a tape turns out to be damaged; the session cannot go on.
    pub fn step(&mut self, out: &mut Vec<Output>) -> Result<bool, TapeError> {
        let record = self.next_feed();
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
        let feed = &mut self.feeds[index];
        if let Some(record) = &feed.next {
            self.venue.feed(index, record, feed.source.shift_nanos(), out);
        }
        feed.advance()?;
        Ok(true)
    }

    /// Ends it: what is open expires.
    pub fn close(&mut self, out: &mut Vec<Output>) {
        self.venue.close(out);
    }

    fn next_feed(&self) -> Option<(Timestamp, usize)> {
        let time = |(index, feed): (usize, &Feed)| {
            let received_at = feed.next.as_ref()?.received_at;
            Some((shifted(received_at, feed.source.shift_nanos()), index))
        };
        self.feeds.iter().enumerate().filter_map(time).min()
    }
}

impl Feed {
    /// Reads the next record into the place of the last.
    fn advance(&mut self) -> Result<(), TapeError> {
        if let Some(record) = &mut self.next
            && !self.source.read(record)?
        {
            self.next = None;
        }
        Ok(())
    }
}
