//! The desk: the one door for orders.

use std::sync::Arc;

use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::bus::Bus;
use crate::market::{ClientOrderId, Event, ExecutionReport, Symbol};
use crate::trading::{
    Balance, Journal, OrderDraft, OrderError, OrderRecord, Outlet, Position, Profit, Provider, RiskConfig, TradingAccount,
};

/// Process lifetime.
pub struct Desk {}

#[expect(missing_docs, unused_variables, clippy::todo, clippy::needless_pass_by_value, reason = "signatures first, the bodies follow in the next commits")]
impl Desk {
    pub fn new(config: RiskConfig, bus: Arc<Bus>, journal: Option<Journal>, metrics: &Metrics) -> Arc<Self> { todo!() }
    pub fn attach(&self, provider: Arc<dyn Provider>) { todo!() }
    pub fn detach(&self, name: &ProviderName) { todo!() }
    pub fn provider(&self, name: &str) -> Option<Arc<dyn Provider>> { todo!() }
    pub fn providers(&self) -> Vec<Arc<dyn Provider>> { todo!() }
    pub fn outlet(self: &Arc<Self>, provider: &ProviderName, lifecycle: &Lifecycle) -> Outlet { todo!() }
    pub fn admit(&self, account: TradingAccount) { todo!() }
    pub fn set_active(&self, instance: &InstanceId, active: bool) { todo!() }
    pub fn dismiss(&self, instance: &InstanceId) { todo!() }
    pub fn trading_active(&self, instance: &InstanceId) -> bool { todo!() }
    pub fn submit(&self, draft: OrderDraft<'_>) -> Result<ClientOrderId, OrderError> { todo!() }
    pub fn cancel(&self, instance: &InstanceId, order: &str, requested_at: Timestamp) -> Result<(), OrderError> { todo!() }
    pub fn cancel_all(&self, instance: &InstanceId, requested_at: Timestamp) -> usize { todo!() }
    pub fn open_orders(&self, instance: &InstanceId, provider: Option<&str>, symbol: Option<&str>) -> Vec<OrderRecord> { todo!() }
    pub fn position(&self, instance: &InstanceId, provider: Option<&str>, symbol: Option<&str>) -> Result<Position, OrderError> { todo!() }
    pub fn balance(&self, instance: &InstanceId, provider: Option<&str>, currency: &str) -> Result<Balance, OrderError> { todo!() }
    pub fn on_report(&self, provider: &ProviderName, report: ExecutionReport) { todo!() }
    pub fn observe(&self, event: &Arc<Event>) { todo!() }
    pub fn profit(&self, instance: &InstanceId) -> Profit { todo!() }
    pub async fn settle(&self) { todo!() }
}
