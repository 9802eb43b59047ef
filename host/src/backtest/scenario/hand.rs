//! A venue where only steps speak: an order stays pending until a step says what becomes of it. Its market is that of the
//! paper venue behind it, which never sees an order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::verdict::HandOrders;
use crate::backtest::table::Table;
use crate::backtest::table_venue::TableVenue;
use crate::base::{Clock, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Instrument, OrderRequest};
use crate::providers::paper::Output;
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// Run lifetime.
pub(super) struct HandVenue {
    seat: usize,
    market: Arc<TableVenue>,
    orders: Arc<HandOrders>,
    inner: Mutex<Inner>,
}

struct Inner {
    /// Orders that nobody has noted yet.
    placed: Vec<OrderRequest>,
    status: ProviderStatus,
}

impl HandVenue {
    /// On this seat; `orders` are those of all venues.
    pub(super) fn new(seat: usize, market: Arc<TableVenue>, orders: Arc<HandOrders>) -> Self {
        Self { seat, market, orders, inner: Mutex::new(Inner { placed: Vec::new(), status: ProviderStatus::Running }) }
    }

    /// From now on.
    pub(super) fn set_status(&self, status: ProviderStatus) {
        self.inner().status = status;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table for HandVenue {
    fn open(&self, told: &mut Vec<Output>) {
        self.market.open(told);
    }

    fn next_arrival(&self) -> Option<Timestamp> {
        None
    }

    fn arrive(&self, _told: &mut Vec<Output>) {}

    fn close(&self, _told: &mut Vec<Output>) {}

    fn take_placed(&self, placed: &mut Vec<OrderRequest>) {
        placed.append(&mut self.inner().placed);
    }
}

#[async_trait]
impl Provider for HandVenue {
    fn name(&self) -> &ProviderName {
        self.market.name()
    }

    fn adapter(&self) -> &'static str {
        self.market.adapter()
    }

    fn status(&self) -> ProviderStatus {
        self.inner().status
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        self.market.instruments()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.market.clock()
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        self.inner().placed.push((*order).clone());
        self.orders.add(self.seat, (*order).clone());
    }

    /// The step `cancelled` answers it.
    fn cancel(&self, _order: &ClientOrderId, _requested_at: Timestamp) {}

    fn balances(&self) -> Vec<Balance> {
        self.market.balances()
    }

    fn is_paper(&self) -> bool {
        true
    }

    async fn query(&self, _orders: &[OrderRequest]) -> Vec<OrderAnswer> {
        Vec::new()
    }

    async fn start(self: Arc<Self>, _outlet: Outlet) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn stop(&self) {}
}
