//! Orders of a manual venue and what steps make of them. They are numbered in the order in which they reached any venue of the
//! scenario.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rust_decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};

use super::step::{FillStep, Which};
use crate::base::Timestamp;
use crate::market::{ExecutionReport, Fill, Liquidity, OrderRequest, OrderState, OrderType, ReportState, Symbol};

/// Those of all venues of one scenario.
#[derive(Default)]
pub(super) struct HandOrders(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    orders: Vec<HandOrder>,
    executions: u64,
}

/// An order and what steps made of it.
#[derive(Clone)]
struct HandOrder {
    /// The venue that it was sent to.
    seat: usize,
    request: OrderRequest,
    state: OrderState,
    filled: Decimal,
    cost: Decimal,
}

/// What a step makes of an order.
pub(super) enum Verdict<'a> {
    Acknowledged,
    Filled(&'a FillStep),
    Rejected(&'a str),
    Cancelled(Option<&'a str>),
    Expired(Option<&'a str>),
}

impl HandOrders {
    /// An order reaches this venue.
    pub(super) fn add(&self, seat: usize, request: OrderRequest) {
        let (filled, cost) = (Decimal::ZERO, Decimal::ZERO);
        self.inner().orders.push(HandOrder { seat, request, state: OrderState::Pending, filled, cost });
    }

    /// Says what becomes of an order: its venue, and one report, or two when a fill acknowledges it first. Nothing has changed
    /// when it cannot be. `last_price` is that of the market.
    pub(super) fn judge(
        &self,
        which: &Which,
        verdict: &Verdict<'_>,
        now: Timestamp,
        last_price: impl Fn(usize, &Symbol) -> Option<Decimal>,
    ) -> Result<(usize, Vec<ExecutionReport>), String> {
        let mut inner = self.inner();
        let place = inner.find(which)?;
        let mut order = inner.orders[place].clone();
        let mut reports = Vec::new();
        if matches!(verdict, Verdict::Filled(_)) && order.state == OrderState::Pending {
            reports.push(order.tell(place, ReportState::Ack, now, None)?);
        }
        reports.push(match verdict {
            Verdict::Acknowledged => order.tell(place, ReportState::Ack, now, None)?,
            Verdict::Rejected(reason) => order.tell(place, ReportState::Rejected, now, Some(reason))?,
            Verdict::Cancelled(reason) => order.tell(place, ReportState::Cancelled, now, *reason)?,
            Verdict::Expired(reason) => order.tell(place, ReportState::Expired, now, *reason)?,
            Verdict::Filled(step) => {
                let (fill, state) = order.fill(step, inner.executions + 1, &last_price)?;
                let report = order.tell(place, state, now, None)?;
                inner.executions += 1;
                ExecutionReport { fill: Some(fill), ..report }
            }
        });
        let seat = order.seat;
        inner.orders[place] = order;
        Ok((seat, reports))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn find(&self, which: &Which) -> Result<usize, String> {
        let known = || match self.orders.len() {
            0 => "no order has reached a venue so far".to_owned(),
            1 => "one order has reached a venue so far: 0".to_owned(),
            count => format!("{count} orders have reached a venue so far: 0 to {}", count - 1),
        };
        match which {
            Which::Last => self.orders.len().checked_sub(1).ok_or_else(known),
            Which::Number(number) => Some(*number).filter(|number| *number < self.orders.len()).ok_or_else(known),
            Which::Id(id) => {
                let found = self.orders.iter().position(|order| order.request.client_order_id.as_str() == id);
                found.ok_or_else(|| format!("`{}` is the id of no order; {}", id.escape_debug(), known()))
            }
        }
    }
}

impl HandOrder {
    fn tell(
        &mut self,
        place: usize,
        state: ReportState,
        now: Timestamp,
        reason: Option<&str>,
    ) -> Result<ExecutionReport, String> {
        let after = self.state.after(state);
        self.state =
            after.map_err(|_| format!("the order is {} already, and cannot become {}", self.state.as_str(), state.as_str()))?;
        let request = &self.request;
        let open = matches!(state, ReportState::Ack | ReportState::Partial);
        let average = self.cost.checked_div(self.filled).unwrap_or_default();
        let known = state != ReportState::Rejected;
        Ok(ExecutionReport {
            client_order_id: request.client_order_id.clone(),
            venue_order_id: if known { format_smolstr!("{}-{:06}", request.symbol, place + 1) } else { SmolStr::default() },
            state,
            filled_quantity: self.filled,
            leaves_quantity: if open { request.quantity - self.filled } else { Decimal::ZERO },
            average_price: average.normalize(),
            fill: None,
            time: now,
            reason: reason.map(SmolStr::from),
        })
    }

    /// Takes in a fill; gives it and what the order becomes.
    fn fill(
        &mut self,
        step: &FillStep,
        number: u64,
        last: impl Fn(usize, &Symbol) -> Option<Decimal>,
    ) -> Result<(Fill, ReportState), String> {
        let request = &self.request;
        let left = request.quantity - self.filled;
        if left.is_zero() {
            return Err("the order is filled already".to_owned());
        }
        let quantity = step.quantity.map_or(left, |figure| figure.0);
        if quantity <= Decimal::ZERO || quantity > left {
            return Err(format!("a fill of {quantity} is not possible: {left} is left of the order"));
        }
        let price = step.price.map(|figure| figure.0).or(request.price).or_else(|| last(self.seat, &request.symbol));
        let price = price.ok_or_else(|| format!("{} has not traded yet: say the `price` of the fill", request.symbol))?;
        if price <= Decimal::ZERO {
            return Err(format!("a fill at {price} is not possible: a price is above 0"));
        }
        let fill = Fill {
            execution_id: format_smolstr!("{}-hand-{number:06}", request.symbol),
            price,
            quantity,
            fee: step.fee.map_or(Decimal::ZERO, |figure| figure.0),
            fee_asset: step.fee_asset.clone().unwrap_or_else(|| request.symbol.quote_currency().into()),
            liquidity: if request.order_type == OrderType::Market { Liquidity::Taker } else { Liquidity::Maker },
        };
        let state = if quantity == left { ReportState::Filled } else { ReportState::Partial };
        (self.filled, self.cost) = (self.filled + quantity, self.cost + price * quantity);
        Ok((fill, state))
    }
}
