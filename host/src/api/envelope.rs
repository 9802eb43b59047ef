//! The outermost layer: gives every request an id, writes every failure as the one envelope, counts and logs.
//! Must not know what the routes do.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use prometheus::{HistogramVec, IntCounterVec};
use tracing::Instrument as _;

use crate::base::metrics::Metrics;
use crate::base::{Clock, Digest};

use super::error::{ApiError, Code};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, for the operations that put it on record.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// What the outermost layer needs. Process lifetime.
pub(super) struct Observer {
    clock: Arc<dyn Clock>,
    /// Differs between processes, so that ids of two runs in one log are told apart.
    run: String,
    next_id: AtomicU64,
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Observer {
    pub(super) fn new(clock: Arc<dyn Clock>, metrics: &Metrics) -> Arc<Self> {
        let run = Digest::of(&clock.now().as_nanos().to_le_bytes()).short();
        let requests = metrics.counter_vec(
            "sandpit_http_requests_total",
            "Requests answered, by route as written in the route table, method and status.",
            &["route", "method", "status"],
        );
        let buckets = vec![0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
        let seconds = metrics.histogram_vec(
            "sandpit_http_request_duration_seconds",
            "Seconds from the head of a request to the head of its answer, by route.",
            &["route"],
            buckets,
        );
        Arc::new(Self { clock, run, next_id: AtomicU64::new(1), requests, seconds })
    }

    /// The client's id where it sent a well-formed one, so that its log and ours can be joined; else one of ours.
    fn request_id(&self, request: &Request) -> String {
        let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok());
        match given {
            Some(id) if well_formed(id) => id.to_owned(),
            _ => format!("{}-{}", self.run, self.next_id.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn count(&self, route: &str, method: &str, status: StatusCode, took: Duration) {
        self.requests.with_label_values(&[route, method, status.as_str()]).inc();
        self.seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }
}

/// 1 to 64 characters that can neither break a log line nor a header.
fn well_formed(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Wraps one request.
pub(super) async fn observe(State(observer): State<Arc<Observer>>, mut request: Request, next: Next) -> Response {
    let began = observer.clock.now();
    let id = observer.request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    // A route of the table, never the path itself: a metric must not have as many series as clients have ideas.
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = known_method(request.method().as_str());
    let span = tracing::info_span!("request", request.id = %id, method, route);
    let answer = next.run(request).instrument(span.clone()).await;
    let mut answer = finish(answer, &id);
    let (status, took) = (answer.status(), observer.clock.now().since(began));
    observer.count(&route, method, status, took);
    span.in_scope(|| {
        tracing::debug!(status = status.as_u16(), duration_ms = took.as_millis(), "{method} {route} answered {status}")
    });
    harden(&mut answer, &id);
    answer
}

/// Writes the envelope where the answer is a failure.
fn finish(mut answer: Response, id: &str) -> Response {
    let error = match answer.extensions_mut().remove::<ApiError>() {
        Some(error) => error,
        None => match foreign(answer.status()) {
            Some(error) => error,
            None => return answer,
        },
    };
    let mut rendered = error.render(id);
    // The list of right methods that comes with 405.
    if let Some(allow) = answer.headers().get(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow.clone());
    }
    rendered
}

/// Failures that layers answer by themselves, with a bare status.
fn foreign(status: StatusCode) -> Option<ApiError> {
    let (code, message) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => (Code::BodyTooLarge, "the body is longer than api.limits.bodyBytes of this host allows"),
        StatusCode::REQUEST_TIMEOUT => {
            (Code::RequestTimeout, "the body did not arrive within api.limits.bodyReadMs of this host")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            (Code::TimedOut, "no answer within api.limits.requestMs of this host; what was begun is carried through")
        }
        _ => return None,
    };
    Some(ApiError::new(code, message))
}

fn harden(answer: &mut Response, id: &str) {
    let headers = answer.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// The methods that routes have; anything else is one label.
fn known_method(method: &str) -> &'static str {
    ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"].into_iter().find(|known| *known == method).unwrap_or("other")
}

/// What a panic in a handler becomes.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over so")]
pub(super) fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    ApiError::internal(format_args!("panic: {}", text.unwrap_or("no message"))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_of_clients_are_taken_only_when_harmless() {
        for good in ["a", "req-1.2_3", &"x".repeat(64)] {
            assert!(well_formed(good), "{good}");
        }
        for bad in ["", "a b", "a\"", "ä", &"x".repeat(65)] {
            assert!(!well_formed(bad), "{bad:?}");
        }
    }
}
