//! Where a collector is, and what it gets.

use serde::{Deserialize, Serialize};

/// The export to a collector. Section `telemetry` of the configuration; off unless `otlpEndpoint` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// The collector's address for OTLP over HTTP, such as `http://127.0.0.1:4318`; `/v1/traces` and `/v1/metrics` are added.
    /// Without TLS: a collector that speaks for the host runs beside it.
    pub otlp_endpoint: Option<String>,
    /// `service.name` of everything that is sent. Default `sandpit`.
    pub service_name: String,
    /// `deployment.environment.name`, such as `staging`; none by default.
    pub environment: Option<String>,
    /// Whether requests, starts, compilations and refreshes are sent as traces. Default true.
    pub traces: bool,
    /// Whether metrics are sent. Default true.
    pub metrics: bool,
    /// Milliseconds between two reports of the metrics, at least 1,000. Default 30,000, as the gateway's.
    pub metrics_interval_ms: u64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            service_name: "sandpit".to_owned(),
            environment: None,
            traces: true,
            metrics: true,
            metrics_interval_ms: 30_000,
        }
    }
}

/// Settings that nothing can be sent with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// Not an address of a collector.
    #[error(
        "telemetry.otlpEndpoint is `{0}`: it must be http://<host>:<port> without a path; for TLS let a collector on this machine forward"
    )]
    Endpoint(String),
    /// Too often.
    #[error("telemetry.metricsIntervalMs is {0}: it must be at least 1000")]
    Interval(u64),
    /// The exporter cannot be made.
    #[error("the export of traces cannot be set up: {0}")]
    Exporter(String),
}

impl TelemetryConfig {
    /// Checks what types cannot.
    ///
    /// # Errors
    /// [`TelemetryError`] naming the key.
    pub fn validate(&self) -> Result<(), TelemetryError> {
        if self.metrics_interval_ms < 1_000 {
            return Err(TelemetryError::Interval(self.metrics_interval_ms));
        }
        self.otlp_endpoint.as_deref().map_or(Ok(()), |endpoint| self.url(endpoint, "").map(drop))
    }

    /// Where one kind of signal is sent; none without a collector.
    pub(super) fn signal(&self, path: &str) -> Option<String> {
        self.url(self.otlp_endpoint.as_deref()?, path).ok()
    }

    fn url(&self, endpoint: &str, path: &str) -> Result<String, TelemetryError> {
        let host = endpoint.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let plain = |host: &&str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']);
        match host.filter(plain) {
            Some(host) => Ok(format!("http://{host}{path}")),
            // An address may carry a password: only its beginning is shown.
            None => Err(TelemetryError::Endpoint(endpoint.chars().take_while(|c| *c != '@').take(80).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_taken() {
        let config = |endpoint: &str| TelemetryConfig { otlp_endpoint: Some(endpoint.to_owned()), ..TelemetryConfig::default() };
        assert_eq!(config("http://127.0.0.1:4318/").signal("/v1/traces").as_deref(), Some("http://127.0.0.1:4318/v1/traces"));
        for bad in ["https://collector:4318", "127.0.0.1:4318", "http://", "http://a/b", "http://user:word@host:1"] {
            let error = config(bad).validate().unwrap_err();
            assert!(!error.to_string().contains("word@"), "{error}");
        }
        assert_eq!(TelemetryConfig::default().signal("/v1/traces"), None);
        let hasty = TelemetryConfig { metrics_interval_ms: 10, ..TelemetryConfig::default() };
        assert_eq!(hasty.validate(), Err(TelemetryError::Interval(10)));
    }
}
