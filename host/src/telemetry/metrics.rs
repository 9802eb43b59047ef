//! The metrics of `/metrics` in the form that collectors take: the same names, labels and buckets.

use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    metric::Data,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prometheus::proto::{self, MetricFamily, MetricType};
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::config::TelemetryConfig;
use crate::base::lifecycle::Lifecycle;
use crate::base::metrics::Metrics;
use crate::base::{Clock, Timestamp};

/// A collector that takes longer is as good as none.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Sends the metrics every `metricsIntervalMs` until the host stops, and then once more; does nothing where no collector is
/// configured. A collector that is away costs a line in the log, and another when it is back.
pub fn export_metrics(config: &TelemetryConfig, metrics: &Metrics, clock: std::sync::Arc<dyn Clock>, lifecycle: &Lifecycle) {
    let Some(url) = config.signal("/v1/metrics").filter(|_| config.metrics) else { return };
    let (resource, metrics, stop) = (resource(config), metrics.clone(), lifecycle.soft_stop().clone());
    let interval = Duration::from_millis(config.metrics_interval_ms);
    let began = clock.now();
    lifecycle.spawn(async move {
        let mut answers = true;
        loop {
            let last = wait(interval, &stop).await;
            let body = request(&metrics.gather(), &resource, began, clock.now()).encode_to_vec();
            let to = url.clone();
            let sent = tokio::task::spawn_blocking(move || send(&to, &body)).await;
            let failed = sent.map_err(|error| error.to_string()).and_then(|sent| sent).err();
            match (&failed, answers) {
                (Some(error), true) => tracing::warn!(error, "the collector does not take the metrics"),
                (None, false) => tracing::info!("the collector takes the metrics again"),
                _ => {}
            }
            answers = failed.is_none();
            if last {
                return;
            }
        }
    });
}

/// True when it is the last time.
async fn wait(interval: Duration, stop: &CancellationToken) -> bool {
    tokio::time::timeout(interval, stop.cancelled()).await.is_ok()
}

fn send(url: &str, body: &[u8]) -> Result<(), String> {
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(TIMEOUT)).build().into();
    let sent = agent.post(url).header("Content-Type", "application/x-protobuf").send(body);
    sent.map(drop).map_err(|error| error.to_string())
}

fn resource(config: &TelemetryConfig) -> Resource {
    let mut attributes =
        vec![attribute("service.name", &config.service_name), attribute("service.version", env!("CARGO_PKG_VERSION"))];
    attributes.extend(config.environment.as_ref().map(|name| attribute("deployment.environment.name", name)));
    Resource { attributes, ..Resource::default() }
}

fn attribute(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// Everything that is counted, since `began`.
fn request(families: &[MetricFamily], resource: &Resource, began: Timestamp, now: Timestamp) -> ExportMetricsServiceRequest {
    let span = Span { start: began.as_nanos(), end: now.as_nanos() };
    let scope = InstrumentationScope { name: "sandpit".to_owned(), ..InstrumentationScope::default() };
    let metrics = families.iter().filter_map(|family| metric(family, span)).collect();
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }];
    let resource = ResourceMetrics { resource: Some(resource.clone()), scope_metrics, ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![resource] }
}

/// Nanoseconds since the Unix epoch.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

fn metric(family: &MetricFamily, span: Span) -> Option<Metric> {
    let temporality = AggregationTemporality::Cumulative.into();
    let series = family.get_metric();
    let data = match family.get_field_type() {
        MetricType::COUNTER => Data::Sum(Sum {
            data_points: series.iter().map(|one| number(one, one.get_counter().get_value(), span)).collect(),
            aggregation_temporality: temporality,
            is_monotonic: true,
        }),
        MetricType::GAUGE => {
            Data::Gauge(Gauge { data_points: series.iter().map(|one| number(one, one.get_gauge().get_value(), span)).collect() })
        }
        MetricType::HISTOGRAM => Data::Histogram(Histogram {
            data_points: series.iter().map(|one| buckets(one, span)).collect(),
            aggregation_temporality: temporality,
        }),
        // Nothing of ours is of another type.
        MetricType::SUMMARY | MetricType::UNTYPED => return None,
    };
    Some(Metric { name: family.name().to_owned(), description: family.help().to_owned(), data: Some(data), ..Metric::default() })
}

fn number(series: &proto::Metric, value: f64, span: Span) -> NumberDataPoint {
    NumberDataPoint {
        attributes: labels(series),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        value: Some(Value::AsDouble(value)),
        ..NumberDataPoint::default()
    }
}

/// Prometheus counts what is at most a bound, OpenTelemetry what lies between two, and beyond the last.
fn buckets(series: &proto::Metric, span: Span) -> HistogramDataPoint {
    let histogram = series.get_histogram();
    let (mut bounds, mut counts, mut below) = (Vec::new(), Vec::new(), 0);
    for bucket in histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite()) {
        bounds.push(bucket.upper_bound());
        counts.push(bucket.cumulative_count().saturating_sub(below));
        below = bucket.cumulative_count();
    }
    let count = histogram.get_sample_count();
    counts.push(count.saturating_sub(below));
    HistogramDataPoint {
        attributes: labels(series),
        start_time_unix_nano: span.start,
        time_unix_nano: span.end,
        count,
        sum: Some(histogram.get_sample_sum()),
        bucket_counts: counts,
        explicit_bounds: bounds,
        ..HistogramDataPoint::default()
    }
}

fn labels(series: &proto::Metric) -> Vec<KeyValue> {
    series.get_label().iter().map(|label| attribute(label.name(), label.value())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_metric_keeps_its_figures() {
        let metrics = Metrics::new();
        metrics.counter_vec("a_total", "A.", &["kind"]).with_label_values(&["x"]).inc_by(3);
        metrics.gauge("b", "B.").set(-2);
        let histogram = metrics.histogram("c_seconds", "C.", vec![1.0, 2.0]);
        [0.5, 1.5, 1.6, 9.0].into_iter().for_each(|value| histogram.observe(value));
        let (began, now) = (Timestamp::from_millis(1), Timestamp::from_millis(2));
        let sent = request(&metrics.gather(), &Resource::default(), began, now).encode_to_vec();
        let read = ExportMetricsServiceRequest::decode(sent.as_slice()).unwrap();
        let metrics = &read.resource_metrics[0].scope_metrics[0].metrics;
        assert_eq!(metrics.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["a_total", "b", "c_seconds"]);
        let Some(Data::Sum(sum)) = &metrics[0].data else { panic!("{metrics:#?}") };
        assert_eq!(sum.data_points[0].value, Some(Value::AsDouble(3.0)));
        assert_eq!(sum.data_points[0].attributes, [attribute("kind", "x")]);
        assert!(sum.is_monotonic);
        let Some(Data::Gauge(gauge)) = &metrics[1].data else { panic!("{metrics:#?}") };
        assert_eq!(gauge.data_points[0].value, Some(Value::AsDouble(-2.0)));
        let Some(Data::Histogram(histogram)) = &metrics[2].data else { panic!("{metrics:#?}") };
        let point = &histogram.data_points[0];
        assert_eq!((point.explicit_bounds.as_slice(), point.bucket_counts.as_slice()), (&[1.0, 2.0][..], &[1, 2, 1][..]));
        assert_eq!((point.count, point.sum), (4, Some(12.6)));
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (1_000_000, 2_000_000));
    }
}
