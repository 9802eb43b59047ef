//! The limits of a backup and of a restore: the host's, those that all instances share, and those of single instances.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::document::{Changes, Mode, RiskBackup};
use crate::api::error::{ApiError, Code};
use crate::api::risk::{limits_body, on_record};
use crate::api::state::Api;
use crate::base::InstanceId;
use crate::trading::{RiskConfig, RiskOverrides};

/// What `refused` and the other lists call the limits of the host.
const HOST: &str = "limits";

pub(super) fn backup(api: &Api) -> RiskBackup {
    let config = api.desk.risk();
    let own = |id: InstanceId| Some((id.to_string(), api.desk.instance_limits(&id)?));
    RiskBackup { limits: config.limits, host: config.host, instances: api.instances.ids().into_iter().filter_map(own).collect() }
}

/// Sets the limits of the backup. With [`Mode::Replace`] instances that it has no limits for lose theirs.
pub(super) async fn put_back(api: &Api, mut backup: Map<String, Value>, mode: Mode, dry_run: bool, changes: &mut Changes) {
    let of_instances = backup.shift_remove("instances");
    if !backup.is_empty() {
        match host(api, backup, dry_run).await {
            Ok(true) => changes.changed.push(HOST.to_owned()),
            Ok(false) => changes.unchanged.push(HOST.to_owned()),
            Err(error) => changes.refuse(HOST, &error),
        }
    }
    // A backup of the gateway knows of no limits of single instances: nothing is said about them.
    let Some(of_instances) = of_instances else { return };
    let mut wanted: BTreeMap<String, Option<Value>> = match of_instances {
        Value::Object(given) => given.into_iter().map(|(id, limits)| (id, Some(limits))).collect(),
        _ => {
            changes.refuse("instances", &ApiError::new(Code::InvalidBody, "risk.instances must be an object"));
            return;
        }
    };
    if mode == Mode::Replace {
        for id in api.instances.ids() {
            wanted.entry(id.to_string()).or_insert(None);
        }
    }
    for (id, limits) in wanted {
        match instance(api, &id, limits, dry_run).await {
            Ok(None) => {}
            Ok(Some(Change::Same)) => changes.unchanged.push(id),
            Ok(Some(Change::Other)) => changes.changed.push(id),
            Ok(Some(Change::Gone)) => changes.removed.push(id),
            Err(error) => changes.refuse(&id, &error),
        }
    }
}

async fn host(api: &Api, backup: Map<String, Value>, dry_run: bool) -> Result<bool, ApiError> {
    let wanted = limits_body::host_limits(backup)?;
    let before = api.desk.risk();
    let config = RiskConfig { limits: wanted.limits, host: wanted.host.unwrap_or_else(|| before.host.clone()), ..before.clone() };
    let other = config != before;
    if other && !dry_run {
        on_record(api.desk.set_risk(config)).await?;
    }
    Ok(other)
}

enum Change {
    Same,
    Other,
    Gone,
}

/// None when there is nothing to say.
async fn instance(api: &Api, id: &str, limits: Option<Value>, dry_run: bool) -> Result<Option<Change>, ApiError> {
    let id = InstanceId::new(id)?;
    let wanted: Option<RiskOverrides> = match limits {
        None => None,
        Some(Value::Object(limits)) => Some(limits_body::overrides(limits)?),
        Some(_) => return Err(ApiError::new(Code::InvalidBody, "the limits of an instance must be an object")),
    };
    if wanted.is_some() && !dry_run {
        api.instances.get(id.as_str())?;
    }
    let change = match (api.desk.instance_limits(&id), &wanted) {
        (None, None) => return Ok(None),
        (before, wanted) if before == *wanted => return Ok(Some(Change::Same)),
        (_, None) => Change::Gone,
        (_, Some(_)) => Change::Other,
    };
    if !dry_run {
        on_record(api.desk.set_instance_limits(&id, wanted)).await?;
    }
    Ok(Some(change))
}
