//! A small client of the control plane for the commands that operate a running host: asks one thing, waits, and tells what
//! went wrong. Blocking, http only. Must not know what a route means.

mod failure;
mod follow;
mod request;
mod server;
pub(crate) mod view;

use std::io::Read as _;
use std::time::Duration;

use serde_json::Value;
use ureq::{Agent, Body, http};

use super::Failure;
use super::output::Output;
use crate::api::AdminToken;

pub(crate) use failure::{ClientError, Refusal};
pub(crate) use request::{Method, Request};
pub(crate) use server::{AskArgs, ServerArgs};

/// A registry of many thousand revisions is some MiB; more than this is no answer of ours.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// A host on the same machine or network accepts at once, or not at all.
const CONNECT: Duration = Duration::from_secs(5);

/// Where a token was found, or where it was looked for, for the message about one that does not fit.
#[derive(Clone, Debug)]
struct Credentials {
    token: Option<AdminToken>,
    origin: String,
}

/// Speaks to one host as one operator.
pub(crate) struct Client {
    http: Agent,
    base: String,
    credentials: Credentials,
    actor: Option<String>,
    output: Output,
}

/// A successful answer.
#[derive(Debug)]
pub(crate) struct Answer {
    bytes: Vec<u8>,
}

impl Client {
    fn new(base: String, credentials: Credentials, actor: Option<String>, timeout: Duration, output: Output) -> Self {
        Self { http: agent(Some(timeout)), base, credentials, actor, output }
    }

    /// Asks, and gives the document that is the answer. What goes wrong is told in the format of the command.
    pub(crate) fn json(&self, request: &Request) -> Result<Value, Failure> {
        self.document(request).map_err(|error| error.into_failure(self.output))
    }

    /// Asks, and gives the document that is the answer.
    ///
    /// # Errors
    /// [`ClientError`], for commands that make something of a refusal.
    pub(crate) fn document(&self, request: &Request) -> Result<Value, ClientError> {
        self.send(request).and_then(|answer| answer.json(&self.base))
    }

    /// Asks, and gives the bytes of the answer.
    pub(crate) fn bytes(&self, request: &Request) -> Result<Vec<u8>, Failure> {
        self.send(request).map(|answer| answer.bytes).map_err(|error| error.into_failure(self.output))
    }

    /// Asks.
    ///
    /// # Errors
    /// [`ClientError`], for commands that make something of a refusal.
    pub(crate) fn send(&self, request: &Request) -> Result<Answer, ClientError> {
        self.read(self.ask(&self.http, request)?)
    }

    fn ask(&self, agent: &Agent, request: &Request) -> Result<http::Response<Body>, ClientError> {
        let url = format!("{}{}", self.base, request.target());
        let mut built = http::Request::builder().method(request.method().as_str()).uri(&url);
        if let Some(token) = &self.credentials.token {
            built = built.header(http::header::AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        if let Some(actor) = &self.actor {
            built = built.header("Sandpit-Actor", actor);
        }
        if let Some((header, value)) = request.expected() {
            built = built.header(header, value);
        }
        let sent = match request.body() {
            Some(body) => {
                let built = built.header(http::header::CONTENT_TYPE, "application/json").body(body.to_string());
                built.map_err(ureq::Error::from).and_then(|request| agent.run(request))
            }
            None => built.body(()).map_err(ureq::Error::from).and_then(|request| agent.run(request)),
        };
        sent.map_err(|error| ClientError::transport(&self.base, &error))
    }

    /// The whole of an answer.
    fn read(&self, response: http::Response<Body>) -> Result<Answer, ClientError> {
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        let mut body = response.into_body().into_with_config().limit(ANSWER_BYTES_MAX).reader();
        body.read_to_end(&mut bytes)
            .map_err(|error| ClientError::Broken { server: self.base.clone(), reason: error.to_string() })?;
        if (200..300).contains(&status) {
            return Ok(Answer { bytes });
        }
        match Refusal::parse(status, &bytes) {
            Some(refusal) => Err(ClientError::Refused(Box::new(refusal.with_origin(&self.credentials.origin)))),
            None => Err(ClientError::Foreign { server: self.base.clone(), status }),
        }
    }

    /// Answers with a document of the server: as it is, or as `text` shows it to people.
    pub(crate) fn show<T: serde::de::DeserializeOwned>(
        &self,
        value: &Value,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if self.output.format == super::output::Format::Json {
            self.output.json(value);
            return Ok(());
        }
        self.output.table(&text(&view::read(value)?));
        Ok(())
    }

    /// Where to answer.
    pub(crate) fn output(&self) -> Output {
        self.output
    }
}

/// Speaks http to one address and goes nowhere else.
fn agent(timeout: Option<Duration>) -> Agent {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // The token goes to the address that was given and nowhere else.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_connect(Some(CONNECT))
        .timeout_global(timeout)
        .user_agent(concat!("sandpit/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
}

impl Answer {
    /// The document.
    pub(crate) fn json(&self, server: &str) -> Result<Value, ClientError> {
        serde_json::from_slice(&self.bytes).map_err(|_| ClientError::Foreign { server: server.to_owned(), status: 200 })
    }
}

#[cfg(test)]
mod tests;
