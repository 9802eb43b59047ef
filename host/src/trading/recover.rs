//! After a crash, or a connection that was lost: what the venue knows of the orders that are open on record. Nothing is ever
//! sent again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use crate::base::InstanceId;
use crate::bus::{Bus, locked};
use crate::market::{ClientOrderId, Event, ExecutionReport, OrderRequest, OrderState, ReportState};
use crate::trading::lane::Lane;
use crate::trading::{Desk, OrderAnswer, Provider};

/// Reports that are kept for one instance until it runs. Beyond it the oldest go: they are on record.
const HELD: usize = 1024;

/// What a question to a venue brought. The same figures are counted in `sandpit_recovery_total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Orders that were open on record.
    pub orders: u64,
    /// Of these, the ones that the venue never heard of: they have ended as `UNKNOWN`.
    pub unknown: u64,
    /// Of these, the ones that the venue could not be asked about: they stay open.
    pub unanswered: u64,
    /// Reports that were missing and are booked now.
    pub reports: u64,
    /// Of these, the ones with a fill.
    pub fills: u64,
}

impl Desk {
    /// Asks a venue about every order that is open here, and books what was missed in the way of any report: journal, position,
    /// the owner's mailbox. What the venue never heard of ends as [`OrderState::Unknown`]; its owner is told with a report
    /// `EXPIRED` whose reason begins with `unknown:`. After [`Desk::restore`] and [`Desk::attach`] and before the provider starts; may be
    /// repeated, and cut off anywhere: what is on record is not booked again.
    ///
    /// Reports for an instance that does not run yet are kept until it does.
    pub async fn recover(&self, provider: &Arc<dyn Provider>) -> Recovery {
        let lane = self.lane(provider.name());
        let asked = asked(&lane);
        if asked.is_empty() {
            return Recovery::default();
        }
        let answers = provider.query(&asked).await;
        self.hold_for(&asked);
        let mut found = Recovery { orders: asked.len() as u64, ..Recovery::default() };
        found.unanswered = found.orders.saturating_sub(answers.len() as u64);
        for answer in answers {
            match answer {
                OrderAnswer::Unknown(id) => found.unknown += u64::from(self.end_unknown(&lane, &id)),
                OrderAnswer::Known(reports) => {
                    for report in reports {
                        self.book_missing(&lane, report, &mut found);
                    }
                }
            }
        }
        self.held.drop_empty();
        self.count_recovery(&lane, found);
        found
    }

    fn book_missing(&self, lane: &Arc<Lane>, report: ExecutionReport, found: &mut Recovery) {
        let missing = |id| locked(&lane.book).orders.get(id).is_some_and(|entry| entry.record.lacks(&report));
        if missing(&report.client_order_id) {
            found.reports += 1;
            found.fills += u64::from(report.fill.is_some());
            self.take_report(lane, report, true);
        }
    }

    /// False when it has ended meanwhile.
    fn end_unknown(&self, lane: &Arc<Lane>, id: &ClientOrderId) -> bool {
        let mut book = locked(&lane.book);
        let Some(entry) = book.orders.get(id).filter(|entry| !entry.record.state.is_final()) else { return false };
        let record = &entry.record;
        let now = lane.now().unwrap_or_default();
        let reason = "unknown: the venue does not know this order; the connection ended while it was on its way";
        let report = ExecutionReport {
            client_order_id: id.clone(),
            venue_order_id: record.venue_order_id.clone().unwrap_or_default(),
            state: ReportState::Expired,
            filled_quantity: record.filled_quantity,
            leaves_quantity: Default::default(),
            average_price: record.average_price(),
            fill: None,
            time: now.max(record.request.requested_at),
            reason: Some(reason.into()),
        };
        tracing::warn!(provider = %lane.name, order = %id, state = record.state.as_str(), "the venue does not know the order");
        let request = self.book_report(lane, &mut book, &report, OrderState::Unknown, None);
        self.close(lane, &mut book, &request, OrderState::Unknown);
        self.post_report(lane, &mut book, request, report, now);
        true
    }

    /// From here on reports of these orders' owners are kept, where the owner does not run.
    fn hold_for(&self, orders: &[OrderRequest]) {
        let owners: BTreeSet<&InstanceId> = orders.iter().map(|order| &order.instance).collect();
        let runs = |owner: &InstanceId| self.trader(owner).is_ok_and(|trader| trader.is_active());
        owners.into_iter().filter(|owner| !runs(owner)).for_each(|owner| self.held.hold(owner));
    }

    fn count_recovery(&self, lane: &Lane, found: Recovery) {
        let Recovery { orders, unknown, unanswered, reports, fills } = found;
        tracing::info!(provider = %lane.name, orders, unknown, unanswered, reports, fills, "the venue was asked about open orders");
        let counts =
            [("orders", orders), ("unknown", unknown), ("unanswered", unanswered), ("reports", reports), ("fills", fills)];
        for (label, count) in counts {
            self.metrics.recovery.with_label_values(&[lane.name.as_str(), label]).inc_by(count);
        }
    }

    /// Puts an own report or risk event into the instance's mailbox.
    pub(super) fn post(&self, instance: &InstanceId, event: Event) {
        self.held.post(instance, event, &self.bus);
    }
}

/// What the venue may know: open, and handed over to it. Oldest first.
fn asked(lane: &Lane) -> Vec<OrderRequest> {
    let book = locked(&lane.book);
    let mut asked: Vec<_> = book.orders.open_at_venue().map(|record| record.request.clone()).collect();
    drop(book);
    asked.sort_by(|a, b| (a.requested_at, &a.client_order_id).cmp(&(b.requested_at, &b.client_order_id)));
    asked
}

/// Own events of instances that do not run yet. An instance that is named here gets nothing else before them.
#[derive(Default)]
pub(super) struct Held(Mutex<HashMap<InstanceId, VecDeque<Arc<Event>>>>);

impl Held {
    fn hold(&self, instance: &InstanceId) {
        locked(&self.0).entry(instance.clone()).or_default();
    }

    fn post(&self, instance: &InstanceId, mut event: Event, bus: &Bus) {
        let mut held = locked(&self.0);
        let Some(events) = held.get_mut(instance) else {
            drop(held);
            bus.post(instance, Arc::new(event));
            return;
        };
        // The clock of a tape begins anew with the process: what happened before must not move the owner's time ahead of it.
        event.emit_time = event.emit_time.min(event.ingest_time);
        if events.len() == HELD {
            events.pop_front();
            tracing::warn!(%instance, "more than {HELD} reports wait for an instance that does not run: the oldest is not delivered");
        }
        events.push_back(Arc::new(event));
    }

    /// Posts what was kept, in its order, once there is a mailbox; what comes meanwhile waits behind it.
    pub(super) fn release(&self, instance: &InstanceId, bus: &Bus) {
        let mut held = locked(&self.0);
        let Some(events) = held.get_mut(instance) else { return };
        while let Some(event) = events.front() {
            if !bus.post(instance, Arc::clone(event)) {
                return;
            }
            events.pop_front();
        }
        held.remove(instance);
    }

    pub(super) fn forget(&self, instance: &InstanceId) {
        locked(&self.0).remove(instance);
    }

    fn drop_empty(&self) {
        locked(&self.0).retain(|_, events| !events.is_empty());
    }
}
