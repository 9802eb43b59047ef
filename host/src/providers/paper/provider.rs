//! A simulated venue as a provider: takes orders in, starts and stops sessions. `play` is what a session's task does: it paces
//! it by the machine's clock, or in step with the instances.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use rust_decimal::Decimal;
use smol_str::{SmolStr, format_smolstr};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::blueprint::Blueprint;
use super::clearing::refusal;
use super::config::{PaperConfig, PaperConfigError};
use super::link::Link;
use super::log::{LogError, Logbook};
use super::play::{Pace, Play};
use super::venue::VenueSetup;
use super::{Output, PaperSession};
use crate::base::{Clock, ManualClock, ProviderName, Timestamp};
use crate::market::{ClientOrderId, Instrument, OrderRequest, ReportState};
use crate::providers::tape::TapeError;
use crate::trading::{Approved, Balance, Connection, OrderAnswer, Outlet, Provider, ProviderError, ProviderStatus};

/// Why a paper provider cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// A setting is not allowed.
    #[error(transparent)]
    Config(#[from] PaperConfigError),
    /// A tape cannot be played.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// Two tapes have the same instrument.
    #[error("two tapes are of {0}: a venue has one book per symbol")]
    SameSymbol(crate::market::Symbol),
    /// Its log cannot be read or written: it must not say what it would forget.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Process lifetime. Each start begins a new session: the market plays from its beginning, but the clock goes on and the
/// account keeps its balances.
pub struct PaperProvider {
    blueprint: Blueprint,
    instruments: Arc<[Instrument]>,
    pub(super) wall: Arc<dyn Clock>,
    pub(super) clock: Arc<ManualClock>,
    /// Something is in the inbox.
    pub(super) ordered: Notify,
    pub(super) logbook: Logbook,
    shared: Mutex<Shared>,
}

pub(super) struct Shared {
    pub(super) status: ProviderStatus,
    /// Of the newest start.
    outlet: Option<Outlet>,
    pub(super) inbox: Vec<Command>,
    pub(super) balances: Vec<Balance>,
    stop: CancellationToken,
    playing: Option<tokio::task::JoinHandle<()>>,
}

pub(super) enum Command {
    Submit(OrderRequest),
    Cancel(ClientOrderId, Timestamp),
}

impl PaperProvider {
    /// Opens the tapes and checks the settings; nothing plays yet. `wall` paces the playing.
    ///
    /// # Errors
    /// [`PaperError`] when a setting or a tape is not usable.
    pub fn new(name: ProviderName, config: PaperConfig, wall: Arc<dyn Clock>) -> Result<Self, PaperError> {
        Self::of(Blueprint::of_tapes(name, config)?, wall)
    }

    /// Any simulated venue; nothing plays yet. `wall` paces the playing.
    ///
    /// # Errors
    /// [`PaperError::SameSymbol`].
    pub fn of(blueprint: Blueprint, wall: Arc<dyn Clock>) -> Result<Self, PaperError> {
        let instruments: Arc<[Instrument]> = blueprint.market.instruments().into();
        for (index, instrument) in instruments.iter().enumerate() {
            if instruments[..index].iter().any(|other| other.symbol == instrument.symbol) {
                return Err(PaperError::SameSymbol(instrument.symbol.clone()));
            }
        }
        let shared = Shared {
            status: ProviderStatus::Pending,
            outlet: None,
            inbox: Vec::new(),
            balances: account(&blueprint.setup.balances, &BTreeMap::new()),
            stop: CancellationToken::new(),
            playing: None,
        };
        let clock = Arc::new(ManualClock::new(blueprint.market.start()));
        let (ordered, logbook) = (Notify::new(), Logbook::default());
        Ok(Self { instruments, wall, clock, ordered, logbook, shared: Mutex::new(shared), blueprint })
    }

    /// Writes what it says about orders to a log in this folder, and knows from it what was said before the process began.
    #[must_use]
    pub fn with_log(self, dir: &Path) -> Self {
        Self { logbook: Logbook::of(dir), ..self }
    }

    /// The account as earlier processes left it: what its settings begin with, and what its matches on record changed. To be called
    /// before the first start. Orders of an earlier session are gone and hold nothing.
    pub fn set_account(&self, changes: &BTreeMap<SmolStr, Decimal>) {
        self.shared().balances = account(&self.blueprint.setup.balances, changes);
    }

    pub(super) fn shared(&self) -> MutexGuard<'_, Shared> {
        // What a panicking holder left behind is whole: no holder changes two things that belong together.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn session(&self, balances: &[Balance]) -> Result<PaperSession, PaperError> {
        let Blueprint { setup, market, conduct, .. } = &self.blueprint;
        // The moment of the start is what no other session of this provider has, in this process or another.
        let session: SmolStr = format_smolstr!("{:x}", self.wall.now().as_nanos() / 1_000_000);
        self.logbook.begin(&session, self.wall.now(), balances)?;
        let setup = VenueSetup {
            session,
            balances: balances.iter().map(|balance| (balance.currency.clone(), balance.total)).collect(),
            ..setup.clone()
        };
        let venue = PaperSession::venue_of(setup, &self.instruments)?.with_conduct(conduct.clone());
        Ok(PaperSession::of(venue, market.open(Some(self.clock.now()))?)?)
    }

    fn take_command(&self, command: Command) {
        let mut shared = self.shared();
        if let Command::Submit(order) = &command {
            self.logbook.sent(order);
        }
        // A cancellation that was asked for just before the connection broke is on its way.
        let lost = shared.status == ProviderStatus::Reconnecting && matches!(command, Command::Submit(_));
        if shared.status.is_up() && !lost {
            shared.inbox.push(command);
            drop(shared);
            self.ordered.notify_one();
            return;
        }
        let outlet = shared.outlet.clone();
        drop(shared);
        if let (Command::Submit(order), Some(outlet)) = (command, outlet) {
            let refused = refusal(&order, ReportState::Rejected, order.requested_at, SmolStr::new_static("venue unavailable"));
            if let Err(error) = self.logbook.record(&[Output::report(refused.clone())]) {
                tracing::error!(provider = %self.name(), %error, "a refusal is told without being in the venue's log");
            }
            outlet.report(refused);
        }
    }

    /// Takes note of a start; the session before is still telling its last reports when there is one.
    fn begin(&self, outlet: &Outlet) -> Result<(Option<tokio::task::JoinHandle<()>>, CancellationToken), ProviderError> {
        let mut shared = self.shared();
        if shared.status.is_up() {
            return Err(ProviderError { provider: self.name().clone(), message: "is running already".into() });
        }
        shared.status = ProviderStatus::Starting;
        shared.outlet = Some(outlet.clone());
        shared.stop = CancellationToken::new();
        Ok((shared.playing.take(), shared.stop.clone()))
    }
}

/// Balances of an account, sorted by currency; open orders hold nothing.
fn account(begin: &BTreeMap<SmolStr, Decimal>, changes: &BTreeMap<SmolStr, Decimal>) -> Vec<Balance> {
    let mut totals = begin.clone();
    for (currency, change) in changes {
        *totals.entry(currency.clone()).or_default() += change;
    }
    totals.into_iter().map(|(currency, total)| Balance { currency, total, available: total }).collect()
}

#[async_trait]
impl Provider for PaperProvider {
    fn name(&self) -> &ProviderName {
        &self.blueprint.setup.provider
    }

    fn adapter(&self) -> &'static str {
        self.blueprint.adapter
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
        self.logbook.query(orders, self.status().is_up()).await.unwrap_or_default()
    }

    async fn start(self: Arc<Self>, outlet: Outlet) -> Result<(), ProviderError> {
        let (earlier, stop) = self.begin(&outlet)?;
        if let Some(earlier) = earlier {
            // It says that it stopped before it has told all that expires; its balances are what we begin with.
            let _ = earlier.await;
        }
        let balances = self.shared().balances.clone();
        let session = match self.session(&balances) {
            Ok(session) => session,
            Err(error) => {
                self.shared().status = ProviderStatus::Failed;
                return Err(ProviderError { provider: self.name().clone(), message: format!("cannot play: {error}") });
            }
        };
        let pace = Pace::new(self.blueprint.speed, self.wall.now());
        let begin = session.next_time().unwrap_or_default();
        let link = Link::new(self.blueprint.outages, begin);
        let play = Play::new(Arc::clone(&self), session, outlet.clone(), pace, link);
        self.shared().status = ProviderStatus::Running;
        // It may have been stopped while its connection was lost.
        outlet.connection(Connection::Restored { at: self.clock.now() });
        let playing = outlet.lifecycle().spawn(play.run(stop));
        self.shared().playing = Some(playing);
        Ok(())
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
