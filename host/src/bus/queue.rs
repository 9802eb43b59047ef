//! The queue of one mailbox: what waits, and what gives way when too much does. No locks, no tasks: a plain state machine.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use crate::market::{Event, EventKind};

/// The place of a (provider, symbol) pair in its mailbox; the bus numbers them from 0.
pub(super) type Slot = u32;

/// For events that are never out of date by a newer one of the same pair.
pub(super) const NO_SLOT: Slot = Slot::MAX;

/// How many events a mailbox has dropped, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DropCounts([u64; EventKind::ALL.len()]);

impl DropCounts {
    /// Of this kind.
    pub fn of(&self, kind: EventKind) -> u64 {
        self.0[kind as usize]
    }

    /// Of all kinds.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

#[derive(Debug)]
struct Waiting {
    place: u64,
    slot: Slot,
    arrived: Instant,
    event: Arc<Event>,
}

/// Market events and own events in two lanes, so that looking for one to drop never walks over own events. `place` numbers
/// both lanes together and restores the one order when they are taken.
#[derive(Debug)]
pub(super) struct Queue {
    market: VecDeque<Waiting>,
    own: VecDeque<Waiting>,
    next_place: u64,
    capacity: usize,
    /// Per slot: how many tickers and how many books wait.
    waiting: Vec<[u32; 2]>,
    dropped: DropCounts,
}

impl Queue {
    /// Holds at most `capacity` market events of `slots` pairs.
    pub(super) fn new(capacity: usize, slots: usize) -> Self {
        Self {
            market: VecDeque::new(),
            own: VecDeque::new(),
            next_place: 0,
            capacity,
            waiting: vec![[0; 2]; slots],
            dropped: DropCounts::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.market.len() + self.own.len()
    }

    pub(super) fn dropped(&self) -> DropCounts {
        self.dropped
    }

    /// Takes a market event; the kind of the event that had to go when the queue was full.
    pub(super) fn push_market(&mut self, slot: Slot, event: Arc<Event>, arrived: Instant) -> Option<EventKind> {
        let place = self.place();
        if let Some(count) = self.count(slot, event.kind()) {
            *count += 1;
        }
        self.market.push_back(Waiting { place, slot, arrived, event });
        (self.market.len() > self.capacity).then(|| self.drop_one())
    }

    /// Takes an own report or risk event.
    pub(super) fn push_own(&mut self, event: Arc<Event>, arrived: Instant) {
        let place = self.place();
        self.own.push_back(Waiting { place, slot: NO_SLOT, arrived, event });
    }

    /// The event that came first, and when that was.
    pub(super) fn pop(&mut self) -> Option<(Arc<Event>, Instant)> {
        let market_first = match (self.market.front(), self.own.front()) {
            (Some(market), Some(own)) => market.place < own.place,
            (market, _) => market.is_some(),
        };
        if !market_first {
            return self.own.pop_front().map(|waiting| (waiting.event, waiting.arrived));
        }
        let taken = self.market.pop_front()?;
        self.forget(&taken);
        Some((taken.event, taken.arrived))
    }

    /// Keeps the market events that `place` has a slot for, of `slots` pairs, and every own event.
    pub(super) fn refilter(&mut self, slots: usize, place: impl Fn(&Event) -> Option<Slot>) {
        self.waiting = vec![[0; 2]; slots];
        for mut waiting in std::mem::take(&mut self.market) {
            let Some(slot) = place(&waiting.event) else { continue };
            waiting.slot = slot;
            if let Some(count) = self.count(slot, waiting.event.kind()) {
                *count += 1;
            }
            self.market.push_back(waiting);
        }
    }

    fn place(&mut self) -> u64 {
        self.next_place += 1;
        self.next_place
    }

    /// Drops the oldest event that is out of date. At the front stand at most one ticker and one book per slot that are not,
    /// so the search is short.
    fn drop_one(&mut self) -> EventKind {
        let outdated = |at: &Waiting| match conflated(at.event.kind()) {
            Some(kind) => self.waiting.get(at.slot as usize).is_none_or(|counts| counts[kind] > 1),
            None => true,
        };
        // More pairs than places: then even the newest of a pair has to go.
        let victim = self.market.iter().position(outdated).unwrap_or(0);
        let Some(gone) = self.market.remove(victim) else { unreachable!("called only with a market event waiting") };
        self.forget(&gone);
        let kind = gone.event.kind();
        self.dropped.0[kind as usize] += 1;
        kind
    }

    fn forget(&mut self, gone: &Waiting) {
        if let Some(count) = self.count(gone.slot, gone.event.kind()) {
            *count -= 1;
        }
    }

    fn count(&mut self, slot: Slot, kind: EventKind) -> Option<&mut u32> {
        let counts = self.waiting.get_mut(slot as usize)?;
        conflated(kind).map(|kind| &mut counts[kind])
    }
}

/// The kinds of which only the newest counts.
fn conflated(kind: EventKind) -> Option<usize> {
    match kind {
        EventKind::Ticker => Some(0),
        EventKind::BookSnapshot => Some(1),
        _ => None,
    }
}
