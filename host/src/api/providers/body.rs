//! What a client sends to set up a provider. Holds secrets, so nothing here can be printed.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::error::{ApiError, Code};
use crate::providers::ProviderSpec;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Setup {
    name: Option<String>,
    adapter: Option<Adapter>,
    /// Whether it is started; true when left out.
    enabled: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Adapter {
    identifier: Option<String>,
    /// Any value here, so that no error of the decoder quotes one.
    #[serde(default)]
    config: Value,
}

impl TryFrom<Setup> for ProviderSpec {
    type Error = ApiError;

    fn try_from(setup: Setup) -> Result<Self, ApiError> {
        let (identifier, config) = setup.adapter.map_or((None, Value::Null), |adapter| (adapter.identifier, adapter.config));
        let settings = match config {
            Value::Null => Map::new(),
            Value::Object(settings) => settings,
            _ => return Err(ApiError::new(Code::InvalidBody, "body: adapter.config must be an object")),
        };
        Ok(Self { name: setup.name, adapter: identifier, settings, enabled: setup.enabled.unwrap_or(true) })
    }
}
