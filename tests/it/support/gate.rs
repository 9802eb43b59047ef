//! A provider whose market stands still until it is let go. Everything else is the real provider behind it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use sandpit::base::lifecycle::Lifecycle;
use sandpit::base::{Clock, ProviderName, Timestamp};
use sandpit::market::{ClientOrderId, Instrument, OrderRequest};
use sandpit::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// Says that it runs from the beginning, so that instances can be started before the first event.
pub(crate) struct Gate {
    inner: Arc<dyn Provider>,
    outlet: Mutex<Option<Outlet>>,
    opened: AtomicBool,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn Provider>) -> Arc<Self> {
        Arc::new(Self { inner, outlet: Mutex::new(None), opened: AtomicBool::new(false) })
    }

    /// Starts the provider behind it.
    pub(crate) fn open(&self, lifecycle: &Lifecycle) {
        let outlet = self.outlet.lock().unwrap().take().expect("a gate is opened once, after its start");
        let inner = Arc::clone(&self.inner);
        self.opened.store(true, Ordering::Release);
        lifecycle.spawn(async move { inner.start(outlet).await.unwrap() });
    }
}

#[async_trait::async_trait]
impl Provider for Gate {
    fn name(&self) -> &ProviderName {
        self.inner.name()
    }

    fn adapter(&self) -> &'static str {
        self.inner.adapter()
    }

    fn status(&self) -> ProviderStatus {
        match self.inner.status() {
            ProviderStatus::Failed => ProviderStatus::Failed,
            status if self.opened.load(Ordering::Acquire) && status == ProviderStatus::Stopped => status,
            _ => ProviderStatus::Running,
        }
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        self.inner.instruments()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock()
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        self.inner.submit(order);
    }

    fn cancel(&self, order: &ClientOrderId, requested_at: Timestamp) {
        self.inner.cancel(order, requested_at);
    }

    fn balances(&self) -> Vec<Balance> {
        self.inner.balances()
    }

    fn is_paper(&self) -> bool {
        self.inner.is_paper()
    }

    async fn query(&self, orders: &[OrderRequest]) -> Vec<OrderAnswer> {
        self.inner.query(orders).await
    }

    async fn start(self: Arc<Self>, outlet: Outlet) -> Result<(), ProviderError> {
        *self.outlet.lock().unwrap() = Some(outlet);
        Ok(())
    }

    async fn stop(&self) {
        if self.opened.load(Ordering::Acquire) {
            self.inner.stop().await;
        }
    }
}
