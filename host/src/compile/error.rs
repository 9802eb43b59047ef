//! Why a source gave no component: the author's mistake, a full queue, or a failure of ours.

use super::diagnostics::Diagnostic;
use super::snapshot::LoadFailure;

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The source is not a strategy.
    #[error("{}", summary(.0))]
    Diagnostics(Vec<Diagnostic>),
    /// Too many compilations wait already.
    #[error("{0} compilations are waiting already: try again in some seconds")]
    Busy(usize),
    /// The host failed.
    #[error("the compiler failed: {0}")]
    Host(String),
}

fn summary(diagnostics: &[Diagnostic]) -> String {
    match diagnostics {
        [] => "the source is not a strategy".to_owned(),
        [only] => only.message.clone(),
        [first, rest @ ..] => format!("{} (and {} more)", first.message, rest.len()),
    }
}

/// What ended one compilation, before it is known how it is told.
pub(super) enum Failure {
    /// The author's mistake.
    Diagnostics(Vec<Diagnostic>),
    /// Ours.
    Host(String),
}

impl From<LoadFailure> for Failure {
    fn from(failure: LoadFailure) -> Self {
        match failure {
            LoadFailure::Diagnostic(diagnostic) => Self::Diagnostics(vec![*diagnostic]),
            LoadFailure::Host(message) => Self::Host(message),
        }
    }
}

impl From<Failure> for CompileError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Diagnostics(diagnostics) => Self::Diagnostics(diagnostics),
            Failure::Host(message) => Self::Host(message),
        }
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Host(format!("{error:#}"))
    }
}
