//! What a scenario does on the stage between two steps: looks around, speaks to the instance alone, crashes.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Seat, Stage};
use crate::backtest::ledger::PlayedOrder;
use crate::backtest::report::{HandlerFuel, PlayedCall, PlayedFault, PlayedLine};
use crate::backtest::request::PlayError;
use crate::base::{Clock as _, InstanceId, ProviderName, Timestamp};
use crate::market::{Event, Symbol};
use crate::sandbox::SavedState as _;
use crate::trading::Position;

/// What can be seen of a run while it goes on.
pub(in crate::backtest) struct Picture {
    pub(in crate::backtest) orders: Vec<PlayedOrder>,
    pub(in crate::backtest) fills: usize,
    pub(in crate::backtest) log: Vec<PlayedLine>,
    pub(in crate::backtest) fuel: BTreeMap<String, HandlerFuel>,
    pub(in crate::backtest) peak_memory_bytes: u64,
    pub(in crate::backtest) exception_count: u64,
    pub(in crate::backtest) faults: Vec<PlayedFault>,
    /// By symbol, of several providers by `provider:SYMBOL`; flat ones are left out.
    pub(in crate::backtest) positions: BTreeMap<String, Decimal>,
    /// Everything that positions can be held in, under the same names.
    pub(in crate::backtest) traded: Vec<String>,
    /// What the guest saved last.
    pub(in crate::backtest) saved: Value,
}

impl Stage {
    /// The same, keeping the first calls.
    pub(in crate::backtest) fn keeping_calls(mut self) -> Self {
        self.calls = Some(Vec::new());
        self
    }

    /// The time.
    pub(in crate::backtest) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who trades.
    pub(in crate::backtest) fn instance(&self) -> &InstanceId {
        &self.request.instance
    }

    /// Puts something into the mailbox of the instance alone.
    pub(in crate::backtest) fn post(&mut self, event: Event) -> Result<(), PlayError> {
        self.bus.post(&self.request.instance, Arc::new(event));
        self.drain()
    }

    /// The host dies and starts again: the guest is gone without a word, a fresh one starts with what was saved.
    pub(in crate::backtest) fn crash(&mut self) -> Result<(), PlayError> {
        self.guest = None;
        self.desk.set_active(&self.request.instance, false);
        self.start_guest(false)?;
        self.drain()
    }

    /// From now on every event goes by the bus.
    #[cfg(test)]
    pub(in crate::backtest) fn take_no_short_cuts(&mut self) {
        self.short_cuts = false;
    }

    /// What can be seen now.
    pub(in crate::backtest) fn picture(&self) -> Picture {
        let several = self.seats.len() > 1;
        let name = |provider: &ProviderName, symbol: &Symbol| {
            if several { format!("{provider}:{symbol}") } else { symbol.to_string() }
        };
        let position = |(provider, symbol, position): (ProviderName, Symbol, Position)| {
            (!position.quantity.is_zero()).then(|| (name(&provider, &symbol), position.quantity.normalize()))
        };
        let traded = |seat: &Seat| {
            let instruments = seat.table.instruments();
            instruments.iter().map(|listed| name(seat.table.name(), &listed.symbol)).collect::<Vec<_>>()
        };
        Picture {
            orders: self.ledger.orders().cloned().collect(),
            fills: self.ledger.fill_count(),
            log: self.lines.kept(),
            fuel: self.tally.fuel(),
            peak_memory_bytes: self.tally.peak_memory_bytes,
            exception_count: self.tally.exception_count,
            faults: self.tally.faults.clone(),
            positions: self.desk.positions(&self.request.instance).into_iter().filter_map(position).collect(),
            traded: self.seats.iter().flat_map(traded).collect(),
            saved: self.saved.load().and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        }
    }

    /// The calls that were kept.
    pub(in crate::backtest) fn take_calls(&mut self) -> Vec<PlayedCall> {
        self.calls.take().unwrap_or_default()
    }
}
