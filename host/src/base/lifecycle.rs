//! Stopping in two steps: a soft stop asks everyone to finish, a hard stop ends what is left.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Handed to every long-running task; clones share the same stop. Process lifetime.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

impl Lifecycle {
    /// Nothing has stopped yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task that `shutdown` waits for: the one door to `tokio::spawn`.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Cancelled when tasks should finish what they have begun and return.
    pub fn soft_stop(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when the time to finish is over.
    pub fn hard_stop(&self) -> &CancellationToken {
        &self.hard
    }

    /// Asks everyone to stop, waits at most `grace`, then ends the rest. True when all finished within the grace.
    pub async fn shutdown(&self, grace: std::time::Duration) -> bool {
        self.soft.cancel();
        self.tasks.close();
        let finished = tokio::time::timeout(grace, self.tasks.wait()).await.is_ok();
        self.hard.cancel();
        finished
    }
}
