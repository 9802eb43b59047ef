//! What is run: a strategy, its configuration, its limits. Shared by the commands that run one over recorded data.

use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::backtest::sweep::Axis;
use crate::backtest::value_of_text;
use crate::cli::Failure;
use crate::compile::check_config;
use crate::sandbox::{LimitOverrides, Limits, Metadata};

/// Flags that name a strategy.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct StrategyFlags {
    /// A source file, or a selector such as `momentum` or `grid:v1.0.0`.
    #[arg(value_name = "FILE.js|SELECTOR")]
    pub(in crate::cli) strategy: String,
    /// A field of the strategy's configuration; may be repeated.
    #[arg(long = "config", value_name = "KEY=VALUE", value_parser = key_value)]
    pub(in crate::cli) config: Vec<(String, String)>,
    /// Look selectors up in this directory instead of the built-in strategies.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) strategies: Option<PathBuf>,
}

/// `KEY=VALUE`.
pub(in crate::cli) fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.to_owned()))
}

impl StrategyFlags {
    /// Values are read by the type that the strategy declares; orders are sent unless the command line says otherwise.
    pub(in crate::cli) fn configuration(&self, metadata: &Metadata) -> Result<Map<String, Value>, Failure> {
        configuration(metadata, &self.config).map_err(Failure::Usage)
    }

    /// What all runs of a sweep have in common. A field that varies may be missing here, even a required one: each run has a value
    /// of its own and is checked with it.
    pub(super) fn common(&self, metadata: &Metadata, axes: &[Axis]) -> Result<Map<String, Value>, Failure> {
        let mut common = metadata.clone();
        for field in &mut common.config {
            field.required &= axes.iter().all(|axis| axis.field != field.name);
        }
        self.configuration(&common)
    }
}

/// The same of fields that were given as text; what is wrong with them, in words.
pub(in crate::cli) fn configuration(metadata: &Metadata, given: &[(String, String)]) -> Result<Map<String, Value>, String> {
    let mut config = Map::new();
    config.insert("dry_run".to_owned(), Value::Bool(false));
    for (key, text) in given {
        config.insert(key.clone(), value_of_text(metadata, key, text));
    }
    check_config(metadata, &config).map_err(|issues| issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// The limits of a host with those that were named: `fuelPerEvent=20000000`.
pub(super) fn limits(given: &[(String, String)]) -> Result<Limits, Failure> {
    let mut overrides = LimitOverrides::default();
    for (name, text) in given {
        let value = text.replace('_', "").parse();
        let value = value.map_err(|_| Failure::Usage(format!("--limit {name}: `{text}` is no whole number")))?;
        if !overrides.set(name, value).map_err(Failure::usage)? {
            let known = LimitOverrides::NAMES.join(", ");
            return Err(Failure::Usage(format!("--limit {name}: there is no such limit; there are {known}")));
        }
    }
    Limits::default().with(&overrides).map_err(Failure::usage)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_required_field_can_be_swept() {
        let field = |name: &str| json!({ "name": name, "type": "int", "required": true });
        let metadata: Metadata = serde_json::from_value(json!({
            "name": "m", "displayName": "M", "events": [], "additionalConfig": true,
            "config": [field("lookback"), field("size")],
        }))
        .unwrap();
        let flags = |config: &[(&str, &str)]| StrategyFlags {
            strategy: "m".into(),
            config: config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            strategies: None,
        };
        let axes = [Axis::parse(&metadata, "lookback", "10,20").unwrap()];
        let common = flags(&[("size", "3")]).common(&metadata, &axes);
        assert!(common.is_ok_and(|config| Value::from(config) == json!({ "size": 3, "dry_run": false })));
        for (given, axes, missing) in [(&[("size", "3")][..], &[][..], "config.lookback"), (&[], &axes[..], "config.size")] {
            let Err(Failure::Usage(message)) = flags(given).common(&metadata, axes) else { panic!("{given:?}") };
            assert!(message.starts_with(missing) && message.contains("is required"), "{message}");
        }
    }

    #[test]
    fn limits_are_named_as_in_a_launch() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let set = limits(&[pair("fuelPerEvent", "20_000_000"), pair("ordersPerEvent", "1")]);
        assert!(set.is_ok_and(|limits| (limits.fuel_per_event, limits.orders_per_event) == (20_000_000, 1)));
        for (name, value, words) in [
            ("fuel", "1", "there is no such limit; there are memoryBytes, "),
            ("fuelPerEvent", "many", "is no whole number"),
            ("fuelPerEvent", "1", "it must be 100000 to"),
        ] {
            let Err(Failure::Usage(message)) = limits(&[pair(name, value)]) else { panic!("{name}={value}") };
            assert!(message.contains(words), "{message}");
        }
        assert_eq!(key_value("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(key_value("a").is_err());
    }
}
