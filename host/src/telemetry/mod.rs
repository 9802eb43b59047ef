//! What the host tells a collector of OpenTelemetry: spans as traces, and the metrics of `/metrics`. Only where an endpoint is
//! configured. Must not know what is measured.

mod config;
mod metrics;
mod traces;

pub use config::{TelemetryConfig, TelemetryError};
pub use metrics::export_metrics;
pub use traces::{Traces, layer};
