//! What is known in memory: who waits, who runs, who is over. Must not know of the disk.

use std::cmp::Reverse;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use indexmap::IndexMap;

use super::record::{JobRecord, JobStatus};
use crate::backtest::request::{PlayRequest, Watch};
use crate::base::InstanceId;

#[derive(Default)]
pub(super) struct State {
    /// In the order that they were asked for.
    pub(super) jobs: IndexMap<InstanceId, Job>,
    pub(super) queue: VecDeque<InstanceId>,
    /// Whoever is about to wait: each has an id and room in the queue.
    pub(super) places: HashSet<InstanceId>,
    pub(super) stopping: bool,
}

pub(super) struct Job {
    pub(super) record: JobRecord,
    pub(super) watch: Arc<Watch>,
    /// Until it runs.
    pub(super) request: Option<PlayRequest>,
}

impl State {
    /// Asks one to end; none of this id. True when it waited: nobody plays it now, and that it is over is still to be written.
    pub(super) fn cancel(&mut self, id: &str) -> Option<bool> {
        let job = self.jobs.get_mut(id)?;
        job.watch.cancel();
        let waited = job.request.take().is_some();
        self.queue.retain(|waiting| waiting.as_str() != id);
        Some(waited)
    }

    /// Those that are over beyond the `keep` that ended last; never `settled`, whatever the clock says.
    pub(super) fn oldest(&self, keep: usize, settled: &InstanceId) -> Vec<InstanceId> {
        let mut over: Vec<&JobRecord> =
            self.jobs.values().rev().map(|job| &job.record).filter(|record| record.status.is_over()).collect();
        // All times are written with the same number of digits: their order is that of their texts.
        over.sort_by_key(|record| Reverse((record.id == *settled, &record.ended_at)));
        over.iter().skip(keep.max(1)).map(|record| record.id.clone()).collect()
    }
}

impl Job {
    /// What the last process left.
    pub(super) fn of_the_past(record: JobRecord) -> Self {
        Self { record, watch: Arc::default(), request: None }
    }

    /// With how far it is now.
    pub(super) fn shown(&self) -> JobRecord {
        let mut record = self.record.clone();
        if record.status == JobStatus::Running {
            record.progress.records = self.watch.records();
        }
        record
    }
}
