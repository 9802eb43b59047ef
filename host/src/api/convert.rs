//! From the errors of the lower floors to the codes of the table: every case by name, so that a new one does not compile
//! until somebody has thought about it.

use std::convert::Infallible;

use crate::base::id::NameError;
use crate::instances::InstanceError;
use crate::sandbox::{FaultCode, StartError};
use crate::store::StoreError;

use super::error::{ApiError, Code};

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
            InstanceError::Selector { source, .. } => Self::from(source).with_message(message),
            InstanceError::Config { issues, .. } => Self::new(Code::ConfigInvalid, message).with_details(issues),
            InstanceError::Limits(_) => Self::new(Code::LimitsInvalid, message),
            InstanceError::Exists(_) => Self::new(Code::InstanceExists, message),
            InstanceError::TooMany { .. } => Self::new(Code::CapacityReached, message),
            InstanceError::NotFound => Self::new(Code::InstanceNotFound, message),
            InstanceError::AlreadyRunning => Self::new(Code::InstanceRunning, message),
            InstanceError::NotRunning => Self::new(Code::InstanceNotRunning, message),
            InstanceError::ProviderUnavailable(_) => Self::new(Code::ProviderUnavailable, message),
            InstanceError::Compile(error) => error.into(),
            InstanceError::Start { source, .. } => not_started(&source, message),
            InstanceError::Store(error) => error.into(),
            InstanceError::ShuttingDown => Self::new(Code::NotReady, message),
        }
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
