//! A venue as a stage sees it: a provider to the desk that never speaks by itself. Whoever owns the run takes what it has to say.

use crate::base::Timestamp;
use crate::market::{ExecutionReport, OrderRequest};
use crate::providers::paper::{Output, Turn};
use crate::trading::Provider;

/// A venue on the table of a run. Everything that it says is appended to `told`, in its order.
pub(super) trait Table: Provider {
    /// Announces the instruments.
    fn open(&self, told: &mut Vec<Output>);

    /// When the next order or cancellation reaches the venue; none when none is on its way.
    fn next_arrival(&self) -> Option<Timestamp>;

    /// When the connection breaks, is tried or comes back next; none for never.
    fn next_turn(&self) -> Option<Timestamp> {
        None
    }

    /// Lets that happen; whoever owns the run tells the host of it.
    fn turn(&self) -> Option<Turn> {
        None
    }

    /// The connection is back: the reports that waited, and to `told` what the venue says again.
    fn resume(&self, _told: &mut Vec<Output>) -> Vec<ExecutionReport> {
        Vec::new()
    }

    /// Lets it arrive.
    fn arrive(&self, told: &mut Vec<Output>);

    /// Ends the session, as a paper provider does when its market is over: what is open or on its way expires, and no order is
    /// taken any more.
    fn close(&self, told: &mut Vec<Output>);

    /// Orders that were sent since this was asked last.
    fn take_placed(&self, placed: &mut Vec<OrderRequest>);
}
