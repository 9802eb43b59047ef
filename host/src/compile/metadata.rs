//! The rules that a strategy's metadata must keep. The engine has copied it and checked its shape.

use serde_json::Value;

use crate::base::{StrategyName, Tag};
use crate::compile::config::check_value;
use crate::compile::{Diagnostic, Stage};
use crate::market::EventKind;
use crate::sandbox::LimitOverrides;
use crate::sandbox::bindings::types;
use crate::sandbox::metadata::{ConfigField, FieldKind, Metadata};

/// Characters of a display name.
const DISPLAY_NAME_CHARS: usize = 80;
/// Bytes of a description, of the strategy or of a field.
const DESCRIPTION_BYTES: usize = 4 << 10;
/// Declared configuration fields.
const FIELDS: usize = 128;
/// Listed events, repetitions included.
const EVENTS: usize = 64;
/// Bytes of a field's name.
const FIELD_NAME_BYTES: usize = 64;
/// Bytes of all metadata as JSON.
const METADATA_BYTES: usize = 64 << 10;

/// Collects what is wrong.
struct Issues(Vec<Diagnostic>);

impl Issues {
    fn add(&mut self, path: impl Into<String>, message: impl AsRef<str>) {
        self.0.push(Diagnostic::new(Stage::Validation, message.as_ref(), path));
    }
}

/// Checks the rules and gives the metadata that the catalogue shows.
///
/// # Errors
/// One diagnostic per broken rule, its `hint` naming the field.
pub(super) fn check(told: &types::Metadata) -> Result<Metadata, Vec<Diagnostic>> {
    let mut issues = Issues(Vec::new());
    let name = check_name(&told.name, &mut issues);
    let tag = told.tag.as_deref().map(str::trim).filter(|tag| !tag.is_empty()).and_then(|tag| check_tag(tag, &mut issues));
    let display_name = told.display_name.trim();
    if display_name.is_empty() {
        issues.add("metadata.displayName", "displayName required");
    } else if display_name.chars().count() > DISPLAY_NAME_CHARS {
        issues.add("metadata.displayName", "displayName must be 80 characters or fewer");
    }
    if told.description.len() > DESCRIPTION_BYTES {
        issues.add("metadata.description", "description must be 4096 bytes or fewer");
    }
    let config = check_fields(&told.config, &mut issues);
    let events = check_events(&told.events, &mut issues);
    let limits = check_limits(&told.limits, &mut issues);
    let Some(name) = name.filter(|_| issues.0.is_empty()) else { return Err(issues.0) };
    let metadata = Metadata {
        name,
        tag,
        display_name: display_name.to_owned(),
        description: told.description.trim().to_owned(),
        config,
        events,
        additional_config: told.additional_config,
        limits,
    };
    let bytes = serde_json::to_string(&metadata).map_or(usize::MAX, |text| text.len());
    if bytes > METADATA_BYTES {
        issues.add("metadata", format!("metadata is {bytes} bytes as JSON: at most {METADATA_BYTES}"));
        return Err(issues.0);
    }
    Ok(metadata)
}

fn check_name(name: &str, issues: &mut Issues) -> Option<StrategyName> {
    let name = name.trim().to_lowercase();
    if name.is_empty() {
        issues.add("metadata.name", "name required");
        return None;
    }
    StrategyName::new(&name).map_err(|error| issues.add("metadata.name", error.to_string())).ok()
}

fn check_tag(tag: &str, issues: &mut Issues) -> Option<Tag> {
    match Tag::new(tag) {
        Ok(tag) if tag.is_latest() => {
            issues.add("metadata.tag", "the tag `latest` is reserved: it is moved by promotion");
            None
        }
        Ok(tag) => Some(tag),
        Err(error) => {
            issues.add("metadata.tag", error.to_string());
            None
        }
    }
}

fn check_fields(told: &[types::ConfigField], issues: &mut Issues) -> Vec<ConfigField> {
    // The engine adds `dry_run` itself.
    if told.len() > FIELDS + 1 {
        issues.add("metadata.config", format!("{} config fields: at most {FIELDS}", told.len()));
        return Vec::new();
    }
    let mut fields: Vec<ConfigField> = Vec::with_capacity(told.len());
    for (index, field) in told.iter().enumerate() {
        let path = format!("metadata.config[{index}]");
        let name = field.name.trim();
        if name.is_empty() {
            issues.add(format!("{path}.name"), "name required");
        } else if name.len() > FIELD_NAME_BYTES || name.chars().any(char::is_control) {
            issues.add(format!("{path}.name"), "a field name is 1 to 64 bytes without control characters");
        } else if fields.iter().any(|known| known.name == name) {
            issues.add(format!("{path}.name"), format!("field `{name}` is declared twice"));
        }
        if field.description.len() > DESCRIPTION_BYTES {
            issues.add(format!("{path}.description"), "description must be 4096 bytes or fewer");
        }
        let kind = check_kind(field.kind.trim(), &path, issues);
        let default = field.default.as_deref().map(serde_json::from_str::<Value>);
        let default = match default {
            None | Some(Ok(Value::Null)) => None,
            Some(Ok(value)) => Some(value),
            Some(Err(_)) => {
                issues.add(format!("{path}.default"), "the default cannot be written as JSON");
                None
            }
        };
        if let (Some(kind), Some(value)) = (kind, &default)
            && let Err(message) = check_value(kind, value)
        {
            issues.add(format!("{path}.default"), format!("default of `{name}`: {message}"));
        }
        fields.push(ConfigField {
            name: name.to_owned(),
            kind: kind.unwrap_or(FieldKind::String),
            description: field.description.trim().to_owned(),
            default,
            required: field.required,
        });
    }
    fields
}

fn check_kind(kind: &str, path: &str, issues: &mut Issues) -> Option<FieldKind> {
    if kind.is_empty() {
        issues.add(format!("{path}.type"), "type required");
        return None;
    }
    let known = FieldKind::from_wire(kind);
    if known.is_none() {
        let kind: String = kind.chars().take(40).collect();
        let allowed = FieldKind::ALL.map(FieldKind::as_str).join(", ");
        issues.add(format!("{path}.type"), format!("unsupported type \"{kind}\": use one of {allowed}"));
    }
    known
}

fn check_events(told: &[String], issues: &mut Issues) -> Vec<EventKind> {
    if told.len() > EVENTS {
        issues.add("metadata.events", format!("{} events are listed: at most {EVENTS}", told.len()));
        return Vec::new();
    }
    let mut events = Vec::new();
    let mut listed = 0;
    for (index, event) in told.iter().map(|event| event.trim()).enumerate() {
        if event.is_empty() {
            continue;
        }
        listed += 1;
        match EventKind::from_wire(event) {
            Some(kind) if events.contains(&kind) => {}
            Some(kind) => events.push(kind),
            None => {
                let event: String = event.chars().take(40).collect();
                issues.add(format!("metadata.events[{index}]"), format!("unsupported event type \"{event}\""));
            }
        }
    }
    if listed == 0 {
        issues.add("metadata.events", "events must include at least one event type");
    }
    events
}

/// What the author asks for must be something that a host can grant. Nothing asked is the same as no limits at all.
fn check_limits(told: &[(String, u64)], issues: &mut Issues) -> Option<LimitOverrides> {
    let mut asked = LimitOverrides::default();
    for (name, value) in told {
        let shown: String = name.chars().take(40).collect();
        let path = format!("metadata.limits.{shown}");
        match asked.set(name, *value) {
            Ok(true) => {}
            Ok(false) => {
                let known = LimitOverrides::NAMES.join(", ");
                issues.add(path, format!("unknown limit: use one of {known}"));
            }
            Err(error) => issues.add(path, error.to_string()),
        }
    }
    (asked != LimitOverrides::default()).then_some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, kind: &str, default: Option<&str>) -> types::ConfigField {
        types::ConfigField {
            name: name.into(),
            kind: kind.into(),
            description: String::new(),
            default: default.map(Into::into),
            required: false,
        }
    }

    fn told(config: Vec<types::ConfigField>, events: &[&str]) -> types::Metadata {
        types::Metadata {
            name: " Delay ".into(),
            tag: Some("v1.0.0".into()),
            display_name: " Delay ".into(),
            description: " Waits. ".into(),
            config,
            events: events.iter().map(|event| (*event).into()).collect(),
            additional_config: false,
            limits: Vec::new(),
        }
    }

    fn issues(told: &types::Metadata) -> Vec<(String, String)> {
        check(told).unwrap_err().into_iter().map(|issue| (issue.hint.unwrap_or_default(), issue.message)).collect()
    }

    #[test]
    fn metadata_is_normalised_and_written_as_the_gateway_wrote_it() {
        let metadata = check(&told(vec![field("dry_run", "bool", Some("true"))], &["Trade", " ", "Trade", "Ticker"])).unwrap();
        let expected = serde_json::json!({
            "name": "delay", "tag": "v1.0.0", "displayName": "Delay", "description": "Waits.",
            "config": [{"name": "dry_run", "type": "bool", "description": "", "default": true, "required": false}],
            "events": ["Trade", "Ticker"],
        });
        assert_eq!(serde_json::to_value(&metadata).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Metadata>(expected).unwrap(), metadata);
    }

    #[test]
    fn every_broken_rule_is_named_with_its_path() {
        let bad = types::Metadata {
            name: "a/b".into(),
            tag: Some("Latest".into()),
            display_name: "x".repeat(81),
            description: "x".repeat(5_000),
            ..told(
                vec![field("", "", None), field("a", "map", None), field("b", "int", Some("1.5")), field("b", "int", None)],
                &["trade"],
            )
        };
        let found = issues(&bad);
        let paths: Vec<_> = found.iter().map(|(path, _)| path.as_str()).collect();
        let expected = [
            "metadata.name",
            "metadata.tag",
            "metadata.displayName",
            "metadata.description",
            "metadata.config[0].name",
            "metadata.config[0].type",
            "metadata.config[1].type",
            "metadata.config[2].default",
            "metadata.config[3].name",
            "metadata.events[0]",
        ];
        assert_eq!(paths, expected, "{found:?}");
        assert_eq!(found[9].1, "unsupported event type \"trade\"");
    }

    #[test]
    fn limits_are_the_ones_that_a_launch_may_set() {
        let asking = |limits: &[(&str, u64)]| types::Metadata {
            limits: limits.iter().map(|(name, value)| ((*name).into(), *value)).collect(),
            ..told(Vec::new(), &["Trade"])
        };
        let asked = check(&asking(&[("timers", 0), ("memoryBytes", 16 << 20)])).unwrap();
        let json = serde_json::to_value(&asked).unwrap();
        assert_eq!(json["limits"], serde_json::json!({ "memoryBytes": 16 << 20, "timers": 0 }));
        assert_eq!(serde_json::from_value::<Metadata>(json).unwrap(), asked);

        let found = issues(&asking(&[("memory", 1), ("memoryBytes", 1), ("timers", 5_000)]));
        assert_eq!(found[0].0, "metadata.limits.memory");
        assert!(found[0].1.starts_with("unknown limit: use one of memoryBytes, fuelPerLoad, "), "{found:?}");
        assert!(found[0].1.ends_with("savedStateBytes"), "the list is not cut: {found:?}");
        assert_eq!(found[1].0, "metadata.limits.memoryBytes");
        assert_eq!(found[1].1, "limits.memoryBytes is 1: it must be 4194304 to 67108864");
        assert_eq!(found[2].1, "limits.timers is 5000: it must be 0 to 1024");
    }

    #[test]
    fn lists_have_limits() {
        let many = (0..200).map(|index| field(&format!("f{index}"), "int", None)).collect();
        assert_eq!(issues(&told(many, &["Trade"]))[0].0, "metadata.config");
        assert_eq!(issues(&told(Vec::new(), &["Trade"; 65]))[0].0, "metadata.events");
        assert_eq!(issues(&told(Vec::new(), &[]))[0].1, "events must include at least one event type");
    }
}
