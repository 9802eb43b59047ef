//! What an instance is told when it starts: venues announce instruments and balances when a connection begins, which is long
//! before most instances do.

use std::sync::Arc;

use crate::base::{InstanceId, Timestamp};
use crate::bus::{KindSet, locked};
use crate::market::{BalanceUpdate, DecimalText, Event, EventKind, Payload, RiskStatus, Symbol};
use crate::trading::{Balance, Desk, Provider};

impl Desk {
    /// Puts the instruments of its scope and the balances of their currencies into the mailbox of an instance, as far as it wants to
    /// hear of them. They have the number 0: the venue's own count from 1. Where the connection is lost at this moment, that is told,
    /// too.
    pub fn introduce(&self, instance: &InstanceId, kinds: KindSet) {
        let Ok(trader) = self.trader(instance) else { return };
        for (name, symbols) in &trader.details.scope {
            let Some(provider) = self.provider(name.as_str()) else { continue };
            let at = provider.clock().now();
            if let Some(lane) = self.known_lane(name) {
                let lost = locked(&lane.stale).clone();
                if let Some(lost) = lost {
                    self.tell_connection(&lane, &trader, RiskStatus::Triggered, &lost.reason, lost.since);
                }
            }
            let event = |symbol: Option<Symbol>, payload| {
                let provider = name.clone();
                Arc::new(Event { provider, symbol, sequence: 0, ingest_time: at, emit_time: at, payload })
            };
            if kinds.contains(EventKind::InstrumentUpdate) {
                for instrument in provider.instruments().iter().filter(|instrument| symbols.contains(&instrument.symbol)) {
                    let payload = Payload::InstrumentUpdate(Box::new(instrument.clone()));
                    self.bus.post(instance, event(Some(instrument.symbol.clone()), payload));
                }
            }
            if kinds.contains(EventKind::BalanceUpdate) {
                for balance in balances_of(provider.as_ref(), symbols) {
                    self.bus.post(instance, event(None, Payload::BalanceUpdate(told(balance, at))));
                }
            }
        }
    }
}

/// Those that events about the symbols' currencies would be of.
fn balances_of<'a>(provider: &dyn Provider, symbols: &'a [Symbol]) -> impl Iterator<Item = Balance> + use<'a> {
    let concerns = |balance: &Balance| {
        let currency = balance.currency.as_str();
        symbols.iter().any(|symbol| symbol.base_currency() == currency || symbol.quote_currency() == currency)
    };
    provider.balances().into_iter().filter(concerns)
}

fn told(balance: Balance, time: Timestamp) -> BalanceUpdate {
    BalanceUpdate {
        currency: balance.currency,
        total: DecimalText::new(balance.total.normalize()),
        available: DecimalText::new(balance.available.normalize()),
        time,
    }
}
