//! Orders with their life so far, and the book-keeping of one provider: which are open, which ended lately.

use std::collections::{HashMap, HashSet, VecDeque};

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::base::Timestamp;
use crate::market::{
    ClientOrderId, ExecutionReport, Fill, IllegalTransition, OrderRequest, OrderState, ReportState, VenueOrderId,
};
use crate::trading::positions::average;

/// Final orders that are remembered per provider, so that what a venue says too late is still understood.
const REMEMBERED: usize = 4096;

/// Ids chosen by authors that are remembered per provider. The database refuses older ones.
const CHOSEN: usize = 65_536;

/// An order and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRecord {
    /// What was asked for.
    pub request: OrderRequest,
    /// Where it stands.
    pub state: OrderState,
    /// The venue's name of it, once it has one.
    pub venue_order_id: Option<VenueOrderId>,
    /// Base currency: the sum of its fills.
    pub filled_quantity: Decimal,
    /// Quote currency: the sum of price times quantity of its fills.
    pub filled_value: Decimal,
    /// Why it was refused or ended, when somebody said so.
    pub reason: Option<SmolStr>,
    /// When the venue acknowledged it.
    pub acknowledged_at: Option<Timestamp>,
    /// When it became final.
    pub completed_at: Option<Timestamp>,
    /// The fills that were counted: a fill that comes twice counts once.
    pub executions: HashSet<SmolStr>,
}

/// What a report means for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The next station of its life, with the fill that is new.
    Regular(OrderState, Option<Fill>),
    /// A fill of an order that was final already: the venue matched it before it took it out. The position has changed all the
    /// same; where the order stands has not.
    LateFill(Fill),
    /// A fill that was counted before.
    Repeated,
    /// Cannot follow from where the order stands.
    Illegal(IllegalTransition),
}

impl OrderRecord {
    /// Approved, not answered yet.
    pub fn new(request: OrderRequest) -> Self {
        Self {
            request,
            state: OrderState::Pending,
            venue_order_id: None,
            filled_quantity: Decimal::ZERO,
            filled_value: Decimal::ZERO,
            reason: None,
            acknowledged_at: None,
            completed_at: None,
            executions: HashSet::new(),
        }
    }

    /// What may still be filled, base currency; 0 when the order is final.
    pub fn leaves(&self) -> Decimal {
        if self.state.is_final() {
            Decimal::ZERO
        } else {
            self.request.quantity.saturating_sub(self.filled_quantity).max(Decimal::ZERO)
        }
    }

    /// Of its fills, quote currency, rounded to 12 decimals; 0 without fills.
    pub fn average_price(&self) -> Decimal {
        average(self.filled_value, self.filled_quantity)
    }

    /// What `report` means. Nothing is changed.
    pub(super) fn step(&self, report: &ExecutionReport) -> Step {
        let fill = report.fill.as_ref().filter(|fill| !self.executions.contains(&fill.execution_id));
        if report.fill.is_some() && fill.is_none() {
            return Step::Repeated;
        }
        match (self.state.after(report.state), fill) {
            (Ok(next), fill) => Step::Regular(next, fill.cloned()),
            (Err(_), Some(fill)) if self.state.is_final() && self.state != OrderState::Denied => Step::LateFill(fill.clone()),
            (Err(illegal), _) => Step::Illegal(illegal),
        }
    }

    /// Whether what `report` says is missing here. Where it is not, the report was taken before.
    pub(super) fn lacks(&self, report: &ExecutionReport) -> bool {
        match (&report.fill, report.state) {
            (Some(fill), _) => !self.executions.contains(&fill.execution_id),
            (None, ReportState::Ack) => self.state == OrderState::Pending,
            (None, _) => !self.state.is_final(),
        }
    }

    /// Takes in a report with the state and the fill that [`OrderRecord::step`] found in it.
    pub(super) fn advance(&mut self, report: &ExecutionReport, next: OrderState, fill: Option<&Fill>) {
        self.state = next;
        if let Some(fill) = fill {
            // Without trailing zeros, or two halves would be written otherwise than one whole.
            self.filled_quantity = self.filled_quantity.saturating_add(fill.quantity).normalize();
            self.filled_value = self.filled_value.saturating_add(fill.price.saturating_mul(fill.quantity));
            self.executions.insert(fill.execution_id.clone());
        }
        if !report.venue_order_id.is_empty() {
            self.venue_order_id = Some(report.venue_order_id.clone());
        }
        if report.state == ReportState::Ack {
            self.acknowledged_at = Some(report.time);
        }
        if report.reason.is_some() {
            self.reason.clone_from(&report.reason);
        }
        if next.is_final() && self.completed_at.is_none() {
            self.completed_at = Some(report.time);
        }
    }
}

/// An order with what only the desk wants to know.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) record: OrderRecord,
    /// The provider has it.
    pub(super) handed_over: bool,
    /// When its cancellation was last asked for.
    pub(super) cancel_requested: Option<Timestamp>,
}

/// All orders of one provider that are open or ended lately.
#[derive(Debug, Default)]
pub(super) struct Orders {
    entries: HashMap<ClientOrderId, Entry>,
    ended: VecDeque<ClientOrderId>,
    chosen: HashSet<ClientOrderId>,
    chosen_order: VecDeque<ClientOrderId>,
}

impl Orders {
    /// Whether an order of this name is known.
    pub(super) fn knows(&self, id: &ClientOrderId) -> bool {
        self.entries.contains_key(id) || self.chosen.contains(id)
    }

    /// Remembers an id that an author chose.
    pub(super) fn remember_chosen(&mut self, id: &ClientOrderId) {
        if self.chosen.insert(id.clone()) {
            self.chosen_order.push_back(id.clone());
        }
        if self.chosen_order.len() > CHOSEN
            && let Some(oldest) = self.chosen_order.pop_front()
        {
            self.chosen.remove(&oldest);
        }
    }

    pub(super) fn insert(&mut self, record: OrderRecord, handed_over: bool) {
        let id = record.request.client_order_id.clone();
        self.entries.insert(id, Entry { record, handed_over, cancel_requested: None });
    }

    pub(super) fn get(&self, id: &ClientOrderId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &ClientOrderId) -> Option<&mut Entry> {
        self.entries.get_mut(id)
    }

    /// An order became final: it is forgotten some thousand orders later.
    pub(super) fn ended(&mut self, id: &ClientOrderId) {
        self.ended.push_back(id.clone());
        if self.ended.len() > REMEMBERED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.entries.remove(&oldest);
        }
    }

    /// Those that are not final and were handed over, in no order.
    pub(super) fn open_at_venue(&self) -> impl Iterator<Item = &OrderRecord> {
        let there = self.entries.values().filter(|entry| entry.handed_over);
        there.map(|entry| &entry.record).filter(|record| !record.state.is_final())
    }

    /// Those that are not final, in no order.
    pub(super) fn open(&self) -> impl Iterator<Item = &OrderRecord> {
        self.entries.values().map(|entry| &entry.record).filter(|record| !record.state.is_final())
    }
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
