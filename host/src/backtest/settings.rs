//! The settings of a venue as JSON, under the names that an operator gives them: what a command line or a request changes, and
//! what a receipt keeps.

use serde_json::{Map, Value};

use super::request::PlayVenue;

/// Settings of the adapter that a run does not look at: it has its own data, and no pace.
const NOT_LOOKED_AT: [&str; 3] = ["tapes", "speed", "loop"];

/// A setting that no venue has, or a value that it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("venue {provider}: {why}")]
pub struct SettingsError {
    /// The venue.
    pub provider: String,
    /// What is wrong, and what is allowed.
    pub why: String,
}

impl PlayVenue {
    /// Every setting that a run looks at, defaults among them.
    pub fn settings(&self) -> Map<String, Value> {
        let Ok(Value::Object(mut settings)) = serde_json::to_value(&self.paper) else { return Map::new() };
        settings.retain(|name, _| !NOT_LOOKED_AT.contains(&name.as_str()));
        settings
    }

    /// Changes the settings that are named; the others stay.
    ///
    /// # Errors
    /// [`SettingsError`] naming what is not allowed; nothing is changed then.
    pub fn configure(&mut self, settings: &Map<String, Value>) -> Result<(), SettingsError> {
        let refuse = |why: String| SettingsError { provider: self.provider.to_string(), why };
        let mut changed = serde_json::to_value(&self.paper).map_err(|error| refuse(error.to_string()))?;
        for (name, value) in settings {
            if NOT_LOOKED_AT.contains(&name.as_str()) {
                return Err(refuse(format!(
                    "`{name}` is no setting of a backtest: it has its own data, and plays as fast as it can"
                )));
            }
            changed[name.as_str()] = value.clone();
        }
        let paper: crate::providers::paper::PaperConfig =
            serde_json::from_value(changed).map_err(|error| refuse(error.to_string()))?;
        paper.validate().map_err(|error| refuse(error.to_string()))?;
        self.paper = paper;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::request::PlayRequest;
    use super::*;
    use crate::providers::tape::Tape;

    #[test]
    fn settings_are_changed_by_name_and_wrong_ones_refused() {
        let tapes = vec![Tape::open("btcusdt-20240808").unwrap()];
        let mut venue = PlayVenue::of_tapes(PlayRequest::usual_provider(), tapes);
        let mut set = |settings: Value| venue.configure(settings.as_object().unwrap());
        set(json!({ "latencyMs": 7, "balances": { "USDT": "5" } })).unwrap();
        let error = set(json!({ "latency": 7 })).unwrap_err().to_string();
        assert!(error.starts_with("venue paper: unknown field `latency`, expected"), "{error}");
        assert!(set(json!({ "speed": "2x" })).unwrap_err().why.contains("no setting of a backtest"));
        assert!(set(json!({ "makerFeeBps": 1001 })).unwrap_err().why.contains("0 to 1000"));
        let settings = venue.settings();
        assert_eq!((&settings["latencyMs"], &settings["balances"]), (&json!(7), &json!({ "USDT": "5" })));
        assert_eq!(settings.get("tapes"), None);
    }
}
