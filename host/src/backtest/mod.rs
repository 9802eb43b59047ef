//! A strategy over a tape: the same guest, desk and paper venue as live, on a clock that jumps from one thing to the next.
//! One thread, no waiting, no machine time: two plays of the same input give the same report, fuel included. Must not know of
//! HTTP or of the command line.

pub mod bench;

mod book_keeping;
mod ledger;
pub mod numbers;
mod play;
pub mod report;
mod request;
mod stage;
mod table;
mod table_venue;
#[cfg(test)]
mod tests;

pub use ledger::{PlayedFill, PlayedOrder};
pub use play::play;
pub use report::PlayReport;
pub use request::{PlayError, PlayRequest, PlayVenue, Watch};
