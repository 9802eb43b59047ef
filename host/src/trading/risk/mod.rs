//! The risk check: the only place that can turn an order into an approved one. Knows limits, prices and positions; no
//! venue, no disk, no bus, no clock: the time of an order is in the order.

mod bucket;
mod budget;
mod check;
mod close;
mod guard;
mod selftrade;

use std::ops::Deref;

pub(super) use bucket::Bucket;
pub(super) use budget::DayFigures;
pub(super) use check::{Facts, Refused, check};
pub(super) use close::{Holder, Unclosable, close};
pub use guard::StopVerb;
pub(super) use guard::{Block, Guard};

/// Something that the risk check has approved. Nothing outside this module can make one, so what a provider is given
/// has been checked.
#[derive(Debug, PartialEq, Eq)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// Gives up the approval and keeps the thing.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Approved<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
