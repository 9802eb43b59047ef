//! What every request passes before an operation sees it. Must not know the operations.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{RequestBodyDeadlineLayer, TimeoutLayer};

use super::config::ApiConfig;
use super::envelope::{self, Observer};
use super::guard;

/// Puts the layers around `routes`; the last one written is the first a request meets.
pub(super) fn wrap<S: Clone + Send + Sync + 'static>(
    routes: Router<S>,
    config: &ApiConfig,
    observer: Arc<Observer>,
) -> Router<S> {
    let limits = &config.limits;
    routes
        // A deadline for the whole body: one per frame would let a client drip for hours.
        .layer(RequestBodyDeadlineLayer::new(limits.body_read()))
        .layer(RequestBodyLimitLayer::new(limits.body_bytes))
        .layer(from_fn(guard::check_origin))
        .layer(from_fn_with_state(guard::Hosts::new(&config.allowed_hosts), guard::check_host))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, limits.request()))
        .layer(CatchPanicLayer::custom(envelope::panicked))
        .layer(from_fn_with_state(observer, envelope::observe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::error::ApiError;
    use crate::api::extract::Body;
    use crate::base::metrics::Metrics;
    use crate::base::{ManualClock, Timestamp};
    use axum::body::Body as RawBody;
    use axum::http::{Request, Response};
    use axum::routing::{get, post};
    use http_body_util::BodyExt as _;
    use serde_json::{Value, json};
    use std::time::Duration;
    use tower::ServiceExt as _;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
    }

    async fn echo(Body(sample): Body<Sample>) -> Result<String, ApiError> {
        Ok(sample.name)
    }

    fn app() -> Router {
        let mut config = ApiConfig::default();
        config.limits.body_bytes = 1024;
        config.limits.body_read_ms = 200;
        config.limits.request_ms = 400;
        let metrics = Metrics::new();
        let observer = Observer::new(Arc::new(ManualClock::new(Timestamp::ZERO)), &metrics);
        let routes = Router::new()
            .route("/echo", post(echo))
            .route("/panic", get(async || -> String { panic!("a secret {}", 7) }))
            .route("/slow", get(async || tokio::time::sleep(Duration::from_secs(60)).await))
            .route("/metrics", get(async move || metrics.render()));
        wrap(routes, &config, observer)
    }

    async fn send(request: Request<RawBody>) -> (StatusCode, Value, Response<()>) {
        let (parts, body) = app().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        (parts.status, json, Response::from_parts(parts, ()))
    }

    fn post_json(body: impl Into<RawBody>) -> Request<RawBody> {
        let request = Request::post("/echo").header("host", "localhost").header("content-type", "application/json");
        request.body(body.into()).unwrap()
    }

    #[tokio::test]
    async fn bodies_are_taken_strictly() {
        assert_eq!(send(post_json(r#"{"name":"ä"}"#)).await.1, "ä");
        let deep = "[".repeat(100_000);
        let cases = [
            (r#"{"name":"a","nmae":1}"#, 400, "unknown_field", "unknown field `nmae`, expected `name`"),
            (r#"{"name":1}"#, 400, "invalid_body", "invalid type: integer `1`, expected a string at line 1 column 9"),
            (r#"{"name":"a"} x"#, 400, "invalid_body", "trailing characters"),
            ("", 400, "invalid_body", "EOF"),
            (r#"["a"]"#, 400, "invalid_body", "must be a JSON object"),
            (&deep, 413, "body_too_large", "api.limits.bodyBytes"),
        ];
        for (body, status, code, part) in cases {
            let (got, json, _) = send(post_json(body.to_owned())).await;
            assert_eq!((got.as_u16(), json["error"].as_str()), (status, Some(code)), "{json}");
            assert!(json["message"].as_str().is_some_and(|text| text.contains(part)), "{json}");
        }
    }

    #[tokio::test]
    async fn long_and_slow_bodies_end() {
        let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>([b' '; 64]));
        let chunked = RawBody::from_stream(futures_util::StreamExt::map(endless, |chunk| chunk.map(|c| c.to_vec())));
        let (status, json, _) = send(post_json(chunked)).await;
        assert_eq!((status.as_u16(), &json["error"]), (413, &json!("body_too_large")));
        let never = RawBody::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
        let (status, json, _) = send(post_json(never)).await;
        assert_eq!((status.as_u16(), &json["error"]), (408, &json!("request_timeout")));
    }

    #[tokio::test]
    async fn failures_are_one_envelope_and_tell_nothing_internal() {
        let get =
            |path: &str| Request::get(path).header("host", "127.0.0.1:1").header("x-request-id", "mine-1").body(RawBody::empty());
        let (status, json, answer) = send(get("/panic").unwrap()).await;
        assert_eq!(status, 500);
        let message = "the host failed to answer; its log has the cause under this request id";
        assert_eq!(json, json!({"status": "error", "error": "internal", "message": message, "requestId": "mine-1"}));
        assert_eq!(answer.headers()["x-request-id"], "mine-1");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let (status, json, answer) = send(get("/slow").unwrap()).await;
        assert_eq!((status.as_u16(), &json["error"]), (503, &json!("timed_out")));
        assert!(answer.headers().get("access-control-allow-origin").is_none());
    }

    #[tokio::test]
    async fn other_hosts_and_other_sites_are_refused() {
        let request = |host: &str, origin: &str| {
            Request::post("/echo").header("host", host).header("origin", origin).header("content-type", "application/json")
        };
        let body = || RawBody::from(r#"{"name":"a"}"#);
        let (status, json, _) = send(request("evil.example", "http://evil.example").body(body()).unwrap()).await;
        assert_eq!((status.as_u16(), &json["error"]), (421, &json!("host_not_allowed")), "DNS rebinding");
        let (status, json, _) = send(request("localhost", "https://evil.example").body(body()).unwrap()).await;
        assert_eq!((status.as_u16(), &json["error"]), (403, &json!("cross_site")));
        let (status, ..) = send(request("localhost", "http://localhost").body(body()).unwrap()).await;
        assert_eq!(status, 200);
        let (status, json, _) = send(Request::post("/echo").body(body()).unwrap()).await;
        assert_eq!((status.as_u16(), &json["error"]), (400, &json!("host_missing")));
    }

    #[tokio::test]
    async fn only_json_is_a_body() {
        let request = Request::post("/echo").header("host", "localhost").header("content-type", "text/plain");
        let (status, json, _) = send(request.body(RawBody::from(r#"{"name":"a"}"#)).unwrap()).await;
        assert_eq!((status.as_u16(), &json["error"]), (415, &json!("unsupported_media_type")));
    }
}
