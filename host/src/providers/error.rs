//! Why something about a provider was refused. The API has the one table from these to statuses and codes.

use super::settings::SettingIssue;
use crate::base::id::NameError;
use crate::base::{InstanceId, ProviderName};
use crate::store::StoreError;

/// Everything that can go wrong between a request and a running provider.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// `name` absent or blank.
    #[error("name required")]
    NameRequired,
    /// `adapter.identifier` absent or blank.
    #[error("adapter.identifier required")]
    AdapterRequired,
    /// The name breaks its grammar.
    #[error(transparent)]
    Name(#[from] NameError),
    /// This host has no such adapter.
    #[error("there is no adapter `{asked}`; this host has {known}")]
    AdapterUnknown {
        /// What was asked for, shortened.
        asked: String,
        /// What there is, joined by commas.
        known: String,
    },
    /// The settings do not fit the adapter.
    #[error("the settings of {name} do not fit the adapter: {}", .issues.first().map(ToString::to_string).unwrap_or_default())]
    Settings {
        /// Of the provider.
        name: ProviderName,
        /// One per setting, never empty.
        issues: Vec<SettingIssue>,
    },
    /// The name is taken.
    #[error("provider already exists: {0}")]
    Exists(ProviderName),
    /// Nothing has this name.
    #[error("provider not found")]
    NotFound,
    /// The body of a replacement names another provider.
    #[error("provider name mismatch")]
    NameMismatch,
    /// Start of one that runs or is about to.
    #[error("provider already running: {0}")]
    AlreadyRunning(ProviderName),
    /// Stop of one that does not.
    #[error("provider not running: {0}")]
    NotRunning(ProviderName),
    /// It is in the scope of instances.
    #[error("provider {name} is in use by instances: {}", .users.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(", "))]
    InUse {
        /// Which one.
        name: ProviderName,
        /// Never empty.
        users: Vec<InstanceId>,
    },
    /// Events were posted to a provider that has a market of its own.
    #[error("provider {0} takes no events: its adapter is not `extension`")]
    TakesNoEvents(ProviderName),
    /// The database did not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
