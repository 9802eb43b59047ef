//! What a play is given, with the defaults of a host, and why it could not begin.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::base::{InstanceId, ProviderName};
use crate::bus::BusError;
use crate::instances::RestartConfig;
use crate::market::Symbol;
use crate::providers::paper::{PaperConfig, PaperConfigError};
use crate::providers::tape::{Tape, TapeError};
use crate::sandbox::{Exception, Limits, Program};
use crate::trading::RiskConfig;

/// What to play.
#[derive(Clone)]
pub struct PlayRequest {
    /// The compiled strategy.
    pub program: Arc<Program>,
    /// Played side by side, in order of their receive times; at least one.
    pub tapes: Vec<Tape>,
    /// Follow and trade these symbols only; all of the tapes when it is empty.
    pub symbols: Vec<Symbol>,
    /// Validated, with defaults filled in.
    pub config: Map<String, Value>,
    /// What the guest may use.
    pub limits: Limits,
    /// Fees, latency and balances of the venue.
    pub paper: PaperConfig,
    /// What orders may be.
    pub risk: RiskConfig,
    /// How faults are answered, in tape time.
    pub restart: RestartConfig,
    /// Its id: the beginning of its client order ids, and the seed of `Math.random`.
    pub instance: InstanceId,
    /// The name of the paper venue.
    pub provider: ProviderName,
}

/// Why nothing could be played.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// No tape was given, or none has a symbol that was asked for.
    #[error("none of the tapes has a symbol that was asked for: they have {0}")]
    NoSymbol(String),
    /// Two tapes of one symbol.
    #[error("two tapes of {0}: one symbol has one market")]
    SymbolTwice(Symbol),
    /// A tape cannot be read.
    #[error(transparent)]
    Tape(#[from] TapeError),
    /// The venue's settings do not hold.
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
}

impl PlayRequest {
    /// With the defaults of a host: one program, no tape yet, no configuration.
    #[expect(clippy::expect_used, reason = "both names are literals that follow their grammar")]
    pub fn new(program: Arc<Program>) -> Self {
        Self {
            program,
            tapes: Vec::new(),
            symbols: Vec::new(),
            config: Map::new(),
            limits: Limits::default(),
            paper: PaperConfig::default(),
            risk: RiskConfig::default(),
            restart: RestartConfig::default(),
            instance: InstanceId::new("play").expect("a literal"),
            provider: ProviderName::new("paper").expect("a literal"),
        }
    }
}

/// The symbols to follow, in the order of the tapes.
pub(super) fn symbols(request: &PlayRequest) -> Result<Vec<Symbol>, PlayError> {
    let mut known = Vec::new();
    for tape in &request.tapes {
        let symbol = &tape.header().instrument.symbol;
        if known.contains(symbol) {
            return Err(PlayError::SymbolTwice(symbol.clone()));
        }
        known.push(symbol.clone());
    }
    let wanted: Vec<_> =
        known.iter().filter(|symbol| request.symbols.is_empty() || request.symbols.contains(symbol)).cloned().collect();
    if wanted.is_empty() {
        return Err(PlayError::NoSymbol(known.iter().map(Symbol::as_str).collect::<Vec<_>>().join(", ")));
    }
    Ok(wanted)
}
