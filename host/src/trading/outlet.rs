//! What a provider may do with the host.

use std::sync::{Arc, OnceLock};

use crate::base::ProviderName;
use crate::base::lifecycle::Lifecycle;
use crate::bus::Bus;
use crate::market::{Event, ExecutionReport};
use crate::trading::lane::Lane;
use crate::trading::{Connection, Desk, ProviderStatus, ProviderWatch};

/// Given to a provider when it starts; made by [`Desk::outlet`]. Lives as long as the provider runs.
#[derive(Clone)]
pub struct Outlet {
    provider: ProviderName,
    desk: Arc<Desk>,
    /// The desk's side of the provider, once there is one: it outlives the outlet.
    lane: OnceLock<Arc<Lane>>,
    bus: Arc<Bus>,
    lifecycle: Lifecycle,
    watch: Option<Arc<dyn ProviderWatch>>,
}

impl Outlet {
    pub(crate) fn new(provider: ProviderName, desk: Arc<Desk>, bus: Arc<Bus>, lifecycle: Lifecycle) -> Self {
        Self { provider, desk, lane: OnceLock::new(), bus, lifecycle, watch: None }
    }

    /// The same, heard by this one.
    #[must_use]
    pub fn watched(mut self, watch: Arc<dyn ProviderWatch>) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Tells everyone who asked for it. The desk takes its reference prices from it first, so that an order that answers
    /// this event is checked against its prices. Never blocks.
    pub fn publish(&self, event: impl Into<Arc<Event>>) {
        let event = event.into();
        self.observe(&event);
        self.spread(&event);
    }

    /// The first half of [`Outlet::publish`]: the desk alone hears of it. For a backtest, which hands an event to its guest itself.
    pub(crate) fn observe(&self, event: &Arc<Event>) {
        debug_assert_eq!(event.provider, self.provider, "a provider speaks in its own name");
        let lane = || self.desk.known_lane(&self.provider).map(|lane| self.lane.get_or_init(|| lane));
        if let Some(lane) = self.lane.get().or_else(lane) {
            self.desk.observe(lane, event);
        }
    }

    /// The second half: everyone but the desk.
    pub(crate) fn spread(&self, event: &Arc<Event>) {
        self.bus.publish(event);
    }

    /// Tells the desk what became of an order. Reports of one order must come in the venue's order. Never blocks.
    pub fn report(&self, report: ExecutionReport) {
        self.desk.on_report(&self.provider, report);
    }

    /// Tells everyone whom it concerns that the connection is lost or back. The provider's status has changed before; on the way
    /// back the reports that waited have been told before. Never blocks.
    pub fn connection(&self, connection: Connection) {
        let told = match &connection {
            Connection::Lost { reason, .. } => (ProviderStatus::Reconnecting, Some(reason.clone())),
            Connection::Restored { .. } => (ProviderStatus::Running, None),
        };
        self.desk.on_connection(&self.provider, connection);
        self.status_changed(told.0, told.1.as_deref());
    }

    /// Counts an attempt to restore the connection.
    pub fn connection_tried(&self) {
        if let Some(watch) = &self.watch {
            watch.connection_tried();
        }
    }

    /// Tells that the provider came to an end by itself, or could not go on.
    pub fn status_changed(&self, status: ProviderStatus, reason: Option<&str>) {
        if let Some(watch) = &self.watch {
            watch.status_changed(status, reason);
        }
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
