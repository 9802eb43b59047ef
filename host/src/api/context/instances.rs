//! The instances of a restore: back with their pins, at rest.

use std::collections::BTreeSet;

use super::document::Changes;
use crate::api::error::{ApiError, Code};
use crate::api::state::Api;
use crate::instances::{InstanceBackup, OpenOrders, PutBack};

/// Removes those that the backup does not have. Their open orders are cancelled.
pub(super) async fn remove_others(api: &Api, backup: &[InstanceBackup], dry_run: bool, changes: &mut Changes) {
    let kept: BTreeSet<_> = backup.iter().map(|instance| instance.id.trim()).collect();
    for id in api.instances.ids() {
        if kept.contains(id.as_str()) {
            continue;
        }
        let removed = if dry_run { Ok(None) } else { api.instances.delete(id.as_str(), OpenOrders::Cancel).await };
        match removed {
            Ok(_) => changes.removed.push(id.to_string()),
            Err(error) => changes.refuse(id.as_str(), &error.into()),
        }
    }
}

/// Puts back each of the backup; one that cannot be is named, and the rest goes on.
pub(super) async fn put_back(api: &Api, backup: Vec<InstanceBackup>, dry_run: bool, changes: &mut Changes) {
    let mut seen = BTreeSet::new();
    for instance in backup {
        let id = instance.id.trim().to_owned();
        if !seen.insert(id.clone()) {
            changes.refuse(&id, &ApiError::new(Code::InvalidInstance, "the backup has this id twice: the first one counts"));
            continue;
        }
        match api.instances.put_back(instance, dry_run).await {
            Ok(PutBack::Created) => changes.created.push(id),
            Ok(PutBack::Changed) => changes.changed.push(id),
            Ok(PutBack::Unchanged) => changes.unchanged.push(id),
            Err(error) => changes.refuse(&id, &error.into()),
        }
    }
}
