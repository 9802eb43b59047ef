//! What `/metrics` shows of the desk. Labels are providers, codes and outcomes: never instances, of which there is no end.

use prometheus::{IntCounter, IntCounterVec, IntGaugeVec};

use crate::base::metrics::Metrics;

pub(super) struct DeskMetrics {
    pub(super) orders: IntCounterVec,
    pub(super) denials: IntCounterVec,
    pub(super) unreported_denials: IntCounter,
    pub(super) fills: IntCounterVec,
    pub(super) odd_reports: IntCounterVec,
    pub(super) open_orders: IntGaugeVec,
    pub(super) stops: IntCounterVec,
    pub(super) journal_failures: IntCounter,
    pub(super) recovery: IntCounterVec,
}

impl DeskMetrics {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            orders: metrics.counter_vec(
                "sandpit_orders_total",
                "Orders by provider and outcome: `approved`, `denied` or `dry_run` when they are sent, then `filled`, `cancelled`, \
                 `rejected`, `expired` or `unknown` when they end.",
                &["provider", "outcome"],
            ),
            denials: metrics.counter_vec("sandpit_denials_total", "Orders that our own risk check refused, by code.", &["code"]),
            unreported_denials: metrics.counter(
                "sandpit_denials_unreported_total",
                "Denials above `denialNoticesPerSecond`: returned to the strategy, but without report, risk event and record.",
            ),
            fills: metrics.counter_vec("sandpit_fills_total", "Fills by provider.", &["provider"]),
            odd_reports: metrics.counter_vec(
                "sandpit_odd_reports_total",
                "Reports of providers that did not fit: `unknown_order`, `illegal_transition`, `repeated_fill`, `late_fill` \
                 (counted in the position), `figures_differ`, `too_large`.",
                &["provider", "oddity"],
            ),
            open_orders: metrics.gauge_vec("sandpit_open_orders", "Orders that are not final, by provider.", &["provider"]),
            stops: metrics.counter_vec(
                "sandpit_risk_stops_total",
                "Instances stopped by risk: `breaches`, `post_fill`, `operator`.",
                &["cause"],
            ),
            journal_failures: metrics.counter("sandpit_journal_failures_total", "Writes of the order journal that were refused or failed."),
            recovery: metrics.counter_vec(
                "sandpit_recovery_total",
                "What venues said when they were asked about open orders after a crash or a lost connection: `orders` asked \
                 about, of these `unknown` to the venue and `unanswered`; `reports` that were missing, of these `fills`.",
                &["provider", "found"],
            ),
        }
    }
}
