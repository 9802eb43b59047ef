//! A strategy over a tape: the same guest, desk and paper venue as live, on a clock that jumps from one thing to the next.
//! One thread, no waiting, no machine time: two plays of the same input give the same report, fuel included. Must not know of
//! HTTP or of the command line.

pub mod bench;

mod book_keeping;
pub mod cache;
mod chaos;
pub mod chart;
pub mod data;
pub mod jobs;
mod ledger;
pub mod numbers;
pub mod page;
mod play;
pub mod receipt;
pub mod report;
mod request;
pub mod scenario;
mod settings;
mod stage;
pub mod sweep;
mod table;
mod table_venue;
#[cfg(test)]
mod tests;
mod values;

pub use chaos::{Chaos, ChaosError};
pub use data::{DataError, DataSpec};
pub use ledger::{PlayedFill, PlayedOrder};
pub use play::play;
pub use report::PlayReport;
pub use request::{PlayError, PlayRequest, PlayVenue, Watch};
pub use settings::SettingsError;
pub use values::value_of_text;
