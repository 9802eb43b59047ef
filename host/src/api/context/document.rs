//! The document of a backup, and what is said about one that was restored. Backups of the gateway are read too: they name the
//! same things, in part in PascalCase.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::api::error::ApiError;
use crate::instances::InstanceBackup;
use crate::trading::{HostLimits, RiskLimits};

/// Of this form of the document.
pub(super) const VERSION: u32 = 1;

/// What `GET /context/backup` answers.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backup {
    pub(super) version: u32,
    /// RFC 3339.
    pub(super) created_at: String,
    pub(super) providers: Vec<ProviderBackup>,
    /// The instances: the gateway's word.
    pub(super) lambdas: Vec<InstanceBackup>,
    pub(super) risk: RiskBackup,
}

/// One provider without its secrets.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderBackup {
    pub(super) name: String,
    /// The identifier of its adapter.
    pub(super) adapter: String,
    pub(super) settings: Map<String, Value>,
    /// Whether it runs with the host.
    pub(super) enabled: bool,
    /// Names of secrets that were left out: they have to be entered again.
    pub(super) secrets_left_out: Vec<String>,
}

/// Limits that operators set.
#[derive(Serialize)]
pub(super) struct RiskBackup {
    pub(super) limits: RiskLimits,
    pub(super) host: HostLimits,
}

/// What `POST /context/backup` takes. A part that is left out is left alone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Restore {
    /// `merge` or `replace`; may stand in the query instead.
    pub(super) mode: Option<String>,
    pub(super) dry_run: Option<bool>,
    pub(super) version: Option<u32>,
    /// Of the backup; read by people.
    #[serde(rename = "createdAt")]
    _created_at: Option<String>,
    pub(super) providers: Option<Vec<ProviderRestore>>,
    pub(super) lambdas: Option<Vec<InstanceBackup>>,
    pub(super) risk: Option<Map<String, Value>>,
}

/// One provider of a backup, ours or the gateway's. May hold secrets that somebody wrote in by hand, so it cannot be printed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProviderRestore {
    #[serde(alias = "Name")]
    pub(super) name: String,
    #[serde(alias = "Adapter")]
    pub(super) adapter: String,
    #[serde(default)]
    pub(super) settings: Map<String, Value>,
    /// The gateway's.
    #[serde(alias = "Config")]
    config: Option<GatewayConfig>,
    pub(super) enabled: Option<bool>,
    #[serde(rename = "secretsLeftOut")]
    _secrets_left_out: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct GatewayConfig {
    #[serde(default)]
    config: Map<String, Value>,
}

impl ProviderRestore {
    /// Its settings, wherever they stand.
    pub(super) fn settings(&self) -> Map<String, Value> {
        match &self.config {
            Some(gateway) => gateway.config.clone(),
            None => self.settings.clone(),
        }
    }
}

/// What `POST /context/backup` answers: everything by name.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// `restored`, or `unchanged` when only asked what would happen.
    pub(super) status: &'static str,
    pub(super) mode: Mode,
    pub(super) dry_run: bool,
    pub(super) providers: Changes,
    pub(super) lambdas: Changes,
    pub(super) risk: Changes,
}

/// What becomes of what the backup does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    /// It stays.
    Merge,
    /// It goes.
    Replace,
}

/// What became of each thing of one kind.
#[derive(Default, Serialize)]
pub(super) struct Changes {
    pub(super) created: Vec<String>,
    pub(super) changed: Vec<String>,
    pub(super) unchanged: Vec<String>,
    pub(super) removed: Vec<String>,
    pub(super) refused: Vec<Refused>,
}

/// One thing that is as it was before, and why.
#[derive(Serialize)]
pub(super) struct Refused {
    id: String,
    /// As in the envelope of an error.
    error: &'static str,
    message: String,
}

impl Changes {
    /// Notes that something is as it was.
    pub(super) fn refuse(&mut self, id: &str, error: &ApiError) {
        let id = id.chars().take(80).flat_map(char::escape_debug).collect();
        self.refused.push(Refused { id, error: error.code().as_str(), message: error.message().to_owned() });
    }
}
