//! The paper venue on the table of a play: the same state machine as live, with the tapes beside it, moved by hand. To the
//! desk it is a provider like any other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::request::{PlayError, PlayRequest};
use crate::base::{Clock, ManualClock, ProviderName, Timestamp};
use crate::bus::KindSet;
use crate::market::{ClientOrderId, Instrument, OrderRequest};
use crate::providers::paper::{ADAPTER, Output, PaperVenue};
use crate::providers::tape::{Record, Tape, TapeError, TapeReader};
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// Play lifetime. Always running; it never speaks by itself: whoever owns the play takes what it has to say.
pub(super) struct TableVenue {
    name: ProviderName,
    clock: Arc<ManualClock>,
    instruments: Arc<[Instrument]>,
    table: Mutex<Table>,
}

/// What moves.
struct Table {
    venue: PaperVenue,
    readers: Vec<Reel>,
    /// The tapes that have a record left, by its receive time, then by their place.
    next: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Orders that nobody has noted yet.
    placed: Vec<OrderRequest>,
}

/// A tape and the record that comes next on it.
struct Reel {
    reader: TapeReader,
    record: Record,
}

impl Reel {
    fn new(tape: &Tape) -> Result<Self, TapeError> {
        Ok(Self { reader: tape.reader()?, record: Record::default() })
    }

    /// The receive time of the next record, which then is in `record`; none at the end.
    fn wind(&mut self) -> Result<Option<Timestamp>, TapeError> {
        Ok(self.reader.read(&mut self.record)?.then_some(self.record.received_at))
    }
}

impl TableVenue {
    /// With all tapes at their beginning.
    pub(super) fn new(request: &PlayRequest, clock: Arc<ManualClock>) -> Result<Arc<Self>, PlayError> {
        let setup = request.paper.venue(request.provider.clone(), "play".into(), KindSet::PUBLIC)?;
        let venue = PaperVenue::new(setup, request.tapes.iter().map(|tape| &tape.header().instrument))?;
        let mut readers = request.tapes.iter().map(Reel::new).collect::<Result<Vec<_>, _>>()?;
        let mut next = BinaryHeap::new();
        for (place, reel) in readers.iter_mut().enumerate() {
            next.extend(reel.wind()?.map(|at| Reverse((at, place))));
        }
        let instruments = venue.instruments().cloned().collect();
        let table = Mutex::new(Table { venue, readers, next, placed: Vec::new() });
        Ok(Arc::new(Self { name: request.provider.clone(), clock, instruments, table }))
    }

    /// Announces the instruments.
    pub(super) fn open(&self) -> Vec<Output> {
        let mut told = Vec::new();
        self.table().venue.open(self.clock.now(), &mut told);
        told
    }

    /// When the next record comes; none at the end of all tapes.
    pub(super) fn next_record(&self) -> Option<Timestamp> {
        self.table().next.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes in the next record.
    pub(super) fn take_record(&self) -> Result<Vec<Output>, PlayError> {
        let mut table = self.table();
        let table = &mut *table;
        let mut told = Vec::new();
        if let Some(Reverse((_, place))) = table.next.pop()
            && let Some(reel) = table.readers.get_mut(place)
        {
            table.venue.feed(place, &reel.record, 0, &mut told);
            table.next.extend(reel.wind()?.map(|at| Reverse((at, place))));
        }
        Ok(told)
    }

    /// When the next order or cancel reaches the venue.
    pub(super) fn next_arrival(&self) -> Option<Timestamp> {
        self.table().venue.next_arrival()
    }

    /// Lets it arrive.
    pub(super) fn arrive(&self) -> Vec<Output> {
        let mut told = Vec::new();
        self.table().venue.arrive(&mut told);
        told
    }

    /// Orders that were sent since this was asked last.
    pub(super) fn take_placed(&self) -> Vec<OrderRequest> {
        std::mem::take(&mut self.table().placed)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Provider for TableVenue {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn adapter(&self) -> &'static str {
        ADAPTER
    }

    fn status(&self) -> ProviderStatus {
        ProviderStatus::Running
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        Arc::clone(&self.instruments)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        let mut table = self.table();
        table.placed.push((*order).clone());
        table.venue.submit((*order).clone());
    }

    fn cancel(&self, order: &ClientOrderId, requested_at: Timestamp) {
        self.table().venue.cancel(order.clone(), requested_at);
    }

    fn balances(&self) -> Vec<Balance> {
        self.table().venue.balances()
    }

    fn is_paper(&self) -> bool {
        true
    }

    async fn query(&self, _orders: &[OrderRequest]) -> Vec<OrderAnswer> {
        // A backtest is never cut off: nobody asks.
        Vec::new()
    }

    async fn start(self: Arc<Self>, _outlet: Outlet) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn stop(&self) {}
}
