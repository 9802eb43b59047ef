//! Values of a configuration as people write them on a command line. Must not know what they mean.

use serde_json::Value;

use crate::sandbox::Metadata;
use crate::sandbox::metadata::FieldKind;

/// Text stays text where the strategy declares text; elsewhere it is read as JSON when it is some.
pub fn value_of_text(metadata: &Metadata, field: &str, text: &str) -> Value {
    typed(metadata.config.iter().find(|declared| declared.name == field).map(|declared| declared.kind), text)
}

fn typed(kind: Option<FieldKind>, text: &str) -> Value {
    let as_text = || Value::String(text.to_owned());
    match kind {
        Some(FieldKind::String) => as_text(),
        _ => serde_json::from_str(text).unwrap_or_else(|_| as_text()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_declared_type() {
        assert_eq!(typed(Some(FieldKind::String), "1"), Value::String("1".into()));
        assert_eq!(typed(Some(FieldKind::Float), "1.5"), serde_json::json!(1.5));
        assert_eq!(typed(Some(FieldKind::Duration), "5s"), Value::String("5s".into()));
        assert_eq!(typed(None, "[1]"), serde_json::json!([1]));
    }
}
