//! A venue of our own: plays recorded markets and fills orders against their real books. `venue` says how; `session` merges
//! tapes and orders; `provider` paces it; `log` outlives it.

mod account;
mod arrival;
mod bar;
mod check;
mod clearing;
pub mod config;
mod feed;
mod listing;
pub mod log;
mod log_read;
mod order;
pub mod provider;
pub mod session;
pub mod venue;

#[cfg(test)]
mod tests;

pub use config::{PaperConfig, PaperConfigError, Speed};
pub use log::{LogEntry, LogError};
pub use provider::{PaperError, PaperProvider};
pub use session::PaperSession;
pub use venue::{Output, PaperVenue, VenueSetup};

/// The adapter's identifier.
pub const ADAPTER: &str = "paper";
