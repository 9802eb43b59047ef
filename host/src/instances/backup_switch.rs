//! The kill switch of an instance, in a backup and back from one. Must not know of HTTP.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::InstanceError;
use super::roster::Instances;
use crate::base::{InstanceId, Timestamp};
use crate::trading::{KillSwitch, StopVerb};

/// Longest reason that is taken over, in characters.
const REASON: usize = 500;

/// A kill switch that was engaged, in a backup. It comes back as `stop`, whatever it did: a restore stops orders, but cancels and
/// closes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KillSwitchBackup {
    /// What it did.
    pub action: StopVerb,
    /// In words.
    pub reason: String,
    /// Who engaged it.
    pub who: String,
    /// When, RFC 3339.
    #[schema(value_type = Timestamp)]
    pub since: String,
}

impl Instances {
    /// The kill switch of an instance, when engaged. A circuit breaker lets go by itself, and is none.
    pub(super) fn kill_switch(&self, id: &InstanceId) -> Option<KillSwitchBackup> {
        let engaged = self.floors.desk.risk_state(id).kill_switch.filter(|engaged| engaged.until.is_none())?;
        Some(KillSwitchBackup { action: engaged.action, reason: engaged.reason, who: engaged.who, since: engaged.since })
    }

    /// Stops the orders of an instance that were stopped when the backup was made; one that is stopped now stays so, because only an
    /// operator resets it. Whether something was to be done.
    pub(super) async fn put_back_switch(
        &self,
        id: &InstanceId,
        engaged: Option<KillSwitchBackup>,
        dry_run: bool,
    ) -> Result<bool, InstanceError> {
        let Some(engaged) = engaged.filter(|_| self.kill_switch(id).is_none()) else { return Ok(false) };
        if !dry_run {
            let reason = format!("engaged when the backup was made, by {}: {}", engaged.who, engaged.reason);
            let reason = reason.chars().take(REASON).flat_map(char::escape_debug).collect();
            let switch = KillSwitch { verb: StopVerb::Stop, reason, who: "backup".to_owned(), at: self.floors.clock.now() };
            // Refused only when a stronger one was engaged in this very moment: then it is stopped as well.
            if let Ok(written) = self.floors.desk.stop(id, switch) {
                written.on_disk().await?;
            }
        }
        Ok(true)
    }
}
