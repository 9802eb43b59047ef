//! What venues say, and how it comes to the guest: first the books, then the desk and the mailbox, then the handler.

use std::sync::Arc;

use futures_util::FutureExt as _;

use super::{CALLS, Stage};
use crate::backtest::report::PlayedCall;
use crate::backtest::request::PlayError;
use crate::base::{Clock as _, ProviderName};
use crate::market::{Event, EventKind, ExecutionReport, Payload, Symbol};
use crate::providers::paper::Output;
use crate::sandbox::{Delivery, Guest};

impl Stage {
    /// Lets a venue say something now, and everybody answer.
    pub(in crate::backtest) fn hear_of(
        &mut self,
        seat: usize,
        speak: impl FnOnce(&mut Vec<Output>) -> Result<(), PlayError>,
    ) -> Result<(), PlayError> {
        speak(&mut self.told)?;
        if let [Output::Event(_)] = &self.told[..]
            && self.listens()
            && let Some(Output::Event(event)) = self.told.pop()
        {
            return self.hear_at_once(seat, &event);
        }
        if self.told.iter().any(|told| matches!(told, Output::Report(_))) {
            self.note_orders();
        }
        // One after the other, as live: what the guest decides on the first is checked before the desk hears of the second.
        let mut told = std::mem::take(&mut self.told);
        for output in told.drain(..) {
            match output {
                Output::Event(event) => {
                    self.measure.heard(seat, &event, self.clock.now());
                    self.seats[seat].outlet.publish(event);
                }
                Output::Report(report) => {
                    self.measure_report(seat, &report);
                    self.seats[seat].outlet.report(*report);
                }
            }
            self.drain()?;
        }
        self.told = told;
        self.drain()
    }

    /// The numbers hear of a report before anybody else. The order must have been noted.
    pub(super) fn measure_report(&mut self, seat: usize, report: &ExecutionReport) {
        if let Some((symbol, side)) = self.ledger.order(&report.client_order_id) {
            self.measure.reported(seat, symbol, side, report, self.clock.now());
        }
    }

    /// Whether the guest would take the next event as soon as it is in the mailbox.
    fn listens(&self) -> bool {
        let awake = |guest: &Guest| guest.now().is_none_or(|awake| awake <= self.clock.now());
        self.short_cuts && self.held.is_empty() && self.guest.as_ref().is_some_and(awake) && self.mailbox.is_empty()
    }

    /// What a venue says alone to a guest that listens: nearly every event of a market. It need not go through the mailbox,
    /// unless the desk has put something there first.
    fn hear_at_once(&mut self, seat: usize, event: &Arc<Event>) -> Result<(), PlayError> {
        self.measure.heard(seat, event, self.clock.now());
        let outlet = &self.seats[seat].outlet;
        outlet.observe(event);
        match &event.symbol {
            Some(symbol) if of_a_market(event.kind()) && self.mailbox.is_empty() => {
                if self.kinds.contains(event.kind()) && self.follows(&event.provider, symbol) {
                    self.deliver(event)?;
                }
            }
            _ => outlet.spread(event),
        }
        self.drain()
    }

    /// Whether the guest follows this market.
    fn follows(&self, provider: &ProviderName, symbol: &Symbol) -> bool {
        self.feeds.iter().any(|(ours, symbols)| ours == provider && symbols.contains(symbol))
    }

    /// Hands the guest what waits for it, unless it sleeps.
    pub(super) fn drain(&mut self) -> Result<(), PlayError> {
        if self.held.is_empty() && self.mailbox.is_empty() {
            self.note_orders();
            return Ok(());
        }
        loop {
            self.look_up()?;
            self.note_orders();
            if self.guest.as_ref().and_then(Guest::now).is_some_and(|awake| awake > self.clock.now()) {
                return Ok(());
            }
            let Some(event) = self.take() else { return Ok(()) };
            self.deliver(&event)?;
        }
    }

    /// What the guest hears next. Without a guest own reports are held for the next one, and market data is gone.
    fn take(&mut self) -> Option<Arc<Event>> {
        loop {
            if let Some(event) = self.guest.as_ref().and_then(|_| self.held.pop_front()) {
                return Some(event);
            }
            let event = self.mailbox.try_recv()?;
            self.account(&event);
            if self.guest.is_some() {
                return Some(event);
            }
            if matches!(event.kind(), EventKind::ExecReport | EventKind::RiskControl) && self.restart_at.is_some() {
                self.held.push_back(event);
            } else {
                self.tally.events.skipped += 1;
            }
        }
    }

    pub(super) fn note_orders(&mut self) {
        self.seats.iter().for_each(|seat| seat.table.take_placed(&mut self.placed));
        for order in self.placed.drain(..) {
            self.ledger.placed(&order);
        }
    }

    pub(super) fn account(&mut self, event: &Event) {
        if let Payload::ExecReport(both) = &event.payload {
            self.ledger.reported(&both.0, &both.1);
        }
    }

    fn deliver(&mut self, event: &Event) -> Result<(), PlayError> {
        let Some(guest) = &mut self.guest else { return Ok(()) };
        let delivered = match guest.deliver_at_once(event) {
            Some(delivered) => delivered,
            None => guest.deliver(event).now_or_never().ok_or(PlayError::Waiting)?,
        };
        match delivered {
            Ok(delivery) => {
                self.tally.handled(event.kind().as_str(), &delivery, &guest.usage());
                self.note_call(&delivery);
                self.lose_guest(delivery.called)?;
            }
            Err(fault) => self.fault(fault),
        }
        Ok(())
    }

    pub(super) fn note_call(&mut self, delivery: &Delivery) {
        if let Some(calls) = self.calls.as_mut().filter(|calls| delivery.called && calls.len() < CALLS) {
            calls.push(PlayedCall { handler: delivery.handler, fuel: delivery.fuel, time: self.clock.now().to_rfc3339() });
        }
    }

    pub(super) fn fire(&mut self) -> Result<(), PlayError> {
        let now = self.clock.now();
        while let Some(guest) = &mut self.guest {
            match guest.fire(now).now_or_never().ok_or(PlayError::Waiting)? {
                Ok(None) => break,
                Ok(Some(delivery)) => {
                    self.tally.handled("Timer", &delivery, &guest.usage());
                    self.note_call(&delivery);
                }
                Err(fault) => self.fault(fault),
            }
        }
        Ok(())
    }
}

/// Events of one market that go to everybody who follows it.
fn of_a_market(kind: EventKind) -> bool {
    use EventKind::{BookSnapshot, InstrumentUpdate, KlineSummary, Ticker, Trade};
    matches!(kind, Trade | Ticker | BookSnapshot | KlineSummary | InstrumentUpdate)
}
