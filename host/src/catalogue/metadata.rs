//! What a strategy says about itself, as far as the catalogue cares.

use serde::{Deserialize, Serialize};

use crate::base::{StrategyName, Tag};

/// Checked metadata of a revision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The strategy.
    pub name: StrategyName,
    /// The tag that the source gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
    /// Everything else.
    #[serde(flatten)]
    pub other: serde_json::Map<String, serde_json::Value>,
}
