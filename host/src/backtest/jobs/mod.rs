//! Backtests on a host: a bounded queue, few threads that give way to everybody else, and the newest results on the disk. Live
//! instances do not feel them. Must not know of HTTP.

mod disk;
mod folder;
mod record;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use indexmap::IndexMap;
use prometheus::{IntCounterVec, IntGauge};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::play::play;
use super::receipt::Results;
use super::report::PlayReport;
use super::request::{PlayError, PlayRequest, Watch};
use crate::base::metrics::Metrics;
use crate::base::{Clock, InstanceId};
use crate::instances::RestartConfig;
use crate::sandbox::Limits;
use crate::trading::RiskConfig;
use disk::Disk;

pub use folder::{DataError, DataFolder};
pub use record::{JobError, JobProgress, JobRecord, JobStatus};

/// The nice value of the threads: the lowest priority there is.
const NICE: i32 = 19;

/// How backtests are run on a host. Section `backtests` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JobsConfig {
    /// Runs at the same time. 1: they have what the live instances leave.
    pub concurrency: u32,
    /// Runs that wait at most; one more is refused. 32.
    pub queue: usize,
    /// Runs that are over and kept on the disk; the oldest go. 200.
    pub keep: usize,
    /// The one folder whose files may be played. Default `market-data` in the data directory.
    pub data_dir: Option<std::path::PathBuf>,
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self { concurrency: 1, queue: 32, keep: 200, data_dir: None }
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// None of this id.
    #[error("there is no backtest `{0}`")]
    NotFound(String),
    /// The id is taken.
    #[error("there is a backtest `{0}` already")]
    Exists(InstanceId),
    /// It is not over.
    #[error("the backtest `{0}` is {status}: cancel it first", status = .1.as_str())]
    NotOver(InstanceId, JobStatus),
    /// The queue is full.
    #[error("{0} backtests wait already, as many as backtests.queue allows: try again later, or cancel one")]
    Full(usize),
    /// The disk.
    #[error("the folder of backtests: {0}")]
    Disk(#[from] io::Error),
    /// The host stops.
    #[error("the host stops")]
    Stopping,
}

/// What a run has where its client says nothing: as the host gives it to live instances.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// What the guest may use.
    pub limits: Limits,
    /// What orders may be.
    pub risk: RiskConfig,
    /// How faults are answered.
    pub restart: RestartConfig,
}

/// All of them. Process lifetime.
pub struct Jobs {
    config: JobsConfig,
    clock: Arc<dyn Clock>,
    disk: Disk,
    folder: DataFolder,
    defaults: Defaults,
    state: Mutex<State>,
    /// Something waits, or the end has come.
    wake: Condvar,
    ended: IntCounterVec,
    waiting: IntGauge,
    running: IntGauge,
}

#[derive(Default)]
struct State {
    /// In the order that they were asked for.
    jobs: IndexMap<InstanceId, Job>,
    queue: VecDeque<InstanceId>,
    stopping: bool,
}

struct Job {
    record: JobRecord,
    watch: Arc<Watch>,
    /// Until it runs.
    request: Option<PlayRequest>,
}

impl Jobs {
    /// Finds what the last process left, and starts the threads. A run that it was in the middle of has failed.
    ///
    /// # Errors
    /// [`JobsError::Disk`] when the folder cannot be used.
    pub fn open(
        data_dir: &Path,
        config: JobsConfig,
        defaults: Defaults,
        clock: Arc<dyn Clock>,
        metrics: &Metrics,
    ) -> Result<Arc<Self>, JobsError> {
        let disk = Disk::open(&data_dir.join("backtests"))?;
        let mut records = disk.records()?;
        records.sort_by(|left, right| (&left.created_at, &left.id).cmp(&(&right.created_at, &right.id)));
        let mut state = State::default();
        for mut record in records {
            if !record.status.is_over() {
                let message = "the host ended while it waited or ran; ask for it again".to_owned();
                record.status = JobStatus::Failed;
                record.error = Some(JobError { code: "host_restarted".to_owned(), message });
                record.ended_at = Some(clock.now().to_rfc3339());
                disk.save(&record)?;
            }
            state.jobs.insert(record.id.clone(), Job { record, watch: Arc::default(), request: None });
        }
        let jobs = Arc::new(Self {
            ended: metrics.counter_vec(
                "sandpit_backtests_total",
                "Backtests of the host that are over, by how they ended.",
                &["status"],
            ),
            waiting: metrics.gauge("sandpit_backtests_waiting", "Backtests of the host that wait for their turn."),
            running: metrics.gauge("sandpit_backtests_running", "Backtests of the host that are being played."),
            folder: DataFolder::open(&config.data_dir.clone().unwrap_or_else(|| data_dir.join("market-data")))?,
            config,
            clock,
            disk,
            defaults,
            state: Mutex::new(state),
            wake: Condvar::new(),
        });
        for _ in 0..jobs.config.concurrency {
            let own = Arc::clone(&jobs);
            thread::Builder::new().name("backtest".into()).spawn(move || own.work())?;
        }
        Ok(jobs)
    }

    /// Puts a run at the end of the queue.
    ///
    /// # Errors
    /// [`JobsError`]; nothing is on record then.
    pub fn submit(&self, id: InstanceId, data: Vec<String>, mut request: PlayRequest) -> Result<JobRecord, JobsError> {
        let total = request.venues.iter().flat_map(|venue| venue.market.origins()).map(|origin| origin.records).sum();
        let record = JobRecord {
            id: id.clone(),
            status: JobStatus::Queued,
            strategy: request.program.metadata().name.clone(),
            hash: request.program.source_hash(),
            config: request.config.clone(),
            data,
            inputs_hash: request.inputs().digest(),
            results_hash: None,
            progress: JobProgress { records: 0, total },
            error: None,
            created_at: self.clock.now().to_rfc3339(),
            started_at: None,
            ended_at: None,
        };
        let watch = Arc::<Watch>::default();
        request.watch = Arc::clone(&watch);
        let mut state = self.state();
        if state.stopping {
            return Err(JobsError::Stopping);
        }
        if state.jobs.contains_key(&id) {
            return Err(JobsError::Exists(id));
        }
        if state.queue.len() >= self.config.queue {
            return Err(JobsError::Full(state.queue.len()));
        }
        self.disk.save(&record)?;
        state.jobs.insert(id.clone(), Job { record: record.clone(), watch, request: Some(request) });
        state.queue.push_back(id);
        self.waiting.set(state.queue.len().try_into().unwrap_or(i64::MAX));
        self.wake.notify_one();
        Ok(record)
    }

    /// Where its data is.
    pub fn folder(&self) -> &DataFolder {
        &self.folder
    }

    /// What a run has where its client says nothing.
    pub fn defaults(&self) -> &Defaults {
        &self.defaults
    }

    /// Newest first, from `offset` on, at most `limit`; and how many there are.
    pub fn list(&self, offset: usize, limit: usize) -> (Vec<JobRecord>, usize) {
        let state = self.state();
        let page = state.jobs.values().rev().skip(offset).take(limit).map(Job::shown).collect();
        (page, state.jobs.len())
    }

    /// One of them.
    ///
    /// # Errors
    /// [`JobsError::NotFound`].
    pub fn get(&self, id: &str) -> Result<JobRecord, JobsError> {
        self.state().jobs.get(id).map(Job::shown).ok_or_else(|| unknown(id))
    }

    /// The report of one that is done, as it was written. Reads the disk.
    pub fn report(&self, id: &InstanceId) -> Option<Value> {
        self.disk.report(id)
    }

    /// Asks a run to end. One that waits is over at once, one that is over stays as it is.
    ///
    /// # Errors
    /// [`JobsError`].
    pub fn cancel(&self, id: &str) -> Result<JobRecord, JobsError> {
        let mut state = self.state();
        let now = self.clock.now().to_rfc3339();
        let job = state.jobs.get_mut(id).ok_or_else(|| unknown(id))?;
        job.watch.cancel();
        if job.record.status == JobStatus::Queued {
            (job.record.status, job.record.ended_at, job.request) = (JobStatus::Cancelled, Some(now), None);
            let record = job.shown();
            state.queue.retain(|waiting| waiting.as_str() != id);
            self.waiting.set(state.queue.len().try_into().unwrap_or(i64::MAX));
            self.settled(&mut state, &record)?;
            return Ok(record);
        }
        Ok(job.shown())
    }

    /// Forgets one that is over.
    ///
    /// # Errors
    /// [`JobsError`].
    pub fn remove(&self, id: &str) -> Result<(), JobsError> {
        let mut state = self.state();
        let record = state.jobs.get(id).map(|job| job.record.clone()).ok_or_else(|| unknown(id))?;
        if !record.status.is_over() {
            return Err(JobsError::NotOver(record.id, record.status));
        }
        self.disk.remove(&record.id)?;
        state.jobs.shift_remove(id);
        Ok(())
    }

    /// Takes no more, and ends what runs within some thousand records. What waits is found again as failed.
    pub fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        state.jobs.values().for_each(|job| job.watch.cancel());
        self.wake.notify_all();
    }

    /// One thread: run after run until the end.
    fn work(&self) {
        // Of this thread alone: on Linux a nice value belongs to a thread.
        if let Err(error) = rustix::process::setpriority_process(None, NICE) {
            tracing::warn!(%error, "a thread for backtests keeps the ordinary priority");
        }
        while let Some((id, request)) = self.next() {
            self.running.inc();
            let played = play(request);
            self.running.dec();
            if let Err(error) = self.over(&id, &played) {
                tracing::error!(%id, %error, "the result of a backtest could not be written");
            }
        }
    }

    /// Waits for a run; none at the end.
    fn next(&self) -> Option<(InstanceId, PlayRequest)> {
        let mut state = self.state();
        loop {
            if state.stopping {
                return None;
            }
            if let Some(id) = state.queue.pop_front() {
                self.waiting.set(state.queue.len().try_into().unwrap_or(i64::MAX));
                let now = self.clock.now().to_rfc3339();
                if let Some(job) = state.jobs.get_mut(&id)
                    && let Some(request) = job.request.take()
                {
                    (job.record.status, job.record.started_at) = (JobStatus::Running, Some(now));
                    return Some((id, request));
                }
                continue;
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn over(&self, id: &InstanceId, played: &Result<PlayReport, PlayError>) -> Result<(), JobsError> {
        let (mut status, mut error, mut results) = (JobStatus::Done, None, None);
        match played {
            Ok(report) => {
                results = Some(Results::of(report).digest());
                self.disk.save_report(id, report)?;
            }
            // On record it stays what it was, and the next process says what happened to it.
            Err(PlayError::Cancelled) if self.state().stopping => return Ok(()),
            Err(PlayError::Cancelled) => status = JobStatus::Cancelled,
            Err(other) => {
                status = JobStatus::Failed;
                error = Some(JobError { code: "not_played".to_owned(), message: other.to_string() });
            }
        }
        let mut state = self.state();
        let now = self.clock.now().to_rfc3339();
        let Some(job) = state.jobs.get_mut(id) else { return Ok(()) };
        (job.record.status, job.record.error, job.record.results_hash) = (status, error, results);
        (job.record.ended_at, job.record.progress.records) = (Some(now), job.watch.records());
        let record = job.record.clone();
        self.settled(&mut state, &record)
    }

    /// It is over: on the disk, counted, and the oldest go.
    fn settled(&self, state: &mut State, record: &JobRecord) -> Result<(), JobsError> {
        self.ended.with_label_values(&[record.status.as_str()]).inc();
        self.disk.save(record)?;
        let over: Vec<_> =
            state.jobs.values().filter(|job| job.record.status.is_over()).map(|job| job.record.id.clone()).collect();
        for id in over.iter().take(over.len().saturating_sub(self.config.keep)) {
            self.disk.remove(id)?;
            state.jobs.shift_remove(id);
        }
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    /// With how far it is now.
    fn shown(&self) -> JobRecord {
        let mut record = self.record.clone();
        if record.status == JobStatus::Running {
            record.progress.records = self.watch.records();
        }
        record
    }
}

fn unknown(id: &str) -> JobsError {
    JobsError::NotFound(id.chars().take(80).flat_map(char::escape_debug).collect())
}
