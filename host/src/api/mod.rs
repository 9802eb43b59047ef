//! The control plane: the whole route table on this screen, one operation per file below. Must not know wasmtime.
//!
//! A request passes, from the outside in: the envelope (request id, failures as JSON), panics caught, a time limit, the
//! host it is addressed to, the site it comes from, limits on its body, the token, and then one operation.

mod adapters;
mod auth;
mod backtests;
mod config;
mod context;
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
mod openapi;
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

pub use auth::{Access, AdminToken, TOKEN_FILE};
pub use config::{ApiConfig, ApiConfigError, ApiLimits, AuthMode};
pub use error::{ApiError, Code};
pub use readiness::Readiness;
pub use server::Server;
pub use state::Floors;

use openapi::{Document, Table, routes};
use state::Api;

/// The routes that everybody may call.
fn open() -> Table {
    routes! {
        GET    "/healthz"                                          => health::live::live;
        GET    "/readyz"                                           => health::ready::ready;
    }
}

/// The routes that need the token.
fn closed() -> Table {
    routes! {
        GET    "/metrics"                                          => health::metrics::metrics;
        GET    "/openapi.json"                                     => openapi::get::get;
        GET    "/strategies"                                       => strategies::list::list;
        GET    "/strategies/{name}"                                => strategies::get::get;
        GET    "/strategies/registry"                              => strategies::registry::export;
        POST   "/strategies/refresh"                               => strategies::refresh::refresh;
        GET    "/strategies/modules"                               => modules::list::list;
        POST   "/strategies/modules"                               => modules::upload::upload;
        GET    "/strategies/modules/{selector}"                    => modules::get::get;
        PUT    "/strategies/modules/{selector}"                    => modules::replace::replace;
        DELETE "/strategies/modules/{selector}"                    => modules::delete::delete;
        GET    "/strategies/modules/{selector}/source"             => modules::source::source;
        GET    "/strategies/modules/{selector}/usage"              => modules::usage::usage;
        GET    "/strategies/modules/{name}/tags"                   => tags::list::list;
        PUT    "/strategies/modules/{name}/tags/{tag}"             => tags::assign::assign;
        DELETE "/strategies/modules/{name}/tags/{tag}"             => tags::delete::delete;
        GET    "/strategies/modules/{name}/tags/{tag}/history"     => tags::history::history;
        GET    "/strategy/instances"                               => instances::list::list;
        POST   "/strategy/instances"                               => instances::create::create;
        GET    "/strategy/instances/{id}"                          => instances::get::get;
        PUT    "/strategy/instances/{id}"                          => instances::update::update;
        DELETE "/strategy/instances/{id}"                          => instances::delete::delete;
        POST   "/strategy/instances/{id}/start"                    => instances::start::start;
        POST   "/strategy/instances/{id}/stop"                     => instances::stop::stop;
        GET    "/strategy/instances/{id}/orders"                   => instances::orders::orders;
        GET    "/strategy/instances/{id}/executions"               => instances::executions::executions;
        GET    "/strategy/instances/{id}/logs"                     => instances::logs::logs;
        GET    "/strategy/instances/{id}/events"                   => instances::events::events;
        GET    "/strategy/instances/{id}/denials"                  => instances::denials::denials;
        GET    "/strategy/instances/{id}/positions"                => instances::positions::positions;
        GET    "/risk"                                             => risk::overview::get;
        GET    "/risk/limits"                                      => risk::limits::get;
        PUT    "/risk/limits"                                      => risk::replace_limits::put;
        POST   "/risk/kill-switch"                                 => risk::engage::engage;
        DELETE "/risk/kill-switch"                                 => risk::reset::reset;
        GET    "/risk/instances/{id}"                              => risk::instance::get;
        GET    "/risk/instances/{id}/limits"                       => risk::own_limits::get;
        PUT    "/risk/instances/{id}/limits"                       => risk::replace_own_limits::put;
        DELETE "/risk/instances/{id}/limits"                       => risk::drop_own_limits::delete;
        POST   "/risk/instances/{id}/kill-switch"                  => risk::engage_own::engage;
        DELETE "/risk/instances/{id}/kill-switch"                  => risk::reset_own::reset;
        GET    "/adapters"                                         => adapters::list::list;
        GET    "/adapters/{id}"                                    => adapters::get::get;
        GET    "/context/backup"                                   => context::backup::backup;
        POST   "/context/backup"                                   => context::restore::restore;
        GET    "/backtests"                                        => backtests::list::list;
        POST   "/backtests"                                        => backtests::create::create;
        GET    "/backtests/{id}"                                   => backtests::get::get;
        DELETE "/backtests/{id}"                                   => backtests::delete::delete;
        GET    "/backtests/{id}/events"                            => backtests::events::events;
        POST   "/backtests/{id}/cancel"                            => backtests::cancel::cancel;
        GET    "/providers"                                        => providers::list::list;
        POST   "/providers"                                        => providers::create::create;
        GET    "/providers/{name}"                                 => providers::get::get;
        PUT    "/providers/{name}"                                 => providers::replace::replace;
        DELETE "/providers/{name}"                                 => providers::delete::delete;
        POST   "/providers/{name}/start"                           => providers::start::start;
        POST   "/providers/{name}/stop"                            => providers::stop::stop;
        GET    "/providers/{name}/balances"                        => providers::balances::balances;
    }
}

/// The routes for which a provider may have a token of its own: senders of signals need none that can do more.
fn events() -> Table {
    routes! {
        POST   "/providers/{name}/events"                          => providers::events::post;
    }
}

/// Every route with its layers. Routes that do not exist need the token too: only who may call hears what there is.
pub fn router(floors: Floors, access: Access, config: &ApiConfig) -> Router {
    let observer = envelope::Observer::new(Arc::clone(&floors.clock), &floors.metrics);
    let access = Arc::new(access);
    let ((open, open_entries), (closed, closed_entries)) = (open().split(), closed().split());
    let (events, events_entries) = events().split();
    let closed = closed
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(Arc::clone(&access), auth::require));
    let events = events
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(auth::Senders::new(&access, &floors.providers), auth::require_sender));
    let routes = open.method_not_allowed_fallback(no_such_method).merge(closed).merge(events);
    let description = Document::of(&open_entries, &closed_entries.and(events_entries));
    layers::wrap(routes, config, observer).with_state(Api::new(floors, description))
}

/// The description of every route, OpenAPI 3.1: what `/openapi.json` answers.
pub fn description() -> serde_json::Value {
    serde_json::Value::clone(document().value())
}

fn document() -> Document {
    Document::of(&open().split().1, &closed().split().1.and(events().split().1))
}

async fn no_such_route() -> ApiError {
    ApiError::new(Code::NotFound, "there is no such route; docs/api.md lists them")
}

async fn no_such_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "the route does not take this method; the header Allow lists those it takes")
}
