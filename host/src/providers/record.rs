//! One provider on record: what an operator asked for, what was made of it, and where it stands.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value};

use super::adapter::{AdapterInfo, adapter};
use super::made::Made;
use super::settings::Settings;
use crate::base::ProviderName;
use crate::store::{Desired, ProviderRow};
use crate::trading::{Provider, ProviderStatus};

/// What an operator asks for; nothing is checked yet.
#[derive(Clone, Default)]
pub struct ProviderSpec {
    /// Of the provider; none where the request has said it otherwise.
    pub name: Option<String>,
    /// Which kind.
    pub adapter: Option<String>,
    /// Its settings, secrets included: never to be shown.
    pub settings: Map<String, Value>,
    /// Whether it is to be started.
    pub enabled: bool,
}

/// A change of where a provider stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderNews {
    /// Which one.
    pub name: ProviderName,
    /// Where it stands now.
    pub status: ProviderStatus,
    /// What went wrong, when something did.
    pub reason: Option<String>,
}

/// A provider as it may be shown.
#[derive(Clone)]
pub struct ProviderRecord {
    /// Its name.
    pub name: ProviderName,
    /// As it is on record; may be one that this host no longer has.
    pub identifier: String,
    /// What it is, when this host has it.
    pub adapter: Option<AdapterInfo>,
    /// Without secrets.
    pub settings: Map<String, Value>,
    /// The names of the secrets that are set.
    pub secrets_set: Vec<&'static str>,
    /// Where it stands.
    pub status: ProviderStatus,
    /// Why it could not be made or started, or came to an end.
    pub startup_error: Option<String>,
    /// Whether it runs again after a restart of the host.
    pub enabled: bool,
    /// The connection itself; none when it could not be made.
    pub provider: Option<Arc<dyn Provider>>,
}

/// Process lifetime. Its row is in the database under the same name.
pub(super) struct Entry {
    pub(super) name: ProviderName,
    /// Held while something about it changes: one change at a time, of each.
    pub(super) turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) row: ProviderRow,
    pub(super) made: Option<Made>,
    /// A start was asked for and has not ended.
    pub(super) starting: bool,
    pub(super) startup_error: Option<String>,
    /// The status that everyone was told last.
    pub(super) told: ProviderStatus,
    /// It was deleted: whoever still holds this entry has come too late.
    pub(super) gone: bool,
}

impl Entry {
    pub(super) fn new(row: ProviderRow, made: Option<Made>, startup_error: Option<String>) -> Arc<Self> {
        let state = State { row, made, starting: false, startup_error, told: ProviderStatus::Pending, gone: false };
        Arc::new(Self { name: state.row.name.clone(), turn: Default::default(), state: Mutex::new(state) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Sections are assignments: what a panicking holder left is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn status(&self) -> ProviderStatus {
        self.state().status()
    }

    /// As it may be shown.
    pub(super) fn record(&self) -> ProviderRecord {
        let state = self.state();
        let info = adapter(&state.row.adapter);
        let settings = Settings::stored(state.row.config.clone());
        ProviderRecord {
            name: self.name.clone(),
            identifier: state.row.adapter.clone(),
            settings: info.as_ref().map(|info| settings.shown(info)).unwrap_or_default(),
            secrets_set: info.as_ref().map(|info| settings.secrets_set(info)).unwrap_or_default(),
            adapter: info,
            status: state.status(),
            startup_error: state.startup_error.clone(),
            enabled: state.row.desired == Desired::Running,
            provider: state.made.as_ref().map(Made::provider),
        }
    }
}

impl State {
    pub(super) fn status(&self) -> ProviderStatus {
        let status = self.made.as_ref().map_or(ProviderStatus::Failed, |made| made.provider().status());
        match status {
            _ if self.starting && !status.is_up() => ProviderStatus::Starting,
            // Made anew after a restart of the host: for its operator it is what it was.
            ProviderStatus::Pending if self.row.started => ProviderStatus::Stopped,
            status => status,
        }
    }
}
