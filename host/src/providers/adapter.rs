//! The kinds of provider that this host has, described for those who set one up. What is said here is what settings are
//! checked against.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::extension::{self, ExtensionConfig};
use super::paper::{self, PaperConfig};
use super::synthetic::{self, SyntheticConfig};

/// One kind of provider. Serialised as the gateway's `GET /adapters` does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Adapter)]
pub struct AdapterInfo {
    /// What a provider's settings name.
    pub identifier: &'static str,
    /// For people.
    pub display_name: &'static str,
    /// The venue behind it.
    pub venue: &'static str,
    /// In one sentence.
    pub description: &'static str,
    /// `market-data`, `orders`, `paper`, `events`.
    pub capabilities: &'static [&'static str],
    /// The settings that it takes.
    pub settings_schema: Vec<Setting>,
}

impl AdapterInfo {
    /// The setting of this name.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings_schema.iter().find(|setting| setting.name == name)
    }
}

/// One setting of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// The key.
    pub name: &'static str,
    /// `string`, `int`, `bool`, `duration`, `object` or `array`.
    #[serde(rename = "type")]
    pub kind: SettingKind,
    /// What it does, with its range.
    pub description: &'static str,
    /// What holds when it is left out.
    pub default: Value,
    /// Whether it must be given.
    pub required: bool,
    /// It is written and never read back.
    pub secret: bool,
    /// The smallest allowed number, for an `int`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub minimum: Option<i64>,
    /// The largest allowed number, for an `int`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub maximum: Option<i64>,
}

/// The type of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettingKind {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// True or false.
    Bool,
    /// Text such as `250ms` or `1h30m`.
    Duration,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
}

impl SettingKind {
    /// What a value of it is, as the end of "must be".
    pub fn rule(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::Int => "a whole number",
            Self::Bool => "true or false",
            Self::Duration => "a duration such as 250ms, 5s or 1h30m",
            Self::Object => "an object",
            Self::Array => "an array",
        }
    }
}

/// A setting in the making: the default comes from the adapter's own type.
pub(super) struct Draft {
    name: &'static str,
    kind: SettingKind,
    description: &'static str,
    range: Option<(i64, i64)>,
    secret: bool,
}

impl Draft {
    pub(super) fn new(name: &'static str, kind: SettingKind, description: &'static str) -> Self {
        Self { name, kind, description, range: None, secret: false }
    }

    /// A whole number between these, both included.
    pub(super) fn int(name: &'static str, (least, most): (i64, i64), description: &'static str) -> Self {
        Self { range: Some((least, most)), ..Self::new(name, SettingKind::Int, description) }
    }

    /// Text that is never shown.
    pub(super) fn secret(name: &'static str, description: &'static str) -> Self {
        Self { secret: true, ..Self::new(name, SettingKind::String, description) }
    }
}

/// The schema of these settings; defaults are read from the adapter's own type, so that they cannot differ.
fn schema(settings: Vec<Draft>, defaults: &impl Serialize) -> Vec<Setting> {
    let defaults = match serde_json::to_value(defaults) {
        Ok(Value::Object(defaults)) => defaults,
        _ => Map::new(),
    };
    let finish = |draft: Draft| Setting {
        name: draft.name,
        kind: draft.kind,
        description: draft.description,
        default: defaults.get(draft.name).cloned().unwrap_or(Value::Null),
        required: false,
        secret: draft.secret,
        minimum: draft.range.map(|(least, _)| least),
        maximum: draft.range.map(|(_, most)| most),
    };
    settings.into_iter().map(finish).collect()
}

/// All adapters, sorted by identifier.
pub fn adapters() -> Vec<AdapterInfo> {
    vec![
        AdapterInfo {
            identifier: extension::ADAPTER,
            display_name: "Signals from outside",
            venue: "NONE",
            description: "Passes on events that are posted to it, as Extension events. Has no market and takes no orders.",
            capabilities: &["events"],
            settings_schema: schema(extension::settings(), &ExtensionConfig::default()),
        },
        AdapterInfo {
            identifier: paper::ADAPTER,
            display_name: "Paper venue",
            venue: "PAPER",
            description: "Plays recorded markets and fills orders against their real order books. No real money.",
            capabilities: &["market-data", "orders", "paper"],
            settings_schema: schema(paper::config::settings(), &PaperConfig::default()),
        },
        AdapterInfo {
            identifier: synthetic::ADAPTER,
            display_name: "Synthetic market",
            venue: "SYNTHETIC",
            description: "Makes up a market from a seed, the same for the same seed, and fills orders against it. No real money.",
            capabilities: &["market-data", "orders", "paper"],
            settings_schema: schema(synthetic::config::settings(), &SyntheticConfig::default()),
        },
    ]
}

/// The adapter of this identifier; case counts.
pub fn adapter(identifier: &str) -> Option<AdapterInfo> {
    adapters().into_iter().find(|adapter| adapter.identifier == identifier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described_and_has_its_type() {
        let described = |identifier: &str| -> Vec<String> {
            let schema = adapter(identifier).unwrap().settings_schema;
            schema.iter().map(|setting| setting.name.to_owned()).collect()
        };
        let known = |config: &Value| -> Vec<String> { config.as_object().unwrap().keys().cloned().collect() };
        assert_eq!(described("paper"), known(&serde_json::to_value(PaperConfig::default()).unwrap()));
        assert_eq!(described("synthetic"), known(&serde_json::to_value(SyntheticConfig::default()).unwrap()));
        assert_eq!(described("extension"), ["token"]);
        assert!(adapters().is_sorted_by_key(|adapter| adapter.identifier));
        for setting in adapters().into_iter().flat_map(|adapter| adapter.settings_schema) {
            assert_eq!(setting.kind == SettingKind::Int, setting.minimum.is_some(), "{}: a number has a range", setting.name);
            let fits = super::super::settings::fits(&setting, &setting.default).is_ok();
            assert!(fits || setting.default.is_null(), "{}: {}", setting.name, setting.default);
        }
    }
}
