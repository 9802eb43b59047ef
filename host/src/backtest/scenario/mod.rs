//! Written tests of a strategy: what happens, step by step, and what is expected of it. The same guest, desk and clock as in a
//! backtest ([`Stage`](super::stage::Stage)); only what comes next is written down instead of recorded. `document` is the
//! format, `run` the steps, `hand` a venue where only steps speak, `verdict` its orders, `expect` the comparison. Must not know of files or of the
//! command line.

mod answer;
mod document;
mod expect;
mod figure;
mod hand;
mod market;
mod run;
mod step;
#[cfg(test)]
mod tests;
mod verdict;

pub use answer::{Failing, ScenarioAnswer};
pub use document::{DocumentError, Scenario, VenueKind};
pub use run::{Cast, ScenarioError, run};
