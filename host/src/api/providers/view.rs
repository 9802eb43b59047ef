//! How a provider is shown: in a list with its adapter's identifier, alone with all that is known of it. Secrets are in neither.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::state::Api;
use crate::base::{InstanceId, ProviderName};
use crate::market::Instrument;
use crate::providers::{AdapterInfo, ProviderRecord};
use crate::trading::ProviderStatus;

/// What the list and the detail share.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Standing {
    identifier: String,
    instrument_count: usize,
    /// Without secrets; defaults are the adapter's.
    settings: Map<String, Value>,
    /// The names of the secrets that are set.
    secrets_set: Vec<&'static str>,
    running: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    startup_error: Option<String>,
    /// It runs again after a restart of the host.
    enabled: bool,
    /// No real money is at stake.
    paper: bool,
    /// The venue's time, RFC 3339: for a simulated venue its market's. Null when the provider could not be made.
    time: Option<String>,
    /// Instances with it in their scope, running or not.
    dependent_instances: Vec<InstanceId>,
    dependent_instance_count: usize,
}

/// One line of the list.
#[derive(Serialize)]
pub(crate) struct Summary {
    name: ProviderName,
    /// The same as `identifier`: clients of the gateway read either.
    adapter: String,
    #[serde(flatten)]
    standing: Standing,
}

/// A provider alone.
#[derive(Serialize)]
pub(crate) struct Detail {
    name: ProviderName,
    /// Null when this host no longer has it.
    adapter: Option<AdapterInfo>,
    #[serde(flatten)]
    standing: Standing,
    instruments: Vec<Listed>,
}

/// An instrument as events spell it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    symbol: String,
    #[serde(rename = "type")]
    kind: &'static str,
    venue: String,
    base_currency: String,
    quote_currency: String,
    price_increment: String,
    quantity_increment: String,
    price_precision: u32,
    quantity_precision: u32,
    min_notional: String,
    min_quantity: String,
    max_quantity: String,
}

impl Standing {
    fn of(api: &Api, record: &ProviderRecord) -> Self {
        let dependent_instances = api.instances.users_of_provider(record.name.as_str());
        let provider = record.provider.as_ref();
        Self {
            identifier: record.identifier.clone(),
            instrument_count: provider.map_or(0, |provider| provider.instruments().len()),
            settings: record.settings.clone(),
            secrets_set: record.secrets_set.clone(),
            running: record.status == ProviderStatus::Running,
            status: record.status.as_str(),
            startup_error: record.startup_error.clone(),
            enabled: record.enabled,
            paper: provider.is_some_and(|provider| provider.is_paper()),
            time: provider.map(|provider| provider.clock().now().to_rfc3339()),
            dependent_instance_count: dependent_instances.len(),
            dependent_instances,
        }
    }
}

impl Summary {
    pub(super) fn of(api: &Api, record: &ProviderRecord) -> Self {
        Self { name: record.name.clone(), adapter: record.identifier.clone(), standing: Standing::of(api, record) }
    }
}

impl Detail {
    pub(super) fn of(api: &Api, record: ProviderRecord) -> Self {
        let instruments = record.provider.as_ref().map(|provider| provider.instruments()).unwrap_or_default();
        let standing = Standing::of(api, &record);
        Self { name: record.name, adapter: record.adapter, standing, instruments: instruments.iter().map(Listed::of).collect() }
    }
}

impl Listed {
    fn of(instrument: &Instrument) -> Self {
        Self {
            symbol: instrument.symbol.to_string(),
            kind: instrument.kind.as_str(),
            venue: instrument.venue.clone(),
            base_currency: instrument.symbol.base_currency().to_owned(),
            quote_currency: instrument.symbol.quote_currency().to_owned(),
            price_increment: instrument.price_increment.normalize().to_string(),
            quantity_increment: instrument.quantity_increment.normalize().to_string(),
            price_precision: instrument.price_precision(),
            quantity_precision: instrument.quantity_precision(),
            min_notional: instrument.min_notional.normalize().to_string(),
            min_quantity: instrument.min_quantity.normalize().to_string(),
            max_quantity: instrument.max_quantity.normalize().to_string(),
        }
    }
}
