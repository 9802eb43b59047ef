//! Orders: the desk (their one door), the risk check, the journal, and what a provider is. Knows no venue by name, no
//! HTTP and no wasm.
//!
//! The way of one order: [`OrderDraft`] (what a guest asks) -> [`OrderRequest`](crate::market::OrderRequest) (resolved,
//! named) -> risk -> [`Approved`] -> journal -> [`Provider::submit`]. The way back: the provider's
//! [`ExecutionReport`](crate::market::ExecutionReport) -> transition table -> journal -> positions -> the owner's mailbox.

pub mod connection;
mod day;
pub mod denial;
pub mod desk;
pub mod draft;
mod flatten;
mod holdings;
mod introduction;
pub mod journal;
mod lane;
pub mod limits;
mod metrics;
mod notices;
mod order_types;
pub mod orders;
pub mod outlet;
mod overrides;
pub mod positions;
mod prices;
pub mod profit;
pub mod provider;
mod queries;
mod recover;
mod reports;
mod restore;
pub mod risk;
mod set_limits;
mod standing;
mod submit;
mod switches;
#[cfg(test)]
mod tests;
mod trader;
mod ward;
mod wire;

pub use connection::{Connection, ProviderWatch, Staleness};
pub use denial::{Denial, DenialCode};
pub use desk::{DenialLog, Desk};
pub use draft::{OrderDraft, OrderError, TradingAccount};
pub use holdings::Holding;
pub use journal::{Journal, Written};
pub use limits::{CircuitBreaker, HostLimits, LimitsError, RiskConfig, RiskLimits};
pub use order_types::OrderTypes;
pub use orders::OrderRecord;
pub use outlet::Outlet;
pub use overrides::{BreakerOverrides, RiskOverrides};
pub use positions::Position;
pub use profit::{Profit, ProfitLine};
pub use provider::{Balance, OrderAnswer, Provider, ProviderError, ProviderStatus};
pub use recover::Recovery;
pub use risk::{Approved, StopVerb};
pub use standing::{Day, Engaged, Flatten, FlattenState, HostRisk, Left, RiskState};
pub use switches::{KillSwitch, SwitchError};
