//! Limits that operators set while the host runs, and what of risk outlives the process.

use serde::{Deserialize, Serialize};

use crate::base::InstanceId;
use crate::bus::locked;
use crate::store::{RiskLimitsRow, Store, StoreError, WriteOp};
use crate::trading::desk::{read, write};
use crate::trading::journal::Written;
use crate::trading::risk::Block;
use crate::trading::trader::Trader;
use crate::trading::{Desk, HostLimits, RiskConfig, RiskLimits, RiskOverrides};

/// The host's limits as they go on record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnRecord {
    limits: RiskLimits,
    host: HostLimits,
}

impl Desk {
    /// The risk configuration.
    pub fn risk(&self) -> RiskConfig {
        read(&self.config).clone()
    }

    /// Replaces the risk configuration, for running instances too. What throttles have used, positions and breaches stay. The limits
    /// go on record, and count over the configuration file after a restart.
    pub fn set_risk(&self, config: RiskConfig) -> Written {
        let version = self.next_version();
        let mut traders = write(&self.traders);
        let on_record = OnRecord { limits: config.limits.clone(), host: config.host.clone() };
        // Plain structs of texts and numbers: serialization cannot fail.
        let limits = serde_json::to_value(on_record).unwrap_or_default();
        let written = self.decide(|| WriteOp::SetRiskLimits(Box::new(RiskLimitsRow { instance: None, limits })));
        for trader in traders.values_mut() {
            *trader = trader.with(&config, version).into();
        }
        *write(&self.config) = config;
        written
    }

    /// The limits that were set for one instance.
    pub fn instance_limits(&self, instance: &InstanceId) -> Option<RiskOverrides> {
        locked(&self.ward(instance).overrides).clone()
    }

    /// Replaces them; none lets the host's count alone. They hold at once, also for an instance that is not admitted yet.
    pub fn set_instance_limits(&self, instance: &InstanceId, limits: Option<RiskOverrides>) -> Written {
        let (ward, version) = (self.ward(instance), self.next_version());
        let mut traders = write(&self.traders);
        let written = self.decide(|| match &limits {
            None => WriteOp::DeleteRiskLimits(instance.clone()),
            Some(limits) => {
                let limits = serde_json::to_value(limits).unwrap_or_default();
                WriteOp::SetRiskLimits(Box::new(RiskLimitsRow { instance: Some(instance.clone()), limits }))
            }
        });
        *locked(&ward.overrides) = limits;
        if let Some(trader) = traders.get_mut(instance) {
            *trader = trader.with(&read(&self.config), version).into();
        }
        written
    }

    /// What counts for one instance: the stricter of the host's and its own.
    pub fn effective_limits(&self, instance: &InstanceId) -> RiskLimits {
        match self.trader(instance) {
            Ok(trader) => trader.limits.clone(),
            Err(_) => self.instance_limits(instance).unwrap_or_default().under(&read(&self.config).limits),
        }
    }

    /// Takes an instance that was deleted off the record, whatever was written of it meanwhile.
    pub(super) fn forget_risk(&self, instance: &InstanceId) {
        drop(self.decide(|| WriteOp::ForgetRisk(instance.clone())));
    }

    /// Takes over limits, kill switches and breaches from the record.
    pub(super) async fn restore_risk(&self, store: &Store) -> Result<(), StoreError> {
        for RiskLimitsRow { instance, limits } in store.risk_limits().await? {
            let Some(instance) = instance else {
                let OnRecord { limits, host } = column("risk_limits.limits", limits)?;
                let mut config = write(&self.config);
                (config.limits, config.host) = (limits, host);
                continue;
            };
            *locked(&self.ward(&instance).overrides) = Some(column("risk_limits.limits", limits)?);
        }
        for row in store.risk_states().await? {
            match &row.instance {
                Some(instance) => self.ward(instance).restore(&row),
                None => *locked(&self.host_stop) = row.stop.clone().map(Block::from_json),
            }
        }
        Ok(())
    }
}

impl Trader {
    /// The same instance under another configuration.
    fn with(&self, config: &RiskConfig, version: u64) -> Self {
        Self::new(self.details.clone(), config, version, self.ward.clone(), Some(self))
    }
}

fn column<T: serde::de::DeserializeOwned>(column: &str, value: serde_json::Value) -> Result<T, StoreError> {
    let text: String = value.to_string().chars().take(80).collect();
    serde_json::from_value(value).map_err(|_| StoreError::Corrupt {
        column: column.to_owned(),
        value: text,
        expected: "value of this version",
    })
}
