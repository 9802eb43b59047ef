//! What is known of a run on the host: what was asked, where it stands, how it ended. The same on the disk and for clients.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::base::{Digest, InstanceId, StrategyName, Timestamp};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = BacktestStatus)]
pub enum JobStatus {
    /// It waits for its turn.
    Queued,
    /// It is played.
    Running,
    /// There is a report.
    Done,
    /// It could not be played; `error` says why.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl JobStatus {
    /// Whether nothing more happens to it.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a run failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestError)]
pub struct JobError {
    /// `host_restarted`, `not_played`, `not_written` (the disk did not take its report or its record) or `host_bug`.
    pub code: String,
    /// For people.
    pub message: String,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BacktestProgress)]
pub struct JobProgress {
    /// Records of the data that were played.
    pub records: u64,
    /// Records that there are.
    pub total: u64,
}

/// A run on the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Backtest)]
pub struct JobRecord {
    /// Of the run.
    pub id: InstanceId,
    /// Where it stands.
    pub status: JobStatus,
    /// The strategy.
    pub strategy: StrategyName,
    /// The hash of its revision.
    pub hash: Digest,
    /// With defaults filled in.
    #[schema(value_type = Object)]
    pub config: Map<String, Value>,
    /// The names of its data.
    pub data: Vec<String>,
    /// Over all that decides what comes out; `docs/backtest.md` has the rules.
    pub inputs_hash: Digest,
    /// Over orders, fills and fuel; null until it is done.
    #[schema(required)]
    pub results_hash: Option<Digest>,
    /// How far it is.
    pub progress: JobProgress,
    /// Why it failed; null unless it did.
    #[schema(required)]
    pub error: Option<JobError>,
    /// When it was asked for.
    #[schema(value_type = Timestamp)]
    pub created_at: String,
    /// When it began; null before that.
    #[schema(value_type = Option<Timestamp>, required)]
    pub started_at: Option<String>,
    /// When it was over; null before that.
    #[schema(value_type = Option<Timestamp>, required)]
    pub ended_at: Option<String>,
}

/// How a run ended.
pub(super) struct End {
    status: JobStatus,
    error: Option<JobError>,
    results: Option<Digest>,
}

impl End {
    pub(super) fn done(results: Digest) -> Self {
        Self { status: JobStatus::Done, error: None, results: Some(results) }
    }

    pub(super) fn cancelled() -> Self {
        Self { status: JobStatus::Cancelled, error: None, results: None }
    }

    pub(super) fn failed(code: &str, message: impl Into<String>) -> Self {
        let error = JobError { code: code.to_owned(), message: message.into() };
        Self { status: JobStatus::Failed, error: Some(error), results: None }
    }

    /// The kind of the error only: clients need not know where a host keeps its files.
    pub(super) fn not_written(error: &io::Error) -> Self {
        let problem = format!("how it ended could not be written to the host's disk: {}", error.kind());
        Self::failed(
            "not_written",
            format!("{problem}; make room in its data directory, or see to the disk, and ask for it again"),
        )
    }
}

impl JobRecord {
    /// It is over.
    pub(super) fn end(&mut self, end: End, now: Timestamp) {
        (self.status, self.error, self.results_hash) = (end.status, end.error, end.results);
        self.ended_at = Some(now.to_rfc3339());
    }
}
