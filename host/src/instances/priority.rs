//! Whose turn it is on the processor: guests run on the host's own threads as long as they keep to their compute budget
//! (`limits.fuelPerSecond`), and on threads that give way to everybody else when they do not. Nobody is stopped or slowed down while
//! a core is idle; a neighbour that computes without end takes only what the others leave. Must not know of events or orders.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::Runtime;
use tokio_util::task::AbortOnDropHandle;
use utoipa::ToSchema;

use crate::base::Timestamp;

/// The nice value of threads that give way: the lowest there is, with about one seventieth of the weight of an ordinary thread.
const NICE: i32 = 19;

/// Which threads a guest runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// The host's own.
    #[default]
    Normal,
    /// Those that give way.
    Low,
}

/// The threads that give way. Process lifetime; they are started when the first guest needs them.
#[derive(Debug, Default)]
pub(super) struct LowPriority {
    runtime: Mutex<Option<Runtime>>,
}

impl LowPriority {
    /// Runs `future` there; dropping the handle ends it. None when the system gives no threads: then it runs where it is.
    pub(super) fn spawn<F>(&self, future: F) -> Result<AbortOnDropHandle<F::Output>, F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if runtime.is_none() {
            match build() {
                Ok(built) => *runtime = Some(built),
                Err(error) => {
                    tracing::error!(%error, "no threads for guests over their compute budget: they stay on the host's");
                    return Err(future);
                }
            }
        }
        match &*runtime {
            Some(runtime) => Ok(AbortOnDropHandle::new(runtime.spawn(future))),
            None => Err(future),
        }
    }
}

impl Drop for LowPriority {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            // The tasks have ended with their instances; waiting for the threads is not allowed in an asynchronous context.
            runtime.shutdown_background();
        }
    }
}

fn build() -> std::io::Result<Runtime> {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name("low-priority")
        .on_thread_start(|| {
            // Of the calling thread alone: on Linux a nice value belongs to a thread.
            if let Err(error) = rustix::process::setpriority_process(None, NICE) {
                tracing::warn!(%error, "a thread for guests over their compute budget keeps the ordinary priority");
            }
        })
        .enable_time()
        .build()
}

/// What an instance may compute at normal priority: `rate` fuel per second, and what it saved up in the second before. Time comes in
/// as an argument.
#[derive(Debug)]
pub(super) struct ComputeBudget {
    rate: i128,
    /// From `-rate` to `rate`.
    left: i128,
    at: Timestamp,
    /// Fuel of the present guest that is counted already.
    seen: u64,
    priority: Priority,
}

impl ComputeBudget {
    /// Full, of `rate` fuel per second.
    pub(super) fn new(rate: u64, now: Timestamp) -> Self {
        Self { rate: rate.into(), left: rate.into(), at: now, seen: 0, priority: Priority::Normal }
    }

    /// Another rate from now on. What is owed stays owed, what is saved up fits the new one.
    pub(super) fn set_rate(&mut self, rate: u64) {
        self.rate = rate.into();
        self.left = self.left.clamp(-self.rate, self.rate);
    }

    /// Where the guest is to run.
    pub(super) fn priority(&self) -> Priority {
        self.priority
    }

    /// Takes in that the present guest has used `total` fuel in its life. True when its priority changed by it.
    ///
    /// It falls when the budget is overdrawn, and rises again when half of it is back: so an instance at the edge does not change
    /// threads with each event. The debt is one second at most, so nobody pays for a bad minute with an hour.
    pub(super) fn observe(&mut self, total: u64, now: Timestamp) -> bool {
        // A total that fell is a fresh guest's.
        let spent = total.checked_sub(self.seen).unwrap_or(total);
        self.seen = total;
        let earned = self.rate.saturating_mul(nanos(now.since(self.at))) / nanos(Duration::from_secs(1));
        if earned > 0 {
            self.at = now;
        }
        self.left = (self.left.saturating_add(earned).min(self.rate) - i128::from(spent)).max(-self.rate);
        let priority = match self.priority {
            Priority::Normal if self.left < 0 => Priority::Low,
            Priority::Low if self.left >= self.rate / 2 => Priority::Normal,
            unchanged => unchanged,
        };
        std::mem::replace(&mut self.priority, priority) != priority
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(1_000_000 + millis)
    }

    #[test]
    fn who_keeps_to_the_budget_stays_where_it_is() {
        let mut budget = ComputeBudget::new(1_000_000, at(0));
        for event in 1..=10_000_u64 {
            assert!(!budget.observe(event * 1_000, at(event)), "a thousand fuel per millisecond is the rate");
        }
        assert_eq!(budget.priority(), Priority::Normal);
    }

    #[test]
    fn who_does_not_gives_way_until_half_of_it_is_back() {
        let mut budget = ComputeBudget::new(1_000_000, at(0));
        assert!(!budget.observe(1_000_000, at(0)), "what was saved up may be used at once");
        assert!(budget.observe(50_000_000, at(1)), "and no more than that");
        assert_eq!(budget.priority(), Priority::Low);
        assert!(!budget.observe(50_000_000, at(1_400)), "a second for the debt, and half a second");
        assert!(budget.observe(50_000_000, at(1_502)));
        assert_eq!(budget.priority(), Priority::Normal);
    }

    #[test]
    fn a_fresh_guest_counts_from_the_beginning() {
        let mut budget = ComputeBudget::new(1_000, at(0));
        assert!(!budget.observe(900, at(0)));
        assert!(!budget.observe(50, at(0)), "its successor used 50, not minus 850");
        assert!(budget.observe(200, at(0)));
    }

    #[test]
    fn small_steps_of_time_are_not_lost() {
        let mut budget = ComputeBudget::new(100, at(0));
        assert!(budget.observe(101, at(0)));
        let changes = (1..=1_600).filter(|step| budget.observe(101, at(*step))).count();
        assert_eq!((changes, budget.priority()), (1, Priority::Normal), "a tenth of a fuel per millisecond adds up");
    }

    #[test]
    fn its_threads_give_way() {
        let low = LowPriority::default();
        let nice = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            let there = low.spawn(async { rustix::process::getpriority_process(None).unwrap() });
            there.ok().unwrap().await.unwrap()
        });
        assert_eq!(nice, NICE);
        assert_ne!(rustix::process::getpriority_process(None).unwrap(), NICE, "this thread does not");
    }
}
