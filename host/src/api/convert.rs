//! From the errors of the lower floors to the codes of the table: every case by name, so that a new one does not compile
//! until somebody has thought about it.

use std::convert::Infallible;

use serde_json::json;

use crate::backtest::jobs::JobsError;
use crate::base::Blame;
use crate::base::id::NameError;
use crate::catalogue::{CatalogueError, RevisionUse};
use crate::compile::{CompileError, Diagnostic, SourceError, Stage};
use crate::instances::InstanceError;
use crate::instances::revision::RevisionError;
use crate::providers::ProvidersError;
use crate::sandbox::{FaultCode, StartError};
use crate::store::StoreError;

use super::error::{ApiError, Code};

impl From<JobsError> for ApiError {
    fn from(error: JobsError) -> Self {
        let message = error.to_string();
        match error {
            JobsError::NotFound(_) => Self::new(Code::BacktestNotFound, message),
            JobsError::Exists(_) => Self::new(Code::BacktestExists, message),
            JobsError::NotOver(..) => Self::new(Code::BacktestNotOver, message),
            JobsError::Full(_) => Self::new(Code::TooManyBacktests, message),
            JobsError::Data(_) => Self::new(Code::InvalidData, message),
            JobsError::Disk(_) | JobsError::Survey(_) => Self::internal(message),
            JobsError::Stopping => Self::new(Code::NotReady, message),
        }
    }
}

impl From<RevisionError> for ApiError {
    fn from(error: RevisionError) -> Self {
        match error {
            RevisionError::Catalogue(error) => error.into(),
            RevisionError::Compile(error) => error.into(),
        }
    }
}

impl From<Infallible> for ApiError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

impl From<NameError> for ApiError {
    fn from(error: NameError) -> Self {
        let code = if error.kind == "tag" { Code::InvalidTag } else { Code::InvalidName };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            // The text names files and values of the database: for the log, not for clients.
            StoreError::QueueFull { .. } | StoreError::Closed | StoreError::Locked { .. } | StoreError::Unavailable { .. } => {
                tracing::error!(%error, "the database failed a request");
                Self::new(Code::StoreUnavailable, "the database does not answer; the log of the host says why")
            }
            StoreError::Conflict { .. } | StoreError::Missing { .. } | StoreError::Corrupt { .. } => Self::internal(error),
        }
    }
}

impl From<CatalogueError> for ApiError {
    fn from(error: CatalogueError) -> Self {
        let message = error.to_string();
        match error {
            CatalogueError::Selector(_) => Self::new(Code::InvalidSelector, message),
            CatalogueError::StrategyNotFound { .. } => Self::new(Code::StrategyNotFound, message),
            CatalogueError::TagNotFound { .. } | CatalogueError::TagDangling { .. } | CatalogueError::TagUnknownThen { .. } => {
                Self::new(Code::TagNotFound, message)
            }
            CatalogueError::LatestProtected { .. } => Self::new(Code::LatestProtected, message),
            CatalogueError::WouldOrphan { .. } => Self::new(Code::WouldOrphan, message),
            CatalogueError::TagMoved { tag, expected, actual } => {
                Self::new(Code::TagMoved, message).with_details(json!({ "tag": tag, "expected": expected, "actual": actual }))
            }
            CatalogueError::Flat => Self::new(Code::CatalogueFlat, message),
            CatalogueError::RevisionNotFound { .. } => Self::new(Code::HashNotFound, message),
            CatalogueError::RevisionInvalid { reason, .. } => Self::new(Code::RevisionInvalid, message).with_details(reason),
            CatalogueError::Name(error) | CatalogueError::Tag(error) => error.into(),
            CatalogueError::TagReserved { .. } => Self::new(Code::ReservedTag, message),
            CatalogueError::TagMissing => invalid_source(&message, "metadata.tag"),
            CatalogueError::NameMismatch { .. } => invalid_source(&message, "metadata.name"),
            CatalogueError::TooManyTags { .. } => Self::new(Code::TooManyTags, message),
            CatalogueError::FileName { .. } => Self::new(Code::InvalidFileName, message),
            CatalogueError::RevisionInUse { uses } => Self::new(Code::RevisionInUse, message).with_details(in_use(&uses)),
            // Where the files are is for the log.
            CatalogueError::RegistryMissing { reason, .. } => {
                Self::new(Code::RegistryInvalid, format!("registry.json is missing, but {reason}"))
            }
            CatalogueError::RegistryInvalid { reason, .. } => {
                Self::new(Code::RegistryInvalid, format!("registry.json cannot be understood: {reason}; nothing was changed"))
            }
            CatalogueError::HistoryInvalid { reason, .. } => {
                Self::new(Code::RegistryInvalid, format!("history.jsonl cannot be understood: {reason}; nothing was changed"))
            }
            CatalogueError::Locked { .. } | CatalogueError::ReadOnly | CatalogueError::Storage { .. } => Self::internal(message),
        }
    }
}

impl From<ProvidersError> for ApiError {
    fn from(error: ProvidersError) -> Self {
        let message = error.to_string();
        match error {
            ProvidersError::NameRequired
            | ProvidersError::AdapterRequired
            | ProvidersError::AdapterUnknown { .. }
            | ProvidersError::NameMismatch => Self::new(Code::InvalidProvider, message),
            ProvidersError::Name(error) => error.into(),
            ProvidersError::Settings { issues, .. } => Self::new(Code::ConfigInvalid, message).with_details(issues),
            ProvidersError::Exists(_) => Self::new(Code::ProviderExists, message),
            ProvidersError::NotFound => Self::new(Code::ProviderNotFound, message),
            ProvidersError::AlreadyRunning(_) => Self::new(Code::ProviderRunning, message),
            ProvidersError::NotRunning(_) => Self::new(Code::ProviderNotRunning, message),
            ProvidersError::InUse { users, .. } => {
                Self::new(Code::ProviderInUse, message).with_details(json!({ "dependentInstances": users }))
            }
            ProvidersError::TakesNoEvents(_) => Self::new(Code::ProviderTakesNoEvents, message),
            ProvidersError::Store(error) => error.into(),
        }
    }
}

/// `{"usage": [{"hash": .., "instances": [..]}]}`.
fn in_use(uses: &[RevisionUse]) -> serde_json::Value {
    let usage = uses.iter().map(|one| json!({ "hash": one.hash, "instances": one.instances, "count": one.instances.len() }));
    json!({ "usage": usage.collect::<Vec<_>>() })
}

/// A rule about the metadata that only the catalogue can check.
fn invalid_source(message: &str, path: &str) -> ApiError {
    CompileError::Diagnostics(vec![Diagnostic::new(Stage::Validation, message, path)]).into()
}

impl From<CompileError> for ApiError {
    fn from(error: CompileError) -> Self {
        let message = error.to_string();
        match error {
            CompileError::Diagnostics(diagnostics) => {
                Self::new(Code::StrategyValidationFailed, message).with_diagnostics(diagnostics)
            }
            CompileError::Busy(_) => Self::new(Code::TooManyUploads, message),
            CompileError::Host(_) => Self::internal(message),
        }
    }
}

impl From<SourceError> for ApiError {
    fn from(error: SourceError) -> Self {
        let message = error.to_string();
        match error {
            SourceError::TooLarge(_) | SourceError::TooManyFiles(_) => Self::new(Code::SourceTooLarge, message),
            SourceError::Empty | SourceError::NoEntry(_) => Self::new(Code::SourceRequired, message),
            SourceError::NotText { .. } => {
                let hint = "A strategy is JavaScript source text in UTF-8.";
                CompileError::Diagnostics(vec![Diagnostic::new(Stage::Compile, &message, hint)]).into()
            }
            SourceError::Path(_) | SourceError::Repeated(_) => Self::new(Code::InvalidFileName, message),
        }
    }
}

impl From<InstanceError> for ApiError {
    fn from(error: InstanceError) -> Self {
        let message = error.to_string();
        match error {
            InstanceError::IdRequired
            | InstanceError::StrategyRequired
            | InstanceError::SymbolsRequired
            | InstanceError::CrossProvider(_)
            | InstanceError::Symbol(_) => Self::new(Code::InvalidInstance, message),
            InstanceError::Name(error) => error.into(),
            InstanceError::Selector { source, .. } => Self::from(*source).with_message(message),
            InstanceError::Config { issues, .. } => Self::new(Code::ConfigInvalid, message).with_details(issues),
            InstanceError::IdMismatch | InstanceError::Immutable { .. } => Self::new(Code::InstanceImmutable, message),
            InstanceError::NotTaken { code, message: why, blame, .. } => not_taken(code, &why, blame, message),
            InstanceError::TooManyStreams { .. } => Self::new(Code::TooManyStreams, message),
            InstanceError::Limits(_) | InstanceError::Restart(_) => Self::new(Code::LimitsInvalid, message),
            InstanceError::Exists(_) => Self::new(Code::InstanceExists, message),
            InstanceError::TooMany { .. } => Self::new(Code::CapacityReached, message),
            InstanceError::NotFound => Self::new(Code::InstanceNotFound, message),
            InstanceError::AlreadyRunning => Self::new(Code::InstanceRunning, message),
            InstanceError::NotRunning => Self::new(Code::InstanceNotRunning, message),
            InstanceError::ProviderUnavailable(_) => Self::new(Code::ProviderUnavailable, message),
            InstanceError::Compile(error) => error.into(),
            InstanceError::Start { source, .. } => not_started(&source, message),
            InstanceError::Mailbox(_) => Self::internal(message),
            InstanceError::Store(error) => error.into(),
            InstanceError::ShuttingDown => Self::new(Code::NotReady, message),
        }
    }
}

/// A running instance goes on as it was: mostly because of what it was asked to take on.
fn not_taken(code: &str, why: &str, blame: Blame, message: String) -> ApiError {
    match (code, blame) {
        ("instance_busy", _) => ApiError::new(Code::InstanceBusy, message),
        ("host_capacity", _) => ApiError::new(Code::CapacityReached, message),
        (_, Blame::Host) => ApiError::new(Code::StoreUnavailable, message),
        _ => ApiError::new(Code::StartFailed, message).with_details(json!({ "code": code, "message": why, "blame": blame })),
    }
}

/// `create(env)` failed: mostly the author's doing.
fn not_started(error: &StartError, message: String) -> ApiError {
    match error {
        StartError::Exception(exception) => ApiError::new(Code::StartFailed, message).with_details(exception),
        StartError::Fault(fault) => match fault.code {
            FaultCode::HostCapacity => ApiError::new(Code::CapacityReached, message),
            FaultCode::HostBug => ApiError::internal(message),
            FaultCode::Cancelled => ApiError::new(Code::NotReady, message),
            FaultCode::FuelExhausted
            | FaultCode::MemoryExhausted
            | FaultCode::StackOverflow
            | FaultCode::DeadlineExceeded
            | FaultCode::HelperLimit
            | FaultCode::HelperNotAllowed
            | FaultCode::JobLimit
            | FaultCode::ArgumentTooLarge
            | FaultCode::GuestTrap => ApiError::new(Code::StartFailed, message).with_details(fault),
        },
    }
}
