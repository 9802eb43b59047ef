//! The short way of a trade to a guest: no fiber, no future, nothing that waits. Where time is moved by hand, on a thread with room.

use wasmtime::Store;
use wasmtime::component::TypedFunc;

use super::{Delivery, Guest, Running, dead};
use crate::market::{Event, Payload};
use crate::sandbox::bindings::{Strategy, events as wit, types};
use crate::sandbox::call::guarded;
use crate::sandbox::convert;
use crate::sandbox::fault::Fault;
use crate::sandbox::handlers::handler_of;
use crate::sandbox::stack::is_roomy;
use crate::sandbox::state::State;

/// What takes a trade, and what says then what the handler threw.
pub(super) struct Direct {
    on_trade: TypedFunc<(wit::Envelope, wit::PlainTrade), (bool,)>,
    thrown: TypedFunc<(), (Option<types::Exception>,)>,
}

impl Direct {
    pub(super) fn of(exports: &Strategy, store: &Store<State>) -> Option<Self> {
        Some(Self { on_trade: exports.on_trade().typed(store).ok()?, thrown: exports.thrown().typed(store).ok()? })
    }
}

impl Guest {
    /// The short way of [`Guest::deliver`], which takes it by itself: of a trade, where time is moved by hand and this thread has
    /// room for a guest. Nothing waits there, and no future has to be made. None when the event needs the long way; nothing has
    /// happened then.
    pub fn deliver_at_once(&mut self, event: &Event) -> Option<Result<Delivery, Fault>> {
        let Payload::Trade(trade) = &event.payload else { return None };
        if !is_roomy() || self.running.as_ref()?.direct.is_none() {
            return None;
        }
        let trade = convert::plain_trade(trade)?;
        let (flag, handler) = handler_of(&event.payload);
        Some(match self.observe(event, self.handlers.contains(flag)) {
            Ok(Some(envelope)) => self.call_direct(handler, envelope, trade),
            Ok(None) => Ok(Delivery { called: false, exception: None, fuel: 0, handler }),
            Err(fault) => Err(fault),
        })
    }

    /// Calls `on-trade` without a fiber.
    fn call_direct(&mut self, handler: &'static str, envelope: wit::Envelope, trade: wit::PlainTrade) -> Result<Delivery, Fault> {
        let (Running { store, direct, .. }, _) = self.ready()?;
        let Some(direct) = direct else { return Err(dead(None)) };
        let result = guarded(|| {
            let (threw,) = direct.on_trade.call(&mut *store, (envelope, trade))?;
            let (thrown,) = if threw { direct.thrown.call(&mut *store, ())? } else { (None,) };
            Ok(thrown.map_or(Ok(()), Err))
        });
        self.conclude(handler, result)
    }
}
