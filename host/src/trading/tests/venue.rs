//! A small real venue for tests: it keeps its orders, answers when it is told to, and works out the figures of its reports.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rust_decimal::Decimal;

use crate::base::{Clock, ManualClock, ProviderName, Timestamp};
use crate::bus::locked;
use crate::market::{
    ClientOrderId, ExecutionReport, Fill, Instrument, InstrumentKind, Liquidity, OrderRequest, ReportState, Symbol,
};
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// What the venue was asked, in the order in which it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Submit(String),
    Cancel(String),
}

pub(crate) struct Venue {
    name: ProviderName,
    pub(crate) clock: Arc<ManualClock>,
    paper: bool,
    instruments: Arc<[Instrument]>,
    outlet: Mutex<Option<Outlet>>,
    state: Mutex<State>,
}

struct State {
    status: ProviderStatus,
    asked: Vec<Asked>,
    orders: HashMap<ClientOrderId, Standing>,
    executions: u64,
}

struct Standing {
    request: OrderRequest,
    filled: Decimal,
    value: Decimal,
    said: Vec<ExecutionReport>,
}

impl Venue {
    pub(crate) fn new(name: &str, paper: bool) -> Arc<Self> {
        let instrument = |symbol: &str| Instrument {
            symbol: Symbol::new(symbol).unwrap(),
            kind: InstrumentKind::Spot,
            venue: "test".to_owned(),
            price_increment: Decimal::new(1, 2),
            quantity_increment: Decimal::new(1, 3),
            min_notional: Decimal::ONE,
            min_quantity: Decimal::new(1, 3),
            max_quantity: Decimal::from(1000),
        };
        Arc::new(Self {
            name: ProviderName::new(name).unwrap(),
            clock: Arc::new(ManualClock::new(Timestamp::from_millis(1_000_000))),
            paper,
            instruments: [instrument("BTC-USDT"), instrument("ETH-USDT")].into(),
            outlet: Mutex::default(),
            state: Mutex::new(State {
                status: ProviderStatus::Pending,
                asked: Vec::new(),
                orders: HashMap::new(),
                executions: 0,
            }),
        })
    }

    pub(crate) fn outlet(&self) -> Outlet {
        locked(&self.outlet).clone().unwrap()
    }

    /// The venue is another machine: it lives on when the host dies, and speaks to the next one.
    pub(crate) fn start_again(&self, outlet: Outlet) {
        *locked(&self.outlet) = Some(outlet);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        locked(&self.state).asked.clone()
    }

    pub(crate) fn set_status(&self, status: ProviderStatus) {
        locked(&self.state).status = status;
    }

    /// Says what became of an order; a `fill` is (quantity, price). Reports while it holds its own lock, as real venues may.
    pub(crate) fn say(&self, id: &ClientOrderId, state: ReportState, fill: Option<(&str, &str)>) {
        let mut venue = locked(&self.state);
        venue.executions += u64::from(fill.is_some());
        let execution_id = format!("x{}", venue.executions).into();
        let order = venue.orders.get_mut(id).unwrap();
        let fill = fill.map(|(quantity, price)| Fill {
            execution_id,
            price: price.parse().unwrap(),
            quantity: quantity.parse().unwrap(),
            fee: Decimal::new(1, 2),
            fee_asset: "USDT".into(),
            liquidity: Liquidity::Maker,
        });
        if let Some(fill) = &fill {
            order.filled += fill.quantity;
            order.value += fill.quantity * fill.price;
        }
        let left = order.request.quantity - order.filled;
        let report = ExecutionReport {
            client_order_id: id.clone(),
            venue_order_id: format!("v-{id}").into(),
            state,
            filled_quantity: order.filled,
            leaves_quantity: if matches!(state, ReportState::Ack | ReportState::Partial) { left } else { Decimal::ZERO },
            average_price: order.value.checked_div(order.filled).unwrap_or_default().round_dp(12),
            fill,
            time: self.clock.now(),
            reason: (state == ReportState::Rejected).then(|| "not today".into()),
        };
        order.said.push(report.clone());
        self.outlet().report(report);
    }

    /// What is left of an order.
    pub(crate) fn leaves(&self, id: &ClientOrderId) -> Decimal {
        let venue = locked(&self.state);
        let order = &venue.orders[id];
        order.request.quantity - order.filled
    }
}

#[async_trait]
impl Provider for Venue {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn adapter(&self) -> &'static str {
        "test"
    }

    fn status(&self) -> ProviderStatus {
        locked(&self.state).status
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        Arc::clone(&self.instruments)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::<ManualClock>::clone(&self.clock)
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        let order = order.into_inner();
        let mut venue = locked(&self.state);
        venue.asked.push(Asked::Submit(order.client_order_id.to_string()));
        let id = order.client_order_id.clone();
        let before =
            venue.orders.insert(id, Standing { request: order, filled: Decimal::ZERO, value: Decimal::ZERO, said: Vec::new() });
        assert!(before.is_none(), "the same order twice");
    }

    fn cancel(&self, order: &ClientOrderId, _requested_at: Timestamp) {
        locked(&self.state).asked.push(Asked::Cancel(order.to_string()));
    }

    fn balances(&self) -> Vec<Balance> {
        vec![Balance { currency: "USDT".into(), total: Decimal::from(1000), available: Decimal::from(900) }]
    }

    fn is_paper(&self) -> bool {
        self.paper
    }

    async fn query(&self, orders: &[OrderRequest]) -> Vec<OrderAnswer> {
        let venue = locked(&self.state);
        if venue.status == ProviderStatus::Failed {
            return Vec::new();
        }
        let said = |id: &ClientOrderId| venue.orders.get(id).map(|order| OrderAnswer::Known(order.said.clone()));
        let ids = orders.iter().map(|order| &order.client_order_id);
        ids.map(|id| said(id).unwrap_or_else(|| OrderAnswer::Unknown(id.clone()))).collect()
    }

    async fn start(self: Arc<Self>, outlet: Outlet) -> Result<(), ProviderError> {
        self.set_status(ProviderStatus::Running);
        self.start_again(outlet);
        Ok(())
    }

    async fn stop(&self) {
        self.set_status(ProviderStatus::Stopped);
    }
}
