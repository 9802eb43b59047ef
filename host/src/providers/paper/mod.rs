//! A venue of our own: takes a market from tapes or from a seed and fills orders against its books. `venue` says how; `session`
//! merges market and orders; `provider` starts it and `play` paces it; `link` is how it can be reached; `log` outlives it.

mod account;
mod arrival;
mod bar;
mod blueprint;
mod check;
mod clearing;
mod conduct;
pub mod config;
mod decoded;
mod feed;
mod link;
mod listing;
pub mod log;
mod log_read;
mod offers;
mod order;
mod output;
mod play;
pub mod provider;
pub mod session;
mod source;
pub mod venue;

#[cfg(test)]
mod tests;

pub use blueprint::Blueprint;
pub use conduct::Conduct;
pub use config::{PaperConfig, PaperConfigError, QueuePlace, Speed};
pub use decoded::decoded;
pub use link::{Link, Outages, Turn};
pub use log::{LogEntry, LogError};
pub use output::Output;
pub use play::LOST;
pub use provider::{PaperError, PaperProvider};
pub use session::PaperSession;
pub use source::{Market, Origin, Recording, Source, Tapes};
pub use venue::{PaperVenue, VenueSetup};

/// The adapter's identifier.
pub const ADAPTER: &str = "paper";
