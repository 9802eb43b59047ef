//! The registry that every floor's metrics live in. A metric's help text is its documentation.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{Encoder as _, Opts, Registry, TextEncoder};
use prometheus::{Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

/// Process lifetime: one per host, shared by clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    registry: Registry,
    described: Arc<Mutex<Vec<Description>>>,
}

/// What a metric is, for `docs/metrics.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// As it is scraped.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Its label names. Label values are bounded: never an id of an instance or order, nor text of a guest or client.
    pub labels: Vec<String>,
    /// One or two sentences.
    pub help: String,
}

impl Metrics {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a counter with labels. Names and labels are literals, so a clash is a bug that the first test shows.
    pub fn counter_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.describe("counter", name, help, labels);
        self.register(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// Registers a counter.
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.describe("counter", name, help, &[]);
        self.register(IntCounter::new(name, help))
    }

    /// Registers a gauge with labels.
    pub fn gauge_vec(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.describe("gauge", name, help, labels);
        self.register(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// Registers a gauge.
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.describe("gauge", name, help, &[]);
        self.register(IntGauge::new(name, help))
    }

    /// Registers a histogram with labels and these upper bounds.
    pub fn histogram_vec(&self, name: &str, help: &str, labels: &[&str], buckets: Vec<f64>) -> HistogramVec {
        self.describe("histogram", name, help, labels);
        self.register(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets), labels))
    }

    /// Registers a histogram with these upper bounds.
    pub fn histogram(&self, name: &str, help: &str, buckets: Vec<f64>) -> Histogram {
        self.describe("histogram", name, help, &[]);
        self.register(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets)))
    }

    /// The sum over all series of a counter or gauge that have these label values, rounded to a whole number; 0 when there is
    /// none.
    pub fn total(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let families = self.registry.gather();
        let found = families.iter().find(|family| family.name() == name);
        let series = found.map(MetricFamily::get_metric).unwrap_or_default();
        let has = |metric: &prometheus::proto::Metric, (label, value): &(&str, &str)| {
            metric.get_label().iter().any(|pair| pair.name() == *label && pair.value() == *value)
        };
        let counted = series.iter().filter(|metric| labels.iter().all(|label| has(metric, label)));
        let sum: f64 = counted.map(|metric| metric.get_counter().get_value() + metric.get_gauge().get_value()).sum();
        sum.max(0.0).round() as u64
    }

    /// All series as they are now. A family with labels has none before its first use.
    pub fn gather(&self) -> Vec<MetricFamily> {
        self.registry.gather()
    }

    /// Every metric that was registered, by name, also those without a series yet.
    pub fn descriptions(&self) -> Vec<Description> {
        let mut all = self.described.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The Prometheus text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        // Writing to memory cannot fail, and a metric that cannot be encoded is left out.
        let _ = TextEncoder::new().encode(&self.registry.gather(), &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    fn describe(&self, kind: &'static str, name: &str, help: &str, labels: &[&str]) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let description = Description { name: name.to_owned(), kind, labels, help: help.to_owned() };
        self.described.lock().unwrap_or_else(PoisonError::into_inner).push(description);
    }

    #[expect(clippy::panic, reason = "names are literals: a clash is a bug that shows at the first start")]
    fn register<C: Collector + Clone + 'static>(&self, metric: prometheus::Result<C>) -> C {
        match metric.and_then(|metric| self.registry.register(Box::new(metric.clone())).map(|()| metric)) {
            Ok(metric) => metric,
            Err(error) => panic!("metric: {error}"),
        }
    }
}
