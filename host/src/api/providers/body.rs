//! What a client sends to set up a provider. Holds secrets, so nothing here can be printed.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::error::{ApiError, Code};
use crate::api::openapi::examples;
use crate::providers::ProviderSpec;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ProviderSetup, examples(examples::provider))]
pub(crate) struct Setup {
    /// The name to be; where the path has it, it may be left out.
    name: Option<String>,
    /// What it is and how.
    #[schema(required, nullable = false)]
    adapter: Option<Adapter>,
    /// Whether it is started; true when left out.
    enabled: Option<bool>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ProviderAdapter)]
struct Adapter {
    /// Which kind; `GET /adapters` lists them.
    #[schema(required, nullable = false)]
    identifier: Option<String>,
    /// Its settings, by the adapter's schema.
    // Any value here, so that no error of the decoder quotes one.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
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
