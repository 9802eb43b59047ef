//! Steps in which a manual venue answers orders, or cannot be reached.

use std::sync::Arc;

use super::{Run, Stumble};
use crate::backtest::scenario::step::{LinkStep, OrderStep, Step, Where};
use crate::backtest::scenario::verdict::Verdict;
use crate::market::Symbol;
use crate::providers::paper::Output;
use crate::trading::ProviderStatus;

impl Run {
    /// What a step says of an order.
    pub(super) fn answer(&mut self, step: &Step) -> Result<(), Stumble> {
        let named = |step: &OrderStep| step.order.clone();
        let (which, verdict) = if let Some(fill) = &step.fill {
            (fill.order.clone(), Verdict::Filled(fill))
        } else if let Some(order) = &step.acknowledge {
            (named(order), Verdict::Acknowledged)
        } else if let Some(order) = &step.reject {
            (named(order), Verdict::Rejected(order.reason.as_deref().unwrap_or("rejected by the scenario")))
        } else if let Some(order) = &step.cancelled {
            (named(order), Verdict::Cancelled(order.reason.as_deref()))
        } else if let Some(order) = &step.expire {
            (named(order), Verdict::Expired(order.reason.as_deref()))
        } else {
            return Ok(()); // `advance`: the time has passed
        };
        if self.hands.is_empty() {
            let message = "the paper venue answers orders by itself: leave the step out, or say \"venue\": \"manual\"";
            return Err(message.to_owned().into());
        }
        let (now, last) = (self.stage.now(), &self.last_prices);
        let last = |seat: usize, symbol: &Symbol| last.get(&(seat, symbol.clone())).copied();
        let (seat, reports) = self.orders.judge(&which, &verdict, now, last)?;
        self.tell(seat, |_, told| told.extend(reports.into_iter().map(Output::report)))
    }

    pub(super) fn disconnect(&mut self, step: &LinkStep) -> Result<(), Stumble> {
        let (seat, _) = self.find(&Where { provider: step.provider.clone(), symbol: None })?;
        let Some(hand) = self.hands.get(seat) else {
            let message = "only a manual venue loses its connection by a step; a paper venue by `chaos`, such as \"seed=7,outageEvery=60s,outageFor=5s\"";
            return Err(message.to_owned().into());
        };
        if self.held[seat].is_some() {
            return Err("the connection is lost already".to_owned().into());
        }
        self.held[seat] = Some(Vec::new());
        hand.set_status(ProviderStatus::Reconnecting);
        Ok(self.stage.lose(seat, "the scenario cut it")?)
    }

    pub(super) fn reconnect(&mut self, step: &LinkStep) -> Result<(), Stumble> {
        let (seat, _) = self.find(&Where { provider: step.provider.clone(), symbol: None })?;
        let Some(held) = self.held[seat].take() else {
            return Err("the connection is not lost".to_owned().into());
        };
        if let Some(hand) = self.hands.get(seat) {
            hand.set_status(ProviderStatus::Running);
        }
        let market = Arc::clone(&self.markets[seat]);
        Ok(self.stage.restore(seat, held, |told| market.reintroduce(told))?)
    }
}
