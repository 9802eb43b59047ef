//! Why something about an instance was refused. The API has the one table from these to statuses and codes.

use super::restart::RestartError;
use crate::base::id::NameError;
use crate::base::{Blame, InstanceId, ProviderName};
use crate::bus::BusError;
use crate::catalogue::CatalogueError;
use crate::compile::{CompileError, ConfigIssue};
use crate::market::instrument::SymbolError;
use crate::sandbox::{LimitError, StartError};
use crate::store::StoreError;

/// Everything that can go wrong between a request and a running instance.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// `id` absent or blank.
    #[error("id required")]
    IdRequired,
    /// `strategy.identifier` absent or blank.
    #[error("strategy required")]
    StrategyRequired,
    /// No provider of the scope has a symbol.
    #[error("symbols required")]
    SymbolsRequired,
    /// An id or provider name breaks its grammar.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A symbol breaks its grammar.
    #[error(transparent)]
    Symbol(#[from] SymbolError),
    /// The selector says no revision.
    #[error("ensure spec {id}: {source}")]
    Selector {
        /// Of the instance.
        id: InstanceId,
        /// What the catalogue says.
        source: Box<CatalogueError>,
    },
    /// The configuration does not fit the fields that the strategy declares.
    #[error("the configuration of {id} does not fit what the strategy declares: {}", .issues.first().map(ToString::to_string).unwrap_or_default())]
    Config {
        /// Of the instance.
        id: InstanceId,
        /// One per field, never empty.
        issues: Vec<ConfigIssue>,
    },
    /// Limits out of range, or wider than the host allows.
    #[error(transparent)]
    Limits(#[from] LimitError),
    /// How faults are to be answered is out of range.
    #[error(transparent)]
    Restart(#[from] RestartError),
    /// A change names another instance than its address does.
    #[error("instance id mismatch")]
    IdMismatch,
    /// A change names something that an instance keeps for life.
    #[error("{what} immutable for {id}")]
    Immutable {
        /// Of the instance.
        id: InstanceId,
        /// `strategy is`, `providers are` or `scope assignments are`.
        what: &'static str,
    },
    /// A running instance did not take on what was asked: what was there before goes on.
    #[error("{id} goes on as it was: {message}")]
    NotTaken {
        /// Of the instance.
        id: InstanceId,
        /// A fault code, `exception`, `instance_busy`...
        code: &'static str,
        /// In words.
        message: String,
        /// Who has to act.
        blame: Blame,
    },
    /// More readers of feeds than the host serves.
    #[error("{limit} event streams are open, more are not served: close one or raise instances.feed.streams")]
    TooManyStreams {
        /// `instances.feed.streams`.
        limit: usize,
    },
    /// The id is taken.
    #[error("ensure spec {0}: strategy instance already exists")]
    Exists(InstanceId),
    /// The host keeps no more instances.
    #[error("{limit} instances exist, more are not allowed: delete one or raise instances.max")]
    TooMany {
        /// `instances.max`.
        limit: usize,
    },
    /// Nothing has this id.
    #[error("strategy instance not found")]
    NotFound,
    /// Start of one that runs.
    #[error("strategy instance already running")]
    AlreadyRunning,
    /// Stop of one that does not.
    #[error("strategy instance not running")]
    NotRunning,
    /// Start without its provider.
    #[error("provider \"{0}\" unavailable")]
    ProviderUnavailable(ProviderName),
    /// Its mailbox could not be opened.
    #[error(transparent)]
    Mailbox(#[from] BusError),
    /// More than one provider for a strategy that does not want that.
    #[error("strategy {0} does not support cross-provider feeds")]
    CrossProvider(String),
    /// The revision could not be made into a program.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The first guest could not be made.
    #[error("start {id}: {source}")]
    Start {
        /// Of the instance.
        id: InstanceId,
        /// An exception in `create`, or a fault.
        source: StartError,
    },
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The task of the instance ended while it was being started, or the host is stopping.
    #[error("the host is shutting down")]
    ShuttingDown,
}

impl InstanceError {
    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Store(_) | Self::Mailbox(_) | Self::ShuttingDown => Blame::Host,
            Self::Compile(CompileError::Diagnostics(_)) => Blame::Guest,
            Self::Compile(CompileError::Busy(_) | CompileError::Host(_)) => Blame::Host,
            Self::Start { source: StartError::Fault(fault), .. } => fault.blame,
            Self::Start { source: StartError::Exception(_), .. } => Blame::Guest,
            Self::CrossProvider(_) => Blame::Guest,
            Self::ProviderUnavailable(_) => Blame::Venue,
            Self::NotTaken { blame, .. } => *blame,
            _ => Blame::Client,
        }
    }
}
