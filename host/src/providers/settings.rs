//! What an operator sets at a provider: cleaned, checked against what the adapter says it takes, and with secrets that go in
//! and never come out. Must not know of HTTP.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::adapter::{AdapterInfo, Setting, SettingKind};
use crate::base::duration;

/// One thing that is wrong with the settings of a provider. Never quotes a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{path}: {message}")]
pub struct SettingIssue {
    /// Where: `adapter.config.speed`.
    pub path: String,
    /// What, and what is allowed.
    pub message: String,
}

impl SettingIssue {
    pub(super) fn new(setting: &str, message: impl Into<String>) -> Self {
        let setting: String = setting.chars().take(80).flat_map(char::escape_debug).collect();
        Self { path: format!("adapter.config.{setting}"), message: message.into() }
    }
}

/// Settings as they are kept: what was given, without what was blank. Defaults are the adapter's. May hold secrets, so only
/// its keys show in `Debug`.
#[derive(Clone, Default, PartialEq)]
pub struct Settings(Map<String, Value>);

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// As they stand in the database.
    pub(super) fn stored(value: Value) -> Self {
        match value {
            Value::Object(settings) => Self(settings),
            _ => Self::default(),
        }
    }

    /// For the database.
    pub(super) fn to_stored(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// As they came from outside: texts are trimmed; blank texts, nulls and empty objects are left out. The secrets of `before` that
    /// are not named stay; one that is named as null goes.
    ///
    /// # Errors
    /// Everything that does not fit the adapter's schema, not only the first.
    pub(super) fn given(
        given: Map<String, Value>,
        adapter: &AdapterInfo,
        before: Option<&Self>,
    ) -> Result<Self, Vec<SettingIssue>> {
        let removed: BTreeSet<String> = given.iter().filter(|(_, value)| value.is_null()).map(|(name, _)| name.clone()).collect();
        let mut settings = pruned(given);
        let secrets = adapter.settings_schema.iter().filter(|setting| setting.secret);
        for name in secrets.map(|setting| setting.name).filter(|name| !removed.contains(*name)) {
            let kept = before.and_then(|before| before.0.get(name));
            if let Some(kept) = kept.filter(|_| !settings.contains_key(name)) {
                settings.insert(name.to_owned(), kept.clone());
            }
        }
        let issues = check(&settings, adapter);
        if issues.is_empty() { Ok(Self(settings)) } else { Err(issues) }
    }

    /// What may be shown.
    pub fn shown(&self, adapter: &AdapterInfo) -> Map<String, Value> {
        let open = |name: &str| adapter.setting(name).is_some_and(|setting| !setting.secret);
        self.0.iter().filter(|(name, _)| open(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The names of the secrets that are set.
    pub fn secrets_set(&self, adapter: &AdapterInfo) -> Vec<&'static str> {
        let secrets = adapter.settings_schema.iter().filter(|setting| setting.secret && self.0.contains_key(setting.name));
        secrets.map(|setting| setting.name).collect()
    }

    /// As the adapter's own type.
    ///
    /// # Errors
    /// What the type refuses beyond the schema. Secrets are checked by the schema, so their values are not in the text.
    pub(super) fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, Vec<SettingIssue>> {
        let mut issues = Vec::new();
        match serde_json::from_value(Value::Object(self.0.clone())) {
            Ok(config) => return Ok(config),
            Err(_) => {
                // Said again for each key alone, because serde does not say where it was.
                for (name, value) in &self.0 {
                    let one: Map<String, Value> = std::iter::once((name.clone(), value.clone())).collect();
                    if let Err(error) = serde_json::from_value::<T>(Value::Object(one)) {
                        issues.push(SettingIssue::new(name, error.to_string()));
                    }
                }
            }
        }
        Err(issues)
    }
}

fn pruned(settings: Map<String, Value>) -> Map<String, Value> {
    settings.into_iter().filter_map(|(name, value)| Some((name, cleaned(value)?))).collect()
}

fn cleaned(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| Value::String(text.to_owned()))
        }
        Value::Object(object) => {
            let object = pruned(object);
            (!object.is_empty()).then_some(Value::Object(object))
        }
        Value::Array(values) => Some(Value::Array(values.into_iter().filter_map(cleaned).collect())),
        plain => Some(plain),
    }
}

fn check(settings: &Map<String, Value>, adapter: &AdapterInfo) -> Vec<SettingIssue> {
    let mut issues = Vec::new();
    for (name, value) in settings {
        match adapter.setting(name) {
            None => {
                let known: Vec<_> = adapter.settings_schema.iter().map(|setting| setting.name).collect();
                let message = format!("the adapter `{}` has no such setting; it has {}", adapter.identifier, known.join(", "));
                issues.push(SettingIssue::new(name, message));
            }
            Some(setting) => issues.extend(fits(setting, value).err().map(|message| SettingIssue::new(name, message))),
        }
    }
    let missing = adapter.settings_schema.iter().filter(|setting| setting.required && !settings.contains_key(setting.name));
    issues.extend(missing.map(|setting| SettingIssue::new(setting.name, format!("is required: {}", setting.description))));
    issues
}

/// Whether a value has the type and range of a setting. What is wrong is said without the value.
pub(super) fn fits(setting: &Setting, value: &Value) -> Result<(), String> {
    let right = match (setting.kind, value) {
        (SettingKind::String, Value::String(_))
        | (SettingKind::Bool, Value::Bool(_))
        | (SettingKind::Object, Value::Object(_))
        | (SettingKind::Array, Value::Array(_)) => true,
        (SettingKind::Duration, Value::String(text)) => duration::parse(text).is_ok(),
        (SettingKind::Int, value) => {
            let (least, most) = (setting.minimum.unwrap_or(i64::MIN), setting.maximum.unwrap_or(i64::MAX));
            if value.as_i64().is_some_and(|number| (least..=most).contains(&number)) {
                return Ok(());
            }
            return Err(format!("must be a whole number from {least} to {most}"));
        }
        _ => false,
    };
    if right { Ok(()) } else { Err(format!("must be {}", setting.kind.rule())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::providers::adapter::adapter;

    fn given(value: &Value, identifier: &str, before: Option<&Settings>) -> Result<Settings, Vec<String>> {
        let issues = |issues: Vec<SettingIssue>| issues.iter().map(ToString::to_string).collect();
        Settings::given(value.as_object().cloned().unwrap(), &adapter(identifier).unwrap(), before).map_err(issues)
    }

    #[test]
    fn what_is_blank_is_left_out() {
        let wild = json!({ "speed": " 20x ", "klineInterval": " ", "balances": {}, "loop": null, "tapes": [" a ", " "] });
        let settings = given(&wild, "paper", None).unwrap();
        assert_eq!(settings.to_stored(), json!({ "speed": "20x", "tapes": ["a"] }));
    }

    #[test]
    fn everything_that_is_wrong_is_named_with_its_path() {
        let wild = json!({ "sped": 1, "latencyMs": 60_001, "depth": 1.5, "loop": "yes", "klineInterval": "soon" });
        let issues = given(&wild, "paper", None).unwrap_err();
        for (path, part) in [
            ("sped", "no such setting; it has tapes, speed"),
            ("latencyMs", "from 0 to 60000"),
            ("depth", "a whole number from 1 to 1000"),
            ("loop", "must be true or false"),
            ("klineInterval", "must be a duration"),
        ] {
            let prefix = format!("adapter.config.{path}: ");
            assert!(issues.iter().any(|issue| issue.starts_with(&prefix) && issue.contains(part)), "{path}: {issues:?}");
        }
        assert_eq!(issues.len(), 5, "{issues:?}");
    }

    #[test]
    fn a_secret_goes_in_and_not_out() {
        let token = "s3cret-s3cret-s3cret-s3cret-s3cret";
        let adapter = adapter("extension").unwrap();
        let first = given(&json!({ "token": token }), "extension", None).unwrap();
        assert!(first.shown(&adapter).is_empty());
        assert_eq!(first.secrets_set(&adapter), ["token"]);
        assert!(!format!("{first:?}").contains("s3cret"), "{first:?}");
        let kept = given(&json!({}), "extension", Some(&first)).unwrap();
        assert_eq!(kept, first, "left out it stays");
        let blank = given(&json!({ "token": " " }), "extension", Some(&first)).unwrap();
        assert_eq!(blank, first, "blank is left out");
        let gone = given(&json!({ "token": null }), "extension", Some(&first)).unwrap();
        assert!(gone.secrets_set(&adapter).is_empty());
        let wrong = given(&json!({ "token": ["s3cret"] }), "extension", None).unwrap_err();
        assert_eq!(wrong, ["adapter.config.token: must be text"]);
    }
}
