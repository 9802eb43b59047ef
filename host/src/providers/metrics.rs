//! What `/metrics` shows of providers. Labels are names of providers on record and statuses: both bounded by the operator.

use prometheus::{IntCounterVec, IntGaugeVec};

use crate::base::ProviderName;
use crate::base::metrics::Metrics;
use crate::trading::ProviderStatus;

pub(super) struct ProviderMetrics {
    status: IntGaugeVec,
    disconnects: IntCounterVec,
    attempts: IntCounterVec,
}

impl ProviderMetrics {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            status: metrics.gauge_vec(
                "sandpit_provider_status",
                "1 for the status that the provider has, 0 for every other.",
                &["provider", "status"],
            ),
            disconnects: metrics.counter_vec(
                "sandpit_provider_disconnects_total",
                "How often a running provider lost its connection.",
                &["provider"],
            ),
            attempts: metrics.counter_vec(
                "sandpit_provider_reconnect_attempts_total",
                "Attempts to restore a lost connection, the one that succeeded included.",
                &["provider"],
            ),
        }
    }

    pub(super) fn set(&self, name: &ProviderName, now: ProviderStatus) {
        for status in ProviderStatus::ALL {
            self.status.with_label_values(&[name.as_str(), status.as_str()]).set(i64::from(status == now));
        }
        // Made when the provider is, so that a rate over its first outage is seen.
        let disconnects = self.disconnects.with_label_values(&[name.as_str()]);
        if now == ProviderStatus::Reconnecting {
            disconnects.inc();
        }
    }

    pub(super) fn tried(&self, name: &ProviderName) {
        self.attempts.with_label_values(&[name.as_str()]).inc();
    }

    /// It was deleted. A series that was never made is as good as one that is gone.
    pub(super) fn forget(&self, name: &ProviderName) {
        for status in ProviderStatus::ALL {
            let _ = self.status.remove_label_values(&[name.as_str(), status.as_str()]);
        }
        let _ = self.disconnects.remove_label_values(&[name.as_str()]);
        let _ = self.attempts.remove_label_values(&[name.as_str()]);
    }
}
