//! The paper venue on the table of a run: the same state machine as live, with the recordings beside it, moved by hand. To the
//! desk it is a provider like any other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::chaos::Chaos;
use super::request::{PlayError, PlayVenue};
use super::table::Table;
use crate::base::{Clock, ManualClock, ProviderName, Timestamp};
use crate::bus::KindSet;
use crate::market::{ClientOrderId, ExecutionReport, Instrument, OrderRequest};
use crate::providers::paper::{ADAPTER, Link, Output, PaperVenue, Source, Turn};
use crate::providers::tape::{Record, TapeError};
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// Run lifetime. Running until it is closed.
pub(super) struct TableVenue {
    name: ProviderName,
    clock: Arc<ManualClock>,
    instruments: Arc<[Instrument]>,
    /// When the next record comes, in nanoseconds: as the heap says, to be asked without the lock.
    next_nanos: AtomicU64,
    /// There are orders that nobody has noted.
    has_placed: AtomicBool,
    inner: Mutex<Inner>,
}

/// For a time that never comes.
const NEVER: u64 = u64::MAX;

/// What moves.
struct Inner {
    venue: PaperVenue,
    reels: Vec<Reel>,
    /// The recordings that have a record left, by its receive time, then by their place.
    next: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// Orders that nobody has noted yet.
    placed: Vec<OrderRequest>,
    closed: bool,
    link: Link,
    /// Reports of the time without a connection, oldest first.
    held: Vec<ExecutionReport>,
}

/// A recording and the record that comes next on it.
struct Reel {
    source: Box<dyn Source>,
    record: Record,
}

impl Inner {
    fn next_nanos(&self) -> u64 {
        self.next.peek().map_or(NEVER, |Reverse((at, _))| at.as_nanos())
    }
}

impl Reel {
    /// The receive time of the next record, which then is in `record`; none at the end.
    fn wind(&mut self) -> Result<Option<Timestamp>, TapeError> {
        let shifted = |reel: &Self| reel.record.received_at.as_nanos().saturating_add_signed(reel.source.shift_nanos());
        Ok(self.source.read(&mut self.record)?.then(|| Timestamp::from_nanos(shifted(self))))
    }
}

impl TableVenue {
    /// With all recordings at their beginning.
    pub(super) fn new(venue: &PlayVenue, clock: Arc<ManualClock>, chaos: &Chaos) -> Result<Arc<Self>, PlayError> {
        let setup = venue.paper.venue(venue.provider.clone(), "play".into(), KindSet::PUBLIC)?;
        let instruments: Arc<[Instrument]> = venue.market.instruments().into();
        let paper = PaperVenue::new(setup, instruments.iter())?.with_conduct(chaos.conduct(&venue.provider));
        let mut reels: Vec<_> =
            venue.market.open(None)?.into_iter().map(|source| Reel { source, record: Record::default() }).collect();
        let mut next = BinaryHeap::new();
        for (place, reel) in reels.iter_mut().enumerate() {
            next.extend(reel.wind()?.map(|at| Reverse((at, place))));
        }
        let begin = next.peek().map_or(venue.market.start(), |Reverse((at, _))| *at);
        let link = chaos.link(&venue.provider, begin);
        let inner = Inner { venue: paper, reels, next, placed: Vec::new(), closed: false, link, held: Vec::new() };
        Ok(Arc::new(Self {
            name: venue.provider.clone(),
            clock,
            instruments,
            next_nanos: AtomicU64::new(inner.next_nanos()),
            has_placed: AtomicBool::new(false),
            inner: Mutex::new(inner),
        }))
    }

    /// When the next record comes; none at the end of all recordings.
    pub(super) fn next_record(&self) -> Option<Timestamp> {
        Some(self.next_nanos.load(Ordering::Acquire)).filter(|nanos| *nanos != NEVER).map(Timestamp::from_nanos)
    }

    /// Takes in the next record.
    pub(super) fn take_record(&self, told: &mut Vec<Output>) -> Result<(), PlayError> {
        let mut inner = self.inner();
        let inner = &mut *inner;
        if let Some(Reverse((_, place))) = inner.next.pop()
            && let Some(reel) = inner.reels.get_mut(place)
        {
            inner.venue.feed(place, &reel.record, reel.source.shift_nanos(), told);
            hold(&inner.link, &mut inner.held, told);
            inner.next.extend(reel.wind()?.map(|at| Reverse((at, place))));
        }
        self.next_nanos.store(inner.next_nanos(), Ordering::Release);
        Ok(())
    }

    /// What is traded here.
    pub(super) fn listed(&self) -> &[Instrument] {
        &self.instruments
    }

    /// Takes in a record that no recording has.
    pub(super) fn feed(&self, place: usize, record: &Record, told: &mut Vec<Output>) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.venue.feed(place, record, 0, told);
        hold(&inner.link, &mut inner.held, told);
    }

    /// The next ticker of this instrument comes whatever the last one said.
    pub(super) fn forget_touch(&self, place: usize) {
        self.inner().venue.forget_touch(place);
    }

    /// Says again what changes only now and then.
    pub(super) fn reintroduce(&self, told: &mut Vec<Output>) {
        self.inner().venue.reintroduce(self.clock.now(), told);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a connection reports wait and events are lost, as live.
fn hold(link: &Link, held: &mut Vec<ExecutionReport>, told: &mut Vec<Output>) {
    if !link.is_up() {
        held.extend(told.drain(..).filter_map(|output| if let Output::Report(report) = output { Some(*report) } else { None }));
    }
}

impl Table for TableVenue {
    fn open(&self, told: &mut Vec<Output>) {
        self.inner().venue.open(self.clock.now(), told);
    }

    fn next_arrival(&self) -> Option<Timestamp> {
        self.inner().venue.next_arrival()
    }

    fn arrive(&self, told: &mut Vec<Output>) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        inner.venue.arrive(told);
        hold(&inner.link, &mut inner.held, told);
    }

    fn next_turn(&self) -> Option<Timestamp> {
        self.inner().link.next()
    }

    fn turn(&self) -> Option<Turn> {
        Some(self.inner().link.turn())
    }

    fn resume(&self, told: &mut Vec<Output>) -> Vec<ExecutionReport> {
        let mut inner = self.inner();
        inner.venue.reintroduce(self.clock.now(), told);
        std::mem::take(&mut inner.held)
    }

    fn close(&self, told: &mut Vec<Output>) {
        let mut inner = self.inner();
        inner.closed = true;
        // The end of a session loses no report, whatever became of the connection.
        told.extend(std::mem::take(&mut inner.held).into_iter().map(Output::report));
        inner.venue.close(told);
    }

    fn take_placed(&self, placed: &mut Vec<OrderRequest>) {
        if self.has_placed.swap(false, Ordering::AcqRel) {
            placed.append(&mut self.inner().placed);
        }
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
        let inner = self.inner();
        match (inner.closed, inner.link.is_up()) {
            (true, _) => ProviderStatus::Stopped,
            (false, true) => ProviderStatus::Running,
            (false, false) => ProviderStatus::Reconnecting,
        }
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        Arc::clone(&self.instruments)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        let mut inner = self.inner();
        inner.placed.push((*order).clone());
        self.has_placed.store(true, Ordering::Release);
        inner.venue.submit((*order).clone());
    }

    fn cancel(&self, order: &ClientOrderId, requested_at: Timestamp) {
        self.inner().venue.cancel(order.clone(), requested_at);
    }

    fn balances(&self) -> Vec<Balance> {
        self.inner().venue.balances()
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
