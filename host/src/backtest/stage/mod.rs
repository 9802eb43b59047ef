//! What moves in a backtest and in a scenario: one guest with its mailbox, a desk, venues on a table, and a clock that is set by
//! hand. Whoever drives it says what happens next; in between it does what is due, in order of time. Must not know where the
//! market comes from.

mod connection;
mod guest;
mod hearing;
mod steps;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use smol_str::SmolStr;

use super::book_keeping::{Lines, Tally};
use super::ledger::Ledger;
use super::numbers::Measure;
use super::report::{PlayReport, PlayedCall, PlayedData, PlayedStrategy};
use super::request::{PlayError, PlayRequest};
use super::table::Table;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock as _, ManualClock, ProviderName, Timestamp};
use crate::bus::{Bus, BusConfig, Filter, KindSet, Mailbox};
use crate::instances::restart::RestartPolicy;
use crate::instances::view::tidy;
use crate::market::{Event, EventKind, OrderRequest, Symbol};
use crate::providers::paper::Output;
use crate::sandbox::{Guest, SavedInMemory};
use crate::trading::{Desk, Outlet};

pub(super) use steps::Picture;

/// Run lifetime. One thread, no waiting, no time of the machine.
pub(super) struct Stage {
    request: PlayRequest,
    feeds: Vec<(ProviderName, Vec<Symbol>)>,
    clock: Arc<ManualClock>,
    desk: Arc<Desk>,
    bus: Arc<Bus>,
    seats: Vec<Seat>,
    mailbox: Mailbox,
    /// What the guest asked to hear of its markets.
    kinds: KindSet,
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
    measure: Measure,
    /// Each call, when somebody wants to know.
    calls: Option<Vec<PlayedCall>>,
    /// A lone event goes past the bus where that comes to the same.
    short_cuts: bool,
    first: Timestamp,
    last: Timestamp,
    /// What a venue says; empty between two things that happen.
    told: Vec<Output>,
    placed: Vec<OrderRequest>,
    /// What was done between the records of the market.
    steps: u64,
}

/// Calls that are kept.
const CALLS: usize = 10_000;

/// Steps between two looks at who may have asked for the end.
const LOOK_UP_EVERY: u64 = 256;

/// For so long after the last record orders arrive: a strategy that always answers a report with an order would have no end.
const AFTERMATH: Duration = Duration::from_secs(60);

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
        let kinds: KindSet = request.program.metadata().events.iter().copied().collect();
        let filter = |(provider, symbols): &(ProviderName, Vec<Symbol>)| Filter {
            provider: provider.clone(),
            symbols: symbols.clone(),
            kinds,
        };
        let mailbox = bus.open(&request.instance, &feeds.iter().map(filter).collect::<Vec<_>>())?;
        let (policy, first) = (RestartPolicy::new(request.restart), clock.now());
        let measure = measure(&feeds, &seats, first);
        Ok(Self {
            request,
            feeds,
            clock,
            desk,
            bus,
            seats,
            mailbox,
            kinds,
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
            measure,
            calls: None,
            short_cuts: true,
            first,
            last: first,
            told: Vec::new(),
            placed: Vec::new(),
            steps: 0,
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

    /// The market is over: what is on its way arrives, if that takes no longer than a minute, the venues end their sessions, and
    /// the guest takes its leave.
    pub(super) fn end(&mut self) -> Result<(), PlayError> {
        let until = self.clock.now().plus(AFTERMATH);
        let next = |seats: &[Seat]| seats.iter().filter_map(|seat| seat.table.next_arrival()).min();
        while let Some(at) = next(&self.seats).filter(|at| *at <= until) {
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

    fn catch_up(&mut self, until: Timestamp) -> Result<(), PlayError> {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.look_up()?;
            self.clock.advance_to(at);
            match due {
                Due::Turn(seat) => self.turn(seat)?,
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

    /// Every now and then: whether somebody has asked for the end. Between two records of the market there may be no end of timers,
    /// and of orders that follow from reports.
    fn look_up(&mut self) -> Result<(), PlayError> {
        self.steps += 1;
        if self.steps.is_multiple_of(LOOK_UP_EVERY) && self.request.watch.is_cancelled() {
            return Err(PlayError::Cancelled);
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

    /// The report of all that happened.
    pub(super) fn close(mut self) -> PlayReport {
        let dropped = self.mailbox.dropped();
        let counts = EventKind::ALL.into_iter().map(|kind| (SmolStr::new_static(kind.as_str()), dropped.of(kind)));
        self.tally.events.dropped = counts.filter(|(_, count)| *count > 0).collect::<BTreeMap<_, _>>();
        let measured = self.measure.close(self.clock.now(), &self.ledger.orders_by_symbol());
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
            events: self.tally.events(),
            orders,
            fills,
            fees,
            profit: tidy(self.desk.profit(&self.request.instance)),
            measured,
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

/// What is to be measured, by seat. The capital is what the accounts of the venues that are followed have.
fn measure(feeds: &[(ProviderName, Vec<Symbol>)], seats: &[Seat], start: Timestamp) -> Measure {
    let followed = |seat: &Seat| {
        let feed = feeds.iter().find(|(provider, _)| provider == seat.table.name());
        feed.cloned().unwrap_or_else(|| (seat.table.name().clone(), Vec::new()))
    };
    let by_seat: Vec<_> = seats.iter().map(followed).collect();
    let mut capital = BTreeMap::new();
    for (seat, (_, symbols)) in seats.iter().zip(&by_seat) {
        let quoted = |currency: &str| symbols.iter().any(|symbol| symbol.quote_currency() == currency);
        for balance in seat.table.balances().into_iter().filter(|balance| quoted(&balance.currency)) {
            *capital.entry(balance.currency).or_default() += balance.total;
        }
    }
    Measure::new(by_seat, &capital, start)
}
