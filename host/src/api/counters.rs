//! What the control plane counts of revisions and tags, under the names that dashboards of the gateway know.

use prometheus::IntCounterVec;

use super::error::{ApiError, Code};
use crate::base::metrics::Metrics;
use crate::base::{StrategyName, Tag};

/// Process lifetime.
pub(super) struct Counters {
    reassigned: IntCounterVec,
    deleted: IntCounterVec,
    refused: IntCounterVec,
}

impl Counters {
    pub(super) fn new(metrics: &Metrics) -> Self {
        Self {
            reassigned: metrics.counter_vec(
                "strategy_tag_reassigned_total",
                "Tags that were moved from one revision to another, by upload or assignment.",
                &["strategy", "tag"],
            ),
            deleted: metrics.counter_vec(
                "strategy_tag_deleted_total",
                "Tags that were deleted, by whether leaving a revision without tags was allowed.",
                &["strategy", "tag", "allowOrphan"],
            ),
            refused: metrics.counter_vec(
                "strategy_upload_validation_failure_total",
                "Uploads whose source was refused, by the stage of the first diagnostic.",
                &["stage"],
            ),
        }
    }

    pub(super) fn tag_reassigned(&self, strategy: &StrategyName, tag: &Tag) {
        self.reassigned.with_label_values(&[strategy.as_str(), tag.as_str()]).inc();
    }

    pub(super) fn tag_deleted(&self, strategy: &StrategyName, tag: &Tag, allow_orphan: bool) {
        let allowed = if allow_orphan { "true" } else { "false" };
        self.deleted.with_label_values(&[strategy.as_str(), tag.as_str(), allowed]).inc();
    }

    /// Counts a refused source; other failures of an upload are counted with the requests.
    pub(super) fn upload_refused(&self, error: &ApiError) {
        if error.code() == Code::StrategyValidationFailed {
            let stage = error.diagnostics().and_then(|diagnostics| diagnostics[0]["stage"].as_str()).unwrap_or("validation");
            self.refused.with_label_values(&[stage]).inc();
        }
    }
}
