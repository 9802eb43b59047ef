//! An instance's configuration against the fields that its strategy declares.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::base::duration;
use crate::sandbox::metadata::{ConfigField, FieldKind, Metadata};

/// Bytes of a configuration as JSON.
const CONFIG_BYTES: usize = 64 << 10;

/// Whole numbers beyond this are not exact in JavaScript.
const SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;

/// One thing that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, ToSchema)]
#[error("{path}: {message}")]
pub struct ConfigIssue {
    /// Where: `config.threshold`.
    pub path: String,
    /// What, and what is allowed.
    pub message: String,
}

/// Checks the types, fills in defaults, and refuses keys that are not declared (unless the strategy says
/// `additionalConfig: true`). The result has the declared fields first, in their order. A key whose value is `null` counts as
/// absent.
///
/// # Errors
/// Everything that is wrong, not only the first.
pub fn check_config(metadata: &Metadata, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<ConfigIssue>> {
    let mut issues = Vec::new();
    let mut config = Map::new();
    for field in &metadata.config {
        match given.get(&field.name).filter(|value| !value.is_null()).or(field.default.as_ref()) {
            Some(value) => match check_value(field.kind, value) {
                Ok(()) => {
                    config.insert(field.name.clone(), value.clone());
                }
                Err(message) => issues.push(issue(&field.name, message)),
            },
            None if field.required => issues.push(issue(&field.name, format!("is required: {}", expected(field.kind)))),
            None => {}
        }
    }
    for (key, value) in given {
        if metadata.config.iter().any(|field| field.name == *key) {
            continue;
        }
        if metadata.additional_config {
            config.insert(key.clone(), value.clone());
        } else {
            let known: Vec<_> = metadata.config.iter().map(|field: &ConfigField| field.name.as_str()).collect();
            issues.push(issue(key, format!("is not declared by {}; it has {}", metadata.name, known.join(", "))));
        }
    }
    let bytes = serde_json::to_string(&config).map_or(usize::MAX, |text| text.len());
    if bytes > CONFIG_BYTES {
        issues.push(ConfigIssue { path: "config".to_owned(), message: format!("is {bytes} bytes: at most {CONFIG_BYTES}") });
    }
    if issues.is_empty() { Ok(config) } else { Err(issues) }
}

/// Whether a value is of a declared type.
///
/// # Errors
/// What was given and what is allowed.
pub(super) fn check_value(kind: FieldKind, value: &Value) -> Result<(), String> {
    let fits = match kind {
        FieldKind::String => value.is_string(),
        FieldKind::Int => value.as_f64().is_some_and(|number| number.fract() == 0.0 && number.abs() <= SAFE_INTEGER),
        FieldKind::Float | FieldKind::Number => value.is_number(),
        FieldKind::Bool => value.is_boolean(),
        FieldKind::Duration => match value {
            Value::String(text) => return duration::parse(text).map(drop).map_err(|error| error.to_string()),
            value => value.as_f64().is_some_and(|millis| millis >= 0.0),
        },
        FieldKind::Object => value.is_object(),
        FieldKind::Array => value.is_array(),
    };
    if fits { Ok(()) } else { Err(format!("{} is given, {} is expected", shown(value), expected(kind))) }
}

fn expected(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::String => "a string",
        FieldKind::Int => "a whole number",
        FieldKind::Float | FieldKind::Number => "a number",
        FieldKind::Bool => "true or false",
        FieldKind::Duration => "a duration such as \"250ms\" or milliseconds as a number",
        FieldKind::Object => "an object",
        FieldKind::Array => "an array",
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    let cut: String = text.chars().take(40).collect();
    if cut.len() < text.len() { format!("`{cut}...`") } else { format!("`{cut}`") }
}

fn issue(key: &str, message: impl Into<String>) -> ConfigIssue {
    let key: String = key.chars().take(80).flat_map(char::escape_debug).collect();
    ConfigIssue { path: format!("config.{key}"), message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metadata(additional: bool) -> Metadata {
        serde_json::from_value(json!({
            "name": "m", "displayName": "M", "events": ["Trade"], "additionalConfig": additional,
            "config": [
                {"name": "threshold", "type": "float", "default": 0.5},
                {"name": "lookback", "type": "int", "required": true},
                {"name": "label", "type": "string"},
                {"name": "pause", "type": "duration", "default": "1s"},
            ],
        }))
        .unwrap()
    }

    fn check(additional: bool, given: &Value) -> Result<Value, Vec<String>> {
        check_config(&metadata(additional), given.as_object().unwrap())
            .map(Value::Object)
            .map_err(|issues| issues.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn defaults_are_filled_in() {
        let config = check(false, &json!({"lookback": 20, "label": null})).unwrap();
        assert_eq!(config, json!({"threshold": 0.5, "lookback": 20, "pause": "1s"}));
    }

    #[test]
    fn everything_that_is_wrong_is_named() {
        let issues = check(false, &json!({"threshold": "0.5", "pause": "20", "extra": 1})).unwrap_err();
        assert_eq!(issues.len(), 4, "{issues:?}");
        assert_eq!(issues[0], "config.threshold: `\"0.5\"` is given, a number is expected");
        assert_eq!(issues[1], "config.lookback: is required: a whole number");
        assert!(issues[2].starts_with("config.pause: `20` is not a duration"), "{}", issues[2]);
        assert_eq!(issues[3], "config.extra: is not declared by m; it has threshold, lookback, label, pause");
    }

    #[test]
    fn additional_keys_pass_where_the_strategy_says_so() {
        assert_eq!(check(true, &json!({"lookback": 1, "extra": [1]})).unwrap()["extra"], json!([1]));
    }

    #[test]
    fn types_are_strict() {
        let accepts = |kind, values: &[Value]| values.iter().all(|value| check_value(kind, value).is_ok());
        let refuses = |kind, values: &[Value]| values.iter().all(|value| check_value(kind, value).is_err());
        assert!(accepts(FieldKind::Int, &[json!(1), json!(-3), json!(4.0)]));
        assert!(refuses(FieldKind::Int, &[json!(1.5), json!("1"), json!(true), json!(1e300)]));
        assert!(accepts(FieldKind::Duration, &[json!("1h30m"), json!(0), json!(12.5)]));
        assert!(refuses(FieldKind::Duration, &[json!("1"), json!(-1), json!([])]));
        assert!(accepts(FieldKind::Object, &[json!({})]) && refuses(FieldKind::Object, &[json!([]), json!("{}")]));
        assert!(accepts(FieldKind::Array, &[json!([])]) && refuses(FieldKind::Array, &[json!({})]));
        assert!(accepts(FieldKind::Bool, &[json!(false)]) && refuses(FieldKind::Bool, &[json!("true"), json!(0)]));
    }
}
