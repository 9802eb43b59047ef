//! The document of a backup, and what is said about one that was restored. Backups of the gateway are read too: they name the
//! same things, in part in PascalCase.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::openapi::examples;
use crate::base::Timestamp;
use crate::instances::InstanceBackup;
use crate::trading::{HostLimits, RiskLimits, RiskOverrides};

/// Of this form of the document.
pub(super) const VERSION: u32 = 1;

/// What `GET /context/backup` answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextBackup)]
pub(crate) struct Backup {
    /// Of the form of the document.
    pub(super) version: u32,
    /// When it was made.
    #[schema(value_type = Timestamp)]
    pub(super) created_at: String,
    /// By name.
    pub(super) providers: Vec<ProviderBackup>,
    /// The instances: the gateway's word.
    pub(super) lambdas: Vec<InstanceBackup>,
    /// Limits that operators set.
    pub(super) risk: RiskBackup,
}

/// One provider without its secrets.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProviderBackup {
    /// Its name.
    pub(super) name: String,
    /// The identifier of its adapter.
    pub(super) adapter: String,
    /// Without secrets.
    pub(super) settings: Map<String, Value>,
    /// Whether it runs with the host.
    pub(super) enabled: bool,
    /// Names of secrets that were left out: they have to be entered again.
    pub(super) secrets_left_out: Vec<String>,
}

/// Limits that operators set.
#[derive(Serialize, ToSchema)]
pub(super) struct RiskBackup {
    /// Of each instance.
    pub(super) limits: RiskLimits,
    /// Of all instances of a provider together.
    pub(super) host: HostLimits,
    /// Instance to its own limits.
    pub(super) instances: BTreeMap<String, RiskOverrides>,
}

/// What `POST /context/backup` takes. A part that is left out is left alone.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ContextRestore, examples(examples::restore))]
pub(crate) struct Restore {
    /// `merge` or `replace`; may stand in the query instead.
    pub(super) mode: Option<String>,
    /// Only say what would happen; may stand in the query instead.
    pub(super) dry_run: Option<bool>,
    /// Of the form of the document.
    #[schema(minimum = 1, maximum = 1)]
    pub(super) version: Option<u32>,
    /// Of the backup; read by people.
    #[serde(rename = "createdAt")]
    _created_at: Option<String>,
    /// The providers to be.
    pub(super) providers: Option<Vec<ProviderRestore>>,
    /// The instances to be.
    pub(super) lambdas: Option<Vec<InstanceBackup>>,
    /// The limits to be: `{limits, host, instances}`, or the gateway's flat object.
    pub(super) risk: Option<Map<String, Value>>,
}

/// One provider of a backup, ours or the gateway's. May hold secrets that somebody wrote in by hand, so it cannot be printed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProviderRestore {
    /// Its name.
    #[serde(alias = "Name")]
    pub(super) name: String,
    /// The identifier of its adapter.
    #[serde(alias = "Adapter")]
    pub(super) adapter: String,
    /// Its settings.
    #[serde(default)]
    pub(super) settings: Map<String, Value>,
    /// The gateway's.
    #[serde(alias = "Config")]
    config: Option<GatewayConfig>,
    /// Whether it is to run; it is not when nothing is said.
    pub(super) enabled: Option<bool>,
    /// Read by people.
    #[serde(rename = "secretsLeftOut")]
    _secrets_left_out: Option<Vec<String>>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = GatewayProviderConfig)]
struct GatewayConfig {
    /// Its settings.
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
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ContextReport)]
pub(crate) struct Report {
    /// `restored`, or `unchanged` when only asked what would happen.
    pub(super) status: &'static str,
    /// As asked.
    pub(super) mode: Mode,
    /// Nothing was done.
    pub(super) dry_run: bool,
    pub(super) providers: Changes,
    pub(super) lambdas: Changes,
    pub(super) risk: Changes,
}

/// What becomes of what the backup does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = ContextMode)]
pub(super) enum Mode {
    /// It stays.
    Merge,
    /// It goes.
    Replace,
}

/// What became of each thing of one kind.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = ContextChanges)]
pub(super) struct Changes {
    /// They were not there.
    pub(super) created: Vec<String>,
    /// They were there, and are otherwise now.
    pub(super) changed: Vec<String>,
    /// They are as the backup says.
    pub(super) unchanged: Vec<String>,
    /// The backup does not have them.
    pub(super) removed: Vec<String>,
    /// They are as they were, and why.
    pub(super) refused: Vec<Refused>,
}

/// One thing that is as it was before, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = ContextRefused)]
pub(super) struct Refused {
    /// Its id or name.
    id: String,
    /// As in the envelope of an error.
    error: &'static str,
    /// In words.
    message: String,
}

impl Changes {
    /// Notes that something is as it was.
    pub(super) fn refuse(&mut self, id: &str, error: &ApiError) {
        let id = id.chars().take(80).flat_map(char::escape_debug).collect();
        self.refused.push(Refused { id, error: error.code().as_str(), message: error.message().to_owned() });
    }
}
