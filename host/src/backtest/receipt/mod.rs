//! What was run and what came out, in a file that anybody can try again: every input readable, a hash over them, a hash over the
//! results, and short digests on the way, so that a second run can say where it first differs. `docs/backtest.md` has the rules
//! of the hashes. Must not know where sources and data are found.

mod difference;
mod inputs;
mod results;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::report::PlayReport;
use super::request::PlayRequest;
use crate::base::{Digest, StrategyName, Tag};

pub use difference::{Difference, edited};
pub use inputs::{InputData, Inputs};
pub use results::{Results, Trail};

/// The format of receipts that this program writes and reads.
pub const FORMAT: u32 = 1;

/// Where a run found what it read; names as they were given, no part of any hash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Found {
    /// The file or selector of the strategy.
    pub strategy: String,
    /// The directory of strategies, if not the built-in ones.
    pub strategies: Option<String>,
    /// Data, in the order that it was given.
    pub data: Vec<String>,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Receipt {
    /// Of this file.
    pub format: u32,
    /// Over `inputs`.
    pub inputs_hash: Digest,
    /// Over the orders, the fills and the fuel of each handler.
    pub results_hash: Digest,
    /// What the strategy calls itself.
    pub name: StrategyName,
    /// The tag that its source gives itself.
    pub tag: Option<Tag>,
    /// Where it was found.
    pub found: Found,
    /// All that decides what comes out.
    pub inputs: Inputs,
    /// What came out, in short.
    pub results: Results,
}

impl Receipt {
    /// Of a run.
    pub fn new(inputs: Inputs, found: Found, report: &PlayReport) -> Self {
        let results = Results::of(report);
        Self {
            format: FORMAT,
            inputs_hash: inputs.digest(),
            results_hash: results.digest(),
            name: report.strategy.name.clone(),
            tag: report.strategy.tag.clone(),
            found,
            inputs,
            results,
        }
    }
}

impl PlayRequest {
    /// All that decides what comes out of it.
    pub fn inputs(&self) -> Inputs {
        Inputs::of(self)
    }
}
