//! The whole host, as its users see it: real catalogue, database, compiler, sandbox, desk and paper venue behind the real
//! control plane. One file per subject; `support` holds what they share.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends where what it needs is missing, and shows what the binary says"
)]

mod support;

mod auth;
mod backtest_jobs;
mod backtests;
mod bootstrap;
mod cases;
mod catalogue;
mod cli;
mod context;
mod dev;
mod errors;
mod events;
mod five_ways;
mod gateway;
mod guests;
mod hardening;
mod instances;
mod isolation;
mod kill9;
mod killswitch;
mod lifecycle;
mod manual;
mod neighbours;
mod numbers;
mod openapi;
mod operations;
mod orders;
mod pages;
mod providers;
mod refresh;
mod refresh_crowd;
mod restart;
mod risk;
mod routing;
mod scale;
mod scenarios;
mod sdk;
mod soak;
mod storm;
mod telemetry;
mod update;
mod upload;
