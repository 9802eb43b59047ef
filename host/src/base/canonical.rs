//! JSON in one spelling, so that its hash says whether two values are the same: keys in the order of their bytes, no blanks,
//! numbers and texts as JSON writers write them.

use serde::Serialize;
use serde_json::Value;

use super::Digest;

/// `value` in that spelling. What cannot be written as JSON (no type of ours) is `null`.
pub fn text(value: &impl Serialize) -> String {
    sorted(serde_json::to_value(value).unwrap_or_default()).to_string()
}

/// SHA-256 over [`text`].
pub fn digest(value: &impl Serialize) -> Digest {
    Digest::of(text(value).as_bytes())
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        plain => plain,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_keys_does_not_count() {
        let (one, other) =
            (json!({ "b": [{ "d": 1, "c": "ä\"\n" }], "a": 0.5 }), json!({ "a": 0.5, "b": [{ "c": "ä\"\n", "d": 1 }] }));
        assert_eq!(text(&one), r#"{"a":0.5,"b":[{"c":"ä\"\n","d":1}]}"#);
        assert_eq!(digest(&one), digest(&other));
        assert_ne!(digest(&json!([1, 2])), digest(&json!([2, 1])), "that of items does");
    }
}
