//! The control plane: the whole route table on this screen, one operation per file below. Must not know wasmtime.
//!
//! A request passes, from the outside in: the envelope (request id, failures as JSON), panics caught, a time limit, the
//! host it is addressed to, the site it comes from, limits on its body, the token, and then one operation.

mod auth;
mod config;
mod convert;
mod counters;
mod envelope;
mod error;
#[cfg(test)]
mod errors_page;
mod extract;
mod guard;
mod health;
mod instances;
mod layers;
mod modules;
mod providers;
mod readiness;
mod risk;
mod server;
mod state;
mod strategies;
mod tags;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};

pub use auth::{Access, AdminToken, TOKEN_FILE};
pub use config::{ApiConfig, ApiConfigError, ApiLimits, AuthMode};
pub use error::{ApiError, Code};
pub use readiness::Readiness;
pub use server::Server;
pub use state::Floors;

use state::Api;

/// Every route. What is not in `open` needs the token, also routes that do not exist.
pub fn router(floors: Floors, access: Access, config: &ApiConfig) -> Router {
    let observer = envelope::Observer::new(Arc::clone(&floors.clock), &floors.metrics);
    let open = Router::new().route("/healthz", get(health::live::live)).route("/readyz", get(health::ready::ready));
    let closed = Router::new()
        .route("/metrics", get(health::metrics::metrics))
        .route("/strategies", get(strategies::list::list))
        .route("/strategies/{name}", get(strategies::get::get))
        .route("/strategies/modules", get(modules::list::list).post(modules::upload::upload))
        .route("/strategies/registry", get(strategies::registry::export))
        .route("/strategies/refresh", post(strategies::refresh::refresh))
        .route(
            "/strategies/modules/{selector}",
            get(modules::get::get).put(modules::replace::replace).delete(modules::delete::delete),
        )
        .route("/strategies/modules/{selector}/source", get(modules::source::source))
        .route("/strategies/modules/{selector}/usage", get(modules::usage::usage))
        .route("/strategies/modules/{name}/tags", get(tags::list::list))
        .route("/strategies/modules/{name}/tags/{tag}", put(tags::assign::assign).delete(tags::delete::delete))
        .route("/strategies/modules/{name}/tags/{tag}/history", get(tags::history::history))
        .route("/strategy/instances", get(instances::list::list).post(instances::create::create))
        .route("/strategy/instances/{id}", get(instances::get::get).delete(instances::delete::delete))
        .route("/strategy/instances/{id}/start", post(instances::start::start))
        .route("/strategy/instances/{id}/stop", post(instances::stop::stop))
        .route("/strategy/instances/{id}/orders", get(instances::orders::orders))
        .route("/strategy/instances/{id}/executions", get(instances::executions::executions))
        .route("/strategy/instances/{id}/logs", get(instances::logs::logs))
        .route("/strategy/instances/{id}/denials", get(instances::denials::denials))
        .route("/strategy/instances/{id}/positions", get(instances::positions::positions))
        .route("/risk", get(risk::overview::get))
        .route("/risk/limits", get(risk::limits::get).put(risk::limits::put))
        .route("/risk/kill-switch", post(risk::kill_switch::engage).delete(risk::kill_switch::reset))
        .route("/risk/instances/{id}", get(risk::instance::get))
        .route(
            "/risk/instances/{id}/limits",
            get(risk::own_limits::get).put(risk::own_limits::put).delete(risk::own_limits::delete),
        )
        .route("/risk/instances/{id}/kill-switch", post(risk::own_kill_switch::engage).delete(risk::own_kill_switch::reset))
        .route("/providers", get(providers::list::list))
        .route("/providers/{name}/balances", get(providers::balances::balances))
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(Arc::new(access), auth::require));
    let routes = open.method_not_allowed_fallback(no_such_method).merge(closed);
    layers::wrap(routes, config, observer).with_state(Api::new(floors))
}

async fn no_such_route() -> ApiError {
    ApiError::new(Code::NotFound, "there is no such route; docs/api.md lists them")
}

async fn no_such_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "the route does not take this method; the header Allow lists those it takes")
}
