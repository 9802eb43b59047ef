//! Names that people give: parsed once at the door, cheap to clone and compare afterwards.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A name that does not follow its grammar.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} `{given}` is not allowed: {rule}")]
pub struct NameError {
    /// What was to be named: `strategy name`, `tag`...
    pub kind: &'static str,
    /// What was given, cut to 80 characters and with control characters escaped.
    pub given: String,
    /// What would be right.
    pub rule: &'static str,
}

fn refuse(kind: &'static str, given: &str, rule: &'static str) -> NameError {
    NameError { kind, given: given.chars().take(80).flat_map(char::escape_debug).collect(), rule }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $rule:expr, $pattern:literal, $example:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(SmolStr);

        impl $name {
            /// The rule in words, for error messages.
            pub const RULE: &'static str = $rule;

            /// Checks the grammar.
            ///
            /// # Errors
            /// [`NameError`] quoting the rule.
            pub fn new(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(text.into())) } else { Err(refuse($kind, text, Self::RULE)) }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// The same grammar as a regular expression, for the description of the API.
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some(format!("{}: {}.", $kind, $rule)))
                    .pattern(Some($pattern))
                    .examples([$example])
                    .into()
            }
        }

        impl ToSchema for $name {}

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> String {
                name.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// A strategy's name, lower case. Decision 10.
    StrategyName,
    "strategy name",
    "1 to 64 of a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit",
    "^[a-z0-9][a-z0-9._-]{0,63}$",
    "momentum",
    |text| sized(text, 64)
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && !b"._-".contains(&text.as_bytes()[0])
);

name!(
    /// A movable pointer to a revision, case-sensitive; the OCI rule for tags, and no tag may look like a hash.
    Tag,
    "tag",
    "1 to 128 of letters, digits, `.`, `_` and `-`, beginning with a letter, digit or `_`; not shaped like a hash",
    "^(?![0-9A-Fa-f]{64}$)[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$",
    "v1.0.0",
    |text| sized(text, 128)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && !b".-".contains(&text.as_bytes()[0])
        && !(text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()))
);

name!(
    /// An instance's id: also the beginning of its client order ids.
    InstanceId,
    "instance id",
    "1 to 64 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    "first",
    plain
);

name!(
    /// The name of a connection to a venue.
    ProviderName,
    "provider name",
    "1 to 64 of letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
    "paper",
    plain
);

impl Tag {
    /// Whether it is `latest` in any spelling: reserved, moved only by promotion.
    pub fn is_latest(&self) -> bool {
        self.0.eq_ignore_ascii_case("latest")
    }
}

fn sized(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max
}

fn plain(text: &str) -> bool {
    sized(text, 64)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strategy_names_follow_decision_10() {
        for good in ["a", "delay", "0x", "a.b_c-d", &"a".repeat(64)] {
            assert!(StrategyName::new(good).is_ok(), "{good}");
        }
        for bad in ["", "Delay", "-a", ".", "..", "a/b", "a\\b", "a b", "ä", "a\0", &"a".repeat(65)] {
            assert!(StrategyName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_follow_the_oci_rule_and_are_no_hashes() {
        for good in ["v1.0.0", "_x", "Latest", "1", &"a".repeat(63)] {
            assert!(Tag::new(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a:b", "a@b", "a..b/c", &"a".repeat(64), &"A0".repeat(32), &"a".repeat(129)] {
            assert!(Tag::new(bad).is_err(), "{bad:?}");
        }
        assert!(Tag::new("LATEST").is_ok_and(|tag| tag.is_latest()));
    }
}
