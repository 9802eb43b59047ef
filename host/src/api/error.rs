//! Everything a client can be told to have gone wrong: one table of codes, one envelope. Must not know how requests are
//! routed. `docs/errors.md` is written from the table.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::compile::Diagnostic;

macro_rules! codes {
    ($($variant:ident $status:ident $code:literal $meaning:literal;)*) => {
        /// A condition a client can act on. Its spelling on the wire never changes once released.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = $meaning] $variant,)* }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The spelling on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status it is answered with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What it means and what to do, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

// 400 malformed, 404 absent, 409 the state forbids it, 413 too big, 422 well-formed but not valid, 429 and 503 with
// Retry-After, 500 a bug of ours.
codes! {
    InvalidBody BAD_REQUEST "invalid_body" "The body is not the JSON this operation takes; the message names line, column and field.";
    UnknownField BAD_REQUEST "unknown_field" "The body has a field this operation does not take; the message names it and the ones that are taken.";
    UnknownParameter BAD_REQUEST "unknown_parameter" "The query has a parameter this operation does not take; the message names it and the ones that are taken.";
    InvalidParameter BAD_REQUEST "invalid_parameter" "A query parameter has a value outside its range or grammar, or is given twice.";
    InvalidName BAD_REQUEST "invalid_name" "A strategy name, instance id or provider name does not follow its grammar; the message quotes the rule.";
    InvalidTag BAD_REQUEST "invalid_tag" "A tag does not follow its grammar, or looks like a hash.";
    TooManyTags BAD_REQUEST "too_many_tags" "One upload names more tags than it may; the message says how many.";
    InvalidFileName BAD_REQUEST "invalid_file_name" "A file of an upload has a name that is not plain; the message quotes the rule.";
    LatestProtected BAD_REQUEST "latest_protected" "`latest` cannot be deleted: it is what the bare name means. Assign it to another revision instead.";
    WouldOrphan BAD_REQUEST "would_orphan" "The tag is the last one on its revision. With `allowOrphan=true` it goes all the same, and the revision stays callable by its hash.";
    RiskLimitsInvalid BAD_REQUEST "risk_limits_invalid" "A risk limit is missing or outside its range; `details` names the field and the rule.";
    HashRequired BAD_REQUEST "hash_required" "The body of a tag needs `hash`: the revision to point to.";
    ReservedTag BAD_REQUEST "reserved_tag" "`latest` is moved only by `promoteLatest` or `reassignTags`.";
    InvalidSelector BAD_REQUEST "invalid_selector" "The text is none of `name`, `name:tag`, `name@sha256:<64 hex>`, `sha256:<64 hex>`.";
    InvalidInstance BAD_REQUEST "invalid_instance" "The instance asked for lacks an id, a strategy or a symbol, or names one that cannot exist.";
    InvalidProvider BAD_REQUEST "invalid_provider" "The provider asked for lacks a name or an adapter, names an adapter that this host does not have, or is not the one of the path.";
    TagNotFound BAD_REQUEST "tag_not_found" "The strategy has no such tag, or had none at that time; the message lists those it has.";
    HashNotFound BAD_REQUEST "hash_not_found" "No revision has this hash, or it belongs to another strategy.";
    SourceRequired BAD_REQUEST "source_required" "An upload needs exactly one of `source` and `files`, and neither may be blank.";
    ProviderUnavailable BAD_REQUEST "provider_unavailable" "The instance needs a provider that does not exist or does not run.";
    HostMissing BAD_REQUEST "host_missing" "The request carries no readable Host header.";
    InstanceImmutable BAD_REQUEST "instance_immutable" "A change names another id, strategy, provider or scope than the instance has: those it keeps for life. Create another instance instead.";
    InvalidData BAD_REQUEST "invalid_data" "A backtest names no data, too many pieces, one piece twice, or data that is neither a built-in tape nor a recording in the host's folder of market data (`backtests.dataDir`); the message says which there are.";
    Unauthorized UNAUTHORIZED "unauthorized" "The bearer token is missing or wrong. It is in the file `admin.token` of the data directory.";
    CrossSite FORBIDDEN "cross_site" "A browser sent this on behalf of another web site. Use the console of this host or a client that is no browser.";
    NotFound NOT_FOUND "not_found" "There is no such route.";
    StrategyNotFound NOT_FOUND "strategy_not_found" "No strategy has this name.";
    InstanceNotFound NOT_FOUND "instance_not_found" "No instance has this id.";
    ProviderNotFound NOT_FOUND "provider_not_found" "No provider has this name.";
    AdapterNotFound NOT_FOUND "adapter_not_found" "This host has no adapter of this identifier; case counts.";
    BacktestNotFound NOT_FOUND "backtest_not_found" "No backtest has this id; those that ended first are forgotten (`backtests.keep`).";
    MethodNotAllowed METHOD_NOT_ALLOWED "method_not_allowed" "The route exists, but not with this method; the header Allow lists the right ones.";
    RequestTimeout REQUEST_TIMEOUT "request_timeout" "The body did not arrive in time.";
    RevisionInUse CONFLICT "revision_in_use" "Instances still use the revision; `details` lists them. Stopped ones count: they pin its hash.";
    TagMoved CONFLICT "tag_moved" "The tag is not where `If-Match` says, or is there although `If-None-Match: *` says it is new; `details` says where it points. Look again before you move it.";
    RegistryInvalid CONFLICT "registry_invalid" "`registry.json` or its history was edited and cannot be understood, or is gone; the message says where. Nothing was changed: repair it, then refresh.";
    CatalogueFlat CONFLICT "catalogue_flat" "The strategies directory has the old flat layout, which is served but not changed: run `sandpit bootstrap` on it.";
    InstanceExists CONFLICT "instance_exists" "An instance with this id exists already.";
    InstanceRunning CONFLICT "instance_running" "The instance runs already.";
    InstanceNotRunning CONFLICT "instance_not_running" "The instance does not run.";
    InstanceBusy CONFLICT "instance_busy" "The handler at hand did not finish in time, so nothing was changed. Ask again, or stop the instance first.";
    RevisionInvalid CONFLICT "revision_invalid" "The stored revision does not load: its bytes or its registry entry are damaged, or it no longer compiles; the message says which.";
    KillSwitchStronger CONFLICT "kill_switch_stronger" "The kill switch is engaged and does more than was asked for. Reset it first to have less.";
    Flattening CONFLICT "flattening" "The kill switch is closing positions: it can be reset once they are closed, given up, or wait for a provider that is down.";
    ProviderExists CONFLICT "provider_exists" "A provider with this name exists already.";
    ProviderInUse CONFLICT "provider_in_use" "Instances have the provider in their scope; `details` lists them. Stopped ones count.";
    ProviderRunning CONFLICT "provider_running" "The provider runs already, or is about to.";
    ProviderNotRunning CONFLICT "provider_not_running" "The provider does not run.";
    ProviderTakesNoEvents CONFLICT "provider_takes_no_events" "Only a provider of the adapter `extension` takes events that are posted to it.";
    BacktestExists CONFLICT "backtest_exists" "A backtest with this id exists already.";
    BacktestNotOver CONFLICT "backtest_not_over" "The backtest waits or runs: cancel it first.";
    BodyTooLarge PAYLOAD_TOO_LARGE "body_too_large" "The body is longer than the limit the message names.";
    SourceTooLarge PAYLOAD_TOO_LARGE "source_too_large" "The source is longer than the limit the message names.";
    PayloadTooLarge PAYLOAD_TOO_LARGE "payload_too_large" "An event is longer, or there are more of them, than the limit the message names.";
    UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "Bodies are JSON: send `Content-Type: application/json`.";
    HostNotAllowed MISDIRECTED_REQUEST "host_not_allowed" "The Host header names a host this server does not answer for; list it in `api.allowedHosts`.";
    StrategyValidationFailed UNPROCESSABLE_ENTITY "strategy_validation_failed" "The source does not compile, load or describe itself; `diagnostics` says where and why.";
    ConfigInvalid UNPROCESSABLE_ENTITY "config_invalid" "The configuration does not fit what the strategy declares, or the settings what the adapter takes; `details` lists the field paths.";
    StartFailed UNPROCESSABLE_ENTITY "start_failed" "`create(env)` threw or ran into a limit; `details` has the fault or the exception.";
    LimitsInvalid UNPROCESSABLE_ENTITY "limits_invalid" "A limit is outside what this host allows; the message names it and its range.";
    TooManyStreams TOO_MANY_REQUESTS "too_many_streams" "As many event streams are open as this host serves (`instances.feed.streams`); close one.";
    TooManyUploads TOO_MANY_REQUESTS "too_many_uploads" "Too many sources are waiting to be compiled; try again after `Retry-After` seconds.";
    TooManyBacktests TOO_MANY_REQUESTS "too_many_backtests" "As many backtests wait as this host allows (`backtests.queue`); try again later, or cancel one.";
    Internal INTERNAL_SERVER_ERROR "internal" "A bug of ours or a failure of the machine. The log has the details under the same request id.";
    TimedOut SERVICE_UNAVAILABLE "timed_out" "The answer took longer than the limit. What was begun is carried through; look before repeating it.";
    NotReady SERVICE_UNAVAILABLE "not_ready" "The host is starting or stopping.";
    CapacityReached SERVICE_UNAVAILABLE "capacity_reached" "No further instance fits into the limits of this host.";
    StoreUnavailable SERVICE_UNAVAILABLE "store_unavailable" "The database does not answer, or this host runs without one.";
}

/// A failed request, before it is written as the envelope.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: Code,
    message: String,
    /// Boxed, so that results stay small: most requests do not fail, and most failures have none.
    facts: Option<Box<Facts>>,
}

#[derive(Clone, Debug, Default)]
struct Facts {
    details: Option<Value>,
    diagnostics: Option<Value>,
}

/// Seconds after which a client that was turned away for lack of room may come again.
const RETRY_AFTER_SECONDS: u32 = 1;

impl ApiError {
    /// `message` says what was asked, what is allowed and what to do, and holds nothing internal.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), facts: None }
    }

    /// A failure the client can do nothing about: the cause goes to the log, under the request id, and not to the client.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(cause = %cause, "a request failed inside the host");
        Self::new(Code::Internal, "the host failed to answer; its log has the cause under this request id")
    }

    /// The same condition in the words of someone who knows more about what was asked.
    pub(super) fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// Adds facts that a program can use.
    pub fn with_details(mut self, details: impl Serialize) -> Self {
        self.facts.get_or_insert_default().details = serde_json::to_value(details).ok();
        self
    }

    /// Adds what is wrong with a source, at the top level of the envelope as clients of the gateway expect.
    pub fn with_diagnostics(mut self, diagnostics: impl Serialize) -> Self {
        self.facts.get_or_insert_default().diagnostics = serde_json::to_value(diagnostics).ok();
        self
    }

    /// What is wrong with a source, if that is what failed.
    pub(super) fn diagnostics(&self) -> Option<&Value> {
        self.facts.as_ref()?.diagnostics.as_ref()
    }

    /// The condition.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The finished answer. Only the outermost layer calls it, which knows the request id.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let envelope = Envelope {
            status: "error",
            error: self.code.as_str(),
            message: &self.message,
            request_id,
            details: self.facts.as_ref().and_then(|facts| facts.details.as_ref()),
            diagnostics: self.facts.as_ref().and_then(|facts| facts.diagnostics.as_ref()),
        };
        let mut response = (self.code.status(), axum::Json(envelope)).into_response();
        let headers = response.headers_mut();
        if matches!(self.code.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        if self.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sandpit\""));
        }
        response
    }
}

impl IntoResponse for ApiError {
    /// Only a status and the error itself: the outermost layer writes the envelope.
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Any failure.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(super) struct Envelope<'a> {
    /// Always `error`.
    #[schema(value_type = Failed)]
    status: &'static str,
    #[schema(value_type = Code)]
    error: &'static str,
    /// For people; may change. What was asked, what is allowed, what to do.
    message: &'a str,
    /// Also the header `X-Request-Id` and in the host's log.
    request_id: &'a str,
    /// Facts for programs; their shape belongs to the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>, nullable = false)]
    details: Option<&'a Value>,
    /// What is wrong with a source.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Diagnostic>>, nullable = false)]
    diagnostics: Option<&'a Value>,
}

/// The one word of every failure.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "describes the word; the envelope writes it")]
enum Failed {
    Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_snake_case_errors() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            let text = code.as_str();
            assert!(seen.insert(text), "{text} twice");
            assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{text}");
            assert!(code.status().is_client_error() || code.status().is_server_error(), "{text}");
            assert!(code.meaning().ends_with('.'), "{text}: a meaning is a sentence");
        }
    }
}
