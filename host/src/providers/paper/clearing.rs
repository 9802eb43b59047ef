//! What a match does to an order and to the account: money, fees, and the report of it.

use rust_decimal::{Decimal, RoundingStrategy};
use smol_str::{SmolStr, format_smolstr};

use super::account::{Account, Purse};
use super::order::LiveOrder;
use crate::base::Timestamp;
use crate::market::{ExecutionReport, Fill, Grid, Liquidity, OrderRequest, OrderType, ReportState, Side, Symbol};

/// Decimals of a fee, as at the venue.
const FEE_SCALE: u32 = 8;
/// Decimals of an average price.
const AVERAGE_SCALE: u32 = 12;

/// Where the money of an instrument is.
#[derive(Clone, Debug)]
pub(super) struct Settlement {
    pub(super) symbol: Symbol,
    pub(super) grid: Grid,
    pub(super) base: Purse,
    pub(super) quote: Purse,
}

/// One match of an own order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Match {
    /// Ticks.
    pub(super) price: i64,
    /// Lots, at most what the order leaves.
    pub(super) lots: i64,
    pub(super) liquidity: Liquidity,
    /// By the venue's clock.
    pub(super) time: Timestamp,
}

/// The account and what every match needs beside it.
#[derive(Clone, Debug)]
pub(super) struct Clearing {
    pub(super) account: Account,
    /// Parts of the received amount.
    pub(super) maker_fee: Decimal,
    pub(super) taker_fee: Decimal,
    /// Makes execution ids unique between sessions.
    pub(super) session: SmolStr,
    pub(super) executions: u64,
}

impl Clearing {
    /// Sets aside (or, with -1, gives back) what `lots` of an order can cost: at its limit price for a buy. A market order
    /// is over as soon as it arrived and holds nothing.
    pub(super) fn hold(&mut self, order: &LiveOrder, lots: i64, at: &Settlement) {
        if order.request.order_type == OrderType::Market {
            return;
        }
        let quantity = at.grid.lot.value(lots);
        match order.request.side {
            Side::Buy => self.account.hold(at.quote, at.grid.tick.value(order.price) * quantity),
            Side::Sell => self.account.hold(at.base, quantity),
        }
    }

    /// Fills a part of an order. The fee is taken from what is received: base currency for a buy, quote currency for a
    /// sell, rounded half to even at 8 decimals.
    pub(super) fn fill(&mut self, order: &mut LiveOrder, hit: Match, at: &Settlement) -> ExecutionReport {
        let (price, quantity) = (at.grid.tick.value(hit.price), at.grid.lot.value(hit.lots));
        let notional = price * quantity;
        let rate = match hit.liquidity {
            Liquidity::Maker => self.maker_fee,
            Liquidity::Taker => self.taker_fee,
        };
        self.hold(order, -hit.lots, at);
        let (paid, received) = match order.request.side {
            Side::Buy => ((at.quote, notional), (at.base, quantity)),
            Side::Sell => ((at.base, quantity), (at.quote, notional)),
        };
        let fee = (received.1 * rate).round_dp_with_strategy(FEE_SCALE, RoundingStrategy::MidpointNearestEven).normalize();
        self.account.pay(paid.0, -paid.1);
        self.account.pay(received.0, received.1 - fee);
        order.leaves -= hit.lots;
        order.cost += notional;
        self.executions += 1;
        let fee_asset = match order.request.side {
            Side::Buy => at.symbol.base_currency(),
            Side::Sell => at.symbol.quote_currency(),
        };
        let state = if order.leaves == 0 { ReportState::Filled } else { ReportState::Partial };
        let mut report = report(order, state, hit.time, at);
        report.fill = Some(Fill {
            execution_id: format_smolstr!("{}-{}-{:06}", at.symbol, self.session, self.executions),
            price,
            quantity,
            fee,
            fee_asset: fee_asset.into(),
            liquidity: hit.liquidity,
        });
        report
    }
}

/// A report about an accepted order. Once it is final nothing of it is left in the book.
pub(super) fn report(order: &LiveOrder, state: ReportState, time: Timestamp, at: &Settlement) -> ExecutionReport {
    let filled = at.grid.lot.value(order.quantity - order.leaves);
    let average = order.cost.checked_div(filled).unwrap_or_default();
    let open = matches!(state, ReportState::Ack | ReportState::Partial);
    ExecutionReport {
        client_order_id: order.request.client_order_id.clone(),
        venue_order_id: order.venue_order_id.clone(),
        state,
        filled_quantity: filled,
        leaves_quantity: if open { at.grid.lot.value(order.leaves) } else { Decimal::ZERO },
        average_price: average.round_dp_with_strategy(AVERAGE_SCALE, RoundingStrategy::MidpointNearestEven).normalize(),
        fill: None,
        time,
        reason: None,
    }
}

/// A report about an order that never was in the book.
pub(super) fn refusal(order: &OrderRequest, state: ReportState, time: Timestamp, reason: SmolStr) -> ExecutionReport {
    ExecutionReport {
        client_order_id: order.client_order_id.clone(),
        venue_order_id: SmolStr::default(),
        state,
        filled_quantity: Decimal::ZERO,
        leaves_quantity: Decimal::ZERO,
        average_price: Decimal::ZERO,
        fill: None,
        time,
        reason: Some(reason),
    }
}
