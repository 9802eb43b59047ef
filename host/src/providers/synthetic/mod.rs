//! Markets that never were: a price, a book and trades drawn from a seed, the same to the last digit for the same seed and
//! settings. What is traded against them is traded at the venue of `providers::paper`.

pub mod config;
mod generator;
mod market;
#[cfg(test)]
mod tests;

pub use config::{SymbolConfig, SyntheticConfig};
pub use market::SyntheticMarket;

/// The adapter's identifier.
pub const ADAPTER: &str = "synthetic";
