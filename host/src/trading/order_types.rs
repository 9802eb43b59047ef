//! The types of order that a limit allows, as their operator spelled them.

use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use crate::market::OrderType;

/// Names without repetitions (whatever their case), in the order given. Names of types that this host does not know are kept
/// as they are and allow nothing: clients of the gateway send some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<SmolStr>")]
pub struct OrderTypes(Vec<SmolStr>);

impl PartialSchema for OrderTypes {
    fn schema() -> RefOr<Schema> {
        Vec::<String>::schema()
    }
}

impl ToSchema for OrderTypes {}

impl OrderTypes {
    /// Whether orders of this type may be sent.
    pub fn allow(&self, kind: OrderType) -> bool {
        self.has(kind.as_str())
    }

    /// Whether orders of any type may be sent.
    pub fn allows_any(&self) -> bool {
        [OrderType::Limit, OrderType::Market].into_iter().any(|kind| self.allow(kind))
    }

    /// Those that both allow.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().filter(|name| other.has(name)).cloned().collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

impl From<Vec<SmolStr>> for OrderTypes {
    /// White space around names is cut off, of names that differ in case only the first is kept.
    fn from(names: Vec<SmolStr>) -> Self {
        let mut types = Self::default();
        for name in names {
            let name = name.trim();
            if !name.is_empty() && !types.has(name) {
                types.0.push(name.into());
            }
        }
        types
    }
}

impl<const N: usize> From<[OrderType; N]> for OrderTypes {
    fn from(kinds: [OrderType; N]) -> Self {
        kinds.into_iter().map(|kind| SmolStr::new_static(kind.as_str())).collect::<Vec<_>>().into()
    }
}

impl fmt::Display for OrderTypes {
    /// `Limit, Market`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("none") } else { f.write_str(&self.0.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_the_first_spelling_counts() {
        let types: OrderTypes = serde_json::from_str(r#"[" limit", "LIMIT", "Market", "market ", "Stop "]"#).unwrap();
        assert_eq!(serde_json::to_string(&types).unwrap(), r#"["limit","Market","Stop"]"#);
        assert!(types.allow(OrderType::Limit) && types.allow(OrderType::Market));
        let both = types.and(&OrderTypes::from([OrderType::Market]));
        assert_eq!((both.to_string().as_str(), both.allow(OrderType::Limit)), ("Market", false));
        let none = OrderTypes::from(vec!["Stop".into(), " ".into()]);
        assert!(!none.allows_any());
        assert_eq!(OrderTypes::default().to_string(), "none");
    }
}
