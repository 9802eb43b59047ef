//! The providers of a backup and of a restore. Secrets are left out by what the adapter says and by their names; where they are
//! known, they stay.

use std::collections::BTreeSet;

use super::document::{Changes, ProviderBackup, ProviderRestore};
use crate::api::error::{ApiError, Code};
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::instances::secrets;
use crate::providers::{ProviderRecord, ProviderSpec};

/// All of them, by name.
pub(super) fn backup(api: &Api) -> Vec<ProviderBackup> {
    api.providers.list().into_iter().map(backup_of).collect()
}

fn backup_of(record: ProviderRecord) -> ProviderBackup {
    let mut settings = record.settings;
    let mut left_out = Vec::new();
    secrets::strip(&mut settings, "settings", &mut left_out);
    left_out.extend(record.secrets_set.iter().map(|name| format!("settings.{name}")));
    left_out.sort();
    left_out.dedup();
    ProviderBackup {
        name: record.name.to_string(),
        adapter: record.identifier,
        settings,
        enabled: record.enabled,
        secrets_left_out: left_out,
    }
}

/// Removes those that the backup does not have. `leaving` are the instances that are removed with them: on a dry run they are
/// still there.
pub(super) async fn remove_others(
    api: &Api,
    backup: &[ProviderRestore],
    leaving: &[String],
    dry_run: bool,
    changes: &mut Changes,
) {
    let kept: BTreeSet<_> = backup.iter().map(|provider| provider.name.trim()).collect();
    for record in api.providers.list() {
        let name = record.name;
        if kept.contains(name.as_str()) {
            continue;
        }
        let users = || -> Vec<InstanceId> {
            let users = api.instances.users_of_provider(name.as_str()).into_iter();
            users.filter(|user| !leaving.iter().any(|leaving| leaving == user.as_str())).collect()
        };
        let removed = if dry_run {
            let users = users();
            let error = crate::providers::ProvidersError::InUse { name: name.clone(), users: users.clone() };
            if users.is_empty() { Ok(()) } else { Err(error) }
        } else {
            api.providers.delete(name.as_str(), users).await
        };
        match removed {
            Ok(()) => changes.removed.push(name.to_string()),
            Err(error) => changes.refuse(name.as_str(), &error.into()),
        }
    }
}

/// Puts back each of the backup; one that cannot be is named, and the rest goes on.
pub(super) async fn put_back(api: &Api, backup: Vec<ProviderRestore>, dry_run: bool, changes: &mut Changes) {
    let mut seen = BTreeSet::new();
    for provider in backup {
        let name = provider.name.trim().to_owned();
        if !seen.insert(name.clone()) {
            changes.refuse(&name, &ApiError::new(Code::InvalidName, "the backup has this name twice: the first one counts"));
            continue;
        }
        let spec = ProviderSpec {
            name: Some(name.clone()),
            adapter: Some(provider.adapter.trim().to_ascii_lowercase()),
            settings: provider.settings(),
            enabled: provider.enabled.unwrap_or(false),
        };
        let there = api.providers.get(&name).ok();
        if let Some(record) = &there
            && is_same(record.clone(), &spec)
        {
            changes.unchanged.push(name);
            continue;
        }
        let created = there.is_none();
        let done = match (dry_run, created) {
            (true, _) => api.providers.check(spec).await,
            (false, true) => api.providers.create(spec).await.map(drop),
            (false, false) => api.providers.replace(&name, spec).await.map(drop),
        };
        match done {
            Ok(()) if created => changes.created.push(name),
            Ok(()) => changes.changed.push(name),
            Err(error) => changes.refuse(&name, &error.into()),
        }
    }
}

/// As far as a backup can tell: what it has of secrets is nothing.
fn is_same(record: ProviderRecord, spec: &ProviderSpec) -> bool {
    let mut given = spec.settings.clone();
    let had_secrets = given
        .keys()
        .any(|key| record.adapter.as_ref().is_some_and(|adapter| adapter.setting(key).is_some_and(|setting| setting.secret)));
    secrets::strip(&mut given, "settings", &mut Vec::new());
    let known = backup_of(record);
    !had_secrets && Some(known.adapter) == spec.adapter && known.settings == given && known.enabled == spec.enabled
}
