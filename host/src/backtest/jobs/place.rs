//! How a run comes in: a place in the queue first, then a look at its data, then it waits. So that a full queue and an id that is
//! taken are told before whole files are read, and no more of them are read at a time than runs are played.

use std::io;
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

use super::record::{JobProgress, JobRecord, JobStatus};
use super::state::Job;
use super::work::give_way;
use super::{Jobs, JobsError};
use crate::backtest::data::DataSpec;
use crate::backtest::request::{PlayRequest, PlayVenue, Watch};
use crate::base::InstanceId;

/// Room in the queue for one run, and its id. Given back when it is dropped.
pub struct Place {
    jobs: Arc<Jobs>,
    id: InstanceId,
    /// The run has it now.
    taken: bool,
}

impl Jobs {
    /// Room for one more run.
    ///
    /// # Errors
    /// [`JobsError::Exists`], [`JobsError::Full`], [`JobsError::Stopping`].
    pub fn place(self: &Arc<Self>, id: InstanceId) -> Result<Place, JobsError> {
        let mut state = self.state();
        if state.stopping {
            return Err(JobsError::Stopping);
        }
        if state.jobs.contains_key(&id) || state.places.contains(&id) {
            return Err(JobsError::Exists(id));
        }
        let ahead = state.queue.len() + state.places.len();
        if ahead >= self.config.queue {
            return Err(JobsError::Full(ahead));
        }
        state.places.insert(id.clone());
        Ok(Place { jobs: Arc::clone(self), id, taken: false })
    }
}

impl Place {
    /// Opens the data once it is its turn, on a thread that gives way as those of the runs do.
    ///
    /// # Errors
    /// [`JobsError::Data`], [`JobsError::Survey`], [`JobsError::Stopping`].
    pub async fn open_data(&self, pieces: Vec<DataSpec>) -> Result<Vec<PlayVenue>, JobsError> {
        let jobs = Arc::clone(&self.jobs);
        let turn = Arc::clone(&jobs.surveys).acquire_owned().await.map_err(|_| JobsError::Stopping)?;
        let (tell, told) = oneshot::channel();
        let span = tracing::Span::current();
        let survey = move || {
            give_way();
            let opened = span.in_scope(|| jobs.folder.open_data(pieces));
            drop(turn);
            // Whoever asked may have gone.
            tell.send(opened).ok();
        };
        thread::Builder::new().name("survey".into()).spawn(survey).map_err(JobsError::Survey)?;
        let lost = |_| JobsError::Survey(io::Error::other("it ended without a word"));
        Ok(told.await.map_err(lost)??)
    }

    /// Puts the run at the end of the queue. Waits for the disk.
    ///
    /// # Errors
    /// [`JobsError`]; nothing is on record then.
    pub fn submit(mut self, data: Vec<String>, mut request: PlayRequest) -> Result<JobRecord, JobsError> {
        let total = request.venues.iter().flat_map(|venue| venue.market.origins()).map(|origin| origin.records).sum();
        let record = JobRecord {
            id: self.id.clone(),
            status: JobStatus::Queued,
            strategy: request.program.metadata().name.clone(),
            hash: request.program.source_hash(),
            config: request.config.clone(),
            data,
            inputs_hash: request.inputs().digest(),
            results_hash: None,
            progress: JobProgress { records: 0, total },
            error: None,
            created_at: self.jobs.clock.now().to_rfc3339(),
            started_at: None,
            ended_at: None,
        };
        let watch = Arc::<Watch>::default();
        request.watch = Arc::clone(&watch);
        let jobs = Arc::clone(&self.jobs);
        let turn = jobs.disk.turn();
        if jobs.state().stopping {
            return Err(JobsError::Stopping);
        }
        turn.save(&record)?;
        let mut state = jobs.state();
        // One that the stop overtook is on record, never runs, and is found again as failed: as if it had come before.
        state.jobs.insert(self.id.clone(), Job { record: record.clone(), watch, request: Some(request) });
        state.queue.push_back(self.id.clone());
        self.taken = state.places.remove(&self.id);
        jobs.count_waiting(&state);
        jobs.wake.notify_one();
        Ok(record)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.taken {
            self.jobs.state().places.remove(&self.id);
        }
    }
}
