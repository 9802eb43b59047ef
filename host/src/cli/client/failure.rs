//! What can go wrong between a command and the host, and how it is told.

use std::fmt::Write as _;
use std::io;

use serde::Deserialize;
use serde_json::Value;
use ureq::Timeout;

use super::view;
use crate::cli::output::{Format, Output};
use crate::cli::{Failure, diagnostics};
use crate::compile::Diagnostic;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum ClientError {
    /// Nobody is there: nothing was asked.
    Unreachable { server: String, reason: String },
    /// Something was asked, and there is no whole answer.
    Broken { server: String, reason: String },
    /// Who is there does not speak as a Sandpit does.
    Foreign { server: String, status: u16 },
    /// The host says no.
    Refused(Box<Refusal>),
}

/// What the host says when it says no.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    #[serde(skip)]
    status: u16,
    #[serde(skip)]
    origin: String,
    #[serde(skip)]
    document: Value,
    /// The code.
    pub(crate) error: String,
    message: String,
    #[serde(default)]
    request_id: String,
    /// Facts for programs.
    #[serde(default)]
    pub(crate) details: Value,
    #[serde(default)]
    diagnostics: Vec<Diagnostic>,
}

impl ClientError {
    pub(super) fn transport(server: &str, error: &ureq::Error) -> Self {
        use ureq::Error;
        let (server, reason) = (server.to_owned(), error.to_string());
        match error {
            Error::Io(error) if !never_arrived(error) => Self::Broken { server, reason: error.to_string() },
            Error::Io(error) => Self::Unreachable { server, reason: error.to_string() },
            Error::Timeout(Timeout::Resolve | Timeout::Connect) | Error::HostNotFound | Error::ConnectionFailed => {
                Self::Unreachable { server, reason }
            }
            Error::Timeout(_) => Self::Broken { server, reason: "no answer within the time of --timeout".to_owned() },
            _ => Self::Broken { server, reason },
        }
    }

    /// For people, with the diagnostics that came with it.
    pub(crate) fn words(self, output: Output) -> String {
        match self {
            Self::Refused(refusal) => format!("{}{}", diagnostics::text(&refusal.diagnostics, output), refusal.text()),
            other => match other.into_failure(output) {
                Failure::Usage(words) | Failure::Failed(words) => words,
                Failure::Answered => String::new(),
            },
        }
    }

    /// Tells it, in the format that was asked for.
    pub(crate) fn into_failure(self, output: Output) -> Failure {
        match self {
            Self::Refused(refusal) if output.format == Format::Json => {
                output.json(&refusal.document);
                Failure::Answered
            }
            Self::Refused(refusal) => {
                if !refusal.diagnostics.is_empty() {
                    output.text(diagnostics::text(&refusal.diagnostics, output).trim_end());
                }
                Failure::Failed(refusal.text())
            }
            Self::Unreachable { server, reason } => Failure::Usage(format!(
                "no host answers at {server} ({reason}); start one with `sandpit serve`, or say where it is with --api or SANDPIT_API"
            )),
            Self::Broken { server, reason } => Failure::Failed(format!(
                "{server} did not answer to the end ({reason}); what was asked may have been done: look before you repeat it"
            )),
            Self::Foreign { server, status } => Failure::Failed(format!(
                "what answers at {server} is no Sandpit, or something stands before it (status {status}, and not one of our answers)"
            )),
        }
    }
}

/// Whether nothing can have been asked yet.
fn never_arrived(error: &io::Error) -> bool {
    use io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::PermissionDenied
            | ErrorKind::InvalidInput
    )
}

impl Refusal {
    /// The envelope of every failure of the control plane; nothing when this is none.
    pub(super) fn parse(status: u16, bytes: &[u8]) -> Option<Self> {
        let document: Value = serde_json::from_slice(bytes).ok()?;
        if document["status"] != "error" {
            return None;
        }
        let clean: Self = view::read(&document).ok()?;
        Some(Self { status, document, ..clean })
    }

    pub(super) fn with_origin(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    /// For people: message and code, the facts, and the id under which the host's log tells more.
    pub(crate) fn text(&self) -> String {
        let mut text = format!("{} ({} {})", self.message, self.status, self.error);
        for line in self.facts() {
            let _ = write!(text, "\n  {line}");
        }
        if self.status == 401 {
            let _ = write!(text, "\n  {}", self.origin);
        }
        if !self.request_id.is_empty() {
            let _ = write!(text, "\n  request {}", self.request_id);
        }
        text
    }

    fn facts(&self) -> Vec<String> {
        let Value::Object(details) = &self.details else {
            return if self.details.is_null() { Vec::new() } else { vec![format!("details {}", self.details)] };
        };
        let mut lines = Vec::new();
        for (key, value) in details {
            match (key.as_str(), value) {
                ("usage" | "uses", Value::Array(uses)) => lines.extend(uses.iter().map(in_use)),
                ("usage", usage @ Value::Object(_)) => lines.push(in_use(usage)),
                (_, Value::String(value)) => lines.push(format!("{key} {value}")),
                (_, value) => lines.push(format!("{key} {value}")),
            }
        }
        lines
    }
}

/// One revision and who keeps it; instances come as ids or as objects with one.
fn in_use(usage: &Value) -> String {
    let id = |instance: &Value| instance.as_str().or_else(|| instance["id"].as_str()).unwrap_or("?").to_owned();
    let instances = usage["instances"].as_array().map(|all| all.iter().map(id).collect::<Vec<_>>().join(", "));
    let hash = usage["hash"].as_str().unwrap_or("it");
    format!("{hash} is used by {}", instances.unwrap_or_else(|| "instances".to_owned()))
}
