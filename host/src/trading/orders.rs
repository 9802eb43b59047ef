//! Orders with their life so far.

use std::collections::HashSet;

use rust_decimal::Decimal;
use smol_str::SmolStr;

use crate::base::Timestamp;
use crate::market::{OrderRequest, OrderState, VenueOrderId};

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
        if self.state.is_final() { Decimal::ZERO } else { (self.request.quantity - self.filled_quantity).max(Decimal::ZERO) }
    }
}
