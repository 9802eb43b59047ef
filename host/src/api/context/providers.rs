//! The providers of a backup and of a restore. Secrets are left out by their names.

use serde_json::{Map, Value};

use super::document::{Changes, ProviderBackup, ProviderRestore};
use crate::api::error::{ApiError, Code};
use crate::api::state::Api;
use crate::instances::secrets;
use crate::store::{Desired, ProviderRow};

/// All that are on record, by name.
pub(super) async fn backup(api: &Api) -> Result<Vec<ProviderBackup>, ApiError> {
    Ok(api.store.providers().await?.into_iter().map(backup_of).collect())
}

fn backup_of(row: ProviderRow) -> ProviderBackup {
    let mut settings = match row.config {
        Value::Object(settings) => settings,
        _ => Map::new(),
    };
    let mut secrets_left_out = Vec::new();
    secrets::strip(&mut settings, "settings", &mut secrets_left_out);
    let enabled = row.desired == Desired::Running;
    ProviderBackup { name: row.name.to_string(), adapter: row.adapter, settings, enabled, secrets_left_out }
}

/// Says of each of the backup whether it is as it was. Providers are not changed.
pub(super) async fn put_back(api: &Api, backup: Vec<ProviderRestore>, changes: &mut Changes) -> Result<(), ApiError> {
    let known = self::backup(api).await?;
    for provider in backup {
        let name = provider.name.trim().to_owned();
        let mut settings = provider.settings();
        secrets::strip(&mut settings, "settings", &mut Vec::new());
        let same = |known: &ProviderBackup| {
            known.name == name
                && known.adapter == provider.adapter
                && known.settings == settings
                && provider.enabled.is_none_or(|enabled| enabled == known.enabled)
        };
        if known.iter().any(same) {
            changes.unchanged.push(name);
        } else {
            let message = "the provider is not on record as the backup has it: set it up first";
            changes.refuse(&name, &ApiError::new(Code::ProviderNotFound, message));
        }
    }
    Ok(())
}
