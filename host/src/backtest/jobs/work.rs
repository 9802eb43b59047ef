//! The threads that play: run after run, on the lowest priority, whatever becomes of a run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::PoisonError;

use super::Jobs;
use super::record::{End, JobStatus};
use crate::backtest::play::play;
use crate::backtest::receipt::Results;
use crate::backtest::request::{PlayError, PlayRequest};
use crate::base::InstanceId;

/// The nice value of the threads: the lowest priority there is.
const NICE: i32 = 19;

/// Gives this thread the lowest priority. Of this thread alone: on Linux a nice value belongs to a thread.
pub(super) fn give_way() {
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::warn!(%error, "a thread for backtests keeps the ordinary priority");
    }
}

impl Jobs {
    /// One thread: run after run until the end.
    pub(super) fn work(&self) {
        give_way();
        while let Some((id, request)) = self.next() {
            self.running.inc();
            let end = self.played(&id, request);
            self.running.dec();
            if let Some(end) = end {
                // An end that cannot be written is logged there, and the run tells it.
                self.settle(&self.disk.turn(), &id, end).ok();
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
                self.count_waiting(&state);
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

    /// Plays it and writes its report: nobody else touches the report of a run that is not over. None when the host stops: on record
    /// it stays what it was, and the next process says what happened to it.
    fn played(&self, id: &InstanceId, request: PlayRequest) -> Option<End> {
        // A panic ends the run and not the thread, for which others wait.
        let played = catch_unwind(AssertUnwindSafe(|| {
            let report = play(request)?;
            Ok((Results::of(&report).digest(), self.disk.save_report(id, &report)))
        }));
        let end = match played {
            Ok(Ok((results, Ok(())))) => End::done(results),
            Ok(Ok((_, Err(error)))) => {
                tracing::error!(%id, %error, "the report of a backtest could not be written");
                End::not_written(&error)
            }
            Ok(Err(PlayError::Cancelled)) if self.state().stopping => return None,
            Ok(Err(PlayError::Cancelled)) => End::cancelled(),
            Ok(Err(other)) => End::failed("not_played", other.to_string()),
            Err(_) => {
                tracing::error!(%id, "the host panicked while it played a backtest");
                End::failed("host_bug", "the host itself failed while it was played, and its log says where: please report this")
            }
        };
        Some(end)
    }
}
