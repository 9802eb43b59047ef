//! What a kill switch does beyond taking no orders: open orders are cancelled, positions are closed with market orders of the
//! host. Nothing polls: the next thing to do is done when the switch is engaged, when a report comes, and at market events.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;

use crate::base::Timestamp;
use crate::bus::locked;
use crate::market::{Event, Instrument, OrderRequest, Symbol, TimeInForce};
use crate::store::Then;
use crate::trading::lane::{Book, Lane};
use crate::trading::risk::{Holder, StopVerb, Unclosable, close};
use crate::trading::trader::Trader;
use crate::trading::ward::Ward;
use crate::trading::{Approved, Desk};

/// Closing orders per provider and symbol, until a flatten is given up there.
const CLOSINGS_MAX: u32 = 20;

/// After a closing order that filled nothing, the next one waits so long by the provider's clock: the book may have filled up.
/// A cancel that nobody answered is asked for again as late.
const AGAIN: Duration = Duration::from_secs(1);

impl Desk {
    /// The most of what the instance's own kill switch and the host's ask for.
    pub(super) fn verb(&self, ward: &Ward) -> Option<StopVerb> {
        let host = locked(&self.host_stop).as_ref().map(|block| block.verb);
        host.max(locked(&ward.guard).block().map(|block| block.verb))
    }

    /// Does what the kill switch asks for next, at all providers. Calls them, so never from within a report.
    pub(super) fn pursue(&self, trader: &Trader) {
        for lane in self.all_lanes() {
            self.pursue_at(&lane, trader);
        }
    }

    /// The same at one provider.
    fn pursue_at(&self, lane: &Arc<Lane>, trader: &Trader) {
        let verb = self.verb(&trader.ward);
        if verb > Some(StopVerb::Stop) {
            self.cancel_resting(lane, trader);
        }
        if verb == Some(StopVerb::Flatten) {
            self.close_positions(lane, trader);
        }
    }

    /// The same from within a report, whose provider may hold a lock of its own: at once on the task that writes, or with the next
    /// event when nothing is written.
    pub(super) fn pursue_soon(&self, lane: &Arc<Lane>, trader: &Arc<Trader>) {
        if self.verb(&trader.ward) <= Some(StopVerb::Stop) {
            return;
        }
        let Some(journal) = &self.journal else { return lane.wake_by(Timestamp::ZERO) };
        let (desk, there, trader, hold) = (self.this.clone(), Arc::clone(lane), Arc::clone(trader), self.bus.hold());
        let then: Then = Box::new(move |_| {
            // Kept until it is done, so that nobody takes the host for idle.
            let _hold = hold;
            if let Some(desk) = desk.upgrade() {
                desk.pursue_at(&there, &trader);
            }
        });
        if journal.after(then).is_err() {
            lane.wake_by(Timestamp::ZERO);
        }
    }

    /// Looks into what the lane is due for: kill switches that go on, days that are over. Called with every event that is published;
    /// costs one comparison unless something is due.
    pub(super) fn wake(&self, lane: &Arc<Lane>, event: &Event) {
        if event.ingest_time < lane.due() {
            return;
        }
        lane.sleep_on();
        let now = lane.now().unwrap_or(event.ingest_time);
        for trader in self.all_traders() {
            self.pursue_at(lane, &trader);
            self.end_days(lane, &trader, now);
        }
    }

    /// Asks for the cancellation of every order that rests; what a venue ends by itself is left to it.
    fn cancel_resting(&self, lane: &Arc<Lane>, trader: &Trader) {
        let (running, now) = (lane.running(), lane.now().unwrap_or_default());
        let mut book = locked(&lane.book);
        let Some(line) = book.line(trader.instance()) else { return };
        let open: Vec<_> = line.holdings.values().flat_map(|holding| holding.open.iter().cloned()).collect();
        let mut cancels = Vec::new();
        for id in open {
            let Some(entry) = book.orders.get_mut(&id) else { continue };
            if matches!(entry.record.request.time_in_force, TimeInForce::Ioc | TimeInForce::Fok) {
                continue;
            }
            // Again when the venue was not there, or did not answer.
            lane.wake_by(if running.is_some() { now.plus(AGAIN) } else { Timestamp::ZERO });
            let asked = entry.cancel_requested.is_some_and(|before| before <= now && now.since(before) < AGAIN);
            if running.is_some() && !asked {
                entry.cancel_requested = Some(now);
                if entry.handed_over {
                    cancels.push(id);
                }
            }
        }
        drop(book);
        if let Some(provider) = running {
            cancels.iter().for_each(|id| provider.cancel(id, now));
        }
    }

    /// Sends what closes each position of which no order is open.
    fn close_positions(&self, lane: &Arc<Lane>, trader: &Trader) {
        let provider = lane.running();
        let now = lane.now().unwrap_or_default();
        let instruments = provider.as_ref().map(|provider| provider.instruments());
        let mut book = locked(&lane.book);
        let Some(line) = book.line(trader.instance()) else { return };
        let idle = line.holdings.iter().filter(|(_, holding)| holding.open.is_empty());
        let held: Vec<(Symbol, Decimal)> = idle
            .map(|(symbol, holding)| (symbol.clone(), holding.ledger.position.quantity))
            .filter(|(_, held)| !held.is_zero())
            .collect();
        let Some(instruments) = instruments else {
            if !held.is_empty() {
                lane.wake_by(Timestamp::ZERO);
            }
            return;
        };
        let mut closings = Vec::new();
        for (symbol, held) in held {
            let place = book.listed(&instruments, &symbol).ok().flatten();
            let instrument = place.and_then(|place| instruments.get(place));
            closings.extend(self.closing(lane, &mut book, trader, (&symbol, held, instrument), now));
        }
        drop(book);
        for approved in closings {
            self.send_closing(lane, trader, approved);
        }
    }

    /// The next order that closes a position; none when it has to wait, or goes no further.
    fn closing(
        &self,
        lane: &Lane,
        book: &mut Book,
        trader: &Trader,
        (symbol, held, instrument): (&Symbol, Decimal, Option<&Instrument>),
        now: Timestamp,
    ) -> Option<Approved<OrderRequest>> {
        let mut closings = locked(&trader.ward.closings);
        let closing = closings.entry((lane.name.clone(), symbol.clone())).or_default();
        let moved = closing.held != held;
        if moved {
            closing.stuck = None;
        }
        let again = closing.sent_at.plus(AGAIN);
        if closing.stuck.is_some() {
            return None;
        }
        if closing.orders >= CLOSINGS_MAX {
            let reason = format!("{CLOSINGS_MAX} closing orders did not close it: engage the kill switch again to go on");
            tracing::error!(instance = %trader.instance(), provider = %lane.name, %symbol, %held, reason, "flatten given up");
            closing.stuck = Some(reason);
            return None;
        }
        if closing.orders > 0 && !moved && (closing.sent_at..again).contains(&now) {
            lane.wake_by(again);
            return None;
        }
        let holder = Holder { instance: trader.instance(), provider: &lane.name, symbol };
        match close(&holder, trader.closing_id(), held, instrument, now) {
            Ok(approved) => {
                (closing.orders, closing.sent_at, closing.held) = (closing.orders + 1, now, held);
                drop(closings);
                self.enter(lane, book, &approved);
                Some(approved)
            }
            Err(Unclosable(reason)) => {
                tracing::error!(instance = %trader.instance(), provider = %lane.name, %symbol, reason, "a position cannot be closed");
                (closing.stuck, closing.held) = (Some(reason), held);
                None
            }
        }
    }

    /// Makes the intent durable, then hands the order over.
    fn send_closing(&self, lane: &Arc<Lane>, trader: &Trader, approved: Approved<OrderRequest>) {
        tracing::warn!(order = %approved.client_order_id, side = approved.side.as_str(), quantity = %approved.quantity, "closing a position");
        let Some(journal) = &self.journal else { return self.hand_over(lane, approved) };
        let request = OrderRequest::clone(&approved);
        let then: Then = self.hand_over_later(lane, approved);
        let guard = locked(&trader.ward.guard);
        let sent = journal.closing(&request, trader.author(), trader.ward.row(&guard), then);
        drop(guard);
        if let Err(error) = sent {
            self.not_journalled(lane, &request, &error.to_string());
        }
    }
}
