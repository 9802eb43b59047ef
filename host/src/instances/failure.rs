//! Why a guest is gone or did not come to life: what the restart policy, the log and the answers of a refresh are told.

use super::error::InstanceError;
use super::status::LastError;
use crate::base::{Blame, Timestamp};
use crate::compile::CompileError;
use crate::sandbox::{Fault, StartError};

/// The code of an instance that waits for its provider.
pub(super) const PROVIDER_UNAVAILABLE: &str = "provider_unavailable";

/// A fault, an exception that left no guest, or a refusal.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Stable: a fault code such as `fuel_exhausted`, `exception`, or what was refused.
    pub code: &'static str,
    pub message: String,
    pub blame: Blame,
}

impl Failure {
    /// For the view.
    pub(super) fn at(self, now: Timestamp) -> LastError {
        LastError::new(self.code, self.message, self.blame, now)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self { code: fault.code.as_str(), message: format!("{} (in {})", fault.message, fault.handler), blame: fault.blame }
    }
}

impl From<&InstanceError> for Failure {
    fn from(error: &InstanceError) -> Self {
        let code = match error {
            InstanceError::Start { source: StartError::Exception(exception), .. } => {
                return Self { code: "exception", message: exception.to_string(), blame: Blame::Guest };
            }
            InstanceError::Start { source: StartError::Fault(fault), .. } => return fault.clone().into(),
            InstanceError::Selector { source, .. } => source.code(),
            InstanceError::Config { .. } => "config_invalid",
            InstanceError::Compile(CompileError::Diagnostics(_)) => "strategy_validation_failed",
            InstanceError::Store(error) => error.code(),
            InstanceError::ProviderUnavailable(_) => PROVIDER_UNAVAILABLE,
            InstanceError::NotTaken { code, .. } => code,
            _ => "start_refused",
        };
        Self { code, message: error.to_string(), blame: error.blame() }
    }
}
