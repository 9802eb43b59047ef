//! What a query parameter takes: in words for who got it wrong, as a schema for the description.

use std::fmt;

use serde_json::{Value, json};
use utoipa::ToSchema;

/// A rule. Made with every request and read for few, so it is plain values and functions.
#[derive(Clone, Copy)]
pub(crate) enum Rule {
    /// Text that the words describe.
    Words(&'static str),
    /// Text with a schema of its own.
    Spelled(&'static str, fn() -> Value),
    /// One of these words, in any case.
    OneOf(fn() -> Vec<&'static str>),
    /// A whole number from `least` up.
    Whole {
        /// For who got it wrong.
        words: &'static str,
        /// The smallest.
        least: u64,
        /// What it is when it is not given.
        default: Option<u32>,
    },
    /// `true` or `false`; absent is `false`.
    Flag,
}

impl Rule {
    /// Text that is read as a `T`.
    pub(crate) fn spelled<T: ToSchema>(words: &'static str) -> Self {
        Self::Spelled(words, || serde_json::to_value(T::schema()).unwrap_or_else(|_| json!({})))
    }

    /// Of one value.
    pub(super) fn schema(self) -> Value {
        match self {
            Self::Words(_) => json!({ "type": "string" }),
            Self::Spelled(_, schema) => schema(),
            Self::OneOf(words) => json!({ "type": "string", "enum": words() }),
            // Larger ones are no number of ours on any machine.
            Self::Whole { least, default: None, .. } => json!({ "type": "integer", "minimum": least, "maximum": u64::MAX }),
            Self::Whole { least, default, .. } => {
                json!({ "type": "integer", "minimum": least, "maximum": u64::MAX, "default": default })
            }
            Self::Flag => json!({ "type": "boolean", "default": false }),
        }
    }
}

impl From<&'static str> for Rule {
    fn from(words: &'static str) -> Self {
        Self::Words(words)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) | Self::Spelled(words, _) | Self::Whole { words, .. } => f.write_str(words),
            Self::OneOf(words) => write!(f, "one of {}", words().join(", ")),
            Self::Flag => f.write_str("a boolean (`true` or `false`)"),
        }
    }
}
