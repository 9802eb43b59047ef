//! What a provider may do with the host.

use std::sync::Arc;

use crate::base::ProviderName;
use crate::base::lifecycle::Lifecycle;
use crate::bus::Bus;
use crate::market::{Event, ExecutionReport};
use crate::trading::Desk;

/// Given to a provider when it starts; made by [`Desk::outlet`]. Lives as long as the provider runs.
#[derive(Clone)]
pub struct Outlet {
    provider: ProviderName,
    desk: Arc<Desk>,
    bus: Arc<Bus>,
    lifecycle: Lifecycle,
}

impl Outlet {
    pub(crate) fn new(provider: ProviderName, desk: Arc<Desk>, bus: Arc<Bus>, lifecycle: Lifecycle) -> Self {
        Self { provider, desk, bus, lifecycle }
    }

    /// Tells everyone who asked for it. The desk takes its reference prices from it first, so that an order that answers
    /// this event is checked against its prices. Never blocks.
    pub fn publish(&self, event: Event) {
        let event = Arc::new(event);
        self.desk.observe(&event);
        self.bus.publish(&event);
    }

    /// Tells the desk what became of an order. Reports of one order must come in the venue's order. Never blocks.
    pub fn report(&self, report: ExecutionReport) {
        self.desk.on_report(&self.provider, report);
    }

    /// Completes when every mailbox is empty, its owner is done with the last event or asleep until later than its clock
    /// says, and every approved order was handed to its provider. A tape that plays as fast as possible waits for it after
    /// each step of its clock and after each event.
    pub async fn settle(&self) {
        self.bus.settle().await;
    }

    /// For the provider's tasks.
    pub fn lifecycle(&self) -> &Lifecycle {
        &self.lifecycle
    }
}
