//! What a play did: its orders with their life, its fills, its fees. Filled from execution reports, in their order; the same
//! reports that the guest gets.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::base::Timestamp;
use crate::market::{
    ClientOrderId, ExecutionReport, Liquidity, OrderRequest, OrderState, OrderType, ReportState, Side, Symbol, TimeInForce,
};

/// One order and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedOrder {
    /// Our name of it.
    pub client_order_id: ClientOrderId,
    /// What was traded.
    pub symbol: Symbol,
    /// Which way.
    pub side: Side,
    /// Market or limit.
    #[serde(rename = "type")]
    pub order_type: OrderType,
    /// How long it was to stay.
    pub time_in_force: TimeInForce,
    /// Base currency.
    pub quantity: Decimal,
    /// Quote currency; absent for market orders.
    pub price: Option<Decimal>,
    /// Where it stands at the end.
    pub state: OrderState,
    /// Base currency.
    pub filled_quantity: Decimal,
    /// Quote currency; 0 without fills.
    pub average_price: Decimal,
    /// Why it was refused or ended.
    pub reason: Option<SmolStr>,
    /// Tape time.
    pub placed_at: String,
}

/// One match.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlayedFill {
    /// Of the order.
    pub client_order_id: ClientOrderId,
    /// Unique in the play.
    pub execution_id: SmolStr,
    /// What was traded.
    pub symbol: Symbol,
    /// Which way.
    pub side: Side,
    /// Quote currency.
    pub price: Decimal,
    /// Base currency.
    pub quantity: Decimal,
    /// Above 0 when paid.
    pub fee: Decimal,
    /// The currency of `fee`.
    pub fee_asset: SmolStr,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Venue time.
    pub traded_at: String,
}

/// Orders and fills of a play, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    orders: IndexMap<ClientOrderId, PlayedOrder>,
    fills: Vec<PlayedFill>,
    fees: BTreeMap<SmolStr, Decimal>,
}

impl Ledger {
    /// An order on its way to the venue.
    pub(super) fn placed(&mut self, request: &OrderRequest) {
        self.orders.entry(request.client_order_id.clone()).or_insert_with(|| PlayedOrder::new(request));
    }

    /// What an order trades, and which way.
    pub(super) fn order(&self, id: &ClientOrderId) -> Option<(&Symbol, Side)> {
        self.orders.get(id).map(|order| (&order.symbol, order.side))
    }

    /// Orders by symbol.
    pub(super) fn orders_by_symbol(&self) -> BTreeMap<Symbol, u64> {
        self.orders.values().fold(BTreeMap::new(), |mut counts, order| {
            *counts.entry(order.symbol.clone()).or_default() += 1;
            counts
        })
    }

    /// What became of one.
    pub(super) fn reported(&mut self, request: &OrderRequest, report: &ExecutionReport) {
        self.placed(request);
        let Some(order) = self.orders.get_mut(&request.client_order_id) else { return };
        let denied = report.state == ReportState::Rejected
            && report.venue_order_id.is_empty()
            && report.reason.as_deref().is_some_and(|reason| reason.starts_with("denied: "));
        match order.state.after(report.state) {
            Ok(_) if denied => order.state = OrderState::Denied,
            Ok(state) => order.state = state,
            Err(_) => return, // the desk has counted and logged it
        }
        order.filled_quantity = report.filled_quantity;
        order.average_price = report.average_price.normalize();
        order.reason.clone_from(&report.reason);
        if let Some(fill) = &report.fill {
            *self.fees.entry(fill.fee_asset.clone()).or_default() += fill.fee;
            self.fills.push(PlayedFill {
                client_order_id: request.client_order_id.clone(),
                execution_id: fill.execution_id.clone(),
                symbol: request.symbol.clone(),
                side: request.side,
                price: fill.price,
                quantity: fill.quantity,
                fee: fill.fee,
                fee_asset: fill.fee_asset.clone(),
                liquidity: fill.liquidity,
                traded_at: report.time.to_rfc3339(),
            });
        }
    }

    /// The orders so far.
    pub(super) fn orders(&self) -> impl Iterator<Item = &PlayedOrder> {
        self.orders.values()
    }

    /// How many fills came so far.
    pub(super) fn fill_count(&self) -> usize {
        self.fills.len()
    }

    /// Hands over what was collected: orders, fills, fees by currency.
    pub(super) fn close(self) -> (Vec<PlayedOrder>, Vec<PlayedFill>, BTreeMap<SmolStr, Decimal>) {
        let fees = self.fees.into_iter().map(|(asset, fee)| (asset, fee.normalize())).collect();
        (self.orders.into_values().collect(), self.fills, fees)
    }
}

impl PlayedOrder {
    fn new(request: &OrderRequest) -> Self {
        let at = |time: Timestamp| time.to_rfc3339();
        Self {
            client_order_id: request.client_order_id.clone(),
            symbol: request.symbol.clone(),
            side: request.side,
            order_type: request.order_type,
            time_in_force: request.time_in_force,
            quantity: request.quantity,
            price: request.price,
            state: OrderState::Pending,
            filled_quantity: Decimal::ZERO,
            average_price: Decimal::ZERO,
            reason: None,
            placed_at: at(request.requested_at),
        }
    }
}
