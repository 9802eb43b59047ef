//! The paper venue: an exchange in memory that takes the market from tapes and our orders from us. It reads no clock and does
//! no I/O: the same records and orders at the same times give the same events and reports, to the last digit.
//!
//! How orders meet the tape's market (nothing we do changes what others do):
//! - An order reaches the venue one latency after it was requested. What can trade at once takes the levels of the tape's
//!   book, best first; what it took stays taken until the tape shows another quantity at that level.
//! - The rest of a GTC or post-only order waits behind what the tape shows at its price; `order` says how its turn comes.
//!   It is filled at its limit, as maker, by the tape's trades at that price once its turn has come, by trades beyond it, and by
//!   quantity that the tape's other side shows at its price or beyond. Own orders never meet each other.
//! - Events show the tape's book, without our orders and what we took.
//! - A market that never shows a book has its last trade instead: `offers` says what can be taken there, `listing` what fills
//!   a resting order.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};

use super::Output;
use super::account::Account;
use super::arrival::{Action, Arrival};
use super::check::check;
use super::clearing::{Clearing, refusal, report};
use super::conduct::Conduct;
use super::config::QueuePlace;
use super::feed::{Moment, TapeTrade};
use super::listing::{Listing, Matching};
use super::log::SESSION_ENDED;
use super::offers::Slippage;
use super::order::{LiveOrder, Queue};
use crate::base::{ProviderName, Timestamp};
use crate::bus::KindSet;
use crate::market::{
    BalanceUpdate, Book, ClientOrderId, DecimalText, Event, EventKind, Grid, Instrument, OrderRequest, Payload, ReportState,
    Side, TimeInForce,
};
use crate::providers::tape::{Body, Record, TapeError};
use crate::trading::Balance;

/// What an order hears that was turned away for no reason of its own.
const TURNED_AWAY: &str = "the venue is busy and did not take the order";

/// How a venue behaves.
#[derive(Clone, Debug)]
pub struct VenueSetup {
    /// In whose name events are sent.
    pub provider: ProviderName,
    /// Part of every execution id: they are unique as long as no two sessions of a provider share it.
    pub session: SmolStr,
    /// From the request of an order or cancellation to its arrival.
    pub latency: Duration,
    /// Ten-thousandths of the received amount.
    pub maker_fee_bps: u32,
    /// Ten-thousandths of the received amount.
    pub taker_fee_bps: u32,
    /// Ten-thousandths of the price by which a taker's fills are worse.
    pub slippage_bps: u32,
    /// Where a resting order stands.
    pub queue: QueuePlace,
    /// Levels of each side in a book event.
    pub depth: usize,
    /// Length of a bar.
    pub kline_interval: Duration,
    /// What the account has at the beginning; none below 0.
    pub balances: BTreeMap<SmolStr, Decimal>,
    /// The kinds of event that somebody wants; no other is built.
    pub kinds: KindSet,
}

/// Run lifetime. Everything happens at the time that the caller says; times must not go back.
#[derive(Debug)]
pub struct PaperVenue {
    provider: ProviderName,
    latency: Duration,
    slippage: Slippage,
    queue: QueuePlace,
    conduct: Option<Conduct>,
    kinds: KindSet,
    listings: Vec<Listing>,
    clearing: Clearing,
    arrivals: BinaryHeap<Reverse<Arrival>>,
    arrival_count: u64,
    /// Where the resting orders are.
    places: HashMap<ClientOrderId, (usize, Side)>,
    /// By the tape's clock.
    now: Timestamp,
    /// By the venue's clock. Kept from going back, so that an instance's time does not either.
    venue_now: Timestamp,
    balance_sequence: u64,
}

impl PaperVenue {
    /// Of these instruments: record `n` of [`PaperVenue::feed`] belongs to instrument `n`.
    ///
    /// # Errors
    /// [`TapeError::Corrupt`] when the increments of an instrument cannot be used.
    pub fn new<'a>(setup: VenueSetup, instruments: impl IntoIterator<Item = &'a Instrument>) -> Result<Self, TapeError> {
        let mut account = Account::new(&setup.balances);
        let mut listings = Vec::new();
        for instrument in instruments {
            listings.push(Listing::new(instrument, setup.provider.clone(), setup.depth, setup.kline_interval, &mut account)?);
        }
        let rate = |bps: u32| Decimal::new(bps.into(), 4);
        let (maker_fee, taker_fee) = (rate(setup.maker_fee_bps), rate(setup.taker_fee_bps));
        Ok(Self {
            provider: setup.provider,
            latency: setup.latency,
            slippage: Slippage(setup.slippage_bps),
            queue: setup.queue,
            conduct: None,
            kinds: setup.kinds,
            listings,
            clearing: Clearing { account, maker_fee, taker_fee, session: setup.session, executions: 0 },
            arrivals: BinaryHeap::new(),
            arrival_count: 0,
            places: HashMap::new(),
            now: Timestamp::ZERO,
            venue_now: Timestamp::ZERO,
            balance_sequence: 0,
        })
    }

    /// The same venue, with moods.
    #[must_use]
    pub fn with_conduct(self, conduct: Option<Conduct>) -> Self {
        Self { conduct, ..self }
    }

    /// What is traded here.
    pub fn instruments(&self) -> impl Iterator<Item = &Instrument> {
        self.listings.iter().map(|listing| &listing.instrument)
    }

    /// The account's balances, sorted by currency.
    pub fn balances(&self) -> Vec<Balance> {
        self.clearing.account.balances()
    }

    /// The tape's book of an instrument, as far as it is known; none for a tape that is not played here.
    pub fn book(&self, tape: usize) -> Option<(&Book, Grid)> {
        self.listings.get(tape).map(|listing| (&listing.book, listing.settlement.grid))
    }

    /// The kinds of event that somebody wants from now on.
    pub fn want(&mut self, kinds: KindSet) {
        self.kinds = kinds;
    }

    /// Sends an order on its way. It arrives one latency after it was requested, or after now if that is later.
    pub fn submit(&mut self, order: OrderRequest) {
        self.travel(order.requested_at, Action::Order(Box::new(order)));
    }

    /// Sends a cancellation on its way. An order that is not open when it arrives is left alone.
    pub fn cancel(&mut self, order: ClientOrderId, requested_at: Timestamp) {
        self.travel(requested_at, Action::Cancel(order));
    }

    fn travel(&mut self, requested_at: Timestamp, action: Action) {
        let at = self.now.max(requested_at).plus(self.latency);
        let at = self.conduct.as_mut().map_or(at, |conduct| conduct.arrival(at));
        self.arrival_count += 1;
        self.arrivals.push(Reverse(Arrival { at, number: self.arrival_count, action }));
    }

    /// When the next order or cancellation arrives.
    pub fn next_arrival(&self) -> Option<Timestamp> {
        self.arrivals.peek().map(|Reverse(arrival)| arrival.at)
    }

    /// Lets the next order or cancellation arrive, at its time.
    pub fn arrive(&mut self, out: &mut Vec<Output>) {
        let Some(Reverse(arrival)) = self.arrivals.pop() else {
            return;
        };
        self.now = self.now.max(arrival.at);
        match arrival.action {
            Action::Order(order) if self.conduct.as_mut().is_some_and(Conduct::turns_away) => {
                let (time, reason) = (self.venue_time(), SmolStr::new_static(TURNED_AWAY));
                out.push(Output::report(refusal(&order, ReportState::Rejected, time, reason)));
            }
            Action::Order(order) => self.order(*order, out),
            Action::Cancel(id) => self.take_out(&id, out),
        }
        self.tell_balances(out);
    }

    /// Announces the instruments, as a venue does when one connects.
    pub fn open(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.now = self.now.max(now);
        for index in 0..self.listings.len() {
            let venue = self.venue_time();
            let listing = &mut self.listings[index];
            if self.kinds.contains(EventKind::InstrumentUpdate) {
                let payload = Payload::InstrumentUpdate(Box::new(listing.instrument.clone()));
                out.push(listing.feed.event(payload, Moment { now: self.now, venue }));
            }
        }
    }

    /// Says again what changes only now and then, for a host that has not listened for a while: tickers come with the next
    /// record, balances at once.
    pub fn reintroduce(&mut self, now: Timestamp, out: &mut Vec<Output>) {
        self.open(now, out);
        self.listings.iter_mut().for_each(|listing| listing.feed.forget_touch());
        self.clearing.account.tell_all();
        self.tell_balances(out);
    }

    /// The next ticker of this instrument comes whatever the last one said.
    pub fn forget_touch(&mut self, tape: usize) {
        if let Some(listing) = self.listings.get_mut(tape) {
            listing.feed.forget_touch();
        }
    }

    /// Takes in a record of the tape with this number, whose times are later by `shift_nanos` than it says.
    pub fn feed(&mut self, tape: usize, record: &Record, shift_nanos: i64, out: &mut Vec<Output>) {
        let shifted = |time: Timestamp| Timestamp::from_nanos(time.as_nanos().saturating_add_signed(shift_nanos));
        self.now = self.now.max(shifted(record.received_at));
        self.venue_now = self.venue_now.max(shifted(record.venue_at));
        let (now, kinds) = (self.now, self.kinds);
        let at = Moment { now, venue: self.venue_now };
        let Some(listing) = self.listings.get_mut(tape) else {
            return;
        };
        listing.bookless &= matches!(record.body, Body::Trade { .. });
        let book_ids = match record.body {
            Body::Trade { trade_id, matched_at, price, quantity, aggressor } => {
                let trade = TapeTrade { trade_id, matched_at: shifted(matched_at), price, quantity, aggressor };
                listing.feed.trade(trade, kinds, at, out);
                let mut matching = Matching { clearing: &mut self.clearing, time: self.venue_now, out };
                listing.pass(trade, now, &mut matching);
                return self.settle(tape, out);
            }
            Body::Snapshot { update_id } => {
                listing.book.replace(update_id, &record.bids, &record.asks);
                Some((update_id, update_id))
            }
            Body::Depth { first_id, last_id } => {
                listing.book.apply(last_id, &record.bids, &record.asks);
                Some((first_id, last_id))
            }
            Body::Best { update_id, bid, ask } => {
                listing.book.set_best(update_id, bid, ask);
                None
            }
        };
        let (feed, book) = (&mut listing.feed, &listing.book);
        out.extend(feed.time(kinds, at));
        out.extend(feed.ticker(book, kinds, at));
        out.extend(book_ids.and_then(|ids| feed.book(book, ids, kinds, at)));
        if listing.has_orders() {
            listing.requote(now, &mut Matching { clearing: &mut self.clearing, time: self.venue_now, out });
            self.settle(tape, out);
        }
    }

    /// Ends the session: what is open or on its way expires.
    pub fn close(&mut self, out: &mut Vec<Output>) {
        let reason = SESSION_ENDED;
        for index in 0..self.listings.len() {
            let time = self.venue_time();
            let listing = &mut self.listings[index];
            for order in listing.bids.drain().chain(listing.asks.drain()) {
                self.clearing.hold(&order, -order.leaves, &listing.settlement);
                let mut expired = report(&order, ReportState::Expired, time, &listing.settlement);
                expired.reason = Some(reason.clone());
                out.push(Output::report(expired));
            }
        }
        self.places.clear();
        for Reverse(arrival) in std::mem::take(&mut self.arrivals).into_sorted_vec().into_iter().rev() {
            if let Action::Order(order) = arrival.action {
                out.push(Output::report(refusal(&order, ReportState::Expired, self.venue_now, reason.clone())));
            }
        }
        self.tell_balances(out);
    }

    /// What the venue writes on its messages now: the tape's clock, but never before what it has written already.
    fn venue_time(&mut self) -> Timestamp {
        self.venue_now = self.venue_now.max(self.now);
        self.venue_now
    }

    fn order(&mut self, order: OrderRequest, out: &mut Vec<Output>) {
        let index = self.listings.iter().position(|listing| listing.instrument.symbol == order.symbol);
        let time = self.venue_time();
        let accepted = match index {
            None => Err(format_smolstr!("unknown symbol {}", order.symbol)),
            Some(_) if self.places.contains_key(&order.client_order_id) => Err("duplicate client order id".into()),
            Some(index) => {
                let listing = &self.listings[index];
                let Listing { instrument, settlement, .. } = listing;
                let purse = if order.side == Side::Buy { settlement.quote } else { settlement.base };
                let available = self.clearing.account.available(purse);
                match check(&order, instrument, settlement.grid, (listing.offers(), self.slippage)) {
                    Ok(checked) if checked.needs > available => Err("insufficient balance".into()),
                    result => result.map(|checked| (index, checked)),
                }
            }
        };
        let (index, checked) = match accepted {
            Ok(accepted) => accepted,
            Err(reason) => return out.push(Output::report(refusal(&order, ReportState::Rejected, time, reason))),
        };
        let listing = &mut self.listings[index];
        listing.orders += 1;
        let mut live = LiveOrder {
            venue_order_id: format_smolstr!("{}-{:06}", order.symbol, listing.orders),
            request: order,
            price: checked.price,
            quantity: checked.quantity,
            leaves: checked.quantity,
            cost: Decimal::ZERO,
            arrived_at: self.now,
            queue: Queue::default(),
        };
        self.clearing.hold(&live, live.leaves, &listing.settlement);
        out.push(Output::report(report(&live, ReportState::Ack, time, &listing.settlement)));
        let could = listing.offers().takeable(&live.request, live.price, live.leaves, self.slippage);
        let all_or_nothing = live.request.time_in_force == TimeInForce::Fok;
        let most = self.conduct.as_mut().filter(|_| !all_or_nothing).map_or(could, |conduct| conduct.share(could));
        listing.take(&mut live, most, self.slippage, &mut Matching { clearing: &mut self.clearing, time, out });
        if live.leaves == 0 {
            return;
        }
        let (side, id) = (live.request.side, live.request.client_order_id.clone());
        if checked.rests {
            live.queue = listing.queue(&live, self.queue);
            self.places.insert(id, (index, side));
            listing.resting(side).insert(live);
        } else {
            self.clearing.hold(&live, -live.leaves, &listing.settlement);
            let mut cancelled = report(&live, ReportState::Cancelled, time, &listing.settlement);
            cancelled.reason = Some("IOC remainder cancelled".into());
            out.push(Output::report(cancelled));
        }
    }

    fn take_out(&mut self, id: &ClientOrderId, out: &mut Vec<Output>) {
        let Some((index, side)) = self.places.remove(id) else {
            return;
        };
        let time = self.venue_time();
        let listing = &mut self.listings[index];
        if let Some(order) = listing.resting(side).remove(id.as_str()) {
            self.clearing.hold(&order, -order.leaves, &listing.settlement);
            let mut cancelled = report(&order, ReportState::Cancelled, time, &listing.settlement);
            cancelled.reason = Some("cancelled on request".into());
            out.push(Output::report(cancelled));
        }
    }

    /// Forgets the orders of a listing that were filled, and tells the balances.
    fn settle(&mut self, listing: usize, out: &mut Vec<Output>) {
        let (listing, places) = (&mut self.listings[listing], &mut self.places);
        for side in [Side::Buy, Side::Sell] {
            listing.resting(side).sweep(|order| {
                places.remove(&order.request.client_order_id);
            });
        }
        self.tell_balances(out);
    }

    fn tell_balances(&mut self, out: &mut Vec<Output>) {
        while let Some(balance) = self.clearing.account.next_changed() {
            if self.kinds.contains(EventKind::BalanceUpdate) {
                self.balance_sequence += 1;
                out.push(Output::Event(Arc::new(Event {
                    provider: self.provider.clone(),
                    symbol: None,
                    sequence: self.balance_sequence,
                    ingest_time: self.now,
                    emit_time: self.venue_now,
                    payload: Payload::BalanceUpdate(BalanceUpdate {
                        currency: balance.currency,
                        total: DecimalText::new(balance.total),
                        available: DecimalText::new(balance.available),
                        time: self.venue_now,
                    }),
                })));
            }
        }
    }
}
