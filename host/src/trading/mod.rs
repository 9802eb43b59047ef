//! Orders: the desk (their one door), the risk check, the journal, and what a provider is. Knows no venue by name, no
//! HTTP and no wasm.
//!
//! The way of one order: [`OrderDraft`] (what a guest asks) -> [`OrderRequest`](crate::market::OrderRequest) (resolved,
//! named) -> risk -> [`Approved`] -> journal -> [`Provider::submit`]. The way back: the provider's
//! [`ExecutionReport`](crate::market::ExecutionReport) -> transition table -> journal -> positions -> the owner's mailbox.

pub mod connection;
pub mod denial;
pub mod desk;
pub mod draft;
mod introduction;
pub mod journal;
mod lane;
pub mod limits;
mod metrics;
mod notices;
pub mod orders;
pub mod outlet;
pub mod positions;
mod prices;
pub mod profit;
pub mod provider;
mod queries;
mod recover;
mod reports;
mod restore;
pub mod risk;
mod submit;
#[cfg(test)]
mod tests;
mod trader;

pub use connection::{Connection, ProviderWatch, Staleness};
pub use denial::{Denial, DenialCode};
pub use desk::{Desk, RiskState};
pub use draft::{OrderDraft, OrderError, TradingAccount};
pub use journal::Journal;
pub use limits::{CircuitBreaker, HostLimits, RiskConfig, RiskLimits};
pub use orders::OrderRecord;
pub use outlet::Outlet;
pub use positions::Position;
pub use profit::{Profit, ProfitLine};
pub use provider::{Balance, OrderAnswer, Provider, ProviderError, ProviderStatus};
pub use recover::Recovery;
pub use risk::Approved;
