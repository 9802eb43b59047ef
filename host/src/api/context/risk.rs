//! The limits of a backup and of a restore.

use serde_json::{Map, Value};

use super::document::{Changes, RiskBackup};
use crate::api::error::ApiError;
use crate::api::risk::limits_body::host_limits;
use crate::api::risk::on_record;
use crate::api::state::Api;
use crate::trading::RiskConfig;

/// What the lists of changes call the limits of the host.
const HOST: &str = "limits";

pub(super) fn backup(api: &Api) -> RiskBackup {
    let config = api.desk.risk();
    RiskBackup { limits: config.limits, host: config.host }
}

/// Sets the limits of the backup: `{limits, host}`, or the gateway's flat object.
pub(super) async fn put_back(api: &Api, backup: Map<String, Value>, dry_run: bool, changes: &mut Changes) {
    match try_put_back(api, backup, dry_run).await {
        Ok(true) => changes.changed.push(HOST.to_owned()),
        Ok(false) => changes.unchanged.push(HOST.to_owned()),
        Err(error) => changes.refuse(HOST, &error),
    }
}

/// Whether there is something to change.
async fn try_put_back(api: &Api, backup: Map<String, Value>, dry_run: bool) -> Result<bool, ApiError> {
    let (before, wanted) = (api.desk.risk(), host_limits(backup)?);
    let host = wanted.host.unwrap_or_else(|| before.host.clone());
    let config = RiskConfig { limits: wanted.limits, host, ..before.clone() };
    if config == before {
        return Ok(false);
    }
    if !dry_run {
        on_record(api.desk.set_risk(config)).await?;
    }
    Ok(true)
}
