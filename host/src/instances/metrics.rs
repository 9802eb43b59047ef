//! The metrics of instances. Labels are bounded: no instance ids, no guest text; as many hashes as there are revisions launched on
//! this host. Hashes are written in full, because dashboards join them with those of the registry.

use std::sync::{Mutex, PoisonError};

use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::slot::Pin;
use crate::base::metrics::Metrics;
use crate::market::EventKind;

/// Process lifetime.
pub(super) struct InstanceMetrics {
    pub delivered: IntCounterVec,
    pub skipped: IntCounter,
    pub handler_seconds: HistogramVec,
    pub fuel: Histogram,
    pub latency: Histogram,
    pub low_priority: IntGauge,
    pub mailbox: Histogram,
    pub exceptions: IntCounter,
    pub restarts: IntCounter,
    pub instances: IntGaugeVec,
    pub start_seconds: Histogram,
    /// Locked while a series changes: one that falls to 0 is removed, and must not take another's count with it.
    revisions: Mutex<IntGaugeVec>,
    revisions_total: IntCounterVec,
}

impl InstanceMetrics {
    pub(super) fn new(metrics: &Metrics) -> Self {
        let micros = |values: &[f64]| values.iter().map(|value| value / 1e6).collect::<Vec<_>>();
        Self {
            delivered: metrics.counter_vec(
                "sandpit_events_delivered_total",
                "Events for which a handler ran to its end, by kind.",
                &["kind"],
            ),
            skipped: metrics.counter(
                "sandpit_events_skipped_total",
                "Events without a handler, and those that came while the guest was away after a fault.",
            ),
            handler_seconds: metrics.histogram_vec(
                "sandpit_handler_seconds",
                "Wall-clock time of a handler, sleep included, by kind of event.",
                &["kind"],
                micros(&[2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 500.0, 1e3, 1e4, 1e5, 1e6, 1e7]),
            ),
            fuel: metrics.histogram(
                "sandpit_handler_fuel",
                "Fuel of a handler.",
                vec![1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 5e6, 1e7, 5e7, 1e8],
            ),
            latency: metrics.histogram(
                "sandpit_event_latency_seconds",
                "From the arrival of an event in a mailbox to the end of its handler.",
                micros(&[5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 5e3, 1e4, 1e5, 1e6, 1e7]),
            ),
            low_priority: metrics.gauge(
                "sandpit_instances_low_priority",
                "Instances over their compute budget: they run on threads that give way to all others.",
            ),
            mailbox: metrics.histogram(
                "sandpit_mailbox_events",
                "Events that wait in the mailbox of an instance, looked at every 64 events.",
                vec![0.0, 1.0, 4.0, 16.0, 64.0, 256.0, 1024.0],
            ),
            exceptions: metrics.counter("sandpit_exceptions_total", "Uncaught JavaScript exceptions; the guest went on."),
            restarts: metrics.counter("sandpit_restarts_total", "Guests that were started again after a fault."),
            instances: metrics.gauge_vec("sandpit_instances", "Instances by status.", &["status"]),
            start_seconds: metrics.histogram(
                "sandpit_guest_start_seconds",
                "Wall-clock time from a compiled program to a guest that takes events, create(env) included.",
                micros(&[50.0, 100.0, 200.0, 500.0, 1e3, 5e3, 1e4, 1e5, 1e6]),
            ),
            revisions: Mutex::new(metrics.gauge_vec(
                "strategy_revision_instances",
                "Running instances by strategy and revision.",
                &["strategy", "hash"],
            )),
            revisions_total: metrics.counter_vec(
                "strategy_revision_instances_total",
                "Starts and stops of instances by strategy and revision.",
                &["strategy", "hash", "action"],
            ),
        }
    }

    /// An instance of the revision started (1) or stopped (-1).
    pub(super) fn revision(&self, pin: &Pin, change: i64) {
        let (strategy, hash) = (pin.name.as_str(), pin.hash.to_string());
        let action = if change > 0 { "start" } else { "stop" };
        self.revisions_total.with_label_values(&[strategy, &hash, action]).inc();
        let revisions = self.revisions.lock().unwrap_or_else(PoisonError::into_inner);
        let running = revisions.with_label_values(&[strategy, &hash]);
        running.add(change);
        if running.get() <= 0 {
            // A revision that no longer runs leaves no series behind; a failure means that it is gone already.
            let _ = revisions.remove_label_values(&[strategy, &hash]);
        }
    }

    /// The word for a timer in the label `kind`.
    pub(super) const TIMER: &str = "Timer";

    /// The word for an event in the label `kind`.
    pub(super) fn kind(kind: EventKind) -> &'static str {
        kind.as_str()
    }
}
