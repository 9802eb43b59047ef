//! The loop of a play: everything that is due before the next record of the tape, in order of time, then the record.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::book_keeping::{Lines, Tally};
use super::ledger::Ledger;
use super::report::{PlayReport, PlayedStrategy, PlayedTape};
use super::request::{PlayError, PlayRequest, symbols};
use super::table_venue::TableVenue;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock as _, ManualClock, Timestamp};
use crate::bus::{Bus, BusConfig, Filter, Mailbox};
use crate::instances::is_dry_run;
use crate::instances::restart::{Answer, RestartPolicy};
use crate::instances::seed::seed_of;
use crate::instances::view::tidy;
use crate::market::{Event, EventKind, Payload, Symbol};
use crate::providers::paper::Output;
use crate::sandbox::{Fault, Guest, GuestSetup, Pace, SavedInMemory, StartError};
use crate::trading::{Desk, Outlet, Provider as _, TradingAccount};

/// Plays it to the end of the tapes. Blocks the thread: some seconds per million events.
///
/// # Errors
/// [`PlayError`]; a fault of the guest is no error but part of the report.
pub fn play(request: PlayRequest) -> Result<PlayReport, PlayError> {
    let mut player = Player::new(request)?;
    player.run()?;
    Ok(player.close())
}

/// Everything that moves.
struct Player {
    request: PlayRequest,
    feeds: Vec<Symbol>,
    clock: Arc<ManualClock>,
    desk: Arc<Desk>,
    outlet: Outlet,
    venue: Arc<TableVenue>,
    mailbox: Mailbox,
    guest: Option<Guest>,
    /// When a fresh guest starts after a fault; none while one lives, or for ever once it is quarantined.
    restart_at: Option<Timestamp>,
    policy: RestartPolicy,
    /// Own reports that came while no guest was there, as live.
    held: VecDeque<Arc<Event>>,
    saved: SavedInMemory,
    lines: Arc<Lines>,
    tally: Tally,
    ledger: Ledger,
    first: Timestamp,
    last: Timestamp,
}

impl Player {
    fn new(request: PlayRequest) -> Result<Self, PlayError> {
        let feeds = symbols(&request)?;
        let first = request.tapes.iter().map(|tape| tape.header().start).min().unwrap_or_default();
        let (metrics, clock) = (Metrics::new(), Arc::new(ManualClock::new(first)));
        let bus = Bus::new(&metrics, BusConfig::default());
        let desk = Desk::new(request.risk.clone(), Arc::clone(&bus), None, &metrics);
        let venue = TableVenue::new(&request, Arc::clone(&clock))?;
        desk.attach(Arc::clone(&venue) as _);
        let outlet = desk.outlet(&request.provider, &Lifecycle::new());
        let kinds = request.program.metadata().events.iter().copied().collect();
        let filter = Filter { provider: request.provider.clone(), symbols: feeds.clone(), kinds };
        let mailbox = bus.open(&request.instance, &[filter])?;
        desk.admit(TradingAccount {
            instance: request.instance.clone(),
            revision: request.program.source_hash(),
            run: 1,
            scope: vec![(request.provider.clone(), feeds.clone())],
            dry_run: is_dry_run(&request.config),
            limits: None,
        });
        let policy = RestartPolicy::new(request.restart);
        Ok(Self {
            request,
            feeds,
            clock,
            desk,
            outlet,
            venue,
            mailbox,
            guest: None,
            restart_at: None,
            policy,
            held: VecDeque::new(),
            saved: SavedInMemory::default(),
            lines: Arc::default(),
            tally: Tally::default(),
            ledger: Ledger::default(),
            first,
            last: first,
        })
    }

    fn run(&mut self) -> Result<(), PlayError> {
        self.start_guest(true)?;
        let told = self.venue.open();
        self.hear(told);
        self.drain()?;
        while let Some(next) = self.venue.next_record() {
            self.catch_up(next)?;
            self.clock.advance_to(next);
            self.last = next;
            let told = self.venue.take_record()?;
            self.hear(told);
            self.drain()?;
        }
        self.farewell()
    }

    /// Does what is due up to `until`, in order of time.
    fn catch_up(&mut self, until: Timestamp) -> Result<(), PlayError> {
        while let Some((at, due)) = self.next_due().filter(|(at, _)| *at <= until) {
            self.clock.advance_to(at);
            match due {
                Due::Venue => {
                    let told = self.venue.arrive();
                    self.hear(told);
                }
                Due::Restart => self.start_guest(false)?,
                Due::Timer => self.fire()?,
                Due::Awake => {}
            }
            self.drain()?;
        }
        Ok(())
    }

    /// What comes first. At the same moment the venue goes first: its news is what the guest is to decide on.
    fn next_due(&self) -> Option<(Timestamp, Due)> {
        let now = self.clock.now();
        let venue = self.venue.next_arrival().map(|at| (at, Due::Venue));
        let restart = self.restart_at.map(|at| (at, Due::Restart));
        let guest = self.guest.as_ref().and_then(|guest| {
            let busy_until = guest.now().filter(|awake| *awake > now);
            let awake = busy_until.filter(|_| !self.mailbox.is_empty()).map(|at| (at, Due::Awake));
            let timer = guest.next_timer().map(|at| (at.max(busy_until.unwrap_or(at)), Due::Timer));
            // A timer that is due goes before events that wait, as live.
            [timer, awake].into_iter().flatten().min_by_key(|(at, _)| *at)
        });
        [venue, restart, guest].into_iter().flatten().min_by_key(|(at, _)| *at)
    }

    /// Passes on what the venue says.
    fn hear(&mut self, told: Vec<Output>) {
        for told in told {
            match told {
                Output::Event(event) => self.outlet.publish(event),
                Output::Report(report) => self.outlet.report(report),
            }
        }
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
        for order in self.venue.take_placed() {
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
            Ok(delivery) => self.tally.handled(event.kind().as_str(), &delivery, &guest.usage()),
            Err(fault) => self.fault(fault),
        }
        Ok(())
    }

    fn fire(&mut self) -> Result<(), PlayError> {
        let now = self.clock.now();
        while let Some(guest) = &mut self.guest {
            match guest.fire(now).now_or_never().ok_or(PlayError::Waiting)? {
                Ok(None) => break,
                Ok(Some(delivery)) => self.tally.handled("Timer", &delivery, &guest.usage()),
                Err(fault) => self.fault(fault),
            }
        }
        Ok(())
    }

    fn start_guest(&mut self, first: bool) -> Result<(), PlayError> {
        self.restart_at = None;
        let started = Guest::start(&self.request.program, self.setup()).now_or_never().ok_or(PlayError::Waiting)?;
        match started {
            Ok((guest, started)) => {
                self.tally.created(started.fuel, &guest.usage());
                self.guest = Some(guest);
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
            seed: seed_of(&self.request.instance, &self.request.config),
            config: self.request.config.clone(),
            feeds: vec![(self.request.provider.clone(), self.feeds.clone())],
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
    fn farewell(&mut self) -> Result<(), PlayError> {
        let now = self.clock.now();
        self.desk.set_active(&self.request.instance, false);
        if let Some(guest) = &mut self.guest {
            match guest.stop(now).now_or_never().ok_or(PlayError::Waiting)? {
                Ok(delivery) if delivery.called => self.tally.handled("Stop", &delivery, &guest.usage()),
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

    fn close(mut self) -> PlayReport {
        let dropped = self.mailbox.dropped();
        let counts = EventKind::ALL.into_iter().map(|kind| (kind.as_str(), dropped.of(kind)));
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
            tapes: self.request.tapes.iter().map(PlayedTape::of).collect(),
            from: self.first.to_rfc3339(),
            to: self.last.to_rfc3339(),
            events: self.tally.events,
            orders,
            fills,
            fees,
            profit: tidy(self.desk.profit(&self.request.instance)),
            balances: self.venue.balances(),
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

/// What can be due.
#[derive(Clone, Copy)]
enum Due {
    /// An order reaches the venue, a report leaves it.
    Venue,
    /// The backoff after a fault is over.
    Restart,
    /// A timer of the guest.
    Timer,
    /// The guest wakes up and something waits for it.
    Awake,
}
