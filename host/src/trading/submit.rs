//! Sending and cancelling: from a draft to a provider that has the order, or to a denial that everyone hears of.

use std::sync::Arc;
use std::time::Duration;

use crate::base::{InstanceId, Timestamp};
use crate::bus::locked;
use crate::market::{ClientOrderId, ExecutionReport, Instrument, OrderRequest, ReportState};
use crate::store::Then;
use crate::trading::day::day_of;
use crate::trading::lane::{Book, Lane, Unlisted};
use crate::trading::risk::{DayFigures, Refused};
use crate::trading::trader::Trader;
use crate::trading::{Approved, Denial, DenialCode, Desk, OrderDraft, OrderError, OrderRecord};

/// Asking again to cancel the same order within this time changes nothing.
const CANCEL_AGAIN: Duration = Duration::from_secs(1);

impl Desk {
    /// Checks an order and sends it on its way. The id that comes back is the order's name in every report; what becomes of
    /// it arrives in the instance's mailbox. Never waits for the disk or the venue: with a journal the order goes out as soon as
    /// its intent is durable.
    ///
    /// A dry run gives the id and does nothing else.
    ///
    /// # Errors
    /// [`OrderError`] with one of [`OrderError::CODES`] when the call itself is wrong, or with a [`DenialCode`] when risk refuses the
    /// order. A denial also arrives as an execution report `REJECTED` with the reason `denied: <code>: ...`, as a risk event when it
    /// is a breach, and is put on record, up to `denialNoticesPerSecond`. A chosen id is used up by it.
    pub fn submit(&self, draft: OrderDraft<'_>) -> Result<ClientOrderId, OrderError> {
        let trader = self.trader(draft.instance)?;
        if !trader.is_active() {
            return Err(OrderError::new(
                "not_active",
                format!("instance `{}` is not running: orders are not taken", draft.instance),
            ));
        }
        let request = trader.request(&draft)?;
        let id = request.client_order_id.clone();
        if trader.details.dry_run {
            self.count(&request, "dry_run");
            tracing::debug!(order = %id, side = request.side.as_str(), quantity = %request.quantity, "dry run: not sent");
            return Ok(id);
        }
        let lane = self.lane(&request.provider);
        // Before the lock: a provider may hold a lock of its own while it reports to us.
        let way = self.open_way(&trader, &lane, draft.requested_at);
        let elsewhere = self.day_elsewhere(&trader, &lane, request.symbol.quote_currency(), draft.requested_at);
        let mut book = locked(&lane.book);
        // Again under the lock: a kill switch that is engaged from here on sees this order in the book.
        let way = way.and_then(|instruments| self.still_open(&trader).map(|()| instruments));
        if draft.client_order_id.is_some() {
            use_up(&mut book, &id)?;
        }
        book.throttles(&trader);
        let verdict = match way {
            Ok(instruments) => {
                let day = elsewhere.map(|mut day| {
                    let today = day_of(draft.requested_at);
                    day += book.day(draft.instance, request.symbol.quote_currency(), today, &locked(&lane.prices));
                    self.note_reached(&lane, &mut book, &trader, (&request.symbol, &day), (draft.requested_at, draft.seen_at));
                    day
                });
                judge(&trader, &lane, (&mut book, day), request, &instruments)?
            }
            Err(denial) => Err(Box::new((request, denial))),
        };
        match verdict {
            Ok(approved) => {
                self.enter(&lane, &mut book, &approved);
                drop(book);
                self.send(&lane, &trader, approved);
                Ok(id)
            }
            Err(refused) => {
                self.deny(&lane, &mut book, &trader, &refused, draft.seen_at);
                Err(OrderError::from(&refused.1))
            }
        }
    }

    /// What the provider trades, when the switches let orders through to it.
    fn open_way(&self, trader: &Trader, lane: &Lane, at: Timestamp) -> Result<Arc<[Instrument]>, Denial> {
        if let Some(denial) = lane.closed() {
            return Err(denial);
        }
        if !lane.trading() {
            let message = format!("trading is switched off at `{}`: an operator has to switch it on", lane.name);
            return Err(Denial::new(DenialCode::TradingDisabled, message));
        }
        match self.blocked(trader, Some((&lane.name, at))) {
            Some((true, reason)) => Err(Denial::new(DenialCode::CircuitBreakerOpen, reason)),
            Some((false, reason)) => Err(Denial::new(DenialCode::KillSwitchEngaged, reason)),
            None => Ok(lane.provider().map(|provider| provider.instruments()).unwrap_or_default()),
        }
    }

    /// Books an approved order: from here on it counts as open.
    pub(super) fn enter(&self, lane: &Lane, book: &mut Book, approved: &Approved<OrderRequest>) {
        let request: &OrderRequest = approved;
        book.orders.insert(OrderRecord::new(request.clone()), false);
        book.open_orders += 1;
        book.line_mut(&request.instance).holding(&request.symbol).open.push(request.client_order_id.clone());
        self.count(request, "approved");
        self.metrics.open_orders.with_label_values(&[lane.name.as_str()]).inc();
    }

    /// Makes the intent durable, then hands the order over.
    fn send(&self, lane: &Arc<Lane>, trader: &Trader, approved: Approved<OrderRequest>) {
        let Some(journal) = &self.journal else { return self.hand_over(lane, approved) };
        let request = OrderRequest::clone(&approved);
        let then = self.hand_over_later(lane, approved);
        if let Err(error) = journal.intent(&request, trader.author(), then) {
            self.not_journalled(lane, &request, &error.to_string());
        }
    }

    /// Hands an order over once its intent is durable; from the task that writes.
    pub(super) fn hand_over_later(&self, lane: &Arc<Lane>, approved: Approved<OrderRequest>) -> Then {
        let (desk, there, hold) = (self.this.clone(), Arc::clone(lane), self.bus.hold());
        Box::new(move |written| {
            // Kept until the provider has the order, so that nobody takes the host for idle.
            let _hold = hold;
            let Some(desk) = desk.upgrade() else { return };
            match written {
                Ok(()) => desk.hand_over(&there, approved),
                Err(error) => desk.not_journalled(&there, &approved, &error.to_string()),
            }
        })
    }

    pub(super) fn hand_over(&self, lane: &Arc<Lane>, approved: Approved<OrderRequest>) {
        let request = OrderRequest::clone(&approved);
        let id = &request.client_order_id;
        if locked(&lane.book).orders.get(id).is_none_or(|entry| entry.record.state.is_final()) {
            return; // Ended on its way, with the session of its venue.
        }
        let Some(provider) = lane.running() else {
            let denial = lane.closed().unwrap_or_else(|| {
                let message = format!("provider `{}` stopped before the order was sent", lane.name);
                Denial::new(DenialCode::ProviderUnavailable, message)
            });
            self.deny_late(lane, &request, &denial);
            return self.end_order(lane, &request, ReportState::Rejected, request.requested_at, &denial.to_string());
        };
        provider.submit(approved);
        // A cancel that came before this moment could not be passed on: the provider did not know the order yet.
        let mut book = locked(&lane.book);
        let waiting = book.orders.get_mut(id).and_then(|entry| {
            entry.handed_over = true;
            entry.cancel_requested.filter(|_| !entry.record.state.is_final())
        });
        drop(book);
        if let Some(requested_at) = waiting {
            provider.cancel(id, requested_at);
        }
    }

    pub(super) fn not_journalled(&self, lane: &Arc<Lane>, request: &OrderRequest, error: &str) {
        self.metrics.journal_failures.inc();
        tracing::error!(order = %request.client_order_id, error, "order not sent: it could not be put on record");
        let denial =
            Denial::new(DenialCode::JournalUnavailable, format!("not sent, because it could not be put on record: {error}"));
        self.deny_late(lane, request, &denial);
        self.end_order(lane, request, ReportState::Rejected, request.requested_at, &denial.to_string());
    }

    /// Ends an order by our own word, on the same way as a venue's report.
    pub(super) fn end_order(&self, lane: &Arc<Lane>, request: &OrderRequest, state: ReportState, time: Timestamp, reason: &str) {
        let (filled_quantity, average_price) = locked(&lane.book)
            .orders
            .get(&request.client_order_id)
            .map_or_else(Default::default, |entry| (entry.record.filled_quantity, entry.record.average_price()));
        let report = ExecutionReport {
            client_order_id: request.client_order_id.clone(),
            venue_order_id: Default::default(),
            state,
            filled_quantity,
            leaves_quantity: Default::default(),
            average_price,
            fill: None,
            time,
            reason: Some(reason.into()),
        };
        self.take_report(lane, report, false);
    }

    /// Asks the venue to cancel one of the instance's open orders; the outcome is a report. Asking twice within a second is
    /// the same as asking once.
    ///
    /// # Errors
    /// `unknown_order` when the instance has no open order of this id, `provider_unavailable` when its provider is not running.
    pub fn cancel(&self, instance: &InstanceId, order: &str, requested_at: Timestamp) -> Result<(), OrderError> {
        let id = ClientOrderId::made(order);
        for lane in self.all_lanes() {
            let (running, closed) = (lane.running(), lane.closed());
            let mut book = locked(&lane.book);
            let Some(entry) = book.orders.get_mut(&id).filter(|entry| entry.record.request.instance == *instance) else {
                continue;
            };
            if entry.record.state.is_final() {
                let state = entry.record.state.as_str();
                return Err(OrderError::new("unknown_order", format!("order `{id}` is not open any more: it is {state}")));
            }
            let Some(provider) = running else {
                let code = closed.map_or(DenialCode::ProviderUnavailable, |denial| denial.code);
                let message = format!("provider `{}` is not running: `{id}` cannot be cancelled now", lane.name);
                return Err(OrderError::new(code.as_str(), message));
            };
            let again = entry.cancel_requested.is_some_and(|before| requested_at.since(before) < CANCEL_AGAIN);
            entry.cancel_requested = Some(requested_at);
            let pass_on = entry.handed_over && !again;
            drop(book);
            if pass_on {
                provider.cancel(&id, requested_at);
            }
            return Ok(());
        }
        let shown: String = order.chars().take(128).flat_map(char::escape_debug).collect();
        Err(OrderError::new("unknown_order", format!("instance `{instance}` has no open order `{shown}`")))
    }

    /// Asks to cancel all open orders of an instance, as when it is stopped; how many that were.
    pub fn cancel_all(&self, instance: &InstanceId, requested_at: Timestamp) -> usize {
        let open = self.open_orders(instance, None, None);
        let asked =
            open.iter().filter(|record| self.cancel(instance, record.request.client_order_id.as_str(), requested_at).is_ok());
        asked.count()
    }

    pub(super) fn count(&self, request: &OrderRequest, outcome: &str) {
        self.metrics.orders.with_label_values(&[request.provider.as_str(), outcome]).inc();
    }
}

/// Asks the risk check.
fn judge(
    trader: &Trader,
    lane: &Lane,
    (book, day): (&mut Book, Option<DayFigures>),
    request: OrderRequest,
    instruments: &Arc<[Instrument]>,
) -> Result<Result<Approved<OrderRequest>, Box<Refused>>, OrderError> {
    let place = book
        .listed(instruments, &request.symbol)
        .map_err(|Unlisted| OrderError::new("invalid_symbol", format!("`{}` does not trade {}", lane.name, request.symbol)))?;
    let instrument = place.and_then(|place| instruments.get(place));
    let prices = locked(&lane.prices);
    let prices = prices.of(&request.symbol);
    Ok(book.judge(request, trader, (instrument, prices), day, lane.is_paper()))
}

/// Takes an id that an author chose.
fn use_up(book: &mut Book, id: &ClientOrderId) -> Result<(), OrderError> {
    if book.orders.knows(id) {
        let message = format!("client order id `{id}` was used before: choose another, or none to have one made");
        return Err(OrderError::new("duplicate_client_order_id", message));
    }
    book.orders.remember_chosen(id);
    Ok(())
}
