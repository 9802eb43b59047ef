//! Sandpit: runs untrusted trading strategies as WebAssembly components and gives operators a control plane.
//!
//! The modules below stand in the order of the floors of the house, from the ground up: **a module may use only what is
//! listed above it**. A test reads this list and names file and line of a breach. `docs/architecture.md` shows the whole.

pub mod base;
pub mod telemetry;
pub mod market;
pub mod store;
pub mod bus;
pub mod trading;
pub mod providers;
pub mod sandbox;
pub mod compile;
pub mod catalogue;
pub mod instances;
pub mod backtest;
pub mod api;
pub mod config;
pub mod app;
pub mod cli;
