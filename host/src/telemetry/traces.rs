//! Spans as traces.

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::config::{TelemetryConfig, TelemetryError};

/// Sends what waits when it is ended. Process lifetime.
#[derive(Debug)]
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Sends what waits, and no more. Blocks for seconds when the collector does not answer: not for an asynchronous context.
    pub fn end(self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// A layer that sends our spans of level `info` and above, with their events, in batches from a thread of its own; none where no
/// collector is configured. To be made outside of an asynchronous context.
///
/// # Errors
/// [`TelemetryError::Exporter`] when the client cannot be made.
pub fn layer<S>(config: &TelemetryConfig) -> Result<Option<(impl Layer<S> + use<S>, Traces)>, TelemetryError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(url) = config.signal("/v1/traces").filter(|_| config.traces) else { return Ok(None) };
    let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(url).build();
    let exporter = exporter.map_err(|error| TelemetryError::Exporter(error.to_string()))?;
    let mut resource = Resource::builder()
        .with_service_name(config.service_name.clone())
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if let Some(environment) = &config.environment {
        resource = resource.with_attribute(KeyValue::new("deployment.environment.name", environment.clone()));
    }
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build();
    // Not what the exporter's own client says: that would be sent, and said, without end.
    let ours = filter_fn(|metadata| metadata.target().starts_with("sandpit") && *metadata.level() <= Level::INFO);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("sandpit")).with_filter(ours);
    Ok(Some((layer, Traces(provider))))
}
