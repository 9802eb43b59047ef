//! What moves in a backtest and in a scenario: one guest with its mailbox, a desk, venues on a table, and a clock that is set by
//! hand. Whoever drives it says what happens next; in between it does what is due, in order of time. Must not know where the
//! market comes from.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::FutureExt as _;
use rust_decimal::Decimal;
use serde_json::Value;
use smol_str::SmolStr;
use tokio_util::sync::CancellationToken;

use super::book_keeping::{Lines, Tally};
use super::ledger::{Ledger, PlayedOrder};
use super::report::{HandlerFuel, PlayReport, PlayedCall, PlayedData, PlayedFault, PlayedLine, PlayedStrategy};
use super::request::{PlayError, PlayRequest};
use super::table::Table;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock as _, InstanceId, ManualClock, ProviderName, Timestamp};
use crate::bus::{Bus, BusConfig, Filter, Mailbox};
use crate::instances::is_dry_run;
use crate::instances::restart::{Answer, RestartPolicy};
use crate::instances::view::tidy;
use crate::market::{Event, EventKind, OrderRequest, Payload, Symbol};
use crate::providers::paper::Output;
use crate::sandbox::{Delivery, Fault, Guest, GuestSetup, Pace, SavedInMemory, SavedState as _, StartError};
use crate::trading::{Connection, Desk, Outlet, Position, TradingAccount};

/// Run lifetime. One thread, no waiting, no time of the machine.
pub(super) struct Stage {
    request: PlayRequest,
    feeds: Vec<(ProviderName, Vec<Symbol>)>,
    clock: Arc<ManualClock>,
    desk: Arc<Desk>,
    bus: Arc<Bus>,
    seats: Vec<Seat>,
    mailbox: Mailbox,
    guest: Option<Guest>,
    /// Counts the guests: part of client order ids.
    run: u64,
    /// Events that a handler ran for.
    handled: u64,
    /// When a fresh guest starts after a fault; none while one lives, or for ever once it is quarantined.
    restart_at: Option<Timestamp>,
    policy: RestartPolicy,
    /// Own reports that came while no guest was there, as live.
    held: VecDeque<Arc<Event>>,
    saved: SavedInMemory,
    lines: Arc<Lines>,
    tally: Tally,
    ledger: Ledger,
    /// Each call, when somebody wants to know.
    calls: Option<Vec<PlayedCall>>,
    first: Timestamp,
    last: Timestamp,
    /// What a venue says; empty between two things that happen.
    told: Vec<Output>,
    placed: Vec<OrderRequest>,
}

/// Calls that are kept.
const CALLS: usize = 10_000;

/// What can be seen of a run while it goes on.
pub(super) struct Picture {
    pub(super) orders: Vec<PlayedOrder>,
    pub(super) fills: usize,
    pub(super) log: Vec<PlayedLine>,
    pub(super) fuel: BTreeMap<String, HandlerFuel>,
    pub(super) peak_memory_bytes: u64,
    pub(super) exception_count: u64,
    pub(super) faults: Vec<PlayedFault>,
    /// By symbol, of several providers by `provider:SYMBOL`; flat ones are left out.
    pub(super) positions: BTreeMap<String, Decimal>,
    /// What the guest saved last.
    pub(super) saved: Value,
}

/// A venue and its way to the host.
struct Seat {
    table: Arc<dyn Table>,
    outlet: Outlet,
}

/// What can be due.
#[derive(Clone, Copy)]
enum Due {
    /// The connection to this venue changes.
    Turn(usize),
    /// An order reaches this venue.
    Venue(usize),
    /// The backoff after a fault is over.
    Restart,
    /// A timer of the guest.
    Timer,
    /// The guest wakes up and something waits for it.
    Awake,
}

impl Stage {
    /// With everything at its place and nothing begun; `clock` stands at the beginning.
    pub(super) fn new(
        request: PlayRequest,
        feeds: Vec<(ProviderName, Vec<Symbol>)>,
        tables: Vec<Arc<dyn Table>>,
        clock: Arc<ManualClock>,
    ) -> Result<Self, PlayError> {
        let metrics = Metrics::new();
        let bus = Bus::new(&metrics, BusConfig::default());
        let desk = Desk::new(request.risk.clone(), Arc::clone(&bus), None, &metrics);
        let mut seats = Vec::new();
        for table in tables {
            desk.attach(Arc::clone(&table) as _);
            let outlet = desk.outlet(table.name(), &Lifecycle::new());
            seats.push(Seat { table, outlet });
        }
        let kinds = request.program.metadata().events.iter().copied().collect();
        let filter = |(provider, symbols): &(ProviderName, Vec<Symbol>)| Filter {
            provider: provider.clone(),
            symbols: symbols.clone(),
            kinds,
        };
        let mailbox = bus.open(&request.instance, &feeds.iter().map(filter).collect::<Vec<_>>())?;
        let (policy, first) = (RestartPolicy::new(request.restart), clock.now());
        Ok(Self {
            request,
            feeds,
            clock,
            desk,
            bus,
            seats,
            mailbox,
            guest: None,
            run: 0,
            handled: 0,
            restart_at: None,
            policy,
            held: VecDeque::new(),
            saved: SavedInMemory::default(),
            lines: Arc::default(),
            tally: Tally::default(),
            ledger: Ledger::default(),
            calls: None,
            first,
            last: first,
            told: Vec::new(),
            placed: Vec::new(),
        })
    }

    /// Starts the first guest, then lets the venues announce their instruments.
    pub(super) fn open(&mut self) -> Result<(), PlayError> {
        self.start_guest(true)?;
        for seat in 0..self.seats.len() {
            let table = Arc::clone(&self.seats[seat].table);
            self.hear_of(seat, |told| {
                table.open(told);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The market is over: what is on its way arrives, the venues end their sessions, and the guest takes its leave.
    pub(super) fn end(&mut self) -> Result<(), PlayError> {
        while let Some(at) = self.seats.iter().filter_map(|seat| seat.table.next_arrival()).min() {
            self.advance(at)?;
        }
        for seat in 0..self.seats.len() {
            let table = Arc::clone(&self.seats[seat].table);
            self.hear_of(seat, |told| {
                table.close(told);
                Ok(())
            })?;
        }
        self.farewell()
    }

    /// Lets time pass up to `until`: what is due until then happens, in order of time.
    pub(super) fn advance(&mut self, until: Timestamp) -> Result<(), PlayError> {
        self.catch_up(until)?;
        self.clock.advance_to(until);
        self.last = self.last.max(until);
        Ok(())
    }

    /// Lets a venue say something now, and everybody answer.
    pub(super) fn hear_of(
        &mut self,
        seat: usize,
        speak: impl FnOnce(&mut Vec<Output>) -> Result<(), PlayError>,
    ) -> Result<(), PlayError> {
        speak(&mut self.told)?;
        let outlet = &self.seats[seat].outlet;
        for told in self.told.drain(..) {
            match told {
                Output::Event(event) => outlet.publish(event),
                Output::Report(report) => outlet.report(report),
            }
        }
        self.drain()
    }

    fn catch_up(&mut self, until: Timestamp) -> Result<(), PlayError> {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.clock.advance_to(at);
            match due {
                Due::Turn(seat) => {
                    let (table, outlet) = (Arc::clone(&self.seats[seat].table), self.seats[seat].outlet.clone());
                    self.hear_of(seat, |told| {
                        table.turn(&outlet, told);
                        Ok(())
                    })?;
                }
                Due::Venue(seat) => {
                    let table = Arc::clone(&self.seats[seat].table);
                    self.hear_of(seat, |told| {
                        table.arrive(told);
                        Ok(())
                    })?;
                }
                Due::Restart => self.start_guest(false)?,
                Due::Timer => self.fire()?,
                Due::Awake => {}
            }
            self.drain()?;
        }
        Ok(())
    }

    /// What comes first. At the same moment the venues go first: their news is what the guest is to decide on.
    fn next_due(&self) -> Option<(Timestamp, Due)> {
        let now = self.clock.now();
        let arrival = |(place, seat): (usize, &Seat)| seat.table.next_arrival().map(|at| (at, Due::Venue(place)));
        let venue = self.seats.iter().enumerate().filter_map(arrival).min_by_key(|(at, _)| *at);
        let turn = |(place, seat): (usize, &Seat)| seat.table.next_turn().map(|at| (at, Due::Turn(place)));
        let turn = self.seats.iter().enumerate().filter_map(turn).min_by_key(|(at, _)| *at);
        let restart = self.restart_at.map(|at| (at, Due::Restart));
        let guest = self.guest.as_ref().and_then(|guest| {
            let busy_until = guest.now().filter(|awake| *awake > now);
            let awake = busy_until.filter(|_| !self.mailbox.is_empty()).map(|at| (at, Due::Awake));
            let timer = guest.next_timer().map(|at| (at.max(busy_until.unwrap_or(at)), Due::Timer));
            // A timer that is due goes before events that wait, as live.
            [timer, awake].into_iter().flatten().min_by_key(|(at, _)| *at)
        });
        [turn, venue, restart, guest].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Hands the guest what waits for it, unless it sleeps.
    fn drain(&mut self) -> Result<(), PlayError> {
        loop {
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

    fn note_orders(&mut self) {
        self.seats.iter().for_each(|seat| seat.table.take_placed(&mut self.placed));
        for order in self.placed.drain(..) {
            self.ledger.placed(&order);
        }
    }

    fn account(&mut self, event: &Event) {
        if let Payload::ExecReport(both) = &event.payload {
            self.ledger.reported(&both.0, &both.1);
        }
    }

    fn deliver(&mut self, event: &Event) -> Result<(), PlayError> {
        let Some(guest) = &mut self.guest else { return Ok(()) };
        let delivered = guest.deliver(event).now_or_never().ok_or(PlayError::Waiting)?;
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

    /// Chaos may lose the guest after this event, as in a crash of the host: no farewell, and what it saved is there for the next one.
    fn lose_guest(&mut self, handled: bool) -> Result<(), PlayError> {
        self.handled += u64::from(handled);
        if handled && self.request.chaos.restart_at.binary_search(&self.handled).is_ok() {
            self.guest = None;
            self.desk.set_active(&self.request.instance, false);
            self.start_guest(false)?;
        }
        Ok(())
    }

    fn note_call(&mut self, delivery: &Delivery) {
        if let Some(calls) = self.calls.as_mut().filter(|calls| delivery.called && calls.len() < CALLS) {
            calls.push(PlayedCall { handler: delivery.handler, fuel: delivery.fuel, time: self.clock.now().to_rfc3339() });
        }
    }

    fn fire(&mut self) -> Result<(), PlayError> {
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

/// For who drives it step by step.
impl Stage {
    /// The same, keeping the first calls.
    pub(super) fn keeping_calls(mut self) -> Self {
        self.calls = Some(Vec::new());
        self
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who trades.
    pub(super) fn instance(&self) -> &InstanceId {
        &self.request.instance
    }

    /// Puts something into the mailbox of the instance alone.
    pub(super) fn post(&mut self, event: Event) -> Result<(), PlayError> {
        self.bus.post(&self.request.instance, Arc::new(event));
        self.drain()
    }

    /// The connection of a venue is lost or back; its status has changed before.
    pub(super) fn connection(&mut self, seat: usize, connection: Connection) -> Result<(), PlayError> {
        self.seats[seat].outlet.connection(connection);
        self.drain()
    }

    /// The host dies and starts again: the guest is gone without a word, a fresh one starts with what was saved.
    pub(super) fn crash(&mut self) -> Result<(), PlayError> {
        self.guest = None;
        self.desk.set_active(&self.request.instance, false);
        self.start_guest(false)?;
        self.drain()
    }

    /// What can be seen now.
    pub(super) fn picture(&self) -> Picture {
        let several = self.seats.len() > 1;
        let position = |(provider, symbol, position): (ProviderName, Symbol, Position)| {
            let name = if several { format!("{provider}:{symbol}") } else { symbol.to_string() };
            (!position.quantity.is_zero()).then(|| (name, position.quantity.normalize()))
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
            saved: self.saved.load().and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        }
    }

    /// The calls that were kept.
    pub(super) fn take_calls(&mut self) -> Vec<PlayedCall> {
        self.calls.take().unwrap_or_default()
    }
}

/// The life of the guest.
impl Stage {
    fn start_guest(&mut self, first: bool) -> Result<(), PlayError> {
        self.restart_at = None;
        self.run += 1;
        self.desk.admit(TradingAccount {
            instance: self.request.instance.clone(),
            revision: self.request.program.source_hash(),
            run: self.run,
            scope: self.feeds.clone(),
            dry_run: is_dry_run(&self.request.config),
            limits: None,
        });
        let started = Guest::start(&self.request.program, self.setup()).now_or_never().ok_or(PlayError::Waiting)?;
        match started {
            Ok((guest, started)) => {
                self.tally.created(started.fuel, &guest.usage());
                if let Some(calls) = self.calls.as_mut().filter(|calls| calls.len() < CALLS) {
                    calls.push(PlayedCall { handler: "create", fuel: started.fuel, time: self.clock.now().to_rfc3339() });
                }
                self.guest = Some(guest);
                let kinds = self.request.program.metadata().events.iter().copied().collect();
                self.desk.introduce(&self.request.instance, kinds);
                self.desk.set_active(&self.request.instance, true);
            }
            Err(StartError::Exception(exception)) if first => return Err(PlayError::Create(exception)),
            Err(StartError::Exception(exception)) => {
                self.tally.thrown(&exception);
                self.wait_for_restart();
            }
            Err(StartError::Fault(fault)) => self.fault(fault),
        }
        Ok(())
    }

    fn setup(&self) -> GuestSetup {
        GuestSetup {
            instance: self.request.instance.clone(),
            seed: self.request.seed(),
            config: self.request.config.clone(),
            feeds: self.feeds.clone(),
            limits: self.request.limits.clone(),
            dry_run: is_dry_run(&self.request.config),
            desk: Some(Arc::clone(&self.desk)),
            pace: Pace::Virtual,
            log: Arc::clone(&self.lines) as _,
            saved: Box::new(self.saved.clone()),
            time: self.clock.now(),
            cancel: CancellationToken::new(),
        }
    }

    /// The guest is gone.
    fn fault(&mut self, fault: Fault) {
        let usage = self.guest.take().map(|guest| guest.usage());
        self.tally.faulted(fault, usage.as_ref(), self.clock.now());
        self.wait_for_restart();
    }

    fn wait_for_restart(&mut self) {
        self.desk.set_active(&self.request.instance, false);
        let now = self.clock.now();
        self.restart_at = match self.policy.on_fault(now) {
            Answer::Wait(wait) => Some(now.plus(wait)),
            Answer::Quarantine => None,
        };
    }

    /// Lets the guest save its state, as a stop does. What waits in the mailbox of a guest that still sleeps is not heard.
    pub(super) fn farewell(&mut self) -> Result<(), PlayError> {
        let now = self.clock.now();
        self.desk.set_active(&self.request.instance, false);
        if let Some(guest) = &mut self.guest {
            match guest.stop(now).now_or_never().ok_or(PlayError::Waiting)? {
                Ok(delivery) if delivery.called => {
                    self.tally.handled("Stop", &delivery, &guest.usage());
                    self.note_call(&delivery);
                }
                Ok(_) => {}
                Err(fault) => {
                    let usage = guest.usage();
                    self.tally.faulted(fault, Some(&usage), now);
                }
            }
        }
        // Reports that nobody took any more still belong to the orders.
        let rest: VecDeque<_> = std::iter::from_fn(|| self.mailbox.try_recv()).collect();
        rest.iter().for_each(|event| self.account(event));
        self.note_orders();
        Ok(())
    }

    /// The report of all that happened.
    pub(super) fn close(mut self) -> PlayReport {
        let dropped = self.mailbox.dropped();
        let counts = EventKind::ALL.into_iter().map(|kind| (SmolStr::new_static(kind.as_str()), dropped.of(kind)));
        self.tally.events.dropped = counts.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>();
        let (orders, fills, fees) = self.ledger.close();
        let (log, log_lines_left_out) = self.lines.close();
        let (program, fuel) = (&self.request.program, self.tally.fuel());
        PlayReport {
            strategy: PlayedStrategy {
                name: program.metadata().name.clone(),
                tag: program.metadata().tag.clone(),
                hash: program.source_hash(),
                engine_hash: program.engine_hash(),
                config: self.request.config.clone(),
            },
            data: self.request.venues.iter().flat_map(PlayedData::of).collect(),
            from: self.first.to_rfc3339(),
            to: self.last.to_rfc3339(),
            events: self.tally.events,
            orders,
            fills,
            fees,
            profit: tidy(self.desk.profit(&self.request.instance)),
            balances: self.seats.iter().map(|seat| (seat.table.name().clone(), seat.table.balances())).collect(),
            fuel,
            peak_memory_bytes: self.tally.peak_memory_bytes,
            exceptions: self.tally.exceptions,
            exception_count: self.tally.exception_count,
            faults: self.tally.faults,
            log,
            log_lines_left_out,
        }
    }
}
