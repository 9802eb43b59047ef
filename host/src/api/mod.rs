//! The control plane: the whole route table on this screen, one operation per file below. Must not know wasmtime.
//!
//! A request passes, from the outside in: the envelope (request id, failures as JSON), panics caught, a time limit, the
//! host it is addressed to, the site it comes from, limits on its body, the token, and then one operation.

mod auth;
mod config;
mod envelope;
mod error;
mod extract;
mod guard;
mod health;
mod layers;
mod readiness;
mod server;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;

use crate::base::Clock;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;

pub use auth::{Access, AdminToken, TOKEN_FILE};
pub use config::{ApiConfig, ApiConfigError, ApiLimits, AuthMode};
pub use error::{ApiError, Code};
pub use readiness::Readiness;
pub use server::Server;

/// What the operations stand on. Process lifetime; clones share everything.
#[derive(Clone)]
pub struct Api {
    /// The registry that `/metrics` shows.
    pub metrics: Metrics,
    /// The machine's time.
    pub clock: Arc<dyn Clock>,
    /// Carries through what was begun when the client has gone.
    pub lifecycle: Lifecycle,
    /// What `/readyz` answers.
    pub readiness: Readiness,
}

/// Every route. What is not in `open` needs the token, also routes that do not exist.
pub fn router(api: Api, access: Access, config: &ApiConfig) -> Router {
    let observer = envelope::Observer::new(Arc::clone(&api.clock), &api.metrics);
    let open = Router::new()
        .route("/healthz", get(health::live::live))
        .route("/readyz", get(health::ready::ready));
    let closed = Router::new()
        .route("/metrics", get(health::metrics::metrics))
        .fallback(no_such_route)
        .layer(from_fn_with_state(Arc::new(access), auth::require));
    layers::wrap(open.merge(closed).method_not_allowed_fallback(no_such_method), config, observer).with_state(api)
}

async fn no_such_route() -> ApiError {
    ApiError::new(Code::NotFound, "there is no such route; docs/api.md lists them")
}

async fn no_such_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "the route does not take this method; the header Allow lists those it takes")
}
