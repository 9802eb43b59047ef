//! The limits of a backup and of a restore.

use serde_json::{Map, Value};

use super::document::{Changes, RiskBackup};
use crate::api::error::{ApiError, Code};
use crate::api::state::Api;
use crate::trading::{HostLimits, RiskConfig, RiskLimits};

/// What the lists of changes call the limits of the host.
const HOST: &str = "limits";

pub(super) fn backup(api: &Api) -> RiskBackup {
    let config = api.desk.risk();
    RiskBackup { limits: config.limits, host: config.host }
}

/// Sets the limits of the backup.
pub(super) fn put_back(api: &Api, backup: Map<String, Value>, dry_run: bool, changes: &mut Changes) {
    let before = api.desk.risk();
    let config = match read(backup, &before) {
        Ok(config) => config,
        Err(reason) => {
            let error = ApiError::new(Code::LimitsInvalid, format!("the limits of the backup do not fit: {reason}"));
            return changes.refuse(HOST, &error);
        }
    };
    if config == before {
        return changes.unchanged.push(HOST.to_owned());
    }
    if !dry_run {
        api.desk.set_risk(config);
    }
    changes.changed.push(HOST.to_owned());
}

/// `{limits, host}`, or the gateway's flat object.
fn read(backup: Map<String, Value>, before: &RiskConfig) -> Result<RiskConfig, serde_json::Error> {
    let mut backup = spelled(backup);
    let host = backup.shift_remove("host");
    let limits = backup.shift_remove("limits").unwrap_or(Value::Object(backup));
    let limits: RiskLimits = serde_json::from_value(limits)?;
    let host: Option<HostLimits> = host.map(serde_json::from_value).transpose()?;
    Ok(RiskConfig { limits, host: host.unwrap_or_else(|| before.host.clone()), ..before.clone() })
}

/// `MaxPositionSize` as `maxPositionSize`, at any depth.
fn spelled(object: Map<String, Value>) -> Map<String, Value> {
    let lowered = |key: String| key.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_lowercase() } else { c }).collect();
    let value = |value| match value {
        Value::Object(inner) => Value::Object(spelled(inner)),
        other => other,
    };
    object.into_iter().map(|(key, given)| (lowered(key), value(given))).collect()
}
