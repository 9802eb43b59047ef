//! A venue where only steps speak: an order stays pending until a step says what becomes of it. Its market is that of the
//! paper venue behind it, which never sees an order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rust_decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};

use super::step::{FillStep, Which};
use crate::backtest::table::Table;
use crate::backtest::table_venue::TableVenue;
use crate::base::{Clock, ProviderName, Timestamp};
use crate::market::{
    ClientOrderId, ExecutionReport, Fill, Instrument, Liquidity, OrderRequest, OrderState, OrderType, ReportState,
};
use crate::providers::paper::Output;
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// Run lifetime.
pub(super) struct HandVenue {
    market: Arc<TableVenue>,
    inner: Mutex<Inner>,
}

struct Inner {
    orders: Vec<HandOrder>,
    placed: Vec<OrderRequest>,
    executions: u64,
    status: ProviderStatus,
}

/// An order and what steps made of it.
struct HandOrder {
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

impl HandVenue {
    pub(super) fn new(market: Arc<TableVenue>) -> Self {
        let status = ProviderStatus::Running;
        Self { market, inner: Mutex::new(Inner { orders: Vec::new(), placed: Vec::new(), executions: 0, status }) }
    }

    /// How many orders were sent here.
    pub(super) fn sent(&self) -> usize {
        self.inner().orders.len()
    }

    /// Whether this order was sent here.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.inner().orders.iter().any(|order| order.request.client_order_id.as_str() == id)
    }

    /// From now on.
    pub(super) fn set_status(&self, status: ProviderStatus) {
        self.inner().status = status;
    }

    /// Says what becomes of an order: one report, or two when a fill acknowledges it first. `last_price` is that of the market.
    pub(super) fn judge(
        &self,
        which: &Which,
        verdict: &Verdict<'_>,
        now: Timestamp,
        last_price: Option<Decimal>,
    ) -> Result<Vec<ExecutionReport>, String> {
        let mut inner = self.inner();
        let place = inner.find(which)?;
        let mut reports = Vec::new();
        if matches!(verdict, Verdict::Filled(_)) && inner.orders[place].state == OrderState::Pending {
            reports.push(inner.tell(place, ReportState::Ack, now, None)?);
        }
        reports.push(match verdict {
            Verdict::Acknowledged => inner.tell(place, ReportState::Ack, now, None)?,
            Verdict::Rejected(reason) => inner.tell(place, ReportState::Rejected, now, Some(reason))?,
            Verdict::Cancelled(reason) => inner.tell(place, ReportState::Cancelled, now, *reason)?,
            Verdict::Expired(reason) => inner.tell(place, ReportState::Expired, now, *reason)?,
            Verdict::Filled(step) => inner.fill(place, step, now, last_price)?,
        });
        Ok(reports)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn find(&self, which: &Which) -> Result<usize, String> {
        let known = || match self.orders.len() {
            0 => "no order was sent to this provider so far".to_owned(),
            1 => "one order was sent so far: 0".to_owned(),
            count => format!("{count} orders were sent so far: 0 to {}", count - 1),
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

    fn tell(
        &mut self,
        place: usize,
        state: ReportState,
        now: Timestamp,
        reason: Option<&str>,
    ) -> Result<ExecutionReport, String> {
        let number = place + 1;
        let order = &mut self.orders[place];
        let after = order.state.after(state);
        order.state =
            after.map_err(|_| format!("the order is {} already, and cannot become {}", order.state.as_str(), state.as_str()))?;
        let quantity = order.request.quantity;
        let open = matches!(state, ReportState::Ack | ReportState::Partial);
        let average = order.cost.checked_div(order.filled).unwrap_or_default();
        let known = state != ReportState::Rejected;
        Ok(ExecutionReport {
            client_order_id: order.request.client_order_id.clone(),
            venue_order_id: if known { format_smolstr!("{}-{number:06}", order.request.symbol) } else { SmolStr::default() },
            state,
            filled_quantity: order.filled,
            leaves_quantity: if open { quantity - order.filled } else { Decimal::ZERO },
            average_price: average.normalize(),
            fill: None,
            time: now,
            reason: reason.map(SmolStr::from),
        })
    }

    fn fill(&mut self, place: usize, step: &FillStep, now: Timestamp, last: Option<Decimal>) -> Result<ExecutionReport, String> {
        let order = &mut self.orders[place];
        let left = order.request.quantity - order.filled;
        let quantity = step.quantity.map_or(left, |figure| figure.0);
        if quantity <= Decimal::ZERO || quantity > left {
            return Err(format!("a fill of {quantity} is not possible: {left} is left of the order"));
        }
        let price = step.price.map(|figure| figure.0).or(order.request.price).or(last);
        let price = price.filter(|price| *price > Decimal::ZERO);
        let price = price.ok_or("nobody has traded yet: say the price of the fill")?;
        let before = (order.filled, order.cost);
        (order.filled, order.cost) = (order.filled + quantity, order.cost + price * quantity);
        let state = if order.filled == order.request.quantity { ReportState::Filled } else { ReportState::Partial };
        let liquidity = if order.request.order_type == OrderType::Market { Liquidity::Taker } else { Liquidity::Maker };
        let (symbol, quote) = (order.request.symbol.clone(), order.request.symbol.quote_currency().into());
        let mut report = match self.tell(place, state, now, None) {
            Ok(report) => report,
            Err(error) => {
                let order = &mut self.orders[place];
                (order.filled, order.cost) = before;
                return Err(error);
            }
        };
        self.executions += 1;
        report.fill = Some(Fill {
            execution_id: format_smolstr!("{symbol}-hand-{:06}", self.executions),
            price,
            quantity,
            fee: step.fee.map_or(Decimal::ZERO, |figure| figure.0),
            fee_asset: step.fee_asset.clone().unwrap_or(quote),
            liquidity,
        });
        Ok(report)
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
        let mut inner = self.inner();
        inner.placed.push((*order).clone());
        let (filled, cost) = (Decimal::ZERO, Decimal::ZERO);
        inner.orders.push(HandOrder { request: (*order).clone(), state: OrderState::Pending, filled, cost });
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
