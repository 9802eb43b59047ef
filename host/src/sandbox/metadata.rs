//! What a strategy says about itself, as plain values. The rules it must keep are in `compile::metadata`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::{StrategyName, Tag};
use crate::market::EventKind;
use crate::sandbox::LimitOverrides;

/// The normalised and checked `module.exports.metadata`, in the gateway's JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The strategy.
    pub name: StrategyName,
    /// The tag that the source gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub tag: Option<Tag>,
    /// For people, 1 to 80 characters.
    pub display_name: String,
    /// For people; may be of zero length.
    #[serde(default)]
    #[schema(required)]
    pub description: String,
    /// The declared configuration; always has `dry_run`.
    #[serde(default)]
    #[schema(required)]
    pub config: Vec<ConfigField>,
    /// What it wants to hear of, without repetition, in the source's order.
    pub events: Vec<EventKind>,
    /// Whether configuration keys that are not declared are accepted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub additional_config: bool,
    /// The limits that the author asks for: shown and compared between revisions, never granted by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub limits: Option<LimitOverrides>,
}

/// One declared field of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConfigField {
    /// The key.
    pub name: String,
    /// What values it takes.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// For people; may be of zero length.
    #[serde(default)]
    #[schema(required)]
    pub description: String,
    /// Filled in when the key is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub default: Option<serde_json::Value>,
    /// Whether an instance must give it; only matters without a default.
    #[serde(default)]
    #[schema(required)]
    pub required: bool,
}

/// The types of configuration fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// A number.
    Float,
    /// A number; another word for `float`.
    Number,
    /// `true` or `false`.
    Bool,
    /// Text such as `250ms` or `1h30m`, or milliseconds as a number.
    Duration,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
}

impl FieldKind {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::String, Self::Int, Self::Float, Self::Number, Self::Bool, Self::Duration, Self::Object, Self::Array];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Duration => "duration",
            Self::Object => "object",
            Self::Array => "array",
        }
    }

    /// The reverse of [`FieldKind::as_str`]; case does not count.
    pub fn from_wire(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
