//! How a guest fails: a code that never changes, whose failure it was, and a sentence for people. Knows nothing of what is
//! done about it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::Blame;
use crate::sandbox::bindings::types;
use crate::sandbox::log::escape;

/// Why a guest was thrown away. The words are stable: they are in answers, logs and metric labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The call used up its fuel.
    FuelExhausted,
    /// The guest ran into its memory limit and could not go on.
    MemoryExhausted,
    /// The WebAssembly stack overflowed: JavaScript recursion is caught before that, as a `RangeError`.
    StackOverflow,
    /// The call ran longer than its deadline, sleep not counted.
    DeadlineExceeded,
    /// The call used imports too often.
    HelperLimit,
    /// An import was called where none may be.
    HelperNotAllowed,
    /// The call queued too many promise jobs.
    JobLimit,
    /// One call of an import carried more data than is ever accepted.
    ArgumentTooLarge,
    /// Any other trap: the engine aborted.
    GuestTrap,
    /// The host asked the guest to end.
    Cancelled,
    /// The host has no room for another guest.
    HostCapacity,
    /// The host itself failed while the guest ran.
    HostBug,
}

impl FaultCode {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::FuelExhausted,
        Self::MemoryExhausted,
        Self::StackOverflow,
        Self::DeadlineExceeded,
        Self::HelperLimit,
        Self::HelperNotAllowed,
        Self::JobLimit,
        Self::ArgumentTooLarge,
        Self::GuestTrap,
        Self::Cancelled,
        Self::HostCapacity,
        Self::HostBug,
    ];

    /// The word on the wire and in metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FuelExhausted => "fuel_exhausted",
            Self::MemoryExhausted => "memory_exhausted",
            Self::StackOverflow => "stack_overflow",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::HelperLimit => "helper_limit",
            Self::HelperNotAllowed => "helper_not_allowed",
            Self::JobLimit => "job_limit",
            Self::ArgumentTooLarge => "argument_too_large",
            Self::GuestTrap => "guest_trap",
            Self::Cancelled => "cancelled",
            Self::HostCapacity => "host_capacity",
            Self::HostBug => "host_bug",
        }
    }

    /// Who has to act.
    pub fn blame(self) -> Blame {
        match self {
            Self::HostCapacity | Self::HostBug => Blame::Host,
            Self::Cancelled => Blame::Client,
            _ => Blame::Guest,
        }
    }
}

/// The end of a guest: it is thrown away and never called again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ToSchema)]
#[error("{}: {message} (in {handler})", code.as_str())]
pub struct Fault {
    /// Why.
    pub code: FaultCode,
    /// What was used, what is allowed, what to do.
    pub message: String,
    /// Who has to act.
    pub blame: Blame,
    /// What was running: `load`, `create`, `onTrade`, `timer`, `onStop`...
    #[schema(value_type = String)]
    pub handler: Cow<'static, str>,
}

impl Fault {
    /// With the blame that the code implies.
    pub fn new(code: FaultCode, handler: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), blame: code.blame(), handler: handler.into() }
    }
}

/// An uncaught JavaScript exception: the guest lives on. Positions refer to the author's source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// `TypeError: x is not a function`, at most 1,024 bytes.
    pub message: String,
    /// What threw: `create`, `onTrade`, `setTimeout`...
    pub handler: String,
    /// The file, for revisions of several.
    #[schema(required)]
    pub file: Option<String>,
    /// Counts from 1.
    #[schema(required)]
    pub line: Option<u32>,
    /// Counts from 1.
    #[schema(required)]
    pub column: Option<u32>,
    /// The JavaScript stack, at most 4,096 bytes.
    pub stack: String,
}

impl fmt::Display for Exception {
    /// `TypeError: x is not a function in onTrade at 4:34`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.message, self.handler)?;
        if self.line.is_some() {
            f.write_str(" at ")?;
        }
        if let (Some(file), Some(_)) = (&self.file, self.line) {
            write!(f, "{file}:")?;
        }
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, "{line}:{column}"),
            (Some(line), None) => write!(f, "{line}"),
            _ => Ok(()),
        }
    }
}

impl From<types::Exception> for Exception {
    /// Holds the guest to the lengths that `wit/` promises, and makes the texts harmless in logs.
    fn from(thrown: types::Exception) -> Self {
        let line = |text: &str, bytes: usize| escape(&text[..text.floor_char_boundary(bytes)]).into_owned();
        Self {
            message: line(&thrown.message, 1_024),
            handler: line(&thrown.handler, 64),
            file: thrown.file.map(|file| line(&file, 256)),
            line: thrown.line,
            column: thrown.column,
            stack: thrown.stack[..thrown.stack.floor_char_boundary(4_096)]
                .lines()
                .map(|text| line(text, 4_096))
                .collect::<Vec<_>>()
                .join("\n"),
        }
    }
}

/// Why a guest did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// `create` threw, or returned nothing usable.
    #[error("create failed: {}", .0.message)]
    Exception(Box<Exception>),
    /// The guest was thrown away.
    #[error(transparent)]
    Fault(#[from] Fault),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_spelled_as_serde_spells_them() {
        for code in FaultCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
