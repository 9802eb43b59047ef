//! The registry that every floor's metrics live in. A metric's help text is its documentation.

use prometheus::core::Collector;
use prometheus::{Encoder as _, Opts, Registry, TextEncoder};
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

/// Process lifetime: one per host, shared by clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a counter with labels. Names and labels are literals, so a clash is a bug that the first test shows.
    pub fn counter_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// Registers a counter.
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    /// Registers a gauge with labels.
    pub fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// Registers a gauge.
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    /// Registers a histogram with labels and these upper bounds.
    pub fn histogram_vec(&self, name: &str, help: &str, labels: &[&str], buckets: Vec<f64>) -> HistogramVec {
        self.register(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), labels))
    }

    /// Registers a histogram with these upper bounds.
    pub fn histogram(&self, name: &str, help: &str, buckets: Vec<f64>) -> Histogram {
        self.register(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets)))
    }

    /// The sum over all series of a counter or gauge that have these label values, rounded to a whole number; 0 when there is
    /// none.
    pub fn total(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let families = self.registry.gather();
        let found = families.iter().find(|family| family.name() == name);
        let series = found.map(prometheus::proto::MetricFamily::get_metric).unwrap_or_default();
        let has = |metric: &prometheus::proto::Metric, (label, value): &(&str, &str)| {
            metric.get_label().iter().any(|pair| pair.name() == *label && pair.value() == *value)
        };
        let counted = series.iter().filter(|metric| labels.iter().all(|label| has(metric, label)));
        let sum: f64 = counted.map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value()).sum();
        sum.max(0.0).round() as u64
    }

    /// The Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory cannot fail, and a metric that cannot be encoded is left out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    #[expect(clippy::panic, reason = "names are literals: a clash is a bug that shows at the first start")]
    fn register<C: Collector + Clone + 'static>(&self, metric: prometheus::Result<C>) -> C {
        match metric.and_then(|metric| self.registry.register(Box::new(metric.clone())).map(|()| metric)) {
            Ok(metric) => metric,
            Err(error) => panic!("metric: {error}"),
        }
    }
}
