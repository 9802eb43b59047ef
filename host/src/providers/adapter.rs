//! The kinds of provider that this host has, described for those who set one up.

use serde::Serialize;
use serde_json::{Value, json};

use super::paper::{ADAPTER, PaperConfig};

/// One kind of provider. Serialised as the gateway's `GET /adapters` does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AdapterInfo {
    /// What a provider's settings name.
    pub identifier: &'static str,
    /// For people.
    pub display_name: &'static str,
    /// The venue behind it.
    pub venue: &'static str,
    /// In one sentence.
    pub description: &'static str,
    /// `market-data`, `orders`, `paper`.
    pub capabilities: &'static [&'static str],
    /// The settings that it takes.
    pub settings_schema: Vec<Setting>,
}

/// One setting of an adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The key.
    pub name: &'static str,
    /// `string`, `int`, `bool`, `duration`, `object` or `array`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// What it does, with its range.
    pub description: &'static str,
    /// What holds when it is left out.
    pub default: Value,
    /// Whether it must be given.
    pub required: bool,
}

/// All adapters, sorted by identifier.
pub fn adapters() -> Vec<AdapterInfo> {
    vec![AdapterInfo {
        identifier: ADAPTER,
        display_name: "Paper venue",
        venue: "PAPER",
        description: "Plays recorded markets and fills orders against their real order books. No real money.",
        capabilities: &["market-data", "orders", "paper"],
        settings_schema: paper_settings(),
    }]
}

/// The defaults are read from [`PaperConfig`] itself, so that they cannot differ.
fn paper_settings() -> Vec<Setting> {
    let defaults = serde_json::to_value(PaperConfig::default()).unwrap_or_else(|_| json!({}));
    let settings = [
        ("tapes", "array", "Names of built-in tapes or paths of tape files, 1 to 16, one per symbol"),
        ("speed", "string", "How fast they play: 1x to 10000x, or max: as fast as the instances handle the events"),
        ("loop", "bool", "Whether a tape begins again when it ends"),
        (
            "latencyMs",
            "int",
            "Milliseconds from the request of an order or cancellation to its arrival, in tape time, 0 to 60000",
        ),
        ("makerFeeBps", "int", "Fee of a resting order in ten-thousandths of what is received, 0 to 1000"),
        ("takerFeeBps", "int", "Fee of an order that takes liquidity in ten-thousandths of what is received, 0 to 1000"),
        ("balances", "object", "What the account has at the beginning: decimal strings by currency"),
        ("depth", "int", "Levels of each side in a book event, 1 to 1000"),
        ("klineInterval", "duration", "The length of a bar, 1s to 24h"),
    ];
    settings
        .into_iter()
        .map(|(name, kind, description)| Setting { name, kind, description, default: defaults[name].clone(), required: false })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described() {
        let described: Vec<_> = paper_settings().iter().map(|setting| setting.name.to_owned()).collect();
        let config = serde_json::to_value(PaperConfig::default()).unwrap();
        let known: Vec<_> = config.as_object().unwrap().keys().cloned().collect();
        assert_eq!(described, known);
    }
}
