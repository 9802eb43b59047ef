//! Who hears what: one bounded mailbox per instance, filters, conflation. Knows no venue, no order and no wasm.
//!
//! # What is guaranteed
//! - **Order.** One mailbox is one first-in-first-out queue across all kinds of event. Events of one provider and symbol come in
//!   the order in which the provider published them, own reports in the order in which the desk posted them, and both
//!   in the order in which they reached the bus. Nothing overtakes.
//! - **Loss.** Own reports and risk events are never dropped. Market events are dropped only when [`BusConfig::mailbox_events`]
//!   of them wait. Then the oldest event that is out of date goes: a ticker or book goes when a newer one of its provider and symbol
//!   waits, so the newest of each always arrives; any other kind goes oldest first. Every drop is counted by kind.
//! - **Pace.** Publishing never blocks, clones no event and, once queues have grown to what they need, allocates nothing.

mod filter;
mod hub;
mod mailbox;
mod queue;
mod quiet;
#[cfg(test)]
mod tests;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use filter::{Filter, KindSet};
pub use hub::{Bus, BusConfig, BusError, Tap};
pub use mailbox::{Mailbox, Wake};
pub use queue::DropCounts;
pub use quiet::Hold;

/// Locks; a thread that panicked while it held the lock left the data in order, since every section is a few moves.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
