//! How a provider is shown: in a list with its adapter's identifier, alone with all that is known of it. Secrets are in neither.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::state::Api;
use crate::base::{InstanceId, ProviderName, Timestamp};
use crate::market::instrument::InstrumentKind;
use crate::market::{DecimalText, Instrument, Symbol};
use crate::providers::{AdapterInfo, ProviderRecord};
use crate::trading::ProviderStatus;

/// The list and the detail have most fields in common, and one flat object each.
macro_rules! shown {
    ($(#[$doc:meta])* $name:ident, $schema:ident, { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Serialize, ToSchema)]
        #[serde(rename_all = "camelCase")]
        #[schema(as = $schema)]
        pub(crate) struct $name {
            name: ProviderName,
            $($(#[$field_doc])* $field: $kind,)+
            /// Of its adapter.
            identifier: String,
            /// What can be traded there.
            instrument_count: usize,
            /// Without secrets; what is not here has the adapter's default.
            #[schema(value_type = Object)]
            settings: Map<String, Value>,
            /// The names of the secrets that are set.
            secrets_set: Vec<&'static str>,
            /// Whether it takes orders now.
            running: bool,
            status: ProviderStatus,
            /// Why it could not be made or started, or came to an end.
            #[schema(required)]
            startup_error: Option<String>,
            /// It runs again after a restart of the host.
            enabled: bool,
            /// No real money is at stake.
            paper: bool,
            /// The venue's time, RFC 3339: for a simulated venue its market's. Null when the provider could not be made.
            #[schema(value_type = Option<Timestamp>, required)]
            time: Option<String>,
            /// Instances with it in their scope, running or not.
            dependent_instances: Vec<InstanceId>,
            /// Of `dependentInstances`.
            dependent_instance_count: usize,
        }

        impl $name {
            fn standing(api: &Api, record: &ProviderRecord, $($field: $kind),+) -> Self {
                let dependent_instances = api.instances.users_of_provider(record.name.as_str());
                let provider = record.provider.as_ref();
                Self {
                    name: record.name.clone(),
                    $($field,)+
                    identifier: record.identifier.clone(),
                    instrument_count: provider.map_or(0, |provider| provider.instruments().len()),
                    settings: record.settings.clone(),
                    secrets_set: record.secrets_set.clone(),
                    running: record.status == ProviderStatus::Running,
                    status: record.status,
                    startup_error: record.startup_error.clone(),
                    enabled: record.enabled,
                    paper: provider.is_some_and(|provider| provider.is_paper()),
                    time: provider.map(|provider| provider.clock().now().to_rfc3339()),
                    dependent_instance_count: dependent_instances.len(),
                    dependent_instances,
                }
            }
        }
    };
}

shown! {
    /// One line of the list.
    Summary, ProviderSummary, {
        /// The same as `identifier`: clients of the gateway read either.
        adapter: String,
    }
}

shown! {
    /// A provider alone.
    Detail, Provider, {
        /// What it is; null when this host no longer has it.
        #[schema(required)]
        adapter: Option<AdapterInfo>,
        /// What can be traded there.
        instruments: Vec<Listed>,
    }
}

/// An instrument as events spell it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Instrument)]
struct Listed {
    symbol: Symbol,
    #[serde(rename = "type")]
    kind: InstrumentKind,
    /// Where it is listed.
    venue: String,
    /// What is bought and sold.
    base_currency: String,
    /// What prices are in.
    quote_currency: String,
    /// The step of prices.
    #[schema(value_type = DecimalText)]
    price_increment: String,
    /// The step of quantities.
    #[schema(value_type = DecimalText)]
    quantity_increment: String,
    /// Decimals of a price.
    price_precision: u32,
    /// Decimals of a quantity.
    quantity_precision: u32,
    /// The smallest price times quantity of a limit order; 0 for none.
    #[schema(value_type = DecimalText)]
    min_notional: String,
    /// The smallest order.
    #[schema(value_type = DecimalText)]
    min_quantity: String,
    /// The largest order.
    #[schema(value_type = DecimalText)]
    max_quantity: String,
}

impl Summary {
    pub(super) fn of(api: &Api, record: &ProviderRecord) -> Self {
        Self::standing(api, record, record.identifier.clone())
    }
}

impl Detail {
    pub(super) fn of(api: &Api, record: &ProviderRecord) -> Self {
        let instruments = record.provider.as_ref().map(|provider| provider.instruments()).unwrap_or_default();
        Self::standing(api, record, record.adapter.clone(), instruments.iter().map(Listed::of).collect())
    }
}

impl Listed {
    fn of(instrument: &Instrument) -> Self {
        let text = |decimal: rust_decimal::Decimal| decimal.normalize().to_string();
        Self {
            symbol: instrument.symbol.clone(),
            kind: instrument.kind,
            venue: instrument.venue.clone(),
            base_currency: instrument.symbol.base_currency().to_owned(),
            quote_currency: instrument.symbol.quote_currency().to_owned(),
            price_increment: text(instrument.price_increment),
            quantity_increment: text(instrument.quantity_increment),
            price_precision: instrument.price_precision(),
            quantity_precision: instrument.quantity_precision(),
            min_notional: text(instrument.min_notional),
            min_quantity: text(instrument.min_quantity),
            max_quantity: text(instrument.max_quantity),
        }
    }
}
