//! Backtests on a host: a bounded queue, few threads that give way to everybody else, and the newest results on the disk. Live
//! instances do not feel them. Must not know of HTTP.

mod disk;
mod folder;
mod place;
mod record;
mod state;
#[cfg(test)]
mod tests;
mod work;

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use prometheus::{IntCounterVec, IntGauge};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Semaphore;

use crate::base::metrics::Metrics;
use crate::base::{Clock, InstanceId};
use crate::instances::RestartConfig;
use crate::sandbox::Limits;
use crate::trading::RiskConfig;
use disk::{Disk, Turn};
use record::End;
use state::{Job, State};

pub use folder::{DataError, DataFolder, PIECES};
pub use place::Place;
pub use record::{JobError, JobProgress, JobRecord, JobStatus};

/// How backtests are run on a host. Section `backtests` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JobsConfig {
    /// Runs at the same time, and as many more whose data is looked at. 1: they have what the live instances leave.
    pub concurrency: u32,
    /// Runs that wait at most; one more is refused. 32.
    pub queue: usize,
    /// Runs that are over and kept on the disk; those that ended first go. 200.
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
    /// Its data cannot be played.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The disk.
    #[error("the folder of backtests: {0}")]
    Disk(#[from] io::Error),
    /// Nobody looked at its data: there was no thread, or it panicked.
    #[error("the thread that looks at the data of a backtest: {0}")]
    Survey(io::Error),
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
    /// Only ever held for moments, and never over work on the disk: the threads that serve clients take it.
    state: Mutex<State>,
    /// Turns at looking at data, as many as runs.
    surveys: Arc<Semaphore>,
    /// Something waits, or the end has come.
    wake: Condvar,
    ended: IntCounterVec,
    waiting: IntGauge,
    running: IntGauge,
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
                let message = "the host ended while it waited or ran; ask for it again";
                record.end(End::failed("host_restarted", message), clock.now());
                disk.turn().save(&record)?;
            }
            state.jobs.insert(record.id.clone(), Job::of_the_past(record));
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
            surveys: Arc::new(Semaphore::new(config.concurrency as usize)),
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

    /// Asks a run to end. One that waits is over at once, one that is over stays as it is. Waits for the disk.
    ///
    /// # Errors
    /// [`JobsError`].
    pub fn cancel(&self, id: &str) -> Result<JobRecord, JobsError> {
        let turn = self.disk.turn();
        let mut state = self.state();
        let waited = state.cancel(id).ok_or_else(|| unknown(id))?;
        self.count_waiting(&state);
        drop(state);
        let record = self.get(id)?;
        if waited { self.settle(&turn, &record.id, End::cancelled()) } else { Ok(record) }
    }

    /// Forgets one that is over. Waits for the disk.
    ///
    /// # Errors
    /// [`JobsError`].
    pub fn remove(&self, id: &str) -> Result<(), JobsError> {
        let turn = self.disk.turn();
        let record = self.get(id)?;
        if !record.status.is_over() {
            return Err(JobsError::NotOver(record.id, record.status));
        }
        turn.remove(&record.id)?;
        self.state().jobs.shift_remove(id);
        Ok(())
    }

    /// Takes no more, and ends what runs within some thousand records. What waits is found again as failed.
    pub fn stop(&self) {
        let mut state = self.state();
        state.stopping = true;
        state.jobs.values().for_each(|job| job.watch.cancel());
        self.wake.notify_all();
        self.surveys.close();
    }

    /// It is over: on the disk, then for everybody to see, and counted; the oldest go. An end that cannot be written is a failure,
    /// so that nobody waits for it for ever.
    fn settle(&self, turn: &Turn<'_>, id: &InstanceId, end: End) -> Result<JobRecord, JobsError> {
        let mut record = self.get(id.as_str())?;
        record.end(end, self.clock.now());
        let saved = turn.save(&record);
        if let Err(error) = &saved {
            tracing::error!(%id, %error, "how a backtest ended could not be written");
            record.end(End::not_written(error), self.clock.now());
        }
        self.ended.with_label_values(&[record.status.as_str()]).inc();
        if let Some(job) = self.state().jobs.get_mut(id) {
            job.record = record.clone();
        }
        self.trim(turn, id);
        Ok(saved.map(|()| record)?)
    }

    /// Those that ended first go, but not the one that has just ended. One that the disk does not let go is tried again next time.
    fn trim(&self, turn: &Turn<'_>, settled: &InstanceId) {
        let oldest = self.state().oldest(self.config.keep, settled);
        for id in oldest {
            match turn.remove(&id) {
                Ok(()) => {
                    self.state().jobs.shift_remove(&id);
                }
                Err(error) => tracing::warn!(%id, %error, "an old backtest cannot be removed"),
            }
        }
    }

    fn count_waiting(&self, state: &State) {
        self.waiting.set(state.queue.len().try_into().unwrap_or(i64::MAX));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(id: &str) -> JobsError {
    JobsError::NotFound(id.chars().take(80).flat_map(char::escape_debug).collect())
}
