//! What a backtest is given, with the defaults of a host, and why it could not begin.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Map, Value};

use super::chaos::Chaos;
use crate::base::{InstanceId, ProviderName};
use crate::bus::BusError;
use crate::instances::RestartConfig;
use crate::instances::seed::seed_of;
use crate::market::Symbol;
use crate::providers::csv::Increments;
use crate::providers::paper::{PaperConfig, PaperConfigError, Recording, Tapes};
use crate::providers::tape::{Tape, TapeError};
use crate::sandbox::{Exception, Limits, Program};
use crate::trading::RiskConfig;

/// What to play.
#[derive(Clone)]
pub struct PlayRequest {
    /// The compiled strategy.
    pub program: Arc<Program>,
    /// Played side by side, in order of receive times; at least one, each provider once.
    pub venues: Vec<PlayVenue>,
    /// Follow and trade these symbols only; all of the markets when it is empty.
    pub symbols: Vec<Symbol>,
    /// Validated, with defaults filled in.
    pub config: Map<String, Value>,
    /// What the guest may use.
    pub limits: Limits,
    /// What orders may be.
    pub risk: RiskConfig,
    /// How faults are answered, in tape time.
    pub restart: RestartConfig,
    /// Its id: the beginning of its client order ids.
    pub instance: InstanceId,
    /// Of `Math.random`; none for the one that follows from id and configuration, as live.
    pub seed: Option<u64>,
    /// What is to go wrong.
    pub chaos: Chaos,
    /// Where the run can be watched and ended.
    pub watch: Arc<Watch>,
}

/// One venue: a market and the rules of trading there.
#[derive(Clone)]
pub struct PlayVenue {
    /// The name of the paper venue.
    pub provider: ProviderName,
    /// What happens there.
    pub market: Arc<dyn Recording>,
    /// Ticks and lots that were given for its CSV files, instead of the finest decimals in them.
    pub increments: Increments,
    /// Fees, latency and balances; its tapes, speed and loop are not looked at.
    pub paper: PaperConfig,
}

impl PlayVenue {
    /// Of these tapes, at a venue with the defaults of the paper adapter.
    pub fn of_tapes(provider: ProviderName, tapes: Vec<Tape>) -> Self {
        Self { provider, market: Arc::new(Tapes::once(tapes)), increments: Increments::default(), paper: PaperConfig::default() }
    }

    /// Without a market, of the usual name: to be filled in.
    pub(super) fn with_rules(paper: PaperConfig) -> Self {
        Self { paper, ..Self::of_tapes(PlayRequest::usual_provider(), Vec::new()) }
    }
}

/// How far a run is; shared with who waits for it.
#[derive(Debug, Default)]
pub struct Watch {
    records: AtomicU64,
    cancelled: AtomicBool,
    /// Whose end is this one's too.
    above: Option<Arc<Self>>,
}

impl Watch {
    /// Of a run that is a part of something: it ends when `above` is cancelled, too.
    pub fn under(above: &Arc<Self>) -> Self {
        Self { above: Some(Arc::clone(above)), ..Self::default() }
    }

    /// Whether somebody has cancelled it.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed) || self.above.as_ref().is_some_and(|above| above.is_cancelled())
    }

    /// Records that were played so far; written every now and then.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Ends the run with [`PlayError::Cancelled`], some thousand records later at most.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn tell(&self, records: u64) -> Result<(), PlayError> {
        self.records.store(records, Ordering::Relaxed);
        if self.is_cancelled() { Err(PlayError::Cancelled) } else { Ok(()) }
    }
}

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// No market was given, or none has a symbol that was asked for.
    #[error("none of the markets has a symbol that was asked for: they have {0}")]
    NoSymbol(String),
    /// Two markets of one symbol at one provider.
    #[error("two recordings of {1} at {0}: one symbol has one market there")]
    SymbolTwice(ProviderName, Symbol),
    /// Two venues of one name.
    #[error("two venues are called {0}: each provider has one")]
    ProviderTwice(ProviderName),
    /// A recording cannot be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// A venue's settings do not hold.
    #[error(transparent)]
    Paper(#[from] PaperConfigError),
    /// The mailbox cannot be opened.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// `create` threw.
    #[error("create failed: {} in {}", .0.message, .0.handler)]
    Create(Box<Exception>),
    /// A call into the guest waited for something outside: a bug of the host, since nothing outside moves.
    #[error("the guest waits for something that cannot come in a backtest: please report this")]
    Waiting,
    /// Whoever waited for it does not any more.
    #[error("the run was cancelled")]
    Cancelled,
}

impl PlayRequest {
    /// With the defaults of a host: one program, no market yet, no configuration.
    #[expect(clippy::expect_used, reason = "a literal that follows its grammar")]
    pub fn new(program: Arc<Program>) -> Self {
        Self {
            program,
            venues: Vec::new(),
            symbols: Vec::new(),
            config: Map::new(),
            limits: Limits::default(),
            risk: RiskConfig::default(),
            restart: RestartConfig::default(),
            instance: InstanceId::new("play").expect("a literal"),
            seed: None,
            chaos: Chaos::default(),
            watch: Arc::default(),
        }
    }

    /// The name that a venue has when nobody gives it one.
    #[expect(clippy::expect_used, reason = "a literal that follows its grammar")]
    pub fn usual_provider() -> ProviderName {
        ProviderName::new("paper").expect("a literal")
    }

    /// The seed of `Math.random`.
    pub fn seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| seed_of(&self.instance, &self.config))
    }

    /// What is followed at each venue, in the order of its market. A venue of which no symbol is followed has none.
    pub(super) fn feeds(&self) -> Result<Vec<(ProviderName, Vec<Symbol>)>, PlayError> {
        let mut known = Vec::new();
        let mut feeds: Vec<(ProviderName, Vec<Symbol>)> = Vec::new();
        for venue in &self.venues {
            if feeds.iter().any(|(provider, _)| *provider == venue.provider) {
                return Err(PlayError::ProviderTwice(venue.provider.clone()));
            }
            let mut symbols = Vec::new();
            for instrument in venue.market.instruments() {
                if symbols.contains(&instrument.symbol) {
                    return Err(PlayError::SymbolTwice(venue.provider.clone(), instrument.symbol));
                }
                symbols.push(instrument.symbol);
            }
            known.extend(symbols.iter().cloned());
            symbols.retain(|symbol| self.symbols.is_empty() || self.symbols.contains(symbol));
            feeds.push((venue.provider.clone(), symbols));
        }
        if feeds.iter().all(|(_, symbols)| symbols.is_empty()) {
            return Err(PlayError::NoSymbol(known.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")));
        }
        feeds.retain(|(_, symbols)| !symbols.is_empty());
        Ok(feeds)
    }
}
