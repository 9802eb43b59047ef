//! The paper venue as a provider: paces its session by the machine's clock, or in step with the instances.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use smol_str::{SmolStr, format_smolstr};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::clearing::refusal;
use super::config::{PaperConfig, PaperConfigError, Speed};
use super::log::{LogError, Logbook};
use super::{Output, PaperSession};
use crate::base::{Clock, ManualClock, ProviderName, Timestamp};
use crate::bus::KindSet;
use crate::market::{ClientOrderId, Instrument, OrderRequest, Payload, ReportState};
use crate::providers::tape::{Tape, TapeError};
use crate::trading::{Approved, Balance, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// A playing tape gives other tasks a turn after so many steps.
const STEPS_PER_TURN: u32 = 256;

/// Why a paper provider cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A setting is not allowed.
    #[error(transparent)]
    Config(#[from] PaperConfigError),
    /// A tape cannot be played.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// Its log cannot be read or written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Two tapes have the same instrument.
    #[error("two tapes are of {0}: a venue has one book per symbol")]
    SameSymbol(crate::market::Symbol),
}

/// Process lifetime. Each start begins a new session: the tapes play from their beginnings, but the clock goes on and the
/// account keeps its balances.
pub struct PaperProvider {
    name: ProviderName,
    config: PaperConfig,
    tapes: Vec<Tape>,
    instruments: Arc<[Instrument]>,
    wall: Arc<dyn Clock>,
    clock: Arc<ManualClock>,
    /// Something is in the inbox.
    ordered: Notify,
    logbook: Logbook,
    shared: Mutex<Shared>,
}

struct Shared {
    status: ProviderStatus,
    /// Of the newest start.
    outlet: Option<Outlet>,
    inbox: Vec<Command>,
    balances: Vec<Balance>,
    stop: CancellationToken,
    playing: Option<tokio::task::JoinHandle<()>>,
}

enum Command {
    Submit(OrderRequest),
    Cancel(ClientOrderId, Timestamp),
}

impl PaperProvider {
    /// Opens the tapes and checks the settings; nothing plays yet. `wall` paces the playing.
    ///
    /// # Errors
    /// [`PaperError`] when a setting or a tape is not usable.
    pub fn new(name: ProviderName, config: PaperConfig, wall: Arc<dyn Clock>) -> Result<Self, PaperError> {
        config.validate()?;
        let tapes = config.tapes.iter().map(|tape| Tape::open(tape)).collect::<Result<Vec<_>, _>>()?;
        let instruments: Arc<[Instrument]> = tapes.iter().map(|tape| tape.header().instrument.clone()).collect();
        for (index, instrument) in instruments.iter().enumerate() {
            if instruments[..index].iter().any(|other| other.symbol == instrument.symbol) {
                return Err(PaperError::SameSymbol(instrument.symbol.clone()));
            }
        }
        let start = tapes.iter().map(|tape| tape.header().start).min().unwrap_or_default();
        let balances = config.balances.iter().map(|(currency, amount)| Balance {
            currency: currency.clone(),
            total: amount.value(),
            available: amount.value(),
        });
        let shared = Shared {
            status: ProviderStatus::Pending,
            outlet: None,
            inbox: Vec::new(),
            balances: balances.collect(),
            stop: CancellationToken::new(),
            playing: None,
        };
        Ok(Self {
            name,
            tapes,
            instruments,
            wall,
            clock: Arc::new(ManualClock::new(start)),
            ordered: Notify::new(),
            logbook: Logbook::default(),
            shared: Mutex::new(shared),
            config,
        })
    }

    /// Writes what it says about orders to a log in this folder, and knows from it what was said before the process began.
    ///
    /// # Errors
    /// [`PaperError::Log`] when the log cannot be read or written.
    pub fn with_log(self, dir: &Path) -> Result<Self, PaperError> {
        Ok(Self { logbook: Logbook::open(dir)?, ..self })
    }

    /// The account as it was left by an earlier process, in place of the settings' balances; before the first start.
    pub fn set_balances(&self, mut balances: Vec<Balance>) {
        balances.sort_by(|a, b| a.currency.cmp(&b.currency));
        // Orders of an earlier session are gone and hold nothing.
        balances.iter_mut().for_each(|balance| balance.available = balance.total);
        self.shared().balances = balances;
    }

    /// The settings.
    pub fn config(&self) -> &PaperConfig {
        &self.config
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // What a panicking holder left behind is whole: no holder changes two things that belong together.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self, balances: &[Balance]) -> Result<PaperSession, PaperError> {
        // The moment of the start is what no other session of this provider has, in this process or another.
        let session: SmolStr = format_smolstr!("{:x}", self.wall.now().as_nanos() / 1_000_000);
        self.logbook.begin(&session, self.wall.now(), balances)?;
        let mut setup = self.config.venue(self.name.clone(), session, KindSet::PUBLIC)?;
        setup.balances = balances.iter().map(|balance| (balance.currency.clone(), balance.total)).collect();
        Ok(PaperSession::new(setup, &self.tapes, self.config.looping, Some(self.clock.now()))?)
    }

    /// Hands what came in to the venue; refuses it when the session is over.
    fn empty_inbox(&self, session: &mut PaperSession) {
        for command in std::mem::take(&mut self.shared().inbox) {
            match command {
                Command::Submit(order) => session.submit(order),
                Command::Cancel(order, requested_at) => session.cancel(order, requested_at),
            }
        }
    }

    async fn play(self: Arc<Self>, mut session: PaperSession, outlet: Outlet, pace: Pace, stop: CancellationToken) {
        // What a step gave is kept here, so that a stop in the middle of telling it loses no report.
        let mut told = Telling { step: Vec::new(), queue: VecDeque::new() };
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(()),
            () = outlet.lifecycle().soft_stop().cancelled() => Ok(()),
            ended = self.play_all(&mut session, &outlet, pace, &mut told) => ended,
        };
        let status = match ended {
            Ok(()) => ProviderStatus::Stopped,
            Err(error) => {
                tracing::error!(provider = %self.name, %error, "the venue cannot go on");
                ProviderStatus::Failed
            }
        };
        // From here on `submit` refuses; what came in before expires with the session.
        self.shared().status = status;
        self.empty_inbox(&mut session);
        session.close(&mut told.step);
        if let Err(error) = self.logbook.record(&told.step) {
            tracing::error!(provider = %self.name, %error, "the end of the session is told without being in the venue's log");
        }
        for output in told.queue.into_iter().chain(told.step) {
            self.tell(output, &outlet);
        }
        self.shared().balances = session.venue().balances();
    }

    async fn play_all(
        &self,
        session: &mut PaperSession,
        outlet: &Outlet,
        mut pace: Pace,
        told: &mut Telling,
    ) -> Result<(), PaperError> {
        let mut steps: u32 = 0;
        loop {
            self.empty_inbox(session);
            let Some(due) = session.next_time() else {
                return Ok(());
            };
            if let Some(moment) = pace.moment(due)
                && moment > self.wall.now()
            {
                tokio::select! {
                    () = self.wall.sleep_until(moment) => {}
                    // An order may arrive before what we wait for.
                    () = self.ordered.notified() => continue,
                }
            }
            self.clock.advance_to(due);
            if pace.in_step() {
                // Timers that are due now fire first, and what they order may arrive before this step.
                outlet.settle().await;
                self.empty_inbox(session);
            }
            session.step(&mut told.step)?;
            self.logbook.record(&told.step)?;
            told.queue.extend(told.step.drain(..));
            while let Some(output) = told.queue.pop_front() {
                self.tell(output, outlet);
                if pace.in_step() {
                    outlet.settle().await;
                }
            }
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(STEPS_PER_TURN) {
                tokio::task::yield_now().await;
            }
        }
    }

    fn tell(&self, output: Output, outlet: &Outlet) {
        match output {
            Output::Report(report) => outlet.report(report),
            Output::Event(event) => {
                if let Payload::BalanceUpdate(update) = &event.payload {
                    self.note_balance(update);
                }
                outlet.publish(event);
            }
        }
    }

    fn note_balance(&self, update: &crate::market::BalanceUpdate) {
        let balance =
            Balance { currency: update.currency.clone(), total: update.total.value(), available: update.available.value() };
        let balances = &mut self.shared().balances;
        match balances.binary_search_by(|known| known.currency.cmp(&balance.currency)) {
            Ok(index) => balances[index] = balance,
            Err(index) => balances.insert(index, balance),
        }
    }

    fn take_command(&self, command: Command) {
        let mut shared = self.shared();
        if let Command::Submit(order) = &command {
            self.logbook.sent(order);
        }
        if matches!(shared.status, ProviderStatus::Starting | ProviderStatus::Running) {
            shared.inbox.push(command);
            drop(shared);
            self.ordered.notify_one();
            return;
        }
        let outlet = shared.outlet.clone();
        drop(shared);
        if let (Command::Submit(order), Some(outlet)) = (command, outlet) {
            let reason = SmolStr::new_static("venue unavailable");
            let refused = [Output::Report(refusal(&order, ReportState::Rejected, order.requested_at, reason))];
            if let Err(error) = self.logbook.record(&refused) {
                tracing::error!(provider = %self.name, %error, "a refusal is told without being in the venue's log");
            }
            refused.into_iter().for_each(|refused| self.tell(refused, &outlet));
        }
    }
}

#[async_trait]
impl Provider for PaperProvider {
    fn name(&self) -> &ProviderName {
        &self.name
    }

    fn adapter(&self) -> &'static str {
        super::ADAPTER
    }

    fn status(&self) -> ProviderStatus {
        self.shared().status
    }

    fn instruments(&self) -> Arc<[Instrument]> {
        self.instruments.clone()
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn submit(&self, order: Approved<OrderRequest>) {
        self.take_command(Command::Submit(order.into_inner()));
    }

    fn cancel(&self, order: &ClientOrderId, requested_at: Timestamp) {
        self.take_command(Command::Cancel(order.clone(), requested_at));
    }

    fn balances(&self) -> Vec<Balance> {
        self.shared().balances.clone()
    }

    fn is_paper(&self) -> bool {
        true
    }

    async fn query(&self, orders: &[OrderRequest]) -> Vec<OrderAnswer> {
        let playing = matches!(self.status(), ProviderStatus::Starting | ProviderStatus::Running);
        self.logbook.query(orders, playing).await.unwrap_or_default()
    }

    async fn start(self: Arc<Self>, outlet: Outlet) -> Result<(), ProviderError> {
        let (earlier, stop) = {
            let mut shared = self.shared();
            if matches!(shared.status, ProviderStatus::Starting | ProviderStatus::Running) {
                return Err(ProviderError { provider: self.name.clone(), message: "is running already".into() });
            }
            shared.status = ProviderStatus::Starting;
            shared.outlet = Some(outlet.clone());
            shared.stop = CancellationToken::new();
            (shared.playing.take(), shared.stop.clone())
        };
        if let Some(earlier) = earlier {
            // It says that it stopped before it has told all that expires; its balances are what we begin with.
            let _ = earlier.await;
        }
        let balances = self.shared().balances.clone();
        match self.session(&balances) {
            Ok(session) => {
                let pace = Pace::new(self.config.speed, self.wall.now());
                let playing = self.clone().play(session, outlet.clone(), pace, stop);
                let mut shared = self.shared();
                shared.status = ProviderStatus::Running;
                shared.playing = Some(outlet.lifecycle().spawn(playing));
                Ok(())
            }
            Err(error) => {
                self.shared().status = ProviderStatus::Failed;
                Err(ProviderError { provider: self.name.clone(), message: format!("cannot play: {error}") })
            }
        }
    }

    async fn stop(&self) {
        let playing = {
            let mut shared = self.shared();
            shared.stop.cancel();
            shared.playing.take()
        };
        if let Some(playing) = playing {
            // A task that was ended by the hard stop or panicked has stopped, too.
            let _ = playing.await;
        }
    }
}

/// What the session said and is not told yet.
struct Telling {
    /// Where a step writes; older than nothing in `queue`.
    step: Vec<Output>,
    /// To be told first.
    queue: VecDeque<Output>,
}

/// When a moment of the tape is to be played.
struct Pace {
    speed: Speed,
    /// The machine's time of the first moment.
    started: Timestamp,
    first: Option<Timestamp>,
}

impl Pace {
    fn new(speed: Speed, now: Timestamp) -> Self {
        Self { speed, started: now, first: None }
    }

    fn in_step(&self) -> bool {
        self.speed == Speed::Max
    }

    /// The machine's time for this moment of the tape; none for at once.
    fn moment(&mut self, due: Timestamp) -> Option<Timestamp> {
        let Speed::Times(times) = self.speed else {
            return None;
        };
        let first = *self.first.get_or_insert(due);
        let elapsed = Duration::from_nanos(u64::try_from(due.since(first).as_nanos() / u128::from(times)).unwrap_or(u64::MAX));
        Some(self.started.plus(elapsed))
    }
}
