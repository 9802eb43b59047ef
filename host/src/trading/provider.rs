//! What a provider is: a connection to one venue with one account. Implementations live one floor up.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::ToSchema;

use crate::base::{Clock, ProviderName, Timestamp};
use crate::market::{ClientOrderId, ExecutionReport, Instrument, OrderRequest};
use crate::trading::{Approved, Outlet};

/// A connection to a venue. Process lifetime: a stopped provider can be started again.
///
/// The desk never calls a provider while it holds a lock of its own, so a provider may report while it holds one.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Its name: unique in the host.
    fn name(&self) -> &ProviderName;

    /// The kind of connection: `paper`, `binance`...
    fn adapter(&self) -> &'static str;

    /// Where it stands. Only a running provider is given orders.
    fn status(&self) -> ProviderStatus;

    /// What can be traded there. The same `Arc` as long as nothing changed.
    fn instruments(&self) -> Arc<[Instrument]>;

    /// The venue's time: the machine's for a live venue, the tape's for a paper venue. Never goes back. The same clock as long
    /// as the provider is attached to the desk.
    fn clock(&self) -> Arc<dyn Clock>;

    /// Sends an order. Never blocks and cannot fail: what becomes of it is always a report through the outlet, `Rejected`
    /// when the venue cannot be reached. May report before it returns.
    fn submit(&self, order: Approved<OrderRequest>);

    /// Asks for an order to be cancelled; the outcome is a report. An order that the venue does not know or that is final
    /// is ignored.
    fn cancel(&self, order: &ClientOrderId, requested_at: Timestamp);

    /// The account's balances, sorted by currency.
    fn balances(&self) -> Vec<Balance>;

    /// No real money is at stake. Decision 18: trading is switched on by default only here. A paper venue ends its open
    /// orders when it stops.
    fn is_paper(&self) -> bool;

    /// Asks the venue what it knows of these orders; asked before the provider starts, and after it was cut off. An order that is
    /// missing in the answers could not be asked about: nothing follows for it. Nothing is sent.
    async fn query(&self, orders: &[OrderRequest]) -> Vec<OrderAnswer>;

    /// Begins to work and returns once market data flows; tasks are spawned through `outlet.lifecycle()`.
    ///
    /// # Errors
    /// [`ProviderError`] when it cannot start; the status is then `Failed`.
    async fn start(self: Arc<Self>, outlet: Outlet) -> Result<(), ProviderError>;

    /// Ends its work; idempotent. No event and no report comes after it returned.
    async fn stop(&self);
}

/// What a venue knows of an order that it was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderAnswer {
    /// It never heard of it.
    Unknown(ClientOrderId),
    /// All that it ever said about it, oldest first; nothing yet when the order is on its way to the venue.
    Known(Vec<ExecutionReport>),
}

/// Where a provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProviderStatus {
    /// Made, not started.
    Pending,
    /// Connecting.
    Starting,
    /// Market data flows and orders are taken.
    Running,
    /// It was running, its connection is lost, and it tries again by itself. No event comes and no order is taken; what rests
    /// at the venue stays there, and what is reported about it meanwhile is told once the connection is back.
    Reconnecting,
    /// Stopped on purpose.
    Stopped,
    /// Ended by an error.
    Failed,
}

impl ProviderStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Pending, Self::Starting, Self::Running, Self::Reconnecting, Self::Stopped, Self::Failed];

    /// Whether it works or is about to: it cannot be started, but stopped.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Reconnecting)
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Reconnecting => "reconnecting",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ProviderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a provider could not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("provider `{provider}` {message}")]
pub struct ProviderError {
    /// Which one.
    pub provider: ProviderName,
    /// What went wrong and what to do, as the end of a sentence; never a secret.
    pub message: String,
}

/// What an account has of one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Balance {
    /// The currency.
    pub currency: SmolStr,
    /// All of it.
    pub total: Decimal,
    /// What open orders do not hold.
    pub available: Decimal,
}

impl Balance {
    /// Nothing of this currency.
    pub fn zero(currency: &str) -> Self {
        Self { currency: currency.into(), total: Decimal::ZERO, available: Decimal::ZERO }
    }
}
